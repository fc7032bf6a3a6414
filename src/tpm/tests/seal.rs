//! Keys under the boot policy.

use super::rig::{Rig, key};

#[test]
fn a_key_sealed_under_the_boot_policy_comes_back() {
    let rig = Rig::new();
    let sealed = rig.chip.seal(&key("store")).expect("sealed");
    assert!(rig.chip.open_store(&sealed).expect("opened").same(&key("store")));
    println!("{:?} {}", rig.chip.time(), serde_json::to_string_pretty(rig.chip.pins()).unwrap());
    println!("{:?}", rig.chip.anchor_read(&rig.auths));
}
