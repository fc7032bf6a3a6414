//! What the chip says of itself under a signature: that it holds the log's key, and what its PCRs
//! and boot counters are.
//!
//! The attestation key is restricted: it signs what the chip itself composed and nothing else. It
//! is a primary key of the endorsement hierarchy, made anew from a fixed template whenever it is
//! needed and kept nowhere; the template and the chip's endorsement seed make the same key every
//! time. In that hierarchy the chip signs its true boot counters, which it obfuscates elsewhere.
//!
//! Whoever may use the endorsement hierarchy may make this key too, under a value of their own.
//! What it signs is the truth whoever asks, so the value is no part of the proof: it keeps others
//! from using the key that was loaded here.

use sha2::{Digest as _, Sha256};
use tss_esapi::constants::SessionType;
use tss_esapi::handles::KeyHandle;
use tss_esapi::interface_types::resource_handles::Hierarchy;
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::{Attest, AttestInfo, Data, PcrSelectionList};
use tss_esapi::traits::Marshall as _;

use crate::domain::audit::quote::{PcrSelection as Registers, PcrValues};
use crate::domain::secret::Key32;
use crate::tpm::connect::{Chip, library};
use crate::tpm::error::TpmError;
use crate::tpm::log_key::{LogKey, own_scheme};
use crate::tpm::nvram::copy;
use crate::tpm::pcr::{PcrSelection, digest_of, values};
use crate::tpm::provision::auth_of;
use crate::tpm::salted::Salted;
use crate::tpm::signing::{Kind, SIGNING, SigningArea};

/// userWithAuth: the value authorises; restricted.
const KIND: Kind = Kind {
    attributes: SIGNING | 1 << 6 | 1 << 16,
    has_policy: false,
    what: "the attestation key of the TPM",
};

/// The attestation key as it was pinned at set-up, with the value that it is used under.
#[derive(Debug)]
pub struct Attestation {
    auth: Key32,
    area: SigningArea,
}

impl Attestation {
    /// Joins the value that was given to [`Chip::make_attestation_key`] and what it answered.
    ///
    /// # Errors
    /// [`TpmError::Malformed`] for a public area that is not of our template.
    pub fn new(auth: Key32, public_area: &[u8]) -> Result<Self, TpmError> {
        Ok(Self { auth, area: KIND.read(public_area)? })
    }

    /// TPMT_PUBLIC, to be kept.
    pub fn public_area(&self) -> &[u8] {
        self.area.bytes()
    }

    /// The Name: 00 0b and the SHA-256 of the public area.
    pub fn name(&self) -> [u8; 34] {
        self.area.name()
    }

    /// The public point, uncompressed: 04, x, y.
    pub const fn point(&self) -> &[u8; 65] {
        self.area.point()
    }

    /// A copy for another thread.
    fn copy(&self) -> Self {
        Self { auth: copy(&self.auth), area: self.area.clone() }
    }
}

/// Something that the chip composed and the attestation key signed; verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Statement {
    /// TPMS_ATTEST.
    pub message: Vec<u8>,
    /// ECDSA over its SHA-256, as DER: `openssl dgst -sha256 -verify` and `tpm2_checkquote -s`
    /// both take it.
    pub signature: Vec<u8>,
}

/// A statement of the chip on its PCRs; verified, values included.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Quote {
    /// What was signed: `tpm2_checkquote -m`, and `-s`.
    pub statement: Statement,
    /// Which PCRs.
    pub pcrs: PcrSelection,
    /// Their values, in order; the statement has the SHA-256 of all of them.
    pub values: Vec<[u8; 32]>,
}

impl Quote {
    /// The values as the file that `tpm2_checkquote -f` takes and `tpm2_quote -o` writes.
    ///
    /// # Errors
    /// [`TpmError::Malformed`] when there is not one value for each of the PCRs.
    pub fn pcr_file(&self) -> Result<Vec<u8>, TpmError> {
        // A PCR's number is below 24.
        let numbers: Vec<u8> = self.pcrs.numbers().map(|number| number as u8).collect();
        let values = PcrValues::new(Registers::of(&numbers), self.values.clone());
        let malformed = |_| TpmError::Malformed { what: "the values of the PCRs" };
        Ok(values.map_err(malformed)?.to_bytes())
    }

    /// What a quote of these values has at its end: TPMS_QUOTE_INFO.
    fn attested(&self) -> Vec<u8> {
        [&self.pcrs.wire()[..], &32u16.to_be_bytes(), &digest_of(&self.values)].concat()
    }
}

impl Salted<'_> {
    /// Makes the attestation key under `auth`, which travels encrypted; gives it and its session.
    fn make_attestation(&mut self, auth: &Key32) -> Result<(KeyHandle, AuthSession, SigningArea), TpmError> {
        let failed = library("TPM2_CreatePrimary");
        let template = KIND.template(&[])?;
        let value = auth_of(auth).map_err(&failed)?;
        let hmac = self.start(SessionType::Hmac)?;
        let made = self.run(hmac, "TPM2_CreatePrimary", |context| {
            context.create_primary(Hierarchy::Endorsement, template, Some(value), None, None, None)
        })?;
        let area = made.out_public.marshall().map_err(&failed)?;
        Ok((made.key_handle, hmac, KIND.read(&area)?))
    }

    /// The same, and refuses another key than the pinned one.
    fn attestation(&mut self, pinned: &Attestation) -> Result<(KeyHandle, AuthSession), TpmError> {
        let (key, hmac, area) = self.make_attestation(&pinned.auth)?;
        if area == pinned.area { Ok((key, hmac)) } else { Err(TpmError::AttestationNotOurs) }
    }

    fn certify(&mut self, log_key: &LogKey, pinned: &Attestation) -> Result<Statement, TpmError> {
        let object = self.load_log_key(log_key)?;
        let (key, hmac) = self.attestation(pinned)?;
        // The password is the empty one of the log key.
        let sessions = (Some(AuthSession::Password), Some(hmac), None);
        let certified = self.context.execute_with_sessions(sessions, |context| {
            context.certify(object.into(), key, Data::default(), own_scheme())
        });
        let (attest, signed) = certified.map_err(library("TPM2_Certify"))?;
        let names = |attest: &Attest| match attest.attested() {
            AttestInfo::Certify { info } => info.name().value() == log_key.name(),
            _ => false,
        };
        let says = names(&attest) && attest.extra_data().value().is_empty();
        let (message, digest) = message_of(&attest)?;
        let signature = pinned.area.signature(&digest, &signed)?;
        let what = "the certification of the log key";
        if says { Ok(Statement { message, signature }) } else { Err(TpmError::Unproven { what }) }
    }

    /// Quotes what was just read. A quote of other values is no quote of these: a PCR was extended
    /// between the two commands, so both are repeated. A quote of the same values proves them, so
    /// they need not be read again.
    fn quote(&mut self, pinned: &Attestation, qualifying: &[u8; 32]) -> Result<Quote, TpmError> {
        const ATTEMPTS_MAX: u32 = 4;
        let failed = library("TPM2_Quote");
        let pcrs = self.pins.pcrs();
        let (key, hmac) = self.attestation(pinned)?;
        for _ in 0..ATTEMPTS_MAX {
            let values = values(self.context, pcrs)?;
            let list = PcrSelectionList::try_from(pcrs.list()).map_err(&failed)?;
            let data = Data::try_from(qualifying.as_slice()).map_err(&failed)?;
            let (attest, signed) =
                self.run(hmac, "TPM2_Quote", |context| context.quote(key, data, own_scheme(), list))?;
            let (message, digest) = message_of(&attest)?;
            let signature = pinned.area.signature(&digest, &signed)?;
            let is_quote = matches!(attest.attested(), AttestInfo::Quote { .. });
            if !is_quote || attest.extra_data().value() != qualifying {
                return Err(TpmError::Unproven { what: "a quote" });
            }
            let quote = Quote { statement: Statement { message, signature }, pcrs, values };
            if quote.statement.message.ends_with(&quote.attested()) {
                return Ok(quote);
            }
        }
        Err(TpmError::PcrsMove { attempts: ATTEMPTS_MAX })
    }
}

/// The signed bytes and their SHA-256. The wrapper has taken them apart; that they are put
/// together as they were is what the signature shows.
fn message_of(attest: &Attest) -> Result<(Vec<u8>, [u8; 32]), TpmError> {
    let malformed = |_| TpmError::Malformed { what: "a statement of the TPM" };
    let message = attest.marshall().map_err(malformed)?;
    let digest = Sha256::digest(&message).into();
    Ok((message, digest))
}

impl Chip {
    /// Makes the attestation key once, to be pinned: its public area, TPMT_PUBLIC.
    ///
    /// # Errors
    /// [`TpmError::NotOurs`], [`TpmError::Unreachable`], [`TpmError::Silent`],
    /// [`TpmError::Library`] and [`TpmError::Malformed`].
    pub fn make_attestation_key(&self, auth: &Key32) -> Result<Vec<u8>, TpmError> {
        let auth = copy(auth);
        self.on_salted(move |salted| Ok(salted.make_attestation(&auth)?.2.bytes().to_vec()))
    }

    /// Has the chip say that it holds the log's key, with the attributes in that key's Name.
    ///
    /// # Errors
    /// [`TpmError::AttestationNotOurs`]; [`TpmError::Unproven`] for a statement that does not
    /// verify or does not name the key. As [`Chip::make_attestation_key`].
    /// # Source
    /// TPM 2.0 Library part 3, TPM2_Certify.
    pub fn certify(&self, key: &LogKey, attestation: &Attestation) -> Result<Statement, TpmError> {
        let (key, attestation) = (key.clone(), attestation.copy());
        self.on_salted(move |salted| salted.certify(&key, &attestation))
    }

    /// Has the chip say what the pinned selection of PCRs holds, after it was told `qualifying`.
    ///
    /// # Errors
    /// [`TpmError::AttestationNotOurs`]; [`TpmError::Unproven`] for a statement that does not
    /// verify or does not answer `qualifying`; [`TpmError::PcrsMove`]. As
    /// [`Chip::make_attestation_key`].
    /// # Source
    /// TPM 2.0 Library part 3, TPM2_Quote.
    pub fn quote(&self, attestation: &Attestation, qualifying: &[u8; 32]) -> Result<Quote, TpmError> {
        let (attestation, qualifying) = (attestation.copy(), *qualifying);
        self.on_salted(move |salted| salted.quote(&attestation, &qualifying))
    }
}
