//! `audit prove`, `audit cosign`, `audit keys`, `audit checkpoint` and `audit hash`: small questions to the log.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use crate::auditor::keys::KeyList;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::passphrase;
use crate::cli::render;
use crate::cli::session::Session;
use crate::desk::cosign;
use crate::desk::export::ask;
use crate::desk::key::find_key_file;
use crate::domain::secret::SecretBytes;
use crate::domain::wire::operator::audit::{AuditAsk, AuditReply};

/// Arguments of `audit prove`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  portcullis audit prove 4711 --to /media/usb\n\n\
    Writes 4711.json, the entry, and 4711.tlog-proof, which proves that it is under the newest checkpoint.\n\
    Whoever gets both verifies them with: portcullis audit verify 4711.tlog-proof --keys FILE")]
pub struct ProveArgs {
    /// The number of the entry
    #[arg(value_name = "N")]
    pub number: u64,
    /// The folder that both files are put into
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub to: PathBuf,
}

/// Arguments of `audit hash`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  printf %s /opt/batch/bin/run | portcullis audit hash --passphrase-fd 3 3< pp\n\n\
    The log has names and paths of jobs as keyed hashes. This says what one would be, to compare."
)]
pub struct HashArgs {}

/// Writes an entry and the proof that it is in the log.
pub fn prove(args: &ProveArgs, context: &Context) -> Result<(), Stop> {
    let mut session = Session::open(context)?;
    let question = AuditAsk::Proof { index: args.number };
    let AuditReply::Proof { leaf, proof } = ask(&mut session.client, question)? else {
        return Err(Failure::off_topic("a proof").into());
    };
    let entry = args.to.join(format!("{}.json", args.number));
    let file = args.to.join(format!("{}.tlog-proof", args.number));
    create(&entry, leaf.as_bytes())?;
    create(&file, proof.as_bytes())?;
    let (entry, file) = (entry.display().to_string(), file.display().to_string());
    if context.screen.json {
        return context.screen.json(&serde_json::json!({ "entry": entry, "proof": file }));
    }
    context.screen.facts(&[("entry", render::shown(&entry)), ("proof", render::shown(&file))])
}

/// Cosigns the newest checkpoint.
pub fn cosign(context: &Context) -> Result<(), Stop> {
    let global = &context.global;
    let path = find_key_file(global.key.as_deref(), context.home.dir(), global.operator.as_ref())?;
    let mut session = Session::open(context)?;
    let now = session.status()?.now;
    let cosigned = cosign::cosign(&mut session.client, &session.key, &path, now)?;
    let (head, before) = (cosigned.checkpoint.head(), cosigned.before.map(|before| before.size()));
    if context.screen.json {
        return context.screen.json(&serde_json::json!({
            "size": head.size, "root": head.root, "before": before,
        }));
    }
    context.screen.facts(&[
        ("entries", head.size.to_string()),
        ("root", head.root),
        ("goes on from", before.map_or_else(|| "nothing: the first".to_owned(), |size| size.to_string())),
    ])
}

/// Prints the public keys of the log, for `audit verify --keys`.
pub fn keys(context: &Context) -> Result<(), Stop> {
    let mut session = Session::open(context)?;
    let AuditReply::Keys { origin, keys, roster } = ask(&mut session.client, AuditAsk::Keys)? else {
        return Err(Failure::off_topic("the keys").into());
    };
    let list = KeyList::of(&origin, &keys, &roster).map_err(|error| {
        Failure::integrity(
            "keys",
            error.to_string(),
            "run `portcullis doctor`, and believe no bundle until it is clear",
        )
    })?;
    context.screen.text(list.to_text().as_bytes())
}

/// Prints the newest checkpoint, signed.
pub fn checkpoint(context: &Context) -> Result<(), Stop> {
    let mut session = Session::open(context)?;
    let AuditReply::Checkpoint { note } = ask(&mut session.client, AuditAsk::Checkpoint)? else {
        return Err(Failure::off_topic("a checkpoint").into());
    };
    context.screen.text(note.as_bytes())
}

/// Says what the log would have of a text, which is read from standard input.
pub fn hash(context: &Context) -> Result<(), Stop> {
    if passphrase::stdin_is_terminal() {
        let what = "there is nothing on standard input";
        let advice = "pipe the text in, without a newline: printf %s TEXT | portcullis audit hash";
        return Err(Failure::usage("no-input", what, advice).into());
    }
    let mut text = Zeroizing::new(Vec::with_capacity(1_024));
    let read = io::Read::read_to_end(&mut io::Read::take(io::stdin().lock(), 1_025), &mut text);
    read.map_err(|error| Failure::unexpected("input", error.to_string(), "look at where it comes from"))?;
    if text.is_empty() || text.len() > 1_024 {
        let what = format!("the text has {} bytes, allowed are 1 to 1024", text.len());
        return Err(Failure::usage("input", what, "pipe in one name or one path").into());
    }
    let mut session = Session::open(context)?;
    let question = AuditAsk::KeyedHash { text: SecretBytes::new(text) };
    let AuditReply::KeyedHash { hash } = ask(&mut session.client, question)? else {
        return Err(Failure::off_topic("a keyed hash").into());
    };
    if context.screen.json {
        return context.screen.json(&serde_json::json!({ "hash": hash }));
    }
    context.screen.line(&hash)
}

fn create(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path);
    let written = file.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|error| {
        let what = format!("{} cannot be written: {error}", path.display());
        Failure::unexpected("file", what, "name another folder with --to; nothing is written over").into()
    })
}
