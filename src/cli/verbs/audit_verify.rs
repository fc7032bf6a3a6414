//! `audit verify DIR`: the copy of a log against itself and its head, with public rules only.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::audit_dump::{Dump, ENTRIES, HEAD};
use crate::auditor::leaves::{self, TakeError};
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::render::shown;
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
    let mut entries = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut verifier = Verifier::default();
    leaves::take_all(&mut entries, &mut verifier, None).map_err(|error| match error {
        TakeError::Input(error) => unreadable(path, &error),
        TakeError::Log(error) => Failure::integrity("log", error.to_string(), ADVICE).into(),
    })?;
    let head = Head { size: dump.size, root: dump.root.clone() };
    let verified =
        verifier.finish(&head).map_err(|error| Failure::integrity("log", error.to_string(), ADVICE))?;
    if verified.origin == dump.origin {
        return Ok(verified);
    }
    let what = format!("the log is of {}, and its head says {}", verified.origin, dump.origin);
    Err(Failure::integrity("origin", what, ADVICE).into())
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
