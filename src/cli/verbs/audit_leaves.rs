//! The leaves of a copy of a log, read on every core and taken in order.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read as _};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::domain::audit::entry::{ENTRY_LEN_MAX, EntryError};
use crate::domain::audit::verify::{Leaf, Verifier, VerifyError};

/// Why leaves were not taken.
#[derive(Debug)]
pub enum TakeError {
    /// The lines cannot be read.
    Input(io::Error),
    /// They are no log.
    Log(VerifyError),
}

/// Some lines, and the number of the first.
struct Lines {
    first: u64,
    text: Vec<u8>,
    count: u64,
}

/// What was read of some lines: the leaves up to the first that does not read, and that error.
type Leaves = (Vec<Leaf>, Option<EntryError>);

/// Some lines, and where their leaves are waited for.
type Task = (Lines, SyncSender<Leaves>);

/// Gives every line to `verifier`, in order.
///
/// # Errors
/// [`TakeError`]: the first thing that is wrong.
pub fn take_all(from: &mut impl BufRead, verifier: &mut Verifier) -> Result<(), TakeError> {
    /// More readers than this would wait for the one thread that takes.
    const READERS_MAX: usize = 8;
    let readers = thread::available_parallelism().map_or(1, NonZero::get).min(READERS_MAX);
    let (tasks, inbox) = channel();
    let inbox = Mutex::new(inbox);
    thread::scope(|scope| {
        for _ in 0..readers {
            scope.spawn(|| read_tasks(&inbox));
        }
        take_in_order(from, verifier, tasks, readers)
    })
}

/// Ends, and with it the readers, when all lines are taken or one is wrong.
fn take_in_order(
    from: &mut impl BufRead,
    verifier: &mut Verifier,
    tasks: Sender<Task>,
    readers: usize,
) -> Result<(), TakeError> {
    let (mut waiting, mut first, mut broken) = (VecDeque::new(), 0, None);
    loop {
        while broken.is_none() && waiting.len() < 2 * readers {
            let (lines, end) = next_lines(from, first);
            broken = end;
            first += lines.count;
            let (answer, answered) = sync_channel(1);
            // The readers hear until this function ends.
            drop(tasks.send((lines, answer)));
            waiting.push_back(answered);
        }
        let Some(next) = waiting.pop_front() else { break };
        // A reader that panicked ends the scope with its panic.
        let Ok((leaves, wrong)): Result<Leaves, _> = next.recv() else { break };
        for leaf in leaves {
            verifier.take(leaf).map_err(TakeError::Log)?;
        }
        if let Some(error) = wrong {
            return Err(TakeError::Log(error.into()));
        }
    }
    broken.flatten().map_or(Ok(()), |error| Err(TakeError::Input(error)))
}

fn read_tasks(inbox: &Mutex<Receiver<Task>>) {
    loop {
        let task = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((lines, answer)) = task else { return };
        // Nobody waits for the answer once something before it is wrong.
        drop(answer.send(read(&lines)));
    }
}

fn read(lines: &Lines) -> Leaves {
    let mut leaves = Vec::with_capacity(usize::try_from(lines.count).unwrap_or_default());
    let texts = lines.text.split_inclusive(|byte| *byte == b'\n');
    for (seq, line) in (lines.first..).zip(texts) {
        match Leaf::read(seq, line.strip_suffix(b"\n").unwrap_or(line)) {
            Ok(leaf) => leaves.push(leaf),
            Err(error) => return (leaves, Some(error)),
        }
    }
    (leaves, None)
}

/// The next lines, and at the end `Some`: of nothing, or of what is wrong with the line after them.
fn next_lines(from: &mut impl BufRead, first: u64) -> (Lines, Option<Option<io::Error>>) {
    const LEN: usize = 128 * 1024;
    let mut lines = Lines { first, text: Vec::with_capacity(LEN + ENTRY_LEN_MAX), count: 0 };
    while lines.text.len() < LEN {
        let before = lines.text.len();
        match next_line(from, &mut lines.text) {
            Ok(true) => lines.count += 1,
            Ok(false) => return (lines, Some(None)),
            Err(error) => {
                lines.text.truncate(before);
                return (lines, Some(Some(error)));
            }
        }
    }
    (lines, None)
}

/// Appends the next line; false when there is none. One without an end, or a longer one than any
/// entry, is an error.
fn next_line(from: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<bool> {
    let limit = ENTRY_LEN_MAX as u64 + 1;
    match from.by_ref().take(limit).read_until(b'\n', text)? {
        0 => Ok(false),
        _ if text.ends_with(b"\n") => Ok(true),
        _ => {
            let what = "a line without end, or longer than any entry";
            Err(io::Error::new(io::ErrorKind::InvalidData, what))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_a_line_without_its_end() {
        let leaves = |bytes: &[u8]| {
            let (mut from, mut line) = (bytes, Vec::new());
            let mut found = Vec::new();
            while next_line(&mut from, &mut line)? {
                found.push(line.len() - 1);
                line.clear();
            }
            io::Result::Ok(found)
        };
        let longest = [vec![b'x'; ENTRY_LEN_MAX], vec![b'\n']].concat();
        let longer = [vec![b'x'; ENTRY_LEN_MAX + 1], vec![b'\n']].concat();
        type Row<'a> = (&'a str, &'a [u8], Option<Vec<usize>>);
        let cases: [Row<'_>; 6] = [
            ("none", b"", Some(vec![])),
            ("two", b"ab\ncde\n", Some(vec![2, 3])),
            ("an empty one", b"\n", Some(vec![0])),
            ("cut off", b"ab\ncd", None),
            ("longest", &longest, Some(vec![ENTRY_LEN_MAX])),
            ("longer", &longer, None),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(leaves(bytes).ok(), expected, "{name}");
        }
    }

    #[test]
    fn the_first_thing_that_is_wrong_is_said_wherever_it_stands() {
        let broken = |text: &[u8]| take_all(&mut &text[..], &mut Verifier::default());
        assert!(broken(b"").is_ok(), "nothing is wrong with nothing");
        let wrong = |text: &[u8]| match broken(text) {
            Err(TakeError::Log(VerifyError::Entry(EntryError::Malformed { seq, .. }))) => Some(seq),
            Err(TakeError::Input(_)) => Some(u64::MAX),
            _ => None,
        };
        assert_eq!(wrong(b"{}\n"), Some(0), "no entry");
        assert_eq!(wrong(b"{}\ncut off"), Some(0), "no entry, and a line without end");
        assert_eq!(wrong(b"cut off"), Some(u64::MAX), "a line without end");
        assert_eq!(wrong(&[b"{}\n".repeat(300_000), b"x".to_vec()].concat()), Some(0), "of many");
    }
}
