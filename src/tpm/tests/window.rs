//! Windows: what the chip itself refuses, and where.

use super::rig::{Rig, key};
use crate::domain::request::permit::tests::release_permit;
use crate::tpm::{PolicyStep, WindowProbe};

#[test]
fn a_window_opens_inside() {
    let rig = Rig::new();
    let window = rig.chip.seal_window(&key("data"), &rig.bounds(0, 60_000)).expect("sealed");
    assert_eq!(rig.chip.probe_window(&rig.auths, &window), Ok(WindowProbe::Open));
    let opened = rig.chip.open_window(&rig.auths, &window, release_permit()).expect("opened");
    assert!(opened.same(&key("data")));
    let _ = PolicyStep::Pcr;
}
