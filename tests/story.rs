//! The demonstration: all of it on this machine, and it fails when a step does otherwise.

use std::path::Path;
use std::process::{Command, Output};

fn demo(program: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(["demo", "--unattended"]).args(more).env_clear();
    // The software TPM and, for a broken story, the shell are found on the usual path.
    command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    command.output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn the_demonstration_plays_every_step_and_keeps_the_home_where_it_was_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("kept");
    let program = Path::new(env!("CARGO_BIN_EXE_portcullis"));
    let output = demo(program, &["--keep", &kept.display().to_string()]);
    let (said, data) = (text(&output.stderr), text(&output.stdout));
    assert_eq!(output.status.code(), Some(0), "{said}");
    let steps: Vec<&str> = said.lines().filter(|line| line.starts_with("ok ")).collect();
    assert_eq!(data.trim(), format!("demo: {0} of {0} steps did what they should", steps.len()), "{said}");
    assert!(steps.len() >= 24 && !said.contains("FAIL"), "{said}");
    assert!(!said.contains("S3CRET#1") && !data.contains("S3CRET#1"), "no credential on the screen: {said}");
    for left in ["portcullis.toml", "store/portcullis.db", "operators/alice.pcop", "keys.txt"] {
        assert!(kept.join(left).is_file(), "{left} is left behind");
    }
    assert!(!kept.join("run/pull.sock").exists(), "the daemon is stopped");
    let typed = said.lines().last().expect("the command").trim().to_owned();
    assert!(typed.contains(" audit verify ") && typed.contains("/bundles/*.pcab.tar"), "{said}");
    let bash = Command::new("bash").arg("-c").arg(&typed).output().expect("bash is needed");
    assert_eq!(bash.status.code(), Some(0), "{typed}: {}", text(&bash.stderr));
    let bundles = std::fs::read_dir(kept.join("bundles")).expect("the bundles").count();
    assert_eq!(bundles, 2, "two consecutive bundles");
    let changed = typed.replace("/bundles/", "/demo/changed/");
    let bash = Command::new("bash").arg("-c").arg(&changed).output().expect("bash is needed");
    assert_eq!(bash.status.code(), Some(6), "{changed}: {}", text(&bash.stderr));
}

#[test]
fn the_demonstration_fails_when_a_step_does_otherwise() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("kept").display().to_string();
    let program = Path::new(env!("CARGO_BIN_EXE_portcullis"));
    // A home that has an appliance already cannot be set up, which is the first step.
    std::fs::create_dir_all(&kept).expect("a folder");
    std::fs::write(Path::new(&kept).join("portcullis.toml"), "[tpm]\ntcti = \"swtpm\"\n").expect("written");
    let output = demo(program, &["--keep", &kept]);
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{said}");
    assert!(said.contains("FAIL   1  set-up"), "the step is named: {said}");
    assert!(said.contains("there is an appliance at"), "and what it saw: {said}");
}
