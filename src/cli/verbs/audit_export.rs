//! `audit export`: ask for a bundle, wait until two operators have granted it, take it home.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::audit_lines::{self, Form};
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::progress::Progress;
use crate::cli::render;
use crate::cli::session::{self, Session};
use crate::cli::value;
use crate::desk::export::{Fetched, fetch};
use crate::domain::ids::RequestId;
use crate::domain::operator::AgeRecipient;
use crate::domain::request::doc::Subject;
use crate::domain::text::Text;
use crate::domain::wire::operator::audit::AuditAsk;
use crate::domain::wire::operator::{Ask, RequestView, StateName};

/// Arguments of `audit export`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis audit export --medium 'USB stick 7' --reason 'quarterly audit' --ticket AUD-12\n  \
    portcullis audit export --from 0 --seal 004711 --recipient age1... --to /media/usb ...\n  \
    portcullis audit export --request K7QM --to /media/usb\n  \
    portcullis audit export --bundle example.org-gate-0-4711.pcab.tar --format ocsf | collector\n\n\
    Two operators grant it. Meanwhile the command waits; interrupted, it goes on with --request. The bundle\n\
    begins where the last one ended, and ends with a checkpoint that is made for it.")]
pub struct ExportArgs {
    /// The folder that the bundle is put into
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub to: PathBuf,
    /// Go on with a request that was made before
    #[arg(long, value_name = "ID", conflicts_with_all = ["from", "medium", "seal", "recipient", "reason", "ticket"])]
    pub request: Option<RequestId>,
    /// The first entry: 0, or where an earlier bundle ended [default: where the last one ended]
    #[arg(long, value_name = "N")]
    pub from: Option<u64>,
    /// Onto which medium it goes, or to whom
    #[arg(long, value_parser = value::text, required_unless_present_any = ["request", "bundle"])]
    pub medium: Option<Text>,
    /// The number of the seal that the medium is put under
    #[arg(long, value_parser = value::text)]
    pub seal: Option<Text>,
    /// Encrypt it to this age recipient; may be given several times
    #[arg(long, value_name = "AGE", value_parser = AgeRecipient::parse)]
    pub recipient: Vec<AgeRecipient>,
    /// Why
    #[arg(long, value_parser = value::text, required_unless_present_any = ["request", "bundle"])]
    pub reason: Option<Text>,
    /// Reference in the ticket system
    #[arg(long, value_parser = value::text, required_unless_present_any = ["request", "bundle"])]
    pub ticket: Option<Text>,
    /// Only ask; take it later with --request
    #[arg(long, conflicts_with = "request")]
    pub no_wait: bool,
    /// Lines for a collector beside the bundle, or of bundles that are here already
    #[arg(long, value_enum, default_value = "bundle")]
    pub format: Form,
    /// A bundle that is here already: its lines go to standard output, and no appliance is asked
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["request", "from", "medium", "seal", "recipient", "reason", "ticket", "no_wait", "to"])]
    pub bundle: Vec<PathBuf>,
}

/// Asks where it has to, waits, and takes the bundle home.
pub fn run(args: ExportArgs, context: &Context) -> Result<(), Stop> {
    let lines = args.format.lines();
    if !args.bundle.is_empty() {
        let missing = || {
            let what = "a bundle that is here already has no other form than its lines";
            Failure::usage("format", what, "say which with --format ocsf or --format syslog")
        };
        return audit_lines::print(&args.bundle, lines.ok_or_else(missing)?);
    }
    if !args.to.is_dir() {
        let what = format!("there is no folder {}", args.to.display());
        return Err(Failure::usage("no-folder", what, "name one with --to, on a medium with room").into());
    }
    let mut session = Session::open(context)?;
    let (id, no_wait, to) = (args.request.clone(), args.no_wait, args.to.clone());
    let id = match id {
        Some(id) => id,
        None => {
            let (view, message) = session::change(&mut session.client, &ask(args)?)?;
            render::note(&render::shown(&message));
            view.ok_or_else(|| Failure::off_topic("a bundle"))?.doc.id
        }
    };
    if no_wait {
        render::note(&format!("take it when it is granted: portcullis audit export --request {id}"));
        return show_request(&id, context);
    }
    let view = wait_granted(&mut session, &id)?;
    let Subject::Export { recipients, .. } = &view.doc.subject else {
        return Err(Failure::refused("not-export", format!("request {id} is no export"), LOOK).into());
    };
    if lines.is_some() && !recipients.is_empty() {
        let what = "the bundle is encrypted, and its lines would lie beside it in the clear";
        return Err(Failure::refused(
            "encrypted",
            what,
            "leave --format out; whoever opens it makes the lines",
        )
        .into());
    }
    let mut progress = Progress::default();
    let fetched = fetch(&mut session.client, &id, recipients, &to, &mut |now| {
        progress.tell(now.step, now.done, now.of)
    });
    progress.end();
    let fetched = fetched?;
    show(&fetched, context)?;
    match lines {
        Some(format) => audit_lines::show(&audit_lines::beside(&fetched.path, format)?, context),
        None => Ok(()),
    }
}

const LOOK: &str = "look which one it was: portcullis requests --all";

fn ask(args: ExportArgs) -> Result<Ask, Stop> {
    // The parser has seen to it.
    let missing = || Failure::usage("missing", "an option is missing", "see portcullis audit export --help");
    let question = AuditAsk::Request {
        from: args.from,
        medium: args.medium.ok_or_else(missing)?,
        seal: args.seal,
        recipients: args.recipient,
        reason: args.reason.ok_or_else(missing)?,
        ticket: args.ticket.ok_or_else(missing)?,
    };
    Ok(Ask::Audit { question: Box::new(question) })
}

/// Waits until the request is granted, or has ended otherwise.
fn wait_granted(session: &mut Session, id: &RequestId) -> Result<RequestView, Stop> {
    const AGAIN: Duration = Duration::from_secs(60);
    session.ask(&Ask::Watch)?;
    let mut told = None;
    loop {
        let (view, _) = session.request(id)?;
        match view.state {
            StateName::Granted => return Ok(view),
            StateName::Requested => {
                let have = view.approvals.len();
                if told.replace(have) != Some(have) {
                    render::note(&format!("request {id}: {have} of {} approvals, waiting", view.need));
                }
            }
            state => {
                let what = format!("request {id} is {}: there is no bundle", state.word());
                return Err(
                    Failure::refused("wrong-state", what, "ask again: portcullis audit export").into()
                );
            }
        }
        session.client.wait_change(AGAIN)?;
    }
}

fn show_request(id: &RequestId, context: &Context) -> Result<(), Stop> {
    if context.screen.json {
        return context.screen.json(&serde_json::json!({ "request": id }));
    }
    context.screen.line(id.as_str())
}

fn show(fetched: &Fetched, context: &Context) -> Result<(), Stop> {
    let Fetched { path, range: (from, to), manifest } = fetched;
    if context.screen.json {
        let path = path.display().to_string();
        return context.screen.json(&serde_json::json!({
            "bundle": path, "from": from, "to": to, "manifest": manifest,
        }));
    }
    context.screen.facts(&[
        ("bundle", render::shown(&path.display().to_string())),
        ("entries", format!("{from} to {}", to - 1)),
        ("manifest", manifest.clone()),
    ])
}
