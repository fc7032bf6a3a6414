//! Leave to take a bundle is over after a day; and every day has its checkpoint.

use crate::common::bundles::{granted, take, try_take};
use crate::common::jumping::Jumping;
use crate::entries;

#[test]
fn a_bundle_can_be_taken_for_a_day_and_an_idle_appliance_makes_a_checkpoint_a_day() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut jumping = Jumping::found(&["db/one"]);
    let id = granted(&jumping.appliance, &[]);
    let checkpoints = |jumping: &Jumping| entries(&jumping.appliance.log(), "checkpoint").len();
    assert_eq!(checkpoints(&jumping), 0, "the first day is not over");
    // After a reset of the board nothing but the system clock says what time it is.
    let later = |jumping: &mut Jumping, offset: &str| {
        jumping.jump(offset);
        let reset = jumping.appliance.run(None, ["softtpm", "reset"], b"").expect("runs");
        assert_eq!(reset.code, 0, "{}", reset.stderr);
        jumping.restart();
    };
    later(&mut jumping, "+84600s");
    take(&jumping.appliance, &id, folder.path());
    assert_eq!(checkpoints(&jumping), 1, "that of the bundle");
    later(&mut jumping, "+86460s");
    let again = tempfile::tempdir().expect("a folder");
    let refused = try_take(&jumping.appliance, "alice", &id, again.path());
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(refused.stderr.contains("could be taken for a day"), "{}", refused.stderr);
    assert_eq!(checkpoints(&jumping), 1, "the last one is half an hour old");
    later(&mut jumping, "+172800s");
    let made = jumping.appliance.wait_for("the checkpoint of the day", || {
        let made = entries(&jumping.appliance.log(), "checkpoint");
        Ok(made.get(1).map(|entry| entry["detail"]["request"].clone()))
    });
    assert_eq!(made.expect("made"), serde_json::Value::Null, "nobody asked for it");
}
