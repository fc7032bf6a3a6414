//! An appliance that stands still, and whose log is written straight into its store: a year in a minute.
//!
//! What comes out is what the program would have written, so the program goes on with it: each entry
//! follows from those before it, approvals carry the signatures of the people, and the chip has counted.
//! Only the records of the credentials are missing, which nothing reads before it arms a window.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use portcullis::crypto::operator_key::OperatorKey;
use portcullis::demo::stage::{PEOPLE, Stage, passphrase};
use portcullis::desk::key::open_key_file;
use portcullis::domain::audit::anchor::anchor_digest;
use portcullis::domain::home::Home;
use portcullis::domain::ids::{ApplianceName, OperatorId, TrustDomain};
use portcullis::domain::operator::Role;
use portcullis::domain::secret::{Key32, Passphrase, SecretBytes};
use portcullis::domain::time::Timestamp;
use portcullis::services::home::{WiredTpm, Wiring, pins_file, read_file, store_file, store_key_file};
use portcullis::services::setup::{Founder, Plan, prepare};
use portcullis::store::{Hold, Store, StoreError};
use portcullis::tpm::{Chip, NvAuths, Tcti};
use rand_core::OsRng;
use rusqlite::{Connection, params};

use super::world::World;

fn words(person: &str) -> Passphrase {
    Passphrase::new(passphrase(person).into())
}

/// Sets the stage's appliance up as its people would have done at `now`, with its own software TPM.
pub fn found(stage: &Stage, now: Timestamp) {
    let home = Home::at(stage.home());
    let founder = |person: &&str| {
        let id = OperatorId::parse(person).expect("an operator id");
        Founder {
            key_file: home.key_file(&id),
            key: OperatorKey::generate(id, &mut OsRng),
            passphrase: words(person),
            roles: [Role::Operator, Role::Custodian, Role::Auditor].into(),
        }
    };
    let plan = Plan {
        appliance: ApplianceName::parse("demo").expect("a name"),
        trust_domain: TrustDomain::parse("example.org").expect("a domain"),
        tpm: WiredTpm { tcti: WiredTpm::OWN.to_owned() },
        pcrs: "sha256:0,2,4,7".parse().expect("registers"),
        quorum: 2,
        founders: PEOPLE.iter().map(founder).collect(),
        recovery: (3, 5),
        now,
        home: home.clone(),
    };
    prepare(plan).expect("a plan").found().expect("set up");
}

/// Writes into the log of an appliance that was just set up and is not in service what `live` gives.
pub fn fill(home: &Home, live: impl FnOnce(&mut World, &mut dyn FnMut(Vec<u8>))) {
    let wiring = Wiring::read(home).expect("a wiring");
    let tcti = wiring.tpm.connect(home).expect("a TPM");
    let pins = serde_json::from_slice(&read_file(&pins_file(home)).expect("pins")).expect("pins");
    let chip = Chip::new(tcti.clone(), pins);
    let sealed = read_file(&store_key_file(home)).expect("a sealed key");
    let sealed = serde_json::from_slice(&sealed).expect("a sealed key");
    let key = chip.open_store(&sealed).expect("a store key");
    let (first, auths) = kept(&store_file(home), &key);
    let person = |person: &&str| {
        let id = OperatorId::parse(person).expect("an operator id");
        open_key_file(&home.key_file(&id), &words(person)).expect("a key file")
    };
    let mut world = World::go_on(&first, PEOPLE.iter().map(person).collect());
    write(&store_file(home), &key, &mut world, live);
    count_on(&tcti, &auths.epoch, world.state.epoch);
    let head = anchor_digest(world.state.epoch, &world.anchored.root());
    chip.anchor_head(&auths, &head).expect("anchored");
}

/// The first leaf, and what the chip's indices are used with.
fn kept(path: &Path, key: &Key32) -> (Vec<u8>, Arc<NvAuths>) {
    let store = Store::open(path, key, Hold::take(path).expect("a free store")).expect("a store");
    let kept = |name| {
        let bytes = store.kept(name).expect("a key");
        SecretBytes::new(bytes).to_key().expect("32 bytes")
    };
    let (gate, epoch, head) = (kept("nv-auth-gate"), kept("nv-auth-epoch"), kept("nv-auth-head"));
    let mut first = Vec::new();
    let keep = |_, leaf: &[u8]| {
        first = leaf.to_vec();
        Ok(true)
    };
    store.leaves::<StoreError>(0, 1, keep).expect("the first leaf");
    (first, Arc::new(NvAuths { gate, epoch, head }))
}

/// Many rows a transaction, where the program has one.
fn write(
    path: &Path,
    key: &Key32,
    world: &mut World,
    live: impl FnOnce(&mut World, &mut dyn FnMut(Vec<u8>)),
) {
    const ROWS: i64 = 50_000;
    let store = Connection::open(path).expect("a database");
    let settings =
        format!("PRAGMA key = \"x'{}'\"; PRAGMA synchronous = OFF; BEGIN;", hex::encode(key.expose()));
    store.execute_batch(&settings).expect("the store");
    let mut insert = store.prepare("INSERT INTO leaves (seq, entry) VALUES (?1, ?2)").expect("a statement");
    let mut seq = i64::try_from(world.tree.size()).expect("few");
    live(world, &mut |leaf| {
        insert.execute(params![seq, leaf]).expect("a row");
        seq += 1;
        if seq % ROWS == 0 {
            store.execute_batch("COMMIT; BEGIN;").expect("committed");
        }
    });
    assert_eq!(u64::try_from(seq), Ok(world.tree.size()), "every leaf was given");
    store.execute_batch("COMMIT;").expect("committed");
}

/// Counts `times` on with the epoch counter of a software TPM, over one connection and with a password:
/// a session for each would take most of the time.
///
/// # Source
/// TPM 2.0 Library part 3, TPM2_NV_Increment; part 2, TPM_RS_PW.
fn count_on(tcti: &Tcti, auth: &Key32, times: u64) {
    const EPOCH: [u8; 4] = 0x0180_70c2_u32.to_be_bytes();
    let Tcti::Swtpm { host, port } = tcti else { panic!("a software TPM counts fast") };
    let mut tpm = TcpStream::connect((*host, *port)).expect("the software TPM");
    tpm.set_nodelay(true).expect("small messages");
    let session = [&[0x40, 0, 0, 9, 0, 0, 0, 0, 32][..], auth.expose()].concat();
    let command = [
        &[0x80, 0x02, 0, 0, 0, 63, 0, 0, 0x01, 0x34],
        &EPOCH[..],
        &EPOCH,
        &[0, 0, 0, u8::try_from(session.len()).expect("short")],
        &session,
    ]
    .concat();
    assert_eq!(command.len(), 63, "as its header says");
    for _ in 0..times {
        let mut answer = [0; 19];
        tpm.write_all(&command).and_then(|()| tpm.read_exact(&mut answer)).expect("an answer");
        assert_eq!(answer[6..10], [0; 4], "it has counted");
    }
}
