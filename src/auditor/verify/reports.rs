//! What the bundle says of its own entries, compared with what they say.

use std::collections::BTreeMap;
use std::io::Read as _;

use serde::Deserialize;

use super::parts::Parts;
use super::pass::Pass;
use super::refused::Fault;
use crate::auditor::container::{Bundle, Part};
use crate::domain::appliance::State;
use crate::domain::audit::manifest::{Manifest, Member};
use crate::domain::audit::report::{self, Heading};
use crate::domain::canonical;
use crate::domain::request::doc::RequestDoc;

/// The requests that were live where the bundle begins.
pub(super) fn open_requests(parts: &Parts, state: Option<&State>) -> Result<Vec<RequestDoc>, Fault> {
    let (member, is_first) = (Member::OpenRequests, parts.manifest.range().old() == 0);
    let wrong = |what: String| Fault::differs(member, what);
    let bytes = parts.bytes(member);
    if is_first && !bytes.is_empty() {
        return Err(wrong("nothing is open before the first entry".to_owned()));
    }
    if let Some(state) = state
        && state.live_requests() != bytes
    {
        return Err(wrong("these are not the requests that the log before it leaves open".to_owned()));
    }
    let mut open = Vec::new();
    for (at, line) in (1..).zip(parts.text(member)?.split_inclusive('\n')) {
        let canonical = line.strip_suffix('\n').unwrap_or_default();
        let doc: RequestDoc =
            serde_json::from_str(canonical).map_err(|error| wrong(format!("line {at}: {error}")))?;
        if doc.canonical() != canonical.as_bytes() || doc.origin != parts.manifest.origin() {
            return Err(wrong(format!("line {at} is not canonical JSON of a request of this log")));
        }
        open.push(doc);
    }
    Ok(open)
}

/// The reports that the entries give; the others cannot be computed from them alone.
fn expected(manifest: &Manifest, pass: &Pass<'_>) -> Result<BTreeMap<Member, Vec<u8>>, Fault> {
    let range = manifest.range();
    if let Some(state) = pass.steps.state() {
        let made = report::all(range, state, &pass.tally);
        return Ok(made.map_err(|why| Fault::differs(Member::Custody, why.to_string()))?.into());
    }
    let Some(last) = pass.last else { return Ok(BTreeMap::new()) };
    let heading = Heading { origin: manifest.origin().to_owned(), range, at: last.ts };
    Ok([(Member::Failed, pass.tally.failed(&heading))].into())
}

/// Reads the rest of the bundle. Gives how many reports were computed again.
pub(super) fn verify(mut bundle: Bundle, pass: &Pass<'_>) -> Result<usize, Fault> {
    let manifest = bundle.manifest().clone();
    let expected = expected(&manifest, pass)?;
    while let Some(part) = bundle.next_part()? {
        let member = part.member();
        match expected.get(&member) {
            Some(ours) => compare(part, ours)?,
            None if is_report(member) => headed(part, &manifest, pass)?,
            None => part.finish()?,
        }
    }
    Ok(expected.len())
}

const fn is_report(member: Member) -> bool {
    matches!(
        member,
        Member::Rotation
            | Member::Exceptions
            | Member::Access
            | Member::Pairs
            | Member::Failed
            | Member::Custody
    )
}

/// Compares in pieces: a report may be long.
fn compare(mut part: Part<'_>, ours: &[u8]) -> Result<(), Fault> {
    const SOME: usize = 64 * 1024;
    let member = part.member();
    let (mut rest, mut some) = (Some(ours), vec![0; SOME]);
    loop {
        let read = part.read(&mut some)?;
        if read == 0 {
            break;
        }
        rest = rest.and_then(|rest| rest.strip_prefix(&some[..read]));
    }
    part.finish()?;
    if rest.is_some_and(<[u8]>::is_empty) {
        Ok(())
    } else {
        Err(Fault::differs(member, "it is not what the entries give"))
    }
}

/// What every report begins with.
#[derive(Deserialize)]
struct Headed {
    v: u32,
    report: String,
    origin: String,
    from: u64,
    size: u64,
    at: String,
}

/// A report that cannot be computed again is of this bundle at least.
fn headed(part: Part<'_>, manifest: &Manifest, pass: &Pass<'_>) -> Result<(), Fault> {
    let member = part.member();
    let bytes = part.bytes()?;
    let wrong = |what: &str| Fault::differs(member, what);
    let json = bytes.strip_suffix(b"\n").filter(|json| canonical::is_canonical(json));
    let json = json.ok_or_else(|| wrong("it is no line of canonical JSON"))?;
    let headed: Headed = serde_json::from_slice(json).map_err(|error| wrong(&error.to_string()))?;
    let range = manifest.range();
    let at = pass.last.map(|last| last.ts.to_string());
    let is_ours = headed.v == 1
        && member.path() == format!("reports/{}.json", headed.report)
        && headed.origin == manifest.origin()
        && (headed.from, headed.size) == (range.old(), range.new_size())
        && Some(headed.at) == at;
    if is_ours { Ok(()) } else { Err(wrong("its heading is not that of this bundle")) }
}
