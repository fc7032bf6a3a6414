//! Files, arguments, environments, words: none of them holds a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use portcullis::crypto::envelope::DataKey;
use portcullis::demo::stage::Output;
use portcullis::domain::ids::{CredentialName, Generation, RequestId};
use portcullis::domain::secret::{Key32, Passphrase, Plaintext, SecretBytes};
use portcullis::domain::wire::operator::{Ask, Reply};
use portcullis::services::pull::Pulled;
use portcullis::services::reveal::Revealed;
use zeroize::Zeroizing;

use crate::common::bundles;
use crate::common::rig::{CREDENTIAL, JOB, Rig, me};
use crate::keys::Keys;
use crate::search::Needles;

/// Arguments and environments of every process that was there while `work` went on.
fn watched<T>(work: impl FnOnce() -> T) -> (T, BTreeMap<String, BTreeSet<Vec<u8>>>) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut seen = BTreeMap::<String, BTreeSet<Vec<u8>>>::new();
            while !over.load(Ordering::Relaxed) {
                for entry in fs::read_dir("/proc").expect("/proc").flatten() {
                    for file in ["cmdline", "environ"] {
                        // Most of what is there is no process, or gone already.
                        let Ok(bytes) = fs::read(entry.path().join(file)) else { continue };
                        seen.entry(file.to_owned()).or_default().insert(bytes);
                    }
                }
                thread::park_timeout(Duration::from_millis(3));
            }
            seen
        });
        let done = work();
        over.store(true, Ordering::Relaxed);
        (done, watcher.join().expect("watched"))
    })
}

/// Deposit, a waiting pull, approvals, a delivery and a refusal: everything that was said.
fn story(rig: &mut Rig, secret: &[u8]) -> Vec<Output> {
    rig.stage.serve().expect("serving");
    rig.stage.add_client(JOB, &[me()], &[CREDENTIAL]).expect("a client");
    let deposited = rig.stage.deposit(CREDENTIAL, secret, &[]).expect("deposited");
    let mut job = rig.stage.pull_in_background(JOB, CREDENTIAL).expect("a job");
    let request = rig.stage.wait_for_request().expect("a request");
    rig.stage.approve_by(&["bob", "carol"], &request).expect("approved");
    let mut got = rig.stage.collect(&mut job).expect("a job").expect("it has ended");
    assert!(got.code == 0 && got.stdout == secret, "{}", got.said());
    got.stdout.clear();
    rig.wait_for_entry("delivered", &request);
    let refused = rig.stage.pull(JOB, CREDENTIAL).expect("a job");
    assert_eq!(refused.code, 3, "{}", refused.said());
    let wrong = rig.stage.run_with_passphrase("not the words of bob", &["--operator", "bob", "status"]);
    let mut noise = UnixStream::connect(rig.stage.home().join("run/operator.sock")).expect("a socket");
    noise.write_all(&[&[0, 96][..], &[7; 96]].concat()).expect("written");
    drop(noise.read_to_end(&mut Vec::new()));
    bundles::export(&rig.stage, &rig.stage.prop("out"), None);
    vec![deposited, got, refused, wrong.expect("run")]
}

#[test]
fn no_secret_is_in_a_file_an_argument_an_environment_or_a_word() {
    let secret = crate::secret();
    let mut rig = Rig::new();
    let (outputs, processes) = watched(|| story(&mut rig, &secret));
    let live = files(rig.stage.home());
    rig.stage.stop().expect("stopped");
    let keys = Keys::learn(rig.stage.home(), &rig.chip.tpm().tcti(), CREDENTIAL);
    let needles = crate::needles(&secret, &keys).random("the store key", keys.store.expose());
    let mut found = Vec::new();
    for (file, seen) in &processes {
        found.extend(seen.iter().flat_map(|bytes| needles.find(file, bytes)));
    }
    for output in &outputs {
        found.extend(needles.find("standard output", &[&output.stdout[..], &[0; 2]].concat()));
        found.extend(needles.find("standard error", output.stderr.as_bytes()));
    }
    for (path, bytes) in live.iter().chain(&files(rig.stage.home())) {
        // What set-up was told to read the words from is not the appliance's.
        if !path.ends_with(".passphrase") {
            found.extend(needles.find(path, bytes));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    // It was looked where it happened.
    let home = rig.stage.home().display().to_string();
    let seen = |verb: &str| {
        let words = |line: &Vec<u8>| String::from_utf8_lossy(line).replace('\0', " ");
        processes["cmdline"].iter().map(words).any(|line| line.contains(&home) && line.contains(verb))
    };
    for verb in ["serve", "deposit", "pull", "approve"] {
        assert!(seen(verb), "{verb} was watched");
    }
    for name in ["store/portcullis.db", "store/portcullis.db-wal", "demo/daemon.log", ".pcab.tar"] {
        assert!(
            live.iter().any(|(path, bytes)| path.ends_with(name) && !bytes.is_empty()),
            "{name} was read"
        );
    }
}

/// Every file below a folder.
pub fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a folder") {
        let entry = entry.expect("an entry");
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            found.extend(files(&entry.path()));
        } else if kind.is_file() {
            let bytes = fs::read(entry.path()).expect("a file");
            found.push((entry.path().display().to_string(), bytes));
        }
    }
    found
}

#[test]
fn p30_no_secret_is_printed_for_debugging() {
    let secret = crate::secret();
    let key = || Key32::take(&mut secret[..32].try_into().expect("32 bytes"));
    let bytes = || Zeroizing::new(secret.clone());
    let words = String::from_utf8(secret.clone()).expect("printable");
    let id = RequestId::from_entropy(7);
    let approve = Ask::Approve {
        id: id.clone(),
        statement: "{}".to_owned(),
        signature: String::new(),
        share: Some(SecretBytes::new(bytes())),
    };
    let (credential, generation) = (CredentialName::parse(CREDENTIAL).expect("a name"), Generation::FIRST);
    let plaintext = Plaintext::new(bytes()).expect("fits");
    let revealed = Reply::Revealed { credential: credential.clone(), generation, plaintext };
    let shown = Revealed { credential, generation, plaintext: Plaintext::new(bytes()).expect("fits") };
    let printed = [
        format!("{revealed:?} {revealed:#?} {shown:?} {shown:#?}"),
        format!("{:?} {:#?}", key(), Plaintext::new(bytes())),
        format!("{:?} {:#?}", DataKey::from_key(key()), Passphrase::new(Zeroizing::new(words))),
        format!("{:?} {approve:?} {approve:#?}", SecretBytes::new(bytes())),
        format!("{:?}", Pulled::Deliver(id, Plaintext::new(bytes()).expect("fits"))),
    ];
    let needles = Needles::new().random("the secret", &secret);
    let numbers = secret[..8].iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    for text in printed {
        assert!(needles.find("words", text.as_bytes()).is_empty() && !text.contains(&numbers), "{text}");
    }
}
