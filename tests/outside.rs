//! What the log publishes, read and verified by code that others wrote, and their files by ours.

mod common;

#[path = "outside/bundles.rs"]
mod bundles;
#[path = "outside/folder.rs"]
mod folder;
#[path = "outside/go.rs"]
mod go;
#[path = "outside/real.rs"]
mod real;
#[path = "outside/shell.rs"]
mod shell;
#[path = "outside/vectors.rs"]
mod vectors;

use std::fs;

use folder::Export;
use go::Verifier;

/// Leaves of the older tree and of the newer one.
const RANGES: &[(u64, u64)] = &[(0, 1), (0, 7), (3, 7), (4, 5), (255, 256), (257, 600), (300, 300)];

#[test]
fn another_verifier_agrees_with_what_was_written() {
    let verifier = Verifier::build();
    for &(old, new) in RANGES {
        let export = Export::write(old, new);
        let said = verifier.verify(export.folder()).unwrap_or_else(|why| panic!("{old} to {new}: {why}"));
        let expected = export.expected();
        assert_eq!(said, expected, "{old} to {new}");
    }
}

#[test]
fn another_verifier_finds_what_was_changed() {
    let verifier = Verifier::build();
    let cases = [
        ("an entry", "entries.ndjson", "entry 300", "entry 30O", "entries give the root"),
        ("an entry gone", "entries.ndjson", "entry 300\n", "", "entries give the root"),
        ("a peak", "frontier", "2m", "2n", "consistency"),
        ("the older size", "consistency", "old 257", "old 258", "consistency"),
        ("the newer size", "checkpoint", "\n600\n", "\n601\n", "checkpoint"),
        ("an operator's key", "keys/operators.vkey", "/alice", "/alicE", "id of"),
        ("another leaf's proof", "proofs/300.tlog-proof", "index 300", "index 301", "inclusion"),
    ];
    for (name, file, from, to, expected) in cases {
        let export = Export::write(257, 600);
        let path = export.folder().join(file);
        let text = fs::read_to_string(&path).expect("a file of the export");
        assert!(text.contains(from), "{name}: {from} is in {file}");
        fs::write(&path, text.replacen(from, to, 1)).expect("written again");
        let why = verifier.verify(export.folder()).expect_err(name);
        assert!(why.contains(expected), "{name}: {why}");
    }
}

#[test]
fn another_verifier_finds_a_cosignature_of_another_time() {
    let export = Export::write(0, 7);
    let later = export.with_later_cosignature();
    fs::write(export.folder().join("checkpoint"), &later).expect("written again");
    fs::write(export.folder().join("consistency"), format!("old 0\n\n{later}")).expect("written again");
    let why = Verifier::build().verify(export.folder()).expect_err("another time");
    assert!(why.contains("cosignature of"), "{why}");
}
