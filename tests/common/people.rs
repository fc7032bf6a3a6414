//! What people hold: their key files, and the recovery shares.

use std::fs;

use portcullis::crypto::key_file::KeyFile;
use portcullis::crypto::operator_key::OperatorKey;
use portcullis::crypto::recipient::unwrap;
use portcullis::crypto::recovery::{RecoveryIdentity, RecoveryShare};
use portcullis::demo::stage::{Stage, passphrase};
use portcullis::domain::secret::{Key32, Passphrase};
use zeroize::Zeroizing;

/// The key of one person, opened with their passphrase.
pub fn key_of(stage: &Stage, person: &str) -> OperatorKey {
    let file = stage.home().join(format!("operators/{person}.pcop"));
    let file = KeyFile::parse(&fs::read_to_string(file).expect("read")).expect("a key file");
    file.open(&Passphrase::new(Zeroizing::new(passphrase(person)))).expect("opens")
}

/// The printed recovery shares with these numbers.
pub fn recovery_shares(stage: &Stage, numbers: &[u8]) -> Vec<RecoveryShare> {
    let read =
        |number: &u8| fs::read_to_string(stage.prop(&format!("shares/share-{number}.txt"))).expect("read");
    numbers.iter().map(|number| RecoveryShare::parse(read(number).trim()).expect("a share")).collect()
}

/// The owner's authorisation of the chip, which three recovery shares give back.
pub fn owner_auth(stage: &Stage) -> Key32 {
    let identity = RecoveryIdentity::join(&recovery_shares(stage, &[1, 3, 5])).expect("three join");
    let wrapped = fs::read(stage.home().join("store/hierarchies.age")).expect("read");
    let both = unwrap(&identity.identity(), &wrapped).expect("unwrapped");
    Key32::take(&mut <[u8; 32]>::try_from(&both[..32]).expect("the owner's comes first"))
}
