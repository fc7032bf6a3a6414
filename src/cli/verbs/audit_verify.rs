//! `audit verify DIR`: the copy of a log against itself and its head, with public rules only.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use super::audit_dump::{Dump, ENTRIES, HEAD};
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::render::shown;
use crate::domain::audit::entry::ENTRY_LEN_MAX;
use crate::domain::audit::tree::Head;
use crate::domain::audit::verify::{Verified, Verifier};

/// More than the head of any log has, in bytes.
const HEAD_LEN_MAX: u64 = 64 * 1024;

/// Verifies the copy in `dir`, and shows what it proves.
pub fn run(dir: &Path, allow_evaluation: bool, context: &Context) -> Result<(), Stop> {
    let dump = read_head(&dir.join(HEAD))?;
    let verified = verify(&dir.join(ENTRIES), &dump)?;
    if verified.evaluation && !allow_evaluation {
        let what = "the log is of an EVALUATION appliance, whose software TPM proves nothing";
        return Err(Failure::refused(
            "evaluation",
            what,
            "add --allow-evaluation if that is what you expect",
        )
        .into());
    }
    if context.screen.json {
        let Verified { head, origin, epoch, evaluation } = &verified;
        let (size, root) = (head.size, &head.root);
        return context.screen.json(&serde_json::json!({
            "origin": origin, "size": size, "root": root, "epoch": epoch, "evaluation": evaluation,
        }));
    }
    context.screen.facts(&[
        ("origin", shown(&verified.origin)),
        ("entries", verified.head.size.to_string()),
        ("root", verified.head.root.clone()),
        ("epoch", verified.epoch.to_string()),
        ("TPM", (if verified.evaluation { "EVALUATION: a software TPM" } else { "a TPM" }).to_owned()),
    ])
}

fn read_head(path: &Path) -> Result<Dump, Stop> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(HEAD_LEN_MAX).read_to_string(&mut text));
    read.map_err(|error| unreadable(path, &error))?;
    serde_json::from_str(&text).map_err(|error| {
        let what = format!("{} is not the head of a log: {error}", path.display());
        Failure::integrity("head", what, ADVICE).into()
    })
}

fn verify(path: &Path, dump: &Dump) -> Result<Verified, Stop> {
    let mut entries = BufReader::new(File::open(path).map_err(|error| unreadable(path, &error))?);
    let mut verifier = Verifier::default();
    while let Some(leaf) = next_leaf(&mut entries).map_err(|error| unreadable(path, &error))? {
        verifier.add(&leaf).map_err(|error| Failure::integrity("log", error.to_string(), ADVICE))?;
    }
    let head = Head { size: dump.size, root: dump.root.clone() };
    let verified =
        verifier.finish(&head).map_err(|error| Failure::integrity("log", error.to_string(), ADVICE))?;
    if verified.origin == dump.origin {
        return Ok(verified);
    }
    let what = format!("the log is of {}, and its head says {}", verified.origin, dump.origin);
    Err(Failure::integrity("origin", what, ADVICE).into())
}

/// The bytes of the next line without its LF; a line without one, or a longer one, is an error.
fn next_leaf(from: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let limit = ENTRY_LEN_MAX as u64 + 1;
    let mut line = Vec::new();
    if from.take(limit).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    match line.pop() {
        Some(b'\n') => Ok(Some(line)),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "a line without end, or longer than any entry")),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Stop {
    let what = format!("{} cannot be read: {error}", path.display());
    match error.kind() {
        io::ErrorKind::InvalidData => Failure::integrity("entries", what, ADVICE).into(),
        _ => Failure::unexpected("input", what, "name the folder that `portcullis audit dump` made").into(),
    }
}

const ADVICE: &str =
    "keep the copy as it is, and compare it with another and with `portcullis audit verify --live`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_a_line_without_its_end() {
        let leaves = |bytes: &[u8]| {
            let mut from = bytes;
            let mut found = Vec::new();
            while let Some(leaf) = next_leaf(&mut from)? {
                found.push(leaf.len());
            }
            io::Result::Ok(found)
        };
        let longest = [vec![b'x'; ENTRY_LEN_MAX], vec![b'\n']].concat();
        let longer = [vec![b'x'; ENTRY_LEN_MAX + 1], vec![b'\n']].concat();
        type Row<'a> = (&'a str, &'a [u8], Option<Vec<usize>>);
        let cases: [Row<'_>; 6] = [
            ("none", b"", Some(vec![])),
            ("two", b"ab\ncde\n", Some(vec![2, 3])),
            ("an empty one", b"\n", Some(vec![0])),
            ("cut off", b"ab\ncd", None),
            ("longest", &longest, Some(vec![ENTRY_LEN_MAX])),
            ("longer", &longer, None),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(leaves(bytes).ok(), expected, "{name}");
        }
    }
}
