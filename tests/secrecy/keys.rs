//! What an appliance hides, learned the only way there is: with its chip, its store and its people's keys.

use std::path::Path;

use portcullis::crypto::envelope::derive_data_key;
use portcullis::crypto::key_file::KeyFile;
use portcullis::crypto::shares::{SealedShare, Share, ShareContext, ShareSubject, join, open_share};
use portcullis::demo::stage::passphrase;
use portcullis::domain::home::Home;
use portcullis::domain::ids::{ApplianceName, CredentialName, Generation};
use portcullis::domain::secret::{Key32, Passphrase};
use portcullis::domain::wire::operator::WrappedRecord;
use portcullis::services::home;
use portcullis::store::Store;
use portcullis::tpm::{Chip, Pins, SealedKey, Tcti};
use zeroize::Zeroizing;

/// The keys of one credential's first generation, and of the store.
pub struct Keys {
    pub store: Key32,
    pub t: Key32,
    pub q: Key32,
    pub data: Key32,
    /// Blinding and value of each approver's share.
    pub shares: Vec<(String, Vec<u8>)>,
}

impl Keys {
    /// Opens everything; nothing else may serve meanwhile.
    pub fn learn(dir: &Path, chip: &Tcti, name: &str) -> Self {
        let home = Home::at(dir);
        let read = |path: std::path::PathBuf| home::read_file(&path).expect("a file of the appliance");
        let pins: Pins = serde_json::from_slice(&read(home::pins_file(&home))).expect("pins");
        let chip = Chip::new(chip.clone(), pins);
        let open = |sealed: &[u8]| {
            let sealed: SealedKey = serde_json::from_slice(sealed).expect("a sealed key");
            chip.open_store(&sealed).expect("the chip opens it in its measured state")
        };
        let store_key = open(&read(home::store_key_file(&home)));
        let store = Store::open(&home::store_file(&home), &store_key).expect("the store");
        let (name, generation) = (CredentialName::parse(name).expect("a name"), Generation::FIRST);
        let (sealed, record) = store.record(&name, generation).expect("a record");
        let t = open(&sealed);
        let record: WrappedRecord = serde_json::from_slice(&record).expect("a record");
        let sealed: Vec<SealedShare> =
            record.shares.iter().map(|text| serde_json::from_str(text).expect("a share")).collect();
        let appliance = ApplianceName::parse("demo").expect("a name");
        let subject = ShareSubject { appliance, credential: name.clone(), generation };
        let opened: Vec<Share> =
            sealed.iter().map(|share| unwrap(&home, share, &subject, record.k)).collect();
        let q = join(&sealed, &opened, record.k).expect("enough shares");
        let mut salt = [0; 32];
        hex::decode_to_slice(&record.salt, &mut salt).expect("a salt");
        let data = derive_data_key(&t, &q, &salt, &name, generation);
        let data = Key32::take(&mut data.key().expose().clone());
        /// Blinding and value are the last 48 bytes of a share.
        const SECRET_LEN: usize = 48;
        let last = |bytes: &[u8]| bytes[bytes.len() - SECRET_LEN..].to_vec();
        let shares =
            opened.iter().map(|share| (share.context().operator.to_string(), last(&share.to_bytes())));
        Self { store: store_key, t, q, data, shares: shares.collect() }
    }
}

fn unwrap(home: &Home, sealed: &SealedShare, subject: &ShareSubject, k: u32) -> Share {
    let operator = sealed.operator().clone();
    let text = std::fs::read_to_string(home.key_file(&operator)).expect("a key file");
    let words = Passphrase::new(Zeroizing::new(passphrase(operator.as_str())));
    let key = KeyFile::parse(&text).and_then(|file| file.open(&words)).expect("it opens");
    let context = ShareContext { subject: subject.clone(), operator, index: sealed.index(), k };
    open_share(&key.identity(), sealed).and_then(|share| share.matching(&context)).expect("the share")
}
