//! Questions on a terminal whose other end the test holds.

use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::thread;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::*;

/// The person's end, and the program's.
fn pair(patience: Option<Duration>) -> (OwnedFd, Tty) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&person).and_then(|()| unlockpt(&person)).expect("ours");
    let name = ptsname(&person, Vec::new()).expect("a name").into_string().expect("text");
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = i32::try_from(OFlags::NOCTTY.bits()).expect("small");
    let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(name).expect("its end");
    (person, Tty { file, patience, endings: Endings::of_process().expect("pipes") })
}

/// Reads until the question is there.
fn read_until(person: &OwnedFd, question: &str) {
    let mut person = File::from(person.try_clone().expect("cloned"));
    let mut seen = String::new();
    while !seen.contains(question) {
        let mut bytes = [0; 64];
        let len = person.read(&mut bytes).expect("it speaks");
        seen.push_str(&String::from_utf8_lossy(&bytes[..len]));
    }
}

fn echoes(tty: &Tty) -> bool {
    rustix::termios::tcgetattr(&tty.file).expect("a terminal").local_modes.contains(LocalModes::ECHO)
}

#[test]
fn a_question_that_nobody_answers_is_withdrawn_and_the_terminal_given_back() {
    let (_person, mut tty) = pair(Some(Duration::from_millis(50)));
    assert!(matches!(tty.hear("Why? "), Ok(Answer::Silent)));
    assert!(matches!(tty.hear_secret("Why? "), Ok(Answer::Silent)));
    assert!(matches!(tty.ask("Why? "), Err(Stop::Failed(failure)) if failure.code == "no-answer"));
    assert!(echoes(&tty));
}

#[test]
fn a_question_that_may_stand_stands() {
    let (person, mut tty) = pair(Some(Duration::ZERO));
    let typing = thread::spawn(move || {
        read_until(&person, "Who? ");
        rustix::io::write(&person, b"al\r").expect("typed");
        person
    });
    let heard = tty.hear_whenever("Who? ");
    assert!(matches!(heard, Ok(Answer::Given(who)) if who == "al"));
    assert!(matches!(tty.hear("Why? "), Ok(Answer::Silent)), "and the next does not");
    drop(typing.join());
}

#[test]
fn what_is_pasted_over_a_slow_line_answers_no_question_that_comes_after_it() {
    let (person, mut tty) = pair(Some(Duration::from_secs(30)));
    let (pasting, pasted) = std::sync::mpsc::channel();
    let typing = thread::spawn(move || {
        for byte in b"7K2M\rsecret\r7K2M\rsecret\r" {
            rustix::io::write(&person, &[*byte]).expect("typed");
            // The first is on its way before the question is.
            let _ = pasting.send(());
            thread::park_timeout(Duration::from_millis(5));
        }
        read_until(&person, "Id? ");
        rustix::io::write(&person, b"no\r").expect("typed");
        person
    });
    pasted.recv().expect("it began");
    tty.settle().expect("it ends");
    assert!(matches!(tty.hear("Id? "), Ok(Answer::Given(id)) if id == "no"));
    assert!(echoes(&tty));
    drop(typing.join());
}
