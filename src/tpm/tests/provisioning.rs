//! Set-up: what it refuses, what it leaves behind, what it takes from root.

use super::rig::{Blank, Rig, auths, hierarchies, key, try_tool};
use super::tap::{CLEAR_CONTROL, HIERARCHY_CHANGE_AUTH, NV_WRITE, Tap};
use crate::tpm::{Chip, PcrSelection, Pins, PlatformLock, Taken, Tcti, TpmError, provision};

fn tool(blank: &Blank, name: &str, arguments: &[&str]) -> String {
    let output = try_tool(&blank.tpm.tpm().tcti().to_string(), blank.directory.path(), name, arguments);
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Everything of a chip that set-up could change.
fn state(blank: &Blank) -> Vec<String> {
    let permanent = tool(blank, "tpm2_getcap", &["properties-variable"]);
    let permanent = permanent.split("TPM2_PT_HR_NV_INDEX").next().expect("a part").to_owned();
    let mut state = vec![permanent];
    for what in ["handles-persistent", "handles-nv-index", "handles-transient", "handles-loaded-session"] {
        state.push(tool(blank, "tpm2_getcap", &[what]));
    }
    state.push(tool(blank, "tpm2_nvreadpublic", &[]));
    state
}

#[test]
fn a_chip_that_has_an_owner_is_refused_and_left_as_it_is() {
    type Take = fn(&Blank);
    let cases: [(&str, Take, Taken); 6] = [
        ("owner", |b| drop(tool(b, "tpm2_changeauth", &["-c", "o", "x"])), Taken::Hierarchy("owner")),
        ("lockout", |b| drop(tool(b, "tpm2_changeauth", &["-c", "l", "x"])), Taken::Hierarchy("lockout")),
        (
            "endorsement",
            |b| drop(tool(b, "tpm2_changeauth", &["-c", "e", "x"])),
            Taken::Hierarchy("endorsement"),
        ),
        (
            "root key",
            |b| {
                tool(b, "tpm2_createprimary", &["-C", "o", "-G", "ecc", "-c", "p.ctx"]);
                tool(b, "tpm2_evictcontrol", &["-C", "o", "-c", "p.ctx", "0x81000001"]);
                tool(b, "tpm2_flushcontext", &["-t"]);
            },
            Taken::Object(0x8100_0001),
        ),
        ("gate", |b| drop(tool(b, "tpm2_nvdefine", &["-s", "8", "0x018070c1"])), Taken::Index(0x0180_70c1)),
        ("head", |b| drop(tool(b, "tpm2_nvdefine", &["-s", "8", "0x018070c3"])), Taken::Index(0x0180_70c3)),
    ];
    for (name, take, what) in cases {
        let blank = Blank::new();
        take(&blank);
        let before = state(&blank);
        let error = blank.provision().expect_err("refused");
        assert_eq!(error, TpmError::AlreadyTaken { what }, "{name}");
        assert_eq!(state(&blank), before, "{name}");
        assert!(!error.to_string().contains('\n') && !error.advice().contains('\n'), "{name}");
    }
}

#[test]
fn what_others_keep_elsewhere_on_the_chip_is_no_obstacle() {
    let blank = Blank::new();
    tool(&blank, "tpm2_nvdefine", &["-s", "8", "0x018070d1"]);
    tool(&blank, "tpm2_createprimary", &["-C", "o", "-G", "ecc", "-c", "p.ctx"]);
    tool(&blank, "tpm2_evictcontrol", &["-C", "o", "-c", "p.ctx", "0x81000002"]);
    tool(&blank, "tpm2_flushcontext", &["-t"]);
    assert!(blank.provision().is_ok());
}

#[test]
fn a_set_up_that_fails_half_way_is_undone_and_can_be_repeated() {
    let cases = [
        ("the first write of the head", NV_WRITE, 0),
        ("the owner authorisation", HIERARCHY_CHANGE_AUTH, 0),
        ("the lockout authorisation", HIERARCHY_CHANGE_AUTH, 1),
        ("the end of TPM2_Clear", CLEAR_CONTROL, 0),
    ];
    for (name, code, after) in cases {
        let blank = Blank::new();
        let before = state(&blank);
        let tap = Tap::on(&blank.tpm.tpm().tcti());
        tap.spoil(code, after);
        assert!(provision(&tap.tcti(), &PcrSelection::DEFAULT, &hierarchies(), &auths()).is_err(), "{name}");
        assert_eq!(state(&blank), before, "{name}");
        assert!(blank.provision().is_ok(), "{name}");
    }
}

#[test]
fn p18_root_without_the_authorisations_can_neither_move_the_clock_nor_clear_nor_redefine() {
    let rig = Rig::new();
    let lockout = format!("hex:{}", hex::encode(hierarchies().lockout.expose()));
    let cases = [
        ("set the clock", "tpm2_setclock", vec!["99999999"]),
        ("delete the gate", "tpm2_nvundefine", vec!["-C", "o", "0x018070c1"]),
        ("remove the root key", "tpm2_evictcontrol", vec!["-C", "o", "-c", "0x81000001"]),
        ("make an owner's key", "tpm2_createprimary", vec!["-C", "o", "-G", "ecc", "-c", "p.ctx"]),
        ("take the owner hierarchy", "tpm2_changeauth", vec!["-c", "o", "x"]),
        ("clear with the lockout authorisation", "tpm2_clear", vec!["-c", "l", &lockout]),
        ("clear with none", "tpm2_clear", vec!["-c", "l"]),
    ];
    for (name, command, arguments) in cases {
        assert!(!rig.try_tool(command, &arguments).status.success(), "{name}");
    }
    assert!(rig.tool("tpm2_getcap", &["properties-variable"]).contains("disableClear:              1"));
    assert_eq!(rig.chip.check_names(), Ok(()));
}

#[test]
fn the_platform_hierarchy_can_be_closed_for_the_rest_of_a_boot() {
    let mut rig = Rig::new();
    let clock = |rig: &Rig, name: &str| {
        let later = (rig.chip.time().expect("time").clock_ms + 60_000).to_string();
        assert!(!rig.try_tool("tpm2_setclock", &["-c", "p", &later]).status.success(), "{name}: the clock");
        let undefined = rig.try_tool("tpm2_nvundefine", &["-C", "p", "0x018070c1"]);
        assert!(!undefined.status.success(), "{name}: the gate");
        let allowed = rig.try_tool("tpm2_clearcontrol", &["-C", "p", "c"]);
        assert!(!allowed.status.success(), "{name}: the clearing");
    };
    let later = (rig.chip.time().expect("time").clock_ms + 60_000).to_string();
    rig.tool("tpm2_setclock", &["-c", "p", &later]);
    assert_eq!(rig.chip.lock_platform(), Ok(PlatformLock::Now));
    clock(&rig, "closed here");
    assert_eq!(rig.chip.lock_platform(), Ok(PlatformLock::Firmware), "once is enough");
    rig.tpm().power_cycle().expect("comes back");
    rig.tool("tpm2_changeauth", &["-c", "p", "firmware"]);
    assert_eq!(rig.chip.lock_platform(), Ok(PlatformLock::Firmware));
    clock(&rig, "closed by the firmware");
    assert_eq!(rig.chip.check_names(), Ok(()));
}

#[test]
fn pins_read_back_and_are_refused_when_any_of_them_was_changed() {
    let rig = Rig::new();
    let text = serde_json::to_string(rig.chip.pins()).expect("text");
    assert_eq!(&serde_json::from_str::<Pins>(&text).expect("read"), rig.chip.pins());
    assert!(rig.chip.pins().is_software());
    let name = hex::encode(rig.chip.pins().srk_name());
    let public = hex::encode(rig.chip.pins().srk_public());
    let cases = [
        ("version", "\"version\":1", "\"version\":2".to_owned()),
        ("name", name.as_str(), name.replace("000b", "000c")),
        ("public area", public.as_str(), format!("{public}00")),
        ("public point", &public[100..], "0".repeat(public.len() - 100)),
        ("gate index", "25194689", "25194690".to_owned()),
        ("gate attributes", "570687508", "570687510".to_owned()),
        ("pcrs", "sha256:0,2,4,7", "sha256:".to_owned()),
        ("digest", "\"pcr_digest\":\"", "\"pcr_digest\":\"00".to_owned()),
        ("unknown field", "\"version\":1", "\"version\":1,\"more\":1".to_owned()),
    ];
    for (what, from, to) in cases {
        assert!(text.contains(from), "{what}");
        assert!(serde_json::from_str::<Pins>(&text.replacen(from, &to, 1)).is_err(), "{what}");
    }
}

#[test]
fn a_connection_is_a_device_or_a_loopback_port() {
    let cases = [
        ("device:/dev/tpmrm0", true),
        ("swtpm:host=127.0.0.1,port=2321", true),
        ("swtpm:host=::1,port=2321", true),
        ("device:tpmrm0", false),
        ("device:", false),
        ("swtpm:port=2321,host=127.0.0.1", false),
        ("swtpm:host=localhost,port=2321", false),
        ("swtpm:host=127.0.0.1,port=0", false),
        ("swtpm:host=127.0.0.1,port=65535", false),
        ("swtpm:path=/run/swtpm", false),
        ("tabrmd:", false),
        ("", false),
    ];
    for (text, reads) in cases {
        let tcti = text.parse::<Tcti>();
        assert_eq!(tcti.is_ok(), reads, "{text}");
        assert!(tcti.map_or(true, |tcti| tcti.to_string() == text), "{text}");
    }
}

#[test]
fn c15_no_tpm_is_a_refusal_that_names_the_connection() {
    let rig = Rig::new();
    let sealed = rig.chip.seal(&key("store")).expect("sealed");
    let (pins, tcti) = (rig.chip.pins().clone(), rig.chip.tcti().clone());
    drop(rig);
    let absent = ["device:/dev/no-such-tpm".parse().expect("a connection"), tcti];
    for tcti in absent {
        let refused = Chip::new(tcti.clone(), pins.clone()).open_store(&sealed).map(drop);
        let named = matches!(&refused, Err(TpmError::Unreachable { tcti: t, .. }) if *t == tcti.to_string());
        assert!(named, "{refused:?}");
    }
    assert_eq!(PcrSelection::DEFAULT, pins.pcrs());
}
