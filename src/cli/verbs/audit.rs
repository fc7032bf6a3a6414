//! `audit`: read the log, hand it over, verify it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{audit_export, audit_prove, audit_show, audit_verify};
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
    /// Verify bundles and proofs, or have the keeper verify the log it has
    Verify(VerifyArgs),
}

/// Arguments of `audit verify`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis audit verify *.pcab.tar --keys gate.keys\n  \
    portcullis audit verify 4711.tlog-proof --keys gate.keys\n  \
    portcullis audit verify              the live log, against tree and chip\n\n\
    A bundle is a file or the folder that it was unpacked into. Those of one log are verified together, in\n\
    whatever order they are named: from the first on, every step is checked. This needs no keeper and no TPM.")]
pub struct VerifyArgs {
    /// Bundles, and proofs of single entries; without any the keeper verifies the log it has
    #[arg(value_name = "FILE", conflicts_with = "live")]
    pub files: Vec<PathBuf>,
    /// The keys to rely on, as `audit keys` printed them at set-up; without, nobody vouches for the bundles' own
    #[arg(long, value_name = "LIST", requires = "files")]
    pub keys: Option<PathBuf>,
    /// Who has to have cosigned the newest checkpoint: a policy as C2SP tlog-policy has it
    #[arg(long, value_name = "TLOG-POLICY", requires = "files")]
    pub policy: Option<PathBuf>,
    /// Have the keeper read every entry back and compare it with the tree and the chip
    #[arg(long)]
    pub live: bool,
    /// Accept the log of an appliance whose software TPM proves nothing
    #[arg(long)]
    pub allow_evaluation: bool,
}

/// Reads, hands over or verifies the log.
pub fn run(args: AuditArgs, context: &Context) -> Result<(), Stop> {
    match args.act {
        AuditAct::Show(args) => audit_show::run(&args, context),
        AuditAct::Export(args) => audit_export::run(args, context),
        AuditAct::Prove(args) => audit_prove::prove(&args, context),
        AuditAct::Cosign => audit_prove::cosign(context),
        AuditAct::Checkpoint => audit_prove::checkpoint(context),
        AuditAct::Keys => audit_prove::keys(context),
        AuditAct::Hash(_) => audit_prove::hash(context),
        AuditAct::Verify(args) if args.files.is_empty() => verify_live(context),
        AuditAct::Verify(args) => audit_verify::run(&args, context),
    }
}

/// One answer to a question for leaves.
pub struct Page {
    /// Canonical leaves.
    pub leaves: Vec<String>,
    /// Leaves in the tree.
    pub size: u64,
}

/// Asks for the leaves from `from` on.
pub fn page(session: &mut Session, from: u64, count: u32) -> Result<Page, Stop> {
    match session.ask(&Ask::Entries { from, count })? {
        Reply::Entries { leaves, size, .. } => Ok(Page { leaves, size }),
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
