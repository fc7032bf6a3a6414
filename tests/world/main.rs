//! A generated world: people, jobs, clocks that jump, crashes and restarts drive the rules, and the
//! promises of the design are checked after every event.

#[path = "../common/mod.rs"]
mod common;
mod jobs;
mod memory;
mod model;
mod people;
mod reports;
mod reveal;

use common::seed::campaign;
use model::World;

#[test]
fn the_promises_hold_after_every_event_of_a_generated_world() {
    const EVENTS: u64 = 200;
    let campaign = campaign("world", 1_000);
    let (mut pulls, mut armed, mut shown) = (0, 0, 0);
    for round in 0..campaign.rounds {
        let mut world = World::new(campaign.dice(round));
        for _ in 0..EVENTS {
            world.event();
            world.check();
        }
        pulls += world.pulls.values().sum::<u32>();
        armed += world.sealed.len();
        shown += world.shown.len();
    }
    assert!(
        armed > 0 && pulls > 0 && shown > 0,
        "a world in which nothing happens proves nothing: {armed} armed, {pulls} pulled, {shown} shown"
    );
}
