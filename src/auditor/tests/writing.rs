use std::fs;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::super::testing::Parts;
use super::{read, refusal};
use crate::auditor::error::BundleError;
use crate::auditor::writer::{Progress, write_bundle};
use crate::crypto::recipient::{identity, recipient_of, unwrap};
use crate::domain::secret::Key32;

const NAME: &str = "corp.example-gate-1-3-5.pcab.tar";

fn write(top: &Path) -> Result<std::path::PathBuf, BundleError> {
    write_bundle(&top.join("parts"), top, &[], &mut |_| {})
}

fn files(top: &Path) -> Vec<String> {
    let entries = fs::read_dir(top).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn stage() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    Parts::sample().unpack(&folder.path().join("parts"));
    folder
}

#[test]
fn a_folder_becomes_one_file_that_is_the_same_every_time() {
    let folder = stage();
    let mut steps: Vec<Progress> = Vec::new();
    let path = write_bundle(&folder.path().join("parts"), folder.path(), &[], &mut |step| steps.push(step))
        .expect("writes");
    assert_eq!(path, folder.path().join(NAME));
    assert_eq!(read(&path).expect("reads"), Parts::sample().members());
    let bytes = fs::read(&path).expect("a file");
    assert!(bytes == Parts::sample().archive().to_bytes(), "another archive");
    assert!(steps.is_sorted_by_key(|step| step.done));
    let total = bytes.len() as u64;
    assert_eq!(steps.last(), Some(&Progress { done: total, total }));
    assert_eq!(files(folder.path()), [NAME, "parts"]);
}

#[test]
fn what_is_there_is_never_overwritten_and_what_a_crash_left_is() {
    let folder = stage();
    let part = folder.path().join(format!("{NAME}.part"));
    fs::write(&part, vec![b'x'; 100_000]).expect("a file");
    let path = write(folder.path()).expect("writes");
    assert_eq!(refusal(&path), "");
    assert!(!part.exists());
    fs::write(&path, "mine").expect("a file");
    assert!(matches!(write(folder.path()), Err(BundleError::Exists { path: there }) if there == path));
    assert_eq!(fs::read(&path).expect("a file"), b"mine");
    fs::remove_file(&path).expect("a file");
    std::os::unix::fs::symlink("nowhere", &path).expect("a link");
    assert!(matches!(write(folder.path()), Err(BundleError::Exists { .. })), "nor written through");
}

#[test]
fn only_one_writes_it_at_a_time_and_never_through_a_link() {
    let folder = stage();
    let part = folder.path().join(format!("{NAME}.part"));
    let held = fs::File::create(&part).expect("a file");
    flock(&held, FlockOperation::NonBlockingLockExclusive).expect("a lock");
    assert!(matches!(write(folder.path()), Err(BundleError::InUse { path }) if path == part));
    drop(held);
    fs::remove_file(&part).expect("a file");
    std::os::unix::fs::symlink("victim", &part).expect("a link");
    assert!(matches!(write(folder.path()), Err(BundleError::Io { .. })));
    assert!(!folder.path().join("victim").exists());
}

#[test]
fn members_that_do_not_hold_together_leave_no_file() {
    let folder = stage();
    fs::write(folder.path().join("parts/VERIFY.txt"), "x").expect("a file");
    let error = write(folder.path()).expect_err("refused");
    assert_eq!(error.to_string(), "VERIFY.txt: its SHA-256 is not the one in MANIFEST");
    assert_eq!(files(folder.path()), ["parts"]);
}

#[test]
fn an_encrypted_bundle_is_the_bundle_to_its_recipients() {
    let folder = stage();
    let secret = |byte| Key32::take(&mut [byte; 32]);
    let to = [recipient_of(&secret(1)), recipient_of(&secret(2))];
    let path = write_bundle(&folder.path().join("parts"), folder.path(), &to, &mut |_| {}).expect("writes");
    assert_eq!(path, folder.path().join(format!("{NAME}.age")));
    let file = fs::read(&path).expect("a file");
    for byte in [1, 2] {
        let opened = unwrap(&identity(&secret(byte)), &file).expect("opens");
        assert!(*opened == Parts::sample().archive().to_bytes(), "{byte}: another archive");
    }
    assert_eq!(files(folder.path()), [format!("{NAME}.age"), "parts".to_owned()]);
}

#[test]
fn the_systems_own_tar_unpacks_it_and_the_folder_reads_the_same() {
    let folder = stage();
    let path = write(folder.path()).expect("writes");
    let unpacked = folder.path().join("unpacked");
    fs::create_dir(&unpacked).expect("a folder");
    let tar = std::process::Command::new("tar").arg("-xf").arg(&path).arg("-C").arg(&unpacked).output();
    let tar = tar.expect("tar runs");
    assert!(tar.status.success() && tar.stderr.is_empty(), "{}", String::from_utf8_lossy(&tar.stderr));
    assert_eq!(read(&unpacked).expect("reads"), Parts::sample().members());
}
