//! Set-up: recovery shares first, then new key files, then the chip, then the store and its first
//! entry, and last what says that there is an appliance: the pins of the key files and the wiring.
//!
//! What could lock somebody out is written before the chip is taken: the authorisations of its
//! hierarchies, wrapped to the recovery recipient. What belongs to another appliance is not touched.

mod error;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand_core::OsRng;
use zeroize::Zeroizing;

pub use error::SetupError;

use super::home::{self, WiredTpm, Wiring};
use super::ledger::digest;
use super::signing;
use super::start::kept;
use crate::crypto::channel::public_of;
use crate::crypto::key_file::{KdfCost, KeyFile};
use crate::crypto::operator_key::{KeeperPin, OperatorKey, random_key};
use crate::crypto::recipient::wrap_to_recipient;
use crate::crypto::recovery::{RecoveryIdentity, RecoveryShare};
use crate::domain::audit::anchor::anchor_digest;
use crate::domain::audit::entry::{Body, ClockTrust, Entry};
use crate::domain::audit::founding::{Founding, LogKeys};
use crate::domain::audit::tree::Tree;
use crate::domain::canonical;
use crate::domain::home::Home;
use crate::domain::ids::{ApplianceName, TrustDomain};
use crate::domain::operator::{Role, Roster, SignedRoster};
use crate::domain::secret::{Key32, Passphrase};
use crate::domain::time::Timestamp;
use crate::policy;
use crate::store::{Store, Write};
use crate::tpm::{Chip, Hierarchies, NvAuths, PcrSelection, Pins, TpmError, provision, refuse_taken};

/// Days for which the keys of a log are good for signing.
///
/// # Source
/// NIST SP 800-57 part 1, table 1: one to three years for a private signature key.
const KEYS_GOOD_FOR: u32 = 3 * 365;

/// One of the people that set-up begins with.
pub struct Founder {
    /// Their keys.
    pub key: OperatorKey,
    /// What their key file is sealed under.
    pub passphrase: Passphrase,
    /// What the roster lets them do.
    pub roles: BTreeSet<Role>,
    /// Where their key file goes.
    pub key_file: PathBuf,
}

/// Everything that was decided before anything is changed.
pub struct Plan {
    /// Where the appliance will live.
    pub home: Home,
    /// Its name.
    pub appliance: ApplianceName,
    /// The trust domain of its jobs.
    pub trust_domain: TrustDomain,
    /// Its TPM.
    pub tpm: WiredTpm,
    /// The measured state its keys are sealed to.
    pub pcrs: PcrSelection,
    /// Approvals that every release takes.
    pub quorum: u32,
    /// The people.
    pub founders: Vec<Founder>,
    /// How many recovery shares join, and how many there are.
    pub recovery: (u32, u32),
    /// The system clock at set-up.
    pub now: Timestamp,
}

/// A set-up whose recovery shares exist and whose chip is untouched: the moment to show the shares.
pub struct Prepared {
    plan: Plan,
    roster: Roster,
    recovery: RecoveryIdentity,
    shares: Vec<RecoveryShare>,
}

/// Looks whether an appliance may be founded: home, chip and key files are nobody's yet.
///
/// Nothing is changed.
///
/// # Errors
/// [`SetupError`].
pub fn may_begin<'a>(
    home: &Home,
    tpm: &WiredTpm,
    key_files: impl IntoIterator<Item = &'a Path>,
) -> Result<(), SetupError> {
    let dir = || home.dir().to_owned();
    if home::config_file(home).exists() {
        return Err(SetupError::Exists { dir: dir() });
    }
    // What is in these files may be all that can give the chip back: another set-up never writes over them.
    if home::hierarchies_file(home).exists() || home::store_file(home).exists() {
        return Err(SetupError::HalfDone { dir: dir() });
    }
    for path in key_files {
        // A file that does not read is refused when it is opened.
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if let Some(pin) = KeyFile::parse(&text).ok().and_then(|file| file.keeper()) {
            return Err(SetupError::OtherAppliance { path: path.to_owned(), appliance: pin.appliance });
        }
    }
    if tpm.is_own() && !home::soft_tpm_dir(home).exists() {
        // One that is not made yet is nobody's, and needs no process before set-up is certain.
        return Ok(());
    }
    Ok(refuse_taken(&tpm.connect(home)?)?)
}

/// Checks the plan and makes the recovery shares. Nothing is written.
///
/// # Errors
/// [`SetupError`].
pub fn prepare(plan: Plan) -> Result<Prepared, SetupError> {
    may_begin(&plan.home, &plan.tpm, plan.founders.iter().map(|founder| founder.key_file.as_path()))?;
    let people = plan.founders.iter().map(|founder| founder.key.public(founder.roles.clone())).collect();
    let roster = Roster::new(1, plan.quorum, people)?;
    let recovery = RecoveryIdentity::generate(&mut OsRng);
    let (k, n) = plan.recovery;
    let shares = recovery.split(k, n, &mut OsRng)?;
    Ok(Prepared { plan, roster, recovery, shares })
}

/// What set-up made, for the person to read.
#[derive(Debug)]
pub struct Founded {
    /// The origin of the log.
    pub origin: String,
    /// Whether it is an evaluation.
    pub evaluation: bool,
    /// The key files that were written.
    pub key_files: Vec<PathBuf>,
    /// SHA-256 of the first roster, in hex: what a custodian's key file pins.
    pub roster: String,
}

impl Prepared {
    /// The recovery shares, to be shown once and checked by re-entry.
    pub fn shares(&self) -> &[RecoveryShare] {
        &self.shares
    }

    /// Takes the chip and founds the appliance.
    ///
    /// # Errors
    /// [`SetupError`]. When the chip says no it is as it was, and another try may begin; a stop after
    /// that is told from a finished set-up by [`SetupError::HalfDone`].
    pub fn found(self) -> Result<Founded, SetupError> {
        let keeper = random_key(&mut OsRng);
        let roster = self.sign_roster();
        let plan = &self.plan;
        home::make_home(plan.home.dir())?;
        home::make_dir(&home::store_dir(&plan.home))?;
        let pin = KeeperPin {
            appliance: plan.appliance.clone(),
            noise: public_of(&keeper),
            roster: roster.digest(),
        };
        let key_files = self.seal_key_files()?;
        let auths = Arc::new(NvAuths { gate: fresh(), epoch: fresh(), head: fresh() });
        let pins = self.take_chip(&auths)?;
        let pins_json = canonical::to_vec(&pins);
        home::write_file(&home::pins_file(&plan.home), &pins_json)?;
        let evaluation = pins.is_software();
        let chip = Chip::new(plan.tpm.connect(&plan.home)?, pins);
        let store_key = fresh();
        let sealed = canonical::to_vec(&chip.seal(&store_key)?);
        home::write_file(&home::store_key_file(&plan.home), &sealed)?;
        let made = signing::make(&chip, plan.now.day().plus_days(KEYS_GOOD_FOR))?;
        let public = (hex::encode(public_of(&keeper)), digest(&pins_json), made.keys);
        let founding = self.founding(&chip, roster, public, chip.anchor_read(&auths)?.epoch)?;
        let founded = Founded {
            origin: founding.origin(),
            evaluation,
            key_files: plan.founders.iter().map(|founder| founder.key_file.clone()).collect(),
            roster: hex::encode(founding.roster.digest()),
        };
        let first = self.first_entry(&chip, founding, evaluation)?;
        let kept = [
            (kept::GATE, &auths.gate),
            (kept::EPOCH, &auths.epoch),
            (kept::HEAD, &auths.head),
            (kept::KEEPER, &keeper),
            (kept::HASH, &fresh()),
        ];
        self.write_store(&store_key, &first, (kept, made.kept), &pins_json)?;
        let mut tree = Tree::default();
        tree.append(&first);
        chip.anchor_head(&auths, &anchor_digest(0, &tree.root()))?;
        self.pin_key_files(key_files, &pin)?;
        if evaluation {
            home::mark_evaluation(&plan.home)?;
        }
        // Last, because its presence says that there is an appliance.
        let wiring = Wiring { tpm: plan.tpm.clone() };
        let text = toml::to_string(&wiring).expect("a table with one string always has a TOML form");
        home::write_file(&home::config_file(&plan.home), text.as_bytes())?;
        Ok(founded)
    }

    /// What the first entry fixes; `public` is the keeper's key, the digest of the pins and the keys of the log.
    fn founding(
        &self,
        chip: &Chip,
        roster: SignedRoster,
        public: (String, String, LogKeys),
        epoch_base: u64,
    ) -> Result<Founding, SetupError> {
        let (plan, (keeper, pins, keys)) = (&self.plan, public);
        Ok(Founding {
            appliance: plan.appliance.clone(),
            trust_domain: plan.trust_domain.clone(),
            roster,
            policy: policy::digest(),
            recovery: self.recovery.recipient().as_str().to_owned(),
            recovery_shares: plan.recovery,
            keeper,
            chip: pins,
            epoch_base,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            program: home::program_digest()?,
            pcrs: chip.pins().pcrs().to_string(),
            pcr_digest: hex::encode(chip.pins().pcr_digest()),
            keys,
        })
    }

    /// Everybody who may approve signs the first roster.
    fn sign_roster(&self) -> SignedRoster {
        let mut signed = SignedRoster::unsigned(self.roster.clone(), [0; 32]);
        let voters = self.plan.founders.iter().filter(|founder| founder.roles.contains(&Role::Operator));
        let signatures: Vec<_> =
            voters.map(|founder| (founder.key.id().clone(), founder.key.sign_roster(&signed))).collect();
        signed.signatures.extend(signatures);
        signed
    }

    /// Puts new keys where their owners want them, so that a place that takes no file shows early.
    /// A file that is there stays as it is, with the cost that its owner chose.
    fn seal_key_files(&self) -> Result<Vec<KeyFile>, SetupError> {
        let seal = |founder: &Founder| {
            if founder.key_file.exists() {
                let bytes = home::read_file(&founder.key_file)?;
                return Ok(KeyFile::parse(&String::from_utf8_lossy(&bytes))?);
            }
            let file = KeyFile::seal(&founder.key, &founder.passphrase, KdfCost::Standard, &mut OsRng)?;
            if let Some(dir) = founder.key_file.parent() {
                home::make_dir(dir)?;
            }
            home::write_file(&founder.key_file, file.to_text().as_bytes())?;
            Ok(file)
        };
        self.plan.founders.iter().map(seal).collect()
    }

    /// Makes the key files those of this appliance.
    fn pin_key_files(&self, files: Vec<KeyFile>, pin: &KeeperPin) -> Result<(), SetupError> {
        for (founder, file) in self.plan.founders.iter().zip(files) {
            let file = file.with_keeper(pin.clone(), &founder.passphrase, &mut OsRng)?;
            home::write_file(&founder.key_file, file.to_text().as_bytes())?;
        }
        Ok(())
    }

    /// Writes down what would be needed to clear the chip, then makes it ours.
    fn take_chip(&self, auths: &NvAuths) -> Result<Pins, SetupError> {
        let hierarchies = Hierarchies { owner: fresh(), lockout: fresh() };
        let mut plain = Zeroizing::new(Vec::with_capacity(2 * Key32::LEN));
        plain.extend_from_slice(hierarchies.owner.expose());
        plain.extend_from_slice(hierarchies.lockout.expose());
        let wrapped = wrap_to_recipient(&self.recovery.recipient(), &plain)?;
        home::write_file(&home::hierarchies_file(&self.plan.home), &wrapped)?;
        let taken = self
            .plan
            .tpm
            .connect(&self.plan.home)
            .and_then(|tcti| provision(&tcti, &self.plan.pcrs, &hierarchies, auths));
        // Of a chip that did not answer in time nobody knows what it has done since.
        if !matches!(taken, Ok(_) | Err(TpmError::Silent { .. })) {
            // The chip is as it was, so there is nothing to clear, and another try may begin.
            drop(std::fs::remove_file(home::hierarchies_file(&self.plan.home)));
        }
        Ok(taken?)
    }

    fn first_entry(&self, chip: &Chip, founding: Founding, evaluation: bool) -> Result<Vec<u8>, SetupError> {
        let time = chip.time()?;
        let entry = Entry {
            v: 1,
            seq: 0,
            ts: self.plan.now,
            mono: time.clock_ms,
            boot: time.boot,
            clock: ClockTrust::Agrees,
            epoch: 0,
            evaluation,
            actor: self.roster.people().iter().map(|person| format!("operator:{}", person.id)).collect(),
            body: Body::Setup(Box::new(founding)),
        };
        Ok(entry.to_leaf()?)
    }

    fn write_store(
        &self,
        store_key: &Key32,
        first: &[u8],
        (keys, sealed): ([(&'static str, &Key32); 5], [(&'static str, Zeroizing<Vec<u8>>); 4]),
        pins_json: &[u8],
    ) -> Result<(), SetupError> {
        let keys = keys.into_iter().map(|(name, key)| (name, Zeroizing::new(key.expose().to_vec())));
        let kept = keys.chain(sealed).map(|(name, value)| Write::Keep { name, value });
        let mut writes: Vec<Write> = kept.collect();
        writes.push(Write::Keep { name: kept::PINS, value: Zeroizing::new(pins_json.to_vec()) });
        let mut store = Store::create(&home::store_file(&self.plan.home), store_key)?;
        store.append(0, first, &writes)?;
        Ok(())
    }
}

fn fresh() -> Key32 {
    random_key(&mut OsRng)
}
