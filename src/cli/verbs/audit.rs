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

/// One entry for a person: number, time, type, who, and what as `name=value`.
fn entry_line(number: u64, leaf: &str) -> String {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(leaf) else {
        return format!("{number:>6}  {}", escape(leaf));
    };
    let mut take = |name: &str| fields.remove(name).unwrap_or(Value::Null);
    let at = take("ts").as_u64().map_or_else(|| "-".to_owned(), |ms| Timestamp::from_ms(ms).to_string());
    let (kind, actor, detail, evaluation) = (take("type"), take("actor"), take("detail"), take("evaluation"));
    let mark = if evaluation == Value::Bool(true) { "EVALUATION  " } else { "" };
    let line = format!("{number:>6}  {at}  {mark}{}  {}  {}", plain(&kind), plain(&actor), plain(&detail));
    line.trim_end().to_owned()
}

/// A JSON value on one line, escaped: texts without quotes, names before values.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => escape(text),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Object(fields) => {
            let pair = |(name, value): (&String, &Value)| match value {
                Value::Object(_) => format!("{}={{{}}}", escape(name), plain(value)),
                other => format!("{}={}", escape(name), plain(other)),
            };
            fields.iter().map(pair).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_harmless_line() {
        let cases = [
            (
                "an entry",
                r#"{"actor":["operator:al"],"detail":{"request":"7K2M"},"seq":7,"ts":1795467600000,"type":"denied"}"#,
                "     7  2026-11-23T21:00:00Z  denied  operator:al  request=7K2M",
            ),
            (
                "of an evaluation",
                r#"{"actor":["keeper"],"detail":{"a":{"b":1}},"evaluation":true,"ts":0,"type":"started"}"#,
                "     7  1970-01-01T00:00:00Z  EVALUATION  started  keeper  a={b=1}",
            ),
            ("no known field", r#"{"b":2}"#, "     7  -  -  -  -"),
            ("hostile", "{\"type\":\"a\\u001b[2Jb\"}", "     7  -  a\\u{1b}[2Jb  -  -"),
            ("not JSON", "x\ny", "     7  x\\u{a}y"),
        ];
        for (name, leaf, line) in cases {
            assert_eq!(entry_line(7, leaf), line, "{name}");
        }
    }
}
