//! Two people and one chip are cryptography and not an `if`: what whoever is root can have, opens nothing.

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::appliance::{Appliance, copy_dir};
use common::people::{key_of, recovery_shares};
use common::store::{self, blob};
use common::tools::Tools;
use portcullis::crypto::envelope::{Envelope, EnvelopeSubject, derive_data_key};
use portcullis::crypto::operator_key::OperatorKey;
use portcullis::crypto::recipient::unwrap;
use portcullis::crypto::recovery::{RecoveryError, RecoveryIdentity};
use portcullis::crypto::shares::{
    SealedShare, Share, ShareContext, ShareError, ShareSubject, join, open_share,
};
use portcullis::demo::stage::{CREDENTIAL, SECRET, my_uid};
use portcullis::domain::audit::entry::Entry;
use portcullis::domain::ids::{ApplianceName, CredentialName, Generation};
use portcullis::domain::secret::Key32;
use portcullis::domain::wire::operator::WrappedRecord;
use portcullis::tpm::{
    Chip, Hierarchies, NvAuths, PcrSelection, SealedKey, SealedWindow, SoftTpm, provision,
};
use rusqlite::Connection;
use rusqlite::types::Value;

fn key(bytes: &[u8]) -> Key32 {
    Key32::take(&mut <[u8; 32]>::try_from(bytes).expect("32 bytes"))
}

/// One credential as the opened store has it.
struct Stored {
    half: SealedKey,
    record: WrappedRecord,
    shares: Vec<SealedShare>,
    envelope: Envelope,
    name: CredentialName,
}

impl Stored {
    fn read(store: &Connection) -> Self {
        let row =
            |column: &str| blob(store, &format!("SELECT {column} FROM records WHERE name = '{CREDENTIAL}'"));
        let record: WrappedRecord = serde_json::from_slice(&row("record")).expect("a record");
        let shares = record.shares.iter().map(|share| serde_json::from_str(share).expect("a share"));
        Self {
            half: serde_json::from_slice(&row("sealed")).expect("a sealed half"),
            shares: shares.collect(),
            envelope: serde_json::from_str(&record.envelope).expect("an envelope"),
            name: CredentialName::parse(CREDENTIAL).expect("a name"),
            record,
        }
    }

    fn share(&self, operator: &OperatorKey) -> Result<Share, ShareError> {
        let sealed = self.shares.iter().find(|share| share.operator() == operator.id()).expect("a share");
        let appliance = ApplianceName::parse("demo").expect("a name");
        let subject =
            ShareSubject { appliance, credential: self.name.clone(), generation: Generation::FIRST };
        let context = ShareContext { subject, operator: operator.id().clone(), index: sealed.index(), k: 2 };
        open_share(&operator.identity(), sealed)?.matching(&context)
    }

    /// What the envelope gives under the key of these halves.
    fn open(&self, t: &Key32, q: &Key32) -> Option<Vec<u8>> {
        let salt = <[u8; 32]>::try_from(hex::decode(&self.record.salt).expect("hex")).expect("32 bytes");
        let key = derive_data_key(t, q, &salt, &self.name, Generation::FIRST);
        let subject =
            EnvelopeSubject { credential: &self.name, generation: Generation::FIRST, kind: "password" };
        self.envelope.open(&key, &subject).ok().map(|plaintext| plaintext.expose().to_vec())
    }
}

/// An appliance with one credential and a request that has one of its two approvals.
fn half_approved() -> Appliance {
    let mut appliance = Appliance::found();
    appliance.furnish(&[CREDENTIAL]);
    let ask = ["request", CREDENTIAL, "--job", "payroll", "--reason", "night batch", "--ticket", "INC-1"];
    let request = appliance.does("alice", &ask).expect("asked");
    let request = appliance.request_id(&request).expect("an id");
    appliance.approve_by(&["bob"], &request).expect("one of two");
    appliance
}

#[test]
fn the_opened_store_all_of_the_chip_and_one_operator_open_nothing() {
    let mut appliance = half_approved();
    appliance.stop().expect("stops");
    let stored = Stored::read(&store::open(appliance.home()));
    let tools = Tools::new(store::chip(appliance.home()).tcti(), &appliance.prop("."));
    let t = key(&tools.open_half(&stored.half).expect("root has the chip's half"));
    let (bob, carol) = (key_of(&appliance, "bob"), key_of(&appliance, "carol"));

    // The chip and both people: what is kept is right, and everything below is about what is missing.
    let q = join(&stored.shares, &[stored.share(&bob).expect("his"), stored.share(&carol).expect("hers")], 2);
    let q = q.expect("two join");
    assert_eq!(stored.open(&t, &q).as_deref(), Some(SECRET));

    let one = || stored.share(&bob).expect("his");
    let again = [
        ("one share", vec![one()], 2),
        ("one share twice", vec![one(), one()], 2),
        ("one share that is said to be enough", vec![one()], 1),
        ("none", vec![], 2),
    ];
    for (case, shares, k) in again {
        assert!(join(&stored.shares, &shares, k).is_err(), "{case}");
    }
    for stranger in ["alice", "carol"] {
        let hers = stored.shares.iter().find(|share| share.operator() == carol.id()).expect("a share");
        let theirs = key_of(&appliance, stranger);
        assert_eq!(open_share(&theirs.identity(), hers).is_ok(), stranger == "carol", "{stranger}");
    }
    let value = one().to_bytes();
    let value = &value[value.len() - Key32::LEN..];
    let digests = stored.shares.iter().map(|share| key(share.digest()));
    let guesses = [key(&[0; 32]), key(&[0xff; 32]), key(value), key(t.expose())];
    for (at, guess) in guesses.iter().chain(&digests.collect::<Vec<_>>()).enumerate() {
        assert_eq!(stored.open(&t, guess), None, "guess {at}");
        assert_eq!(stored.open(guess, guess), None, "guess {at} for both halves");
    }
}

#[test]
fn two_operators_and_the_opened_store_open_nothing_on_another_chip() {
    let mut appliance = half_approved();
    appliance.stop().expect("stops");
    let stored = Stored::read(&store::open(appliance.home()));
    let people = ["bob", "carol"].map(|person| stored.share(&key_of(&appliance, person)).expect("theirs"));
    let q = join(&stored.shares, &people, 2).expect("two join");
    for guess in [[0; 32], [0xff; 32], *q.expose()] {
        assert_eq!(stored.open(&key(&guess), &q), None, "without the chip's half");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let other = SoftTpm::start(&folder.path().join("tpm")).expect("swtpm starts").guarded();
    let auths = NvAuths { gate: key(&[1; 32]), epoch: key(&[2; 32]), head: key(&[3; 32]) };
    let owner = Hierarchies { owner: key(&[4; 32]), lockout: key(&[5; 32]) };
    let tcti = other.tpm().tcti();
    let pins = provision(&tcti, &PcrSelection::DEFAULT, &owner, &auths).expect("provisioned");
    let tools = Tools::new(&tcti, folder.path());
    let own = Chip::new(tcti, pins).seal(&key(&[6; 32])).expect("sealed");
    assert_eq!(tools.open_half(&own).as_deref(), Ok(&[6; 32][..]), "the other chip opens its own");
    assert_eq!(tools.open_half(&stored.half), Err("load"), "and loads nothing of ours");

    // The recovery shares give the chip's half, and take a quorum of their own.
    let wrapped = STANDARD.decode(&stored.record.recovery).expect("base64");
    let identity = RecoveryIdentity::join(&recovery_shares(&appliance, &[2, 4, 5])).expect("three join");
    let t = key(&unwrap(&identity.identity(), &wrapped).expect("unwrapped"));
    assert_eq!(stored.open(&t, &q).as_deref(), Some(SECRET));
    assert_eq!(stored.open(&t, &key(&[0; 32])), None, "recovery replaces the chip, not the people");
    let two = RecoveryIdentity::join(&recovery_shares(&appliance, &[2, 4]));
    assert_eq!(two.expect_err("two are too few"), RecoveryError::TooFew { got: 2, k: 3 });

    // The whole appliance, moved to a chip of the same kind.
    copy_dir(&appliance.store(), &appliance.prop("kept"));
    appliance.run(None, ["softtpm", "stop"], b"").expect("stops");
    std::fs::remove_dir_all(appliance.home().join("tpm")).expect("removed");
    let said = appliance.refuses_to_start(5, "the board is another");
    assert!(said.contains("0x81000001"), "{said}");
}

#[test]
fn p30_the_store_holds_the_log_sealed_halves_envelopes_shares_and_windows_and_nothing_else() {
    let mut appliance = half_approved();
    appliance.deposit("db/armed", SECRET, &[]).expect("deposited");
    appliance.add_client("other", &[format!("unix:uid:{}", my_uid())], &["db/armed"]).expect("a client");
    appliance.arm("other", "db/armed", &[]).expect("armed");
    appliance.stop().expect("stops");
    let opened = store::open(appliance.home());
    let tables = rows(&opened, "SELECT name FROM sqlite_master WHERE type = 'table'");
    assert_eq!(tables.len(), 4, "{tables:?}");
    for row in rows(&opened, "SELECT seq, entry FROM leaves") {
        let [Value::Integer(seq), Value::Blob(leaf)] = row.as_slice() else { panic!("{row:?}") };
        Entry::from_leaf(u64::try_from(*seq).expect("a number"), leaf).expect("an entry");
        assert!(!leaf.windows(SECRET.len()).any(|part| part == SECRET), "entry {seq}");
    }
    let records = rows(&opened, "SELECT name, generation, sealed, record FROM records");
    assert_eq!(records.len(), 2);
    for row in records {
        let [Value::Text(_), Value::Integer(1), Value::Blob(half), Value::Blob(record)] = row.as_slice()
        else {
            panic!("{row:?}")
        };
        serde_json::from_slice::<SealedKey>(half).expect("a sealed half");
        let record: WrappedRecord = serde_json::from_slice(record).expect("a record");
        assert_eq!(hex::decode(&record.salt).map(|salt| salt.len()), Ok(32));
        assert_eq!(hex::decode(&record.roster).map(|digest| digest.len()), Ok(32));
        serde_json::from_str::<Envelope>(&record.envelope).expect("an envelope");
        let wrapped = STANDARD.decode(&record.recovery).expect("base64");
        assert!(
            wrapped.starts_with(b"age-encryption.org/v1\n-> X25519 "),
            "wrapped to the recovery recipient"
        );
        for share in &record.shares {
            serde_json::from_str::<SealedShare>(share).expect("a share");
            let share: serde_json::Value = serde_json::from_str(share).expect("JSON");
            let age = STANDARD.decode(share["age"].as_str().expect("text")).expect("base64");
            assert!(age.starts_with(b"age-encryption.org/v1\n-> X25519 "), "wrapped to its operator");
        }
    }
    let windows = rows(&opened, "SELECT request, sealed FROM windows");
    let [[Value::Text(_), Value::Blob(sealed)]] = [windows[0].as_slice()] else { panic!("{windows:?}") };
    serde_json::from_slice::<SealedWindow>(sealed).expect("a window");
    assert_eq!(windows.len(), 1, "the request with one approval left nothing");
    let kept = rows(&opened, "SELECT name, length(value) FROM kept ORDER BY name");
    let names: Vec<_> = kept.iter().map(|row| (row[0].clone(), row[1] == Value::Integer(32))).collect();
    let expected = [
        ("attestation-auth", true),
        ("bundle-seed", false),
        ("chip-pins", false),
        ("keeper-noise", true),
        ("keyed-hash", true),
        ("log-key", false),
        ("log-seed", false),
        ("nv-auth-epoch", true),
        ("nv-auth-gate", true),
        ("nv-auth-head", true),
    ];
    assert_eq!(names, expected.map(|(name, is_key)| (Value::Text(name.to_owned()), is_key)));
    for name in ["bundle-seed", "log-seed"] {
        let query = format!("SELECT value FROM kept WHERE name = '{name}'");
        serde_json::from_slice::<SealedKey>(&store::blob(&opened, &query)).expect("sealed to the chip");
    }
}

/// All rows of a query, as they are.
fn rows(store: &Connection, query: &str) -> Vec<Vec<Value>> {
    let mut statement = store.prepare(query).expect("a query");
    let columns = statement.column_count();
    let read = statement.query_map([], |row| (0..columns).map(|at| row.get(at)).collect());
    read.expect("rows").map(|row| row.expect("a row")).collect()
}
