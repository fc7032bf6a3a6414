//! `audit verify FILE...`: bundles and proofs, with public keys and nothing else.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use super::audit::VerifyArgs;
use crate::auditor::keys::KeyList;
use crate::auditor::verify::{
    self, Fault, Kind, Options, QuoteFacts, Refused, Verified, VerifiedBundle, VerifiedProof,
};
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::render::{Screen, note, shown};
use crate::domain::audit::witness::WitnessPolicy;

/// More than any list of keys and any policy has, in bytes.
const TEXT_LEN_MAX: u64 = 256 * 1024;

/// Verifies what was named, and shows what it proves.
pub fn run(args: &VerifyArgs, context: &Context) -> Result<(), Stop> {
    let keys = args.keys.as_deref().map(read_keys).transpose()?;
    let policy = args.policy.as_deref().map(read_policy).transpose()?;
    #[expect(clippy::disallowed_methods, reason = "only how long it takes")]
    let begun = Instant::now();
    let options = Options {
        keys: keys.as_ref(),
        policy: policy.as_ref(),
        allow_evaluation: args.allow_evaluation,
        clock: &|| begun.elapsed(),
    };
    let verified = verify::verify(&args.files, &options).map_err(|refused| failure(&refused))?;
    if !verified.is_pinned() {
        note(UNPINNED);
    }
    if context.screen.json {
        #[derive(Serialize)]
        struct Told<'a> {
            verified: bool,
            #[serde(flatten)]
            what: &'a Verified,
        }
        return context.screen.json(&Told { verified: true, what: &verified });
    }
    verified.bundles().iter().try_for_each(|bundle| show_bundle(bundle, context.screen))?;
    verified.proofs().iter().try_for_each(|proof| show_proof(proof, context.screen))?;
    let count: u64 = verified.bundles().iter().map(|bundle| bundle.operator_signatures).sum();
    if count > 0 {
        let took = verified.signatures_took().as_millis();
        context
            .screen
            .line(&format!("{count} signatures of operators, verified on all cores in {took} ms"))?;
    }
    context.screen.line(&in_words(&verified))
}

const UNPINNED: &str = "portcullis: NOBODY VOUCHES FOR THE KEYS: they came with the bundle, and a forger brings \
    their own.\n  Write the list down when the appliance is set up (portcullis audit keys), and name it with --keys";

fn read_text(path: &Path, code: &str) -> Result<String, Stop> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(TEXT_LEN_MAX).read_to_string(&mut text));
    let unreadable = |error| {
        let what = format!("{} cannot be read: {error}", path.display());
        Failure::usage(code, what, "name a file of text, as `portcullis audit keys` prints it")
    };
    read.map_err(unreadable)?;
    Ok(text)
}

fn read_keys(path: &Path) -> Result<KeyList, Stop> {
    let wrong = |error| {
        let what = format!("{} is no list of keys: {error}", path.display());
        Failure::usage("keys", what, "name the list that `portcullis audit keys` printed at set-up")
    };
    Ok(KeyList::parse(&read_text(path, "keys")?).map_err(wrong)?)
}

fn read_policy(path: &Path) -> Result<WitnessPolicy, Stop> {
    let wrong = |error| {
        let what = format!("{} is no witness policy: {error}", path.display());
        Failure::usage("policy", what, "write it as C2SP tlog-policy has it: log, witness, group, quorum")
    };
    Ok(WitnessPolicy::read(read_text(path, "policy")?.as_bytes()).map_err(wrong)?)
}

/// Two lines: what is wrong, and what to do now.
fn failure(refused: &Refused) -> Stop {
    let (what, code) = (refused.to_string(), refused.fault.code());
    let failure = match (refused.fault.kind(), &*refused.fault) {
        (Kind::Unreadable, _) => {
            Failure::unexpected(code, what, "name bundles (.pcab.tar, or the folder of one) or a .tlog-proof")
        }
        (Kind::NotEnough, Fault::Evaluation) => {
            Failure::refused(code, what, "add --allow-evaluation if that is what you expect")
        }
        (Kind::NotEnough, Fault::KeysNeeded) => {
            Failure::usage(code, what, "name the list with --keys, as `portcullis audit keys` printed it")
        }
        (Kind::NotEnough, _) => {
            Failure::refused(code, what, "have the operators cosign, and take the bundle again")
        }
        (Kind::Integrity, Fault::Gap { .. }) => {
            Failure::integrity(code, what, "name the bundle that has them, too")
        }
        (Kind::Integrity, _) => {
            Failure::integrity(code, what, "keep the file as it is, and believe none of it")
        }
    };
    failure.into()
}

fn show_bundle(bundle: &VerifiedBundle, screen: Screen) -> Result<(), Stop> {
    let pinned = match bundle.pinned_keys.as_slice() {
        [] => "NOBODY vouches for them".to_owned(),
        keys => format!("in the list: {}", keys.join(", ")),
    };
    let steps = match (bundle.steps_checked, bundle.reports_checked) {
        (true, _) => "each follows from those before it; all reports are what they give".to_owned(),
        (false, count) => format!(
            "NOT CHECKED one by one: earlier bundles were not given; {count} of 6 reports computed again"
        ),
    };
    let signed = match bundle.cosigned.as_slice() {
        [] => "both keys of the log; nobody cosigned".to_owned(),
        names => format!("both keys of the log; cosigned by {}", shown(&names.join(", "))),
    };
    let mut facts = vec![
        ("bundle", shown(&bundle.file.display().to_string())),
        ("origin", shown(&bundle.origin)),
        ("entries", format!("{} to {}", bundle.from, bundle.size - 1)),
        ("written", format!("{} to {}", bundle.first, bundle.last)),
        ("root", bundle.root.clone()),
        ("signed", signed),
        ("keys", format!("{pinned}; good until {}", bundle.expires)),
        ("operators", format!("{} signatures verified", bundle.operator_signatures)),
        ("steps", steps),
        ("TPM", chip(&bundle.quote)),
    ];
    if bundle.other_policies > 0 {
        let count = bundle.other_policies;
        facts.push(("policy", format!("{count} requests name another than the one in the bundle")));
    }
    if bundle.evaluation {
        facts.push(("stamp", EVALUATION.to_owned()));
    }
    screen.facts(&facts)?;
    screen.line("")
}

const EVALUATION: &str = "EVALUATION: a software TPM, which proves nothing";

fn chip(quote: &QuoteFacts) -> String {
    let numbers: Vec<String> = quote.pcrs.iter().map(u8::to_string).collect();
    let safe = if quote.safe { "" } else { ", not known to be unused" };
    let certificate = if quote.certificate {
        "its maker's certificate is there, not verified"
    } else {
        "no maker's certificate"
    };
    format!(
        "PCRs {} as at set-up; clock {} ms after {} resets{safe}; {certificate}",
        numbers.join(","),
        quote.clock_ms,
        quote.resets
    )
}

fn show_proof(proof: &VerifiedProof, screen: Screen) -> Result<(), Stop> {
    let mut facts = vec![
        ("proof", shown(&proof.file.display().to_string())),
        ("origin", shown(&proof.origin)),
        ("entry", format!("{}: {} of {}", proof.entry, proof.kind, proof.at)),
        ("under", format!("the checkpoint of {} entries, root {}", proof.size, proof.root)),
    ];
    if proof.evaluation {
        facts.push(("stamp", EVALUATION.to_owned()));
    }
    screen.facts(&facts)?;
    screen.line("")
}

/// The last line.
fn in_words(verified: &Verified) -> String {
    let mut words = vec!["Verified".to_owned()];
    match verified.bundles() {
        [] => {}
        [one] => words.push(format!("entries {} to {} of {}", one.from, one.size - 1, shown(&one.origin))),
        [first, .., last] => {
            let (from, count) = (first.from, verified.bundles().len());
            let to = verified.bundles().iter().map(|one| one.size).max().unwrap_or(last.size) - 1;
            words.push(format!("entries {from} to {to} of {} in {count} bundles", shown(&last.origin)));
        }
    }
    match verified.proofs().len() {
        0 => {}
        1 => words.push("one entry by its proof".to_owned()),
        count => words.push(format!("{count} entries by their proofs")),
    }
    let (head, rest) = (words.remove(0), words.join(", and "));
    let mut line = format!("{head}: {rest}");
    if !verified.is_complete() {
        line += "; the steps were not checked, because earlier bundles were not given";
    }
    if verified.has_quorum() {
        line += "; the witnesses of the policy are enough";
    }
    if !verified.is_pinned() {
        line += "; by keys that NOBODY VOUCHES FOR";
    }
    if verified.is_evaluation() {
        line += "; of an EVALUATION appliance";
    }
    line + "."
}
