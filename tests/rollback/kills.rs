//! kill -9 at random moments: whatever it met, the next start agrees with the chip, and no pull comes back.

use std::process::Child;
use std::time::Duration;

use portcullis::demo::stage::{CREDENTIAL, SECRET};

use super::common::appliance::{Appliance, kill};
use super::common::seed::{Dice, campaign};

/// What was approved, and what came of it.
#[derive(Default)]
struct Count {
    approved: u64,
    delivered: u64,
}

#[test]
fn p06_p34_a_kill_at_any_moment_leaves_a_log_that_agrees_and_gives_no_pull_back() {
    let mut appliance = Appliance::found();
    appliance.furnish(&[CREDENTIAL]);
    let (mut count, campaign) = (Count::default(), campaign("kills", 300));
    for round in 0..campaign.rounds {
        let mut dice = campaign.dice(round);
        if dice.one_in(4) || round == 0 {
            let pulls = 1 + dice.number(4);
            // What is left of the last window goes with the generation that it is of.
            appliance.deposit(CREDENTIAL, SECRET, &["--next"]).expect("deposited");
            let pulled = ["--pulls".to_owned(), pulls.to_string()];
            appliance.arm("payroll", CREDENTIAL, &pulled.each_ref().map(String::as_str)).expect("armed");
            count.approved += pulls;
        }
        count.delivered += disturb(&mut appliance, &mut dice, round);
        if dice.one_in(3) {
            let mut daemon = appliance.spawn_serve();
            std::thread::park_timeout(Duration::from_millis(dice.number(300)));
            kill(daemon.id());
            daemon.wait().expect("it ended");
        }
        appliance.serve().expect("it starts after a kill");
        agrees(&appliance, &count, round);
    }
}

/// Lets jobs pull and a custodian deposit, and kills the daemon at some moment; counts what was delivered.
fn disturb(appliance: &mut Appliance, dice: &mut Dice, round: u64) -> u64 {
    let pulls = (0..1 + dice.number(3)).map(|_| appliance.pull_in_background("payroll", CREDENTIAL));
    let mut jobs: Vec<Child> = pulls.collect::<Result<_, _>>().expect("jobs start");
    let daemon = appliance.daemon_pid().expect("it runs");
    let moment = Duration::from_millis(dice.number(400));
    let deposits = dice.one_in(2);
    let stage = &**appliance;
    std::thread::scope(|scope| {
        if deposits {
            // It may or may not be done before the kill.
            scope.spawn(move || drop(stage.deposit(&format!("db/round{round}"), SECRET, &[])));
        }
        std::thread::park_timeout(moment);
        kill(daemon);
    });
    appliance.kill();
    let outputs = jobs.drain(..).map(|job| job.wait_with_output().expect("it ended"));
    let mut delivered = 0;
    for output in outputs {
        if output.status.success() {
            assert_eq!(output.stdout, SECRET, "round {round}: exactly what was deposited");
            delivered += 1;
        } else {
            assert!(output.stdout.is_empty(), "round {round}: a part of a credential");
        }
    }
    delivered
}

fn agrees(appliance: &Appliance, count: &Count, round: u64) {
    appliance.does("carol", &["audit", "verify"]).expect("log, tree and chip agree");
    let log = appliance.log();
    let entries = |kind: &str| log.iter().filter(|entry| entry["type"] == kind).count() as u64;
    let spent = entries("pulled") - entries("pull-returned");
    assert!(count.delivered <= spent, "round {round}: {} delivered, {spent} spent", count.delivered);
    assert!(spent <= count.approved, "round {round}: {spent} spent, {} approved", count.approved);
    for request in appliance.requests().as_array().expect("a list") {
        let id = &request["doc"]["id"];
        let of = |kind: &str| {
            let ours = log.iter().filter(|entry| entry["type"] == kind && entry["detail"]["request"] == *id);
            ours.count() as u64
        };
        let Some(left) = request["pulls_left"].as_u64() else { continue };
        let asked = request["doc"]["subject"]["pulls"].as_u64().expect("a number");
        assert_eq!(left + of("pulled") - of("pull-returned"), asked, "round {round}: {request}");
    }
}
