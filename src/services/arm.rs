//! Arming: join the shares, open the chip's half, prove the key, seal the window, wipe the rest.

use super::ledger::digest;
use super::{Appliance, Moment, chip_refusal, nonce};
use crate::crypto::envelope::{DataKey, Envelope, EnvelopeSubject, derive_data_key};
use crate::crypto::shares::{Share, join};
use crate::domain::audit::entry::Body;
use crate::domain::credential::Deposited;
use crate::domain::ids::{CredentialName, Generation, RequestId};
use crate::domain::refusal::Refusal;
use crate::domain::request::permit::ArmPermit;
use crate::domain::request::state::Phase;
use crate::domain::time::Interval;
use crate::domain::wire::operator::WrappedRecord;
use crate::store::Write;
use crate::tpm::{SealedKey, WindowBounds};

impl Appliance {
    /// Seals the window of a request that has its quorum, or voids its approvals and says why.
    pub(super) fn arm(&mut self, at: &Moment, permit: ArmPermit, shares: &[Share]) -> Result<(), Refusal> {
        let id = permit.request().clone();
        let sealed = self.seal_window(at, permit, shares);
        let (body, writes, outcome) = match sealed {
            Ok((body, writes)) => (body, writes, Ok(())),
            Err(refusal) => {
                let body = Body::ArmFailed { request: id, why: refusal.to_string(), nonce: nonce() };
                (body, Vec::new(), Err(refusal))
            }
        };
        self.ledger.commit(at, "keeper".to_owned(), body, &writes).map_err(|error| error.to_refusal())?;
        outcome
    }

    fn seal_window(
        &self,
        at: &Moment,
        permit: ArmPermit,
        shares: &[Share],
    ) -> Result<(Body, Vec<Write>), Refusal> {
        let request = self.state().request(permit.request())?;
        let Phase::Arming(arming) = &request.phase else { return Err(request.wrong_state("armed")) };
        let (id, wanted) = (request.doc.id.clone(), arming.window);
        let key = self.data_key(permit, shares)?;
        let gate =
            self.ledger.board.chip.gate(&self.ledger.board.auths).map_err(|error| chip_refusal(&error))?;
        let window =
            wanted.armed_at(at.now).ok_or(Refusal::BadWindow { why: "must not be over when it is armed" })?;
        // If the board was restarted since `at`, the chip will refuse this boot.
        let (opens_ms, closes_ms) = on_chip(window, at.now.ms(), at.mono);
        let bounds = WindowBounds { opens_ms, closes_ms, boot: at.boot, gate };
        let sealed =
            self.ledger.board.chip.seal_window(key.key(), &bounds).map_err(|error| chip_refusal(&error))?;
        let sealed = crate::domain::canonical::to_vec(&sealed);
        let chip = (opens_ms, closes_ms);
        let body = Body::Armed { request: id.clone(), window, chip, gate, sealed: digest(&sealed) };
        Ok((body, vec![Write::Window { request: id, sealed }]))
    }

    /// The data key, proven by opening the credential's own tag with it.
    fn data_key(&self, permit: ArmPermit, shares: &[Share]) -> Result<DataKey, Refusal> {
        let (credential, generation) = (permit.credential().0.clone(), permit.credential().1);
        let damaged = |why: String| Refusal::Record { credential: credential.clone(), generation, why };
        let (half, record) = self.record(&credential, generation)?;
        let kind = self.deposited(&credential, generation)?.terms.kind;
        let sealed = super::approve::sealed_shares(&record);
        let q = join(&sealed, shares, record.k).map_err(|error| damaged(error.to_string()))?;
        let t = self.ledger.board.chip.open_half(&half, permit).map_err(|error| chip_refusal(&error))?;
        let mut salt = [0; 32];
        hex::decode_to_slice(&record.salt, &mut salt)
            .map_err(|_| damaged("its salt is not hex".to_owned()))?;
        let key = derive_data_key(&t, &q, &salt, &credential, generation);
        let subject = EnvelopeSubject { credential: &credential, generation, kind: kind.word() };
        drop(
            envelope(&record)
                .and_then(|e| e.open(&key, &subject).map_err(|e| e.to_string()))
                .map_err(damaged)?,
        );
        Ok(key)
    }

    /// The sealed `T` and the wrapped record of a generation, when they are what the log names.
    pub(super) fn record(
        &self,
        credential: &CredentialName,
        generation: Generation,
    ) -> Result<(SealedKey, WrappedRecord), Refusal> {
        let damaged = |why: String| Refusal::Record { credential: credential.clone(), generation, why };
        let named = &self.deposited(credential, generation)?.record;
        let (half, record) =
            self.ledger.store.record(credential, generation).map_err(|error| damaged(error.to_string()))?;
        if digest(&[half.as_slice(), record.as_slice()].concat()) != *named {
            return Err(damaged("it is not the one that the log names".to_owned()));
        }
        let half = serde_json::from_slice(&half).map_err(|error| damaged(error.to_string()))?;
        let record = serde_json::from_slice(&record).map_err(|error| damaged(error.to_string()))?;
        Ok((half, record))
    }

    /// One generation as the log has it.
    pub(super) fn deposited(
        &self,
        name: &CredentialName,
        generation: Generation,
    ) -> Result<&Deposited, Refusal> {
        let generations = self.state().credentials.get(name);
        let one = generations.and_then(|all| all.iter().find(|one| one.generation == generation));
        one.ok_or_else(|| Refusal::NoCredential { credential: name.clone() })
    }

    /// Takes the window object of an ended request out of the way, to ask the chip about it.
    pub(super) fn take_window(&mut self, request: &RequestId) {
        let Ok(bytes) = self.ledger.store.window(request) else { return };
        if let Ok(sealed) = serde_json::from_slice(&bytes) {
            self.closing.push(super::Closing { request: request.clone(), sealed, asked: 0 });
        }
    }
}

/// The envelope of a record.
pub(super) fn envelope(record: &WrappedRecord) -> Result<Envelope, String> {
    serde_json::from_str(&record.envelope).map_err(|error| error.to_string())
}

/// An interval of the appliance's clock on the chip's: both run at the same rate from this instant.
fn on_chip(window: Interval, now_ms: u64, clock_ms: u64) -> (u64, u64) {
    let at = |ms: u64| (clock_ms + ms).saturating_sub(now_ms);
    (at(window.opens().ms()), at(window.closes().ms()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    #[test]
    fn a_window_keeps_its_length_and_distance_on_the_chips_clock() {
        let at = Timestamp::from_ms;
        let cases = [
            ("from now", (10_000, 12_000), 10_000, 500, (500, 2_500)),
            ("ahead", (11_000, 12_000), 10_000, 500, (1_500, 2_500)),
            ("began before the chip's clock did", (1_000, 12_000), 10_000, 500, (0, 2_500)),
        ];
        for (name, (opens, closes), now, clock, expected) in cases {
            let window = Interval::new(at(opens), at(closes)).expect("not empty");
            assert_eq!(on_chip(window, now, clock), expected, "{name}");
        }
    }
}
