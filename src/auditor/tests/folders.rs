use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::super::testing::Parts;
use super::{read, refusal};
use crate::auditor::container::Bundle;
use crate::domain::audit::manifest::Member;

#[test]
fn an_unpacked_bundle_gives_the_same_members() {
    let folder = tempfile::tempdir().expect("a folder");
    let parts = Parts::sample();
    parts.unpack(folder.path());
    assert_eq!(read(folder.path()).expect("reads"), parts.members());
    let mut fewer = parts.clone();
    fewer.content.remove(&Member::EndorsementCertificate);
    fs::remove_file(folder.path().join("quote/ek.crt")).expect("a file");
    fs::write(folder.path().join("MANIFEST"), fewer.note()).expect("a file");
    assert_eq!(read(folder.path()).expect("reads"), fewer.members());
}

type Change = fn(&Path);

fn replace(top: &Path, with: impl FnOnce(&Path)) {
    let path = top.join("policy.txt");
    fs::remove_file(&path).expect("a file");
    with(&path);
}

fn check(cases: &[(&str, Change, &str)]) {
    for (name, change, expected) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().join("bundle");
        Parts::sample().unpack(&top);
        change(&top);
        assert_eq!(refusal(&top), *expected, "{name}");
    }
}

#[test]
fn a_folder_with_anything_more_or_less_in_it_is_refused_by_name() {
    check(&[
        ("nothing", |_| {}, ""),
        (
            "a stray file",
            |top| fs::write(top.join("notes.txt"), "x").expect("a file"),
            "\"notes.txt\" in the folder is no member of a bundle",
        ),
        (
            "a stray one below",
            |top| fs::write(top.join("keys/x"), "x").expect("a file"),
            "\"keys/x\" in the folder is no member of a bundle",
        ),
        (
            "a stray folder",
            |top| fs::create_dir(top.join("more")).expect("a folder"),
            "\"more\" in the folder is no member of a bundle",
        ),
        (
            "a folder in a folder",
            |top| fs::create_dir(top.join("keys/keys")).expect("a folder"),
            "\"keys/keys\" in the folder is no member of a bundle",
        ),
        ("one missing", |top| replace(top, |_| {}), "policy.txt: it is not in the folder"),
        (
            "no MANIFEST",
            |top| fs::remove_file(top.join("MANIFEST")).expect("a file"),
            "MANIFEST: it is not in the folder",
        ),
        (
            "unlisted",
            |top| {
                let mut fewer = Parts::sample();
                fewer.content.remove(&Member::EndorsementCertificate);
                fs::write(top.join("MANIFEST"), fewer.note()).expect("a file");
            },
            "quote/ek.crt: MANIFEST does not list it",
        ),
        (
            "other bytes",
            |top| fs::write(top.join("policy.txt"), "x").expect("a file"),
            "policy.txt: its SHA-256 is not the one in MANIFEST",
        ),
    ]);
}

#[test]
fn what_is_no_plain_file_is_refused_without_waiting_for_it() {
    check(&[
        (
            "a link",
            |top| replace(top, |path| symlink("/etc/passwd", path).expect("a link")),
            "policy.txt: it is a symbolic link, not a plain file",
        ),
        (
            "a folder instead",
            |top| replace(top, |path| fs::create_dir(path).expect("a folder")),
            "policy.txt: it is a folder, not a plain file",
        ),
        (
            "a pipe that nobody writes",
            |top| replace(top, |path| mknodat(CWD, path, FileType::Fifo, Mode::RUSR, 0).expect("a pipe")),
            "policy.txt: it is a named pipe, not a plain file",
        ),
        (
            "a socket",
            |top| replace(top, |path| drop(UnixListener::bind(path).expect("a socket"))),
            "policy.txt: it is a socket, not a plain file",
        ),
        (
            "a linked folder",
            |top| {
                fs::rename(top.join("keys"), top.join("../keys")).expect("a folder");
                symlink("../keys", top.join("keys")).expect("a link");
            },
            "\"keys\" in the folder is no folder",
        ),
    ]);
}

#[test]
fn what_is_neither_file_nor_folder_is_refused_without_waiting() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).expect("a pipe");
    assert!(refusal(&pipe).ends_with("pipe is neither a file nor a folder"));
    assert!(refusal(Path::new("/dev/zero")).ends_with("/dev/zero is neither a file nor a folder"));
    assert!(!refusal(&folder.path().join("nothing")).is_empty());
}

#[test]
fn a_member_that_changes_while_it_is_read_is_refused() {
    for (name, len, said) in [
        ("longer", 600, "policy.txt: it changed while it was read"),
        ("shorter", 500, "policy.txt: it changed while it was read"),
        ("as long", 512, ""),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        Parts::sample().unpack(folder.path());
        let bundle = Bundle::open(folder.path()).expect("opens");
        fs::write(folder.path().join("policy.txt"), vec![b'p'; len]).expect("a file");
        let refused = bundle.finish().err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(refused, said, "{name}");
    }
}
