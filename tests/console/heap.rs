//! What a person types to open their key file stays nowhere.

use portcullis::crypto::key_file::KeyFile;
use portcullis::demo::stage::{CREDENTIAL, Stage, passphrase};
use portcullis::domain::secret::Passphrase;
use rand_core::{OsRng, RngCore as _};
use zeroize::Zeroizing;

use crate::memory::Memory;
use crate::people::{JOB, approve_with, log_in_with, stage};
use crate::search::Needles;
use crate::session::{MODERN, Session};

/// Words that nothing else looks like.
pub fn words() -> String {
    let letter = || char::from(b'a' + u8::try_from(OsRng.next_u32() % 26).expect("a letter"));
    (0..40).map(|_| letter()).collect()
}

/// Puts somebody's keys under other words.
fn change_passphrase(stage: &Stage, person: &str, words: &str) {
    let path = stage.home().join(format!("operators/{person}.pcop"));
    let file = KeyFile::parse(&std::fs::read_to_string(&path).expect("a key file")).expect("a key file");
    let secret = |words: String| Passphrase::new(Zeroizing::new(words));
    let changed = file.with_passphrase(&secret(passphrase(person)), &secret(words.to_owned()), &mut OsRng);
    std::fs::write(path, changed.expect("it opens").to_text()).expect("written");
}

#[test]
fn no_passphrase_stays_in_the_memory_of_the_console_or_goes_to_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = stage(folder.path());
    let words = words();
    change_passphrase(&stage, "bob", &words);
    let asked = ["request", CREDENTIAL, "--job", JOB, "--reason", "night batch", "--ticket", "INC-4711"];
    let id = stage.request_id(&stage.does("alice", &asked).expect("a request")).expect("its id");

    let needles = Needles::new().random("the passphrase", words.as_bytes());
    let mut session = Session::start(stage.home(), (80, 24), &MODERN, &["--ascii"]);
    let pid = session.child.id();
    session.wait_for_text("Who are you?");
    // While it is typed it is there, and these eyes see it.
    session.type_bytes(b"gj\r");
    session.wait_for_text("Passphrase (not shown):");
    session.type_bytes(words.as_bytes());
    let typing = || Ok((!Memory::of("the console", pid).find(&needles).is_empty()).then_some(()));
    stage.wait_for("the passphrase to be in memory", typing).expect("it is being typed");
    session.type_bytes(b"\x03");
    log_in_with(&mut session, "bob", b"j", &words);
    session.wait_for_text(&format!(">{id}"));
    let mut seen = vec![Memory::of("the console after a login", pid)];
    approve_with(&mut session, "bob", &id, &words);
    session.wait_for_text("Who are you?");
    seen.push(Memory::of("the console after an approval", pid));
    let mut found: Vec<String> = seen.iter().flat_map(|memory| memory.find(&needles)).collect();
    found.extend(needles.find("what went to the terminal", &session.sent));
    assert!(found.is_empty(), "{}", found.join("\n"));
    session.type_bytes(b"q");
    session.ends("heap");
    stage.strike();
}
