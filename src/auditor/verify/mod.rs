//! Verifying bundles and proofs with public keys: offline, and in constant memory.

mod chain;
mod chip;
mod facts;
mod operators;
mod parts;
mod pass;
mod people;
mod proof;
mod refused;
mod register;
mod reports;
mod signed;
mod witnesses;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use self::chain::Chain;
use self::chip::Quoted;
use self::parts::Parts;
use self::pass::{Pass, Start, Steps, Written};
use self::people::People;
use self::register::{Keys, Register};
use self::signed::Signed;
use super::container::Bundle;
use super::keys::KeyList;
use super::leaves::each_leaf;
use crate::domain::audit::manifest::{Manifest, Member, Range};
use crate::domain::audit::note::Note;
use crate::domain::audit::stretch::Stretch;
use crate::domain::audit::witness::WitnessPolicy;

pub use facts::{QuoteFacts, Verified, VerifiedBundle, VerifiedProof};
pub use refused::{Contradiction, Fault, Kind, Refused};

/// What to rely on.
pub struct Options<'a> {
    /// Keys that somebody else vouches for; without, those that came with the bundle.
    pub keys: Option<&'a KeyList>,
    /// Who has to have cosigned the newest checkpoint.
    pub policy: Option<&'a WitnessPolicy>,
    /// Whether the log of a software TPM will do.
    pub allow_evaluation: bool,
    /// Time that has passed since any one moment.
    pub clock: &'a dyn Fn() -> Duration,
}

/// What a file of a proof is called.
const PROOF: &str = "tlog-proof";

/// What a bundle ends with that is for somebody's eyes only.
const ENCRYPTED: &str = "age";

/// Verifies bundles of one log, in whatever order they are given, and proofs of single entries.
///
/// # Errors
/// [`Refused`] says which file, which member, and what is wrong with it.
pub fn verify(files: &[PathBuf], options: &Options<'_>) -> Result<Verified, Refused> {
    let (proofs, bundles): (Vec<_>, Vec<_>) =
        files.iter().partition(|file| file.extension().is_some_and(|end| end == PROOF));
    let mut bundles = bundles.into_iter().map(|file| manifest_of(file)).collect::<Result<Vec<_>, _>>()?;
    bundles.sort_by_key(|(_, manifest)| {
        (manifest.range().old(), manifest.range().new_size(), manifest.created())
    });
    one_origin(&bundles)?;
    let ranges: Vec<Range> = bundles.iter().map(|(_, manifest)| manifest.range()).collect();
    let mut proven = Vec::with_capacity(proofs.len());
    for file in proofs {
        proven.push(proof::verify(file, options).map_err(Refused::at(file))?);
    }
    proofs_of_one_log(&proven, &bundles)?;
    let mut chain = Chain::of(&ranges);
    chain.marks.extend(proven.iter().map(|proof| proof.size));
    let mut verifying = Verifying { options, chain, newest: None, took: Duration::ZERO };
    let mut verified = Vec::with_capacity(bundles.len());
    for (file, _) in &bundles {
        verified.push(verifying.bundle(file).map_err(Refused::at(file))?);
    }
    let Verifying { mut chain, newest, took, .. } = verifying;
    for proof in &proven {
        chain.root(proof.size, proof.root, &proof.file).map_err(Refused::at(&proof.file))?;
    }
    chain.counters()?;
    if let (Some(policy), Some((_, note, file))) = (options.policy, &newest) {
        witnesses::verify(policy, note).map_err(Refused::at(file))?;
    }
    stamped(&verified, &proven, options)?;
    Ok(Verified {
        pinned: options.keys.is_some(),
        evaluation: verified.iter().any(|one| one.evaluation) || proven.iter().any(|one| one.evaluation),
        complete: verified.iter().all(|one| one.steps_checked),
        quorum: options.policy.map(|_| true),
        signatures_took: took,
        bundles: verified,
        proofs: proven,
    })
}

fn manifest_of(file: &Path) -> Result<(PathBuf, Manifest), Refused> {
    if file.extension().is_some_and(|end| end == ENCRYPTED) {
        return Err(Refused::at(file)(Fault::Encrypted));
    }
    let bundle = Bundle::open(file).map_err(Refused::at(file))?;
    Ok((file.to_owned(), bundle.manifest().clone()))
}

fn one_origin(bundles: &[(PathBuf, Manifest)]) -> Result<(), Refused> {
    let Some(((first, ours), rest)) = bundles.split_first() else { return Ok(()) };
    match rest.iter().find(|(_, theirs)| theirs.origin() != ours.origin()) {
        None => Ok(()),
        Some((file, theirs)) => {
            let (what, than) = (format!("it is of {}", theirs.origin()), format!("is of {}", ours.origin()));
            Err(Refused::at(file)(Fault::TwoLogs { what, other: first.clone(), than }))
        }
    }
}

/// Proofs are of the log that the bundles are of, and of one log among themselves.
fn proofs_of_one_log(proofs: &[VerifiedProof], bundles: &[(PathBuf, Manifest)]) -> Result<(), Refused> {
    let of_bundles = bundles.iter().map(|(file, manifest)| (file.as_path(), manifest.origin()));
    let of_proofs = || proofs.iter().map(|proof| (proof.file.as_path(), proof.origin.as_str()));
    let Some((first, ours)) = of_bundles.chain(of_proofs()).next() else { return Ok(()) };
    match of_proofs().find(|(_, theirs)| *theirs != ours) {
        None => Ok(()),
        Some((file, theirs)) => {
            let (what, than) = (format!("it is of {theirs}"), format!("is of {ours}"));
            Err(Refused::at(file)(Fault::TwoLogs { what, other: first.to_owned(), than }))
        }
    }
}

/// The log of a software TPM is refused, unless it is allowed.
fn stamped(
    bundles: &[VerifiedBundle],
    proofs: &[VerifiedProof],
    options: &Options<'_>,
) -> Result<(), Refused> {
    let bundles = bundles.iter().filter(|one| one.evaluation).map(|one| &one.file);
    let mut stamped = bundles.chain(proofs.iter().filter(|one| one.evaluation).map(|one| &one.file));
    match stamped.next() {
        Some(file) if !options.allow_evaluation => Err(Refused::at(file)(Fault::Evaluation)),
        _ => Ok(()),
    }
}

/// Bundles, one after the other.
struct Verifying<'a> {
    options: &'a Options<'a>,
    chain: Chain,
    /// The newest checkpoint: how many entries, and its file.
    newest: Option<(u64, Note, PathBuf)>,
    took: Duration,
}

impl Verifying<'_> {
    fn bundle(&mut self, file: &Path) -> Result<VerifiedBundle, Fault> {
        let parts = Parts::read(file)?;
        let keys = Keys::read(&parts, self.options.keys)?;
        signed::manifest(&parts, &keys)?;
        self.chain.is_one_log(&keys.register, file)?;
        let people = People::read(&parts, &keys.register)?;
        let signed = signed::checkpoint(&parts, &keys, &people)?;
        let quoted = chip::verify(&parts, &keys, &signed.checkpoint)?;
        let range = parts.manifest.range();
        self.chain.no_gap(range)?;
        self.chain.root(range.old(), signed.before.root(), file)?;
        self.chain.root(range.new_size(), signed.checkpoint.root(), file)?;
        let facts = self.entries(&parts, &keys, &people, &signed, &quoted)?;
        self.chain.quoted(parts.manifest.created(), &quoted, file);
        if self.newest.as_ref().is_none_or(|(size, ..)| *size <= range.new_size()) {
            self.newest = Some((range.new_size(), signed.note, file.to_owned()));
        }
        Ok(facts)
    }

    /// The entries, and what the bundle says of them.
    fn entries(
        &mut self,
        parts: &Parts,
        keys: &Keys,
        people: &People,
        signed: &Signed,
        quoted: &Quoted,
    ) -> Result<VerifiedBundle, Fault> {
        let range = parts.manifest.range();
        let steps = match self.chain.begin(range.old()) {
            Some(verifier) => Steps::Whole(Box::new(verifier)),
            None => Steps::Stretch(Box::new(Stretch::after(signed.before.clone()))),
        };
        let open = reports::open_requests(parts, steps.state())?;
        let policy = hex::encode(Sha256::digest(parts.bytes(Member::Policy)));
        let (marks, starts) = (self.chain.marks.clone(), self.chain.starts());
        let mut pass = Pass::begin(Start {
            origin: parts.manifest.origin(),
            range,
            people,
            steps,
            open,
            marks: &marks,
            starts: &starts,
            evaluation: self.chain.evaluation,
            clock: self.options.clock,
            policy: &policy,
        });
        let bundle = read_entries(parts, &mut pass)?;
        pass.end(&signed.checkpoint)?;
        founded(&pass, keys, people)?;
        // The range has at least one entry.
        let (Some(first), Some(last)) = (pass.first, pass.last) else {
            return Err(Fault::Count { found: 0, expected: range.count() });
        };
        not_expired(keys, last)?;
        chip::after_log(quoted, last)?;
        for (size, root) in std::mem::take(&mut pass.crossed) {
            self.chain.root(size, root, &parts.path)?;
        }
        let reports_checked = reports::verify(bundle, &pass)?;
        self.chain.keep(std::mem::take(&mut pass.standing));
        self.chain.evaluation = pass.evaluation;
        self.took += pass.batch.took;
        Ok(VerifiedBundle {
            file: parts.path.clone(),
            origin: parts.manifest.origin().to_owned(),
            from: range.old(),
            size: range.new_size(),
            root: signed.checkpoint.root().to_string(),
            created: parts.manifest.created().to_string(),
            first: first.to_string(),
            last: last.ts.to_string(),
            expires: keys.register.keys.expires.to_string(),
            pinned_keys: keys.pinned.clone(),
            cosigned: signed.cosigned.clone(),
            operator_signatures: pass.batch.verified,
            rosters: people.chain.len(),
            evaluation: pass.evaluation == Some(true),
            steps_checked: pass.steps.state().is_some(),
            reports_checked,
            other_policies: pass.other_policies,
            quote: quote_facts(parts, quoted),
        })
    }
}

/// Gives every entry to `pass`; then the bundle behind its entries.
fn read_entries(parts: &Parts, pass: &mut Pass<'_>) -> Result<Bundle, Fault> {
    let mut bundle = parts.again()?;
    while let Some(part) = bundle.next_part()? {
        if part.member() == Member::Entries {
            let first = parts.manifest.range().old();
            part.hashed_by(|mut from, digest| {
                each_leaf(&mut from, first, Some(digest), |leaf| pass.take(leaf))
            })?;
            break;
        }
        part.finish()?;
    }
    Ok(bundle)
}

/// What set-up fixed is what the bundle says of it.
fn founded(pass: &Pass<'_>, keys: &Keys, people: &People) -> Result<(), Fault> {
    let Some(state) = pass.steps.state() else { return Ok(()) };
    if Register::of(&state.founding) != keys.register {
        let what = "it is not what the set-up in entry 0 says";
        return Err(Fault::differs(Member::Register, what));
    }
    if state.rosters != people.chain {
        return Err(Fault::differs(Member::Rosters, "these are not the rosters of the entries"));
    }
    Ok(())
}

/// Nothing is signed after the last day of the keys.
fn not_expired(keys: &Keys, last: Written) -> Result<(), Fault> {
    let expires = keys.register.keys.expires;
    if last.ts < expires.end() {
        return Ok(());
    }
    Err(Fault::Expired { last: last.ts.to_string(), expires: expires.to_string() })
}

fn quote_facts(parts: &Parts, quoted: &Quoted) -> QuoteFacts {
    QuoteFacts {
        pcrs: quoted.pcrs.clone(),
        clock_ms: quoted.time.clock_ms,
        resets: quoted.time.boot.reset_count,
        restarts: quoted.time.boot.restart_count,
        safe: quoted.time.safe,
        firmware: quoted.firmware,
        certificate: parts.has(Member::EndorsementCertificate),
    }
}
