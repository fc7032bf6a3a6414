//! `audit`: read the log, copy it, verify it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{audit_dump, audit_export, audit_prove, audit_show, audit_verify};
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::session::Session;
use crate::domain::text::escape;
use crate::domain::wire::operator::{Ask, Reply};

/// Leaves asked for at once; the keeper may send fewer.
pub const PAGE: u32 = 256;

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// What to do with the log.
    #[command(subcommand)]
    pub act: AuditAct,
}

/// What can be done with the log.
#[derive(Debug, Subcommand)]
pub enum AuditAct {
    /// Show entries, oldest first, or one of them in full
    Show(audit_show::ShowArgs),
    /// Copy the whole log into a folder, to be verified elsewhere
    Dump(DumpArgs),
    /// Ask for a signed bundle of the log, which two operators grant, and take it
    Export(audit_export::ExportArgs),
    /// Write one entry with the proof that it is in the log
    Prove(audit_prove::ProveArgs),
    /// Cosign the newest checkpoint, as a witness of the log
    Cosign,
    /// Print the newest checkpoint, signed
    Checkpoint,
    /// Print the public keys of the log, to be written down by whoever will verify it
    Keys,
    /// Say what the log would have of a name or a path, which it has as keyed hashes
    Hash(audit_prove::HashArgs),
    /// Verify a copy, or have the keeper verify the log it has
    Verify(VerifyArgs),
}

/// Arguments of `audit dump`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  portcullis audit dump /media/usb/log-2026-11")]
pub struct DumpArgs {
    /// A folder that does not exist yet
    pub dir: PathBuf,
}

/// Arguments of `audit verify`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis audit verify /media/usb/log-2026-11\n  \
    portcullis audit verify              the live log, against tree and chip")]
pub struct VerifyArgs {
    /// The folder that `audit dump` made; without it the keeper verifies the log it has
    #[arg(conflicts_with = "live")]
    pub dir: Option<PathBuf>,
    /// Have the keeper read every entry back and compare it with the tree and the chip
    #[arg(long)]
    pub live: bool,
    /// Accept the log of an appliance whose software TPM proves nothing
    #[arg(long)]
    pub allow_evaluation: bool,
}

/// Reads, copies or verifies the log.
pub fn run(args: AuditArgs, context: &Context) -> Result<(), Stop> {
    match args.act {
        AuditAct::Show(args) => audit_show::run(&args, context),
        AuditAct::Export(args) => audit_export::run(args, context),
        AuditAct::Prove(args) => audit_prove::prove(&args, context),
        AuditAct::Cosign => audit_prove::cosign(context),
        AuditAct::Checkpoint => audit_prove::checkpoint(context),
        AuditAct::Keys => audit_prove::keys(context),
        AuditAct::Hash(_) => audit_prove::hash(context),
        AuditAct::Dump(args) => audit_dump::run(&args, context),
        AuditAct::Verify(VerifyArgs { dir: None, .. }) => verify_live(context),
        AuditAct::Verify(VerifyArgs { dir: Some(dir), allow_evaluation, .. }) => {
            audit_verify::run(&dir, allow_evaluation, context)
        }
    }
}

/// One answer to a question for leaves.
pub struct Page {
    /// Canonical leaves.
    pub leaves: Vec<String>,
    /// Leaves in the tree.
    pub size: u64,
    /// Their root, in hex.
    pub root: String,
}

/// Asks for the leaves from `from` on.
pub fn page(session: &mut Session, from: u64, count: u32) -> Result<Page, Stop> {
    match session.ask(&Ask::Entries { from, count })? {
        Reply::Entries { leaves, size, root } => Ok(Page { leaves, size, root }),
        _ => Err(Failure::off_topic("entries").into()),
    }
}

fn verify_live(context: &Context) -> Result<(), Stop> {
    let Reply::AuditVerified { size, root, epoch } = Session::open(context)?.ask(&Ask::AuditVerify)? else {
        return Err(Failure::off_topic("the verification").into());
    };
    if context.screen.json {
        return context.screen.json(&serde_json::json!({ "size": size, "root": root, "epoch": epoch }));
    }
    context.screen.facts(&[
        ("entries", size.to_string()),
        ("root", escape(&root)),
        ("epoch", epoch.to_string()),
    ])
}
