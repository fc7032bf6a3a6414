//! `doctor`: what is wrong, and what to do.

use std::os::unix::net::UnixStream;

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::host::DoctorArgs;
use crate::cli::render::shown;
use crate::cli::session::Session;
use crate::domain::wire::operator::{Ask, Finding, Level, Reply};
use crate::services::checkup;

/// Asks the keeper to look, or looks at what can be seen without it, and shows what was found.
pub fn run(_: &DoctorArgs, context: &Context) -> Result<(), Stop> {
    if UnixStream::connect(context.operator_socket()).is_err() {
        return report(&checkup::offline(&context.home), context);
    }
    let reply = Session::open(context)?.ask(&Ask::Doctor)?;
    let Reply::Doctor { findings } = reply else { return Err(Failure::off_topic("findings").into()) };
    report(&findings, context)
}

/// Shows findings, and fails when one of them does; a program gets both in one object.
pub fn report(findings: &[Finding], context: &Context) -> Result<(), Stop> {
    if !context.screen.json {
        for finding in findings {
            context.screen.line(&line(finding))?;
            if let Some(advice) = &finding.advice {
                context.screen.line(&format!("      {}", shown(advice)))?;
            }
        }
    }
    let failed: Vec<&str> =
        findings.iter().filter(|f| f.level == Level::Fail).map(|f| f.what.as_str()).collect();
    let failure = (!failed.is_empty()).then(|| {
        let what = format!("not as it should be: {}", failed.join(", "));
        Failure::unexpected("unwell", what, "do what stands below each FAIL, then run doctor again")
    });
    if context.screen.json {
        // One object, whatever is found: what is wrong with the whole stands beside its parts.
        context.screen.json(&Report { findings, error: failure.as_ref() })?;
    }
    failure.map_or(Ok(()), |failure| Err(Stop::Told(failure)))
}

/// What `--json` gives.
#[derive(Serialize)]
struct Report<'a> {
    findings: &'a [Finding],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
}

fn line(finding: &Finding) -> String {
    let level = match finding.level {
        Level::Ok => "ok  ",
        Level::Warn => "WARN",
        Level::Fail => "FAIL",
    };
    format!("{level}  {}: {}", shown(&finding.what), shown(&finding.seen))
}
