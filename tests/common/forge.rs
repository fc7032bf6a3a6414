//! All keys of a log in one hand, also those that a chip would keep: bundles made without an appliance.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use ed25519_dalek::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use portcullis::auditor::keys::KeyList;
use portcullis::crypto::note::{operator_key_name, sign_note, vkey_of};
use portcullis::domain::audit::bundle::Made;
use portcullis::domain::audit::checkpoint::{Checkpoint, SignedCheckpoint};
use portcullis::domain::audit::files::ConsistencyFile;
use portcullis::domain::audit::founding::{Founding, LogKeys};
use portcullis::domain::audit::frontier;
use portcullis::domain::audit::manifest::{Manifest, Member, Range};
use portcullis::domain::audit::note::{Note, NoteSignature};
use portcullis::domain::audit::quote::{ENDORSEMENT, Name, PcrSelection, PcrValues};
use portcullis::domain::audit::report;
use portcullis::domain::audit::spki::{Point, pem_from_point};
use portcullis::domain::audit::vkey::{NoteKey, Vkey};
use portcullis::domain::canonical;
use portcullis::domain::ids::{ApplianceName, OperatorId, TrustDomain};
use portcullis::domain::operator::{AgeRecipient, OperatorPublic, Role, Roster, Signature, SignedRoster};
use portcullis::domain::request::doc::ApprovalStatement;
use portcullis::domain::secret::Key32;
use portcullis::domain::time::{Day, Timestamp};
use portcullis::policy;
use sha2::{Digest as _, Sha256};

pub const ORIGIN: &str = "example.org/gate";
pub type Parts = BTreeMap<Member, Vec<u8>>;

/// The attributes of the log's key in the chip: bound to it, made in it, signs only.
pub const LOG_ATTRIBUTES: u32 = 0x0004_0032;
/// Those of the attestation key: restricted, and used with a password.
pub const ATTESTATION_ATTRIBUTES: u32 = 0x0005_0072;

/// What a chip would say of itself.
#[derive(Clone)]
pub struct Chip {
    pub pcrs: [[u8; 32]; 4],
    pub clock_ms: u64,
    pub resets: u32,
    /// What it was told; the checkpoint, where nothing else is said.
    pub told: Option<[u8; 32]>,
    pub hierarchy: [u8; 4],
}

impl Default for Chip {
    fn default() -> Self {
        Self { pcrs: [[7; 32]; 4], clock_ms: u64::MAX >> 16, resets: 3, told: None, hierarchy: ENDORSEMENT }
    }
}

/// The keys.
pub struct Seals {
    pub seed: u8,
    pub tpm: SigningKey,
    pub attestation: SigningKey,
    pub log_attributes: u32,
    pub attestation_attributes: u32,
    pub expires: Day,
    pub appliance: &'static str,
}

impl Default for Seals {
    fn default() -> Self {
        Self::of(1)
    }
}

impl Seals {
    /// Others for every number.
    pub fn of(seed: u8) -> Self {
        let p256 = |part: u8| SigningKey::from_slice(&[seed * 16 + part; 32]).expect("a scalar");
        Self {
            seed,
            tpm: p256(1),
            attestation: p256(2),
            log_attributes: LOG_ATTRIBUTES,
            attestation_attributes: ATTESTATION_ATTRIBUTES,
            expires: Day::parse("2099-12-31").expect("a day"),
            appliance: "gate",
        }
    }

    pub fn origin(&self) -> String {
        format!("example.org/{}", self.appliance)
    }

    fn seed_of(&self, part: u8) -> Key32 {
        Key32::take(&mut [self.seed * 16 + part; 32])
    }

    fn person_key(&self, index: u8, part: u8) -> [u8; 32] {
        Sha256::digest([self.seed, index, part]).into()
    }

    fn ed25519(&self, index: u8, part: u8) -> ed25519_dalek::SigningKey {
        ed25519_dalek::SigningKey::from_bytes(&self.person_key(index, part))
    }

    fn roster(&self) -> SignedRoster {
        let person = |index: u8| {
            let noise =
                x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(self.person_key(index, 1)));
            let age =
                x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(self.person_key(index, 0)));
            OperatorPublic {
                id: operator(index),
                roles: BTreeSet::from([Role::Operator, Role::Custodian]),
                age: AgeRecipient::from_key(age.to_bytes()),
                noise: noise.to_bytes(),
                approval: self.ed25519(index, 2).verifying_key().to_bytes(),
                cosign: self.ed25519(index, 3).verifying_key().to_bytes(),
            }
        };
        let roster = Roster::new(1, 2, (0..3).map(person).collect()).expect("a roster");
        let mut signed = SignedRoster::unsigned(roster, [0; 32]);
        let text = signed.canonical();
        for index in 0..3 {
            signed
                .signatures
                .insert(operator(index), Signature(self.ed25519(index, 2).sign(&text).to_bytes()));
        }
        signed
    }

    /// The digest that requests name the roster with.
    pub fn roster_digest(&self) -> String {
        hex::encode(self.roster().digest())
    }

    /// What set-up would have written down.
    pub fn founding(&self) -> Founding {
        let at_set_up = Chip::default();
        let values = at_set_up.pcrs.iter().fold(Sha256::new(), |hash, value| hash.chain_update(value));
        let (tpm, attestation) = (self.log_area(), self.attestation_area());
        let (name, qualified) = (Name::of(&tpm), Name::of(&tpm).below(&[0x40, 0, 0, 1]));
        let about = [sized(name.bytes()), sized(qualified.bytes())].concat();
        let certified = self.attest(0x8017, &[], &at_set_up, &about);
        Founding {
            appliance: ApplianceName::parse(self.appliance).expect("a name"),
            trust_domain: TrustDomain::parse("example.org").expect("a domain"),
            roster: self.roster(),
            policy: policy::digest(),
            recovery: "age1".to_owned(),
            recovery_shares: (3, 5),
            keeper: "00".to_owned(),
            chip: "00".to_owned(),
            epoch_base: 0,
            version: "0".to_owned(),
            program: "00".to_owned(),
            pcrs: "sha256:0,2,4,7".to_owned(),
            pcr_digest: hex::encode(values.finalize()),
            keys: LogKeys {
                log: portcullis::crypto::sign::public_of(&self.seed_of(3)),
                bundle: portcullis::crypto::sign::public_of(&self.seed_of(4)),
                tpm: hex::encode(tpm),
                attestation: hex::encode(attestation),
                certificate: hex::encode(self.attested(&certified)),
                certified: hex::encode(certified),
                expires: self.expires,
            },
        }
    }

    /// The list that an auditor would have.
    pub fn list(&self) -> KeyList {
        let founding = self.founding();
        KeyList::of(&self.origin(), &founding.keys, &self.roster_digest()).expect("keys")
    }

    pub fn log_area(&self) -> Vec<u8> {
        area(self.log_attributes, &[9; 32], &point(&self.tpm))
    }

    pub fn attestation_area(&self) -> Vec<u8> {
        area(self.attestation_attributes, &[], &point(&self.attestation))
    }

    /// An operator's approval.
    pub fn approve(&self, index: u8, statement: &ApprovalStatement) -> String {
        let text = [portcullis::crypto::sign::APPROVAL_PREFIX, &statement.canonical()].concat();
        hex::encode(self.ed25519(index, 2).sign(&text).to_bytes())
    }

    /// An operator's cosignature of a checkpoint.
    pub fn cosign(&self, index: u8, seconds: u64, checkpoint: &str) -> [u8; 64] {
        let prefix = String::from_utf8_lossy(portcullis::crypto::sign::COSIGNATURE_PREFIX);
        let text = format!("{prefix}time {seconds}\n{checkpoint}");
        self.ed25519(index, 3).sign(text.as_bytes()).to_bytes()
    }

    /// A checkpoint under both keys of the log.
    pub fn checkpoint(&self, checkpoint: &Checkpoint) -> Note {
        let (origin, text) = (self.origin(), checkpoint.to_string());
        let log = sign_note(&self.seed_of(3), &origin, &text).expect("signed");
        let key = Vkey::new(&origin, NoteKey::P256(point(&self.tpm))).expect("a key");
        let signature: DerSignature = p256::ecdsa::signature::Signer::sign(&self.tpm, text.as_bytes());
        let tpm = NoteSignature::new(&key, signature.as_bytes());
        Note::new(&text, vec![log, tpm]).expect("a note")
    }

    /// MANIFEST over what is there, under the key of the bundles.
    pub fn manifest(
        &self,
        range: (u64, u64),
        created: Timestamp,
        digests: BTreeMap<Member, [u8; 32]>,
    ) -> Vec<u8> {
        let range = Range::new(range.0, range.1).expect("a range");
        let manifest = Manifest::new(&self.origin(), range, created, digests).expect("a manifest");
        self.sign_manifest(&manifest.to_text())
    }

    /// The same of any text.
    pub fn sign_manifest(&self, text: &str) -> Vec<u8> {
        let name = format!("{}/bundle", self.origin());
        let line = sign_note(&self.seed_of(4), &name, text).expect("signed");
        Note::new(text, vec![line]).expect("a note").to_string().into_bytes()
    }

    /// All of a bundle but its entries and MANIFEST.
    pub fn parts(&self, range: (u64, u64), made: &Made, chip: &Chip) -> Parts {
        let origin = self.origin();
        let checkpoint = Checkpoint::of_head(&origin, &made.head).expect("a checkpoint");
        let note = self.checkpoint(&checkpoint);
        let told: [u8; 32] = Sha256::digest(checkpoint.to_string()).into();
        let (quote, signature, pcrs) = self.quote(chip, &chip.told.unwrap_or(told));
        let signed = SignedCheckpoint::of_note(note.clone()).expect("a checkpoint");
        let consistency = ConsistencyFile::new(range.0, made.consistency.clone(), signed).expect("a proof");
        let founding = &made.state.founding;
        let keys = &founding.keys;
        let register = serde_json::json!({
            "origin": origin, "keys": keys, "pcrs": founding.pcrs, "pcr_digest": founding.pcr_digest,
            "version": founding.version, "program": founding.program,
            "roster": hex::encode(founding.roster.digest()),
        });
        let line = |key: Vkey| format!("{key}\n").into_bytes();
        let bundle = format!("{origin}/bundle");
        let people = made.state.roster().people().iter().map(|person| {
            let name = operator_key_name(&origin, person.id.as_str());
            format!("{}\n", Vkey::new(&name, NoteKey::Cosignature(person.cosign)).expect("a key"))
        });
        let bytes = |text: &str| hex::decode(text).expect("hex");
        let tpm = Vkey::new(&origin, NoteKey::P256(point(&self.tpm))).expect("a key");
        let mut parts = BTreeMap::from([
            (Member::Checkpoint, note.to_string().into_bytes()),
            (Member::Consistency, consistency.to_string().into_bytes()),
            (Member::Frontier, frontier::write(&made.beginning.tree).into_bytes()),
            (Member::OpenRequests, made.beginning.open.clone()),
            (Member::Rosters, canonical::to_vec(&made.state.rosters)),
            (Member::Policy, policy::FLOORS.as_bytes().to_vec()),
            (Member::LogKey, line(vkey_of(&self.seed_of(3), &origin).expect("a key"))),
            (Member::TpmKey, line(tpm)),
            (Member::BundleKey, line(vkey_of(&self.seed_of(4), &bundle).expect("a key"))),
            (Member::OperatorKeys, people.collect::<String>().into_bytes()),
            (Member::Register, canonical::to_vec(&register)),
            (Member::QuoteMessage, quote),
            (Member::QuoteSignature, signature),
            (Member::QuotePcrs, pcrs),
            (Member::AttestationKey, pem_from_point(&point(&self.attestation)).into_bytes()),
            (Member::CertifyMessage, bytes(&keys.certified)),
            (Member::CertifySignature, bytes(&keys.certificate)),
            (Member::LogPublic, bytes(&keys.tpm)),
            (Member::Verify, b"words\n".to_vec()),
        ]);
        let range = Range::new(range.0, range.1).expect("a range");
        parts.extend(report::all(range, &made.state, &made.tally).expect("reports"));
        parts
    }

    /// What the chip says after it was told something: message, signature and values.
    pub fn quote(&self, chip: &Chip, told: &[u8; 32]) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let selection = PcrSelection::of(&[0, 2, 4, 7]);
        let values = PcrValues::new(selection, chip.pcrs.to_vec()).expect("four");
        let about = [&[0, 0, 0, 1, 0, 0x0b, 3, 0b1001_0101, 0, 0, 0, 32], &values.digest()[..]].concat();
        let message = self.attest(0x8018, told, chip, &about);
        let signature = self.attested(&message);
        (message, signature, values.to_bytes())
    }

    fn attested(&self, message: &[u8]) -> Vec<u8> {
        let signature: DerSignature = p256::ecdsa::signature::Signer::sign(&self.attestation, message);
        signature.as_bytes().to_vec()
    }

    fn attest(&self, kind: u16, extra: &[u8], chip: &Chip, about: &[u8]) -> Vec<u8> {
        let signer = Name::of(&self.attestation_area()).below(&chip.hierarchy);
        [
            &[0xff, 0x54, 0x43, 0x47][..],
            &kind.to_be_bytes(),
            &sized(signer.bytes()),
            &sized(extra),
            &chip.clock_ms.to_be_bytes(),
            &chip.resets.to_be_bytes(),
            &[0, 0, 0, 0, 1],
            &[0; 8],
            about,
        ]
        .concat()
    }
}

/// One of three.
pub fn operator(index: u8) -> OperatorId {
    OperatorId::parse(&format!("operator{index}")).expect("an operator id")
}

/// Writes an unpacked bundle.
pub fn unpack(to: &Path, parts: &Parts) {
    for folder in ["", "keys", "quote", "reports"] {
        fs::create_dir_all(to.join(folder)).expect("a folder");
    }
    for (member, bytes) in parts {
        fs::write(to.join(member.path()), bytes).expect("written");
    }
}

fn point(key: &SigningKey) -> Point {
    key.verifying_key().to_encoded_point(false).as_bytes().try_into().expect("uncompressed")
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).expect("short").to_be_bytes()[..], bytes].concat()
}

fn area(attributes: u32, policy: &[u8], point: &Point) -> Vec<u8> {
    let (x, y) = (sized(&point[1..33]), sized(&point[33..]));
    let head = [0, 0x23, 0, 0x0b];
    let kind = [0, 0x10, 0, 0x18, 0, 0x0b, 0, 3, 0, 0x10];
    [&head[..], &attributes.to_be_bytes(), &sized(policy), &kind, &x, &y].concat()
}
