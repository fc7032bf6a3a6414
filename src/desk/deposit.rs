//! A deposit: the credential is wrapped here, under a key that takes the chip and the operators.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rand_core::{OsRng, RngCore as _};
use zeroize::Zeroizing;

use super::client::Client;
use super::error::DeskError;
use crate::crypto::envelope::{Envelope, EnvelopeSubject, derive_data_key};
use crate::crypto::operator_key::{OperatorKey, random_key};
use crate::crypto::recipient::wrap_to_recipient;
use crate::crypto::roster::verify_chain;
use crate::crypto::shares::{self, ShareSubject};
use crate::domain::credential::Terms;
use crate::domain::ids::{ApplianceName, CredentialName, Generation, OperatorId};
use crate::domain::operator::{AgeRecipient, OperatorPublic, Role, Roster, SignedRoster};
use crate::domain::secret::{Key32, Plaintext, SecretBytes};
use crate::domain::wire::operator::{Ask, Deposit, Reply, WrappedRecord};

/// Wraps a credential to the chip and the operators, hands it to the keeper, and gives what it said.
///
/// # Errors
/// Those of [`Place::ask`], before anything is wrapped to anybody; those of [`Client::ask`].
pub fn deposit(
    client: &mut Client,
    key: &OperatorKey,
    name: &CredentialName,
    next: bool,
    terms: &Terms,
    plaintext: &Plaintext,
) -> Result<String, DeskError> {
    Place::ask(client, key, name, next)?.fill(client, terms, plaintext)
}

/// What the keeper said a deposit must be made for, after it was checked: the credential may come now.
#[derive(Debug)]
pub struct Place {
    name: CredentialName,
    depositor: OperatorId,
    rosters: Vec<SignedRoster>,
    roster: Roster,
    appliance: ApplianceName,
    generation: Generation,
    recovery: String,
}

impl Place {
    /// Asks for it, and checks whom the credential would be wrapped to.
    ///
    /// # Errors
    /// [`DeskError::RosterChain`] and [`DeskError::OtherRoster`]; [`DeskError::TooFewApprovers`]; those of
    /// [`Client::ask`], also for a name that is taken.
    pub fn ask(
        client: &mut Client,
        key: &OperatorKey,
        name: &CredentialName,
        next: bool,
    ) -> Result<Self, DeskError> {
        let question = Ask::DepositContext { name: name.clone(), next };
        let Reply::DepositContext { appliance, generation, rosters, recovery } = client.ask(&question)?
        else {
            return Err(DeskError::Protocol { asked: "what a deposit needs" });
        };
        let roster = believed(key, &appliance, &rosters)?.clone();
        let depositor = key.id().clone();
        let place = Self { name: name.clone(), depositor, rosters, roster, appliance, generation, recovery };
        place.approvers().map(drop)?;
        Ok(place)
    }

    /// Wraps the credential, and hands it over.
    ///
    /// # Errors
    /// Those of [`Client::ask`].
    pub fn fill(
        self,
        client: &mut Client,
        terms: &Terms,
        plaintext: &Plaintext,
    ) -> Result<String, DeskError> {
        let deposit = self.wrap(terms, plaintext)?;
        match client.ask(&Ask::Deposit(Box::new(deposit)))? {
            Reply::Done { message, .. } => Ok(message),
            _ => Err(DeskError::Protocol { asked: "a deposit" }),
        }
    }

    /// Who gets a share: everybody with the role but the one who deposits.
    fn approvers(&self) -> Result<Vec<&OperatorPublic>, DeskError> {
        let others = self.roster.with_role(Role::Operator).filter(|person| person.id != self.depositor);
        let approvers: Vec<&OperatorPublic> = others.collect();
        let (count, quorum) = (approvers.len(), self.roster.quorum());
        if u32::try_from(count).is_ok_and(|count| count < quorum) {
            let depositor = self.depositor.clone();
            return Err(DeskError::TooFewApprovers { depositor, approvers: count, quorum });
        }
        Ok(approvers)
    }

    fn wrap(self, terms: &Terms, plaintext: &Plaintext) -> Result<Deposit, DeskError> {
        let (t, q) = (random_key(&mut OsRng), random_key(&mut OsRng));
        let (name, generation) = (&self.name, self.generation);
        let subject =
            ShareSubject { appliance: self.appliance.clone(), credential: name.clone(), generation };
        let quorum = self.roster.quorum();
        let shares =
            shares::split(&q, &subject, &self.approvers()?, quorum, &mut OsRng).map_err(DeskError::Split)?;
        let mut salt = [0; 32];
        OsRng.fill_bytes(&mut salt);
        let data_key = derive_data_key(&t, &q, &salt, name, generation);
        let of = EnvelopeSubject { credential: name, generation, kind: terms.kind.word() };
        let record = WrappedRecord {
            salt: hex::encode(salt),
            envelope: json(&Envelope::seal(&data_key, &of, plaintext, &mut OsRng)),
            shares: shares.iter().map(json).collect(),
            k: quorum,
            recovery: to_recovery(&self.recovery, &t)?,
            roster: self.rosters.last().map(|signed| hex::encode(signed.digest())).unwrap_or_default(),
        };
        let t = SecretBytes::new(Zeroizing::new(t.expose().to_vec()));
        Ok(Deposit { name: self.name, generation, terms: terms.clone(), t, record })
    }
}

/// The roster that holds now, if the chain begins with the people that this key file was made for.
fn believed<'a>(
    key: &OperatorKey,
    appliance: &ApplianceName,
    rosters: &'a [SignedRoster],
) -> Result<&'a Roster, DeskError> {
    let pin = key.keeper().ok_or_else(|| DeskError::NotPinned { operator: key.id().clone() })?;
    let roster = verify_chain(rosters)?;
    let genesis = rosters.first().map(SignedRoster::digest);
    if pin.appliance == *appliance && genesis == Some(pin.roster) {
        Ok(roster)
    } else {
        Err(DeskError::OtherRoster)
    }
}

/// Wraps the chip's half, and nothing else, to the recovery recipient.
fn to_recovery(recipient: &str, t: &Key32) -> Result<String, DeskError> {
    let wrong = DeskError::Protocol { asked: "the recovery recipient" };
    let Ok(recipient) = AgeRecipient::parse(recipient) else { return Err(wrong) };
    wrap_to_recipient(&recipient, t.expose()).map(|wrapped| BASE64.encode(wrapped)).map_err(|_| wrong)
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("texts and numbers encode as JSON")
}
