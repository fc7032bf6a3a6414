//! `audit`: read the log, copy it, verify it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{audit_dump, audit_verify};
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::session::Session;
use crate::domain::text::escape;
use crate::domain::time::Timestamp;
use crate::domain::wire::operator::{Ask, Reply};

/// Leaves asked for at once; the keeper may send fewer.
pub const PAGE: u32 = 256;
/// How long one wait for a change takes before it is begun again.
const WATCH: Duration = Duration::from_secs(600);

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
    /// Show entries, oldest first
    Show(ShowArgs),
    /// Copy the whole log into a folder, to be verified elsewhere
    Dump(DumpArgs),
    /// Verify a copy, or have the keeper verify the log it has
    Verify(VerifyArgs),
}

/// Arguments of `audit show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis audit show\n  \
    portcullis audit show --from 0 --json > log.ndjson\n  \
    portcullis audit show --follow")]
pub struct ShowArgs {
    /// The first entry, counted from 0 [default: the last 20]
    #[arg(long, value_name = "N")]
    pub from: Option<u64>,
    /// Go on with every new entry until interrupted
    #[arg(long)]
    pub follow: bool,
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
    portcullis audit verify --live")]
pub struct VerifyArgs {
    /// The folder that `audit dump` made
    #[arg(required_unless_present = "live", conflicts_with = "live")]
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
        AuditAct::Show(args) => show(&args, context),
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

fn show(args: &ShowArgs, context: &Context) -> Result<(), Stop> {
    const LAST: u64 = 20;
    let mut session = Session::open(context)?;
    let mut next = match args.from {
        Some(from) => from,
        None => session.status()?.log_size.saturating_sub(LAST),
    };
    if args.follow {
        session.ask(&Ask::Watch)?;
    }
    loop {
        let page = page(&mut session, next, PAGE)?;
        for leaf in &page.leaves {
            let line = if context.screen.json { leaf.clone() } else { entry_line(next, leaf) };
            context.screen.line(&line)?;
            next += 1;
        }
        if !page.leaves.is_empty() && next < page.size {
            continue;
        }
        if !args.follow {
            return Ok(());
        }
        while !session.client.wait_change(WATCH)? {}
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

/// One entry for a person: number, time, type, and the rest as `name=value`.
fn entry_line(number: u64, leaf: &str) -> String {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(leaf) else {
        return format!("{number:>6}  {}", escape(leaf));
    };
    let at = fields.remove("at").and_then(|at| at.as_u64()).map(Timestamp::from_ms);
    let at = at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let kind = fields.remove("type").map_or_else(|| "-".to_owned(), |kind| plain(&kind));
    let rest: Vec<_> =
        fields.iter().map(|(name, value)| format!("{}={}", escape(name), plain(value))).collect();
    format!("{number:>6}  {at}  {kind}  {}", rest.join(" ")).trim_end().to_owned()
}

/// A JSON value on one line, escaped, strings without quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => escape(text),
        other => escape(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_harmless_line() {
        let cases = [
            (
                "known fields first",
                r#"{"at":1795467600000,"type":"pull.spent","request":"7K2M"}"#,
                "     7  2026-11-23T21:00:00Z  pull.spent  request=7K2M",
            ),
            ("no known field", r#"{"b":2}"#, "     7  -  -  b=2"),
            ("hostile", "{\"type\":\"a\\u001b[2Jb\"}", "     7  -  a\\u{1b}[2Jb"),
            ("not JSON", "x\ny", "     7  x\\u{a}y"),
        ];
        for (name, leaf, line) in cases {
            assert_eq!(entry_line(7, leaf), line, "{name}");
        }
    }
}
