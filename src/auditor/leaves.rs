//! The leaves of a log, read on every core and taken in order.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, Read};
use std::num::NonZero;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, Scope};

use sha2::{Digest as _, Sha256};

use crate::domain::audit::entry::{ENTRY_LEN_MAX, EntryError};
use crate::domain::audit::verify::{Leaf, Verifier, VerifyError};

/// How many bytes of lines a reader gets at once.
const BLOCK_LEN: usize = 128 * 1024;

/// Blocks that each reader has before it.
const BLOCKS_AHEAD: usize = 2;

/// Why leaves were not taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The lines cannot be read.
    #[error("the entries cannot be read: {0}")]
    Input(#[from] io::Error),
    /// They are no log.
    #[error(transparent)]
    Log(#[from] VerifyError),
}

/// Whole lines, for whoever looks at them.
type Text = Arc<Vec<u8>>;

/// What was read of some lines: the leaves up to the first that does not read, and that error.
type Leaves = (Vec<Leaf>, Option<EntryError>);

/// Some lines, and leaves that were taken: their memory is for the thread that it came from.
type Task = (Text, Vec<Leaf>);

/// Gives every line to `verifier`, in order, and every byte to `digest`.
///
/// # Errors
/// [`TakeError`]: the first thing that is wrong.
pub fn take_all(
    from: &mut impl Read,
    verifier: &mut Verifier,
    digest: Option<&mut Sha256>,
) -> Result<(), TakeError> {
    each_leaf(from, verifier.size(), digest, |leaf| Ok(verifier.take(leaf)?))
}

/// Gives every line to `take`, in order, and every byte to `digest`. The first line is leaf number `first`.
///
/// # Errors
/// [`TakeError`], or what `take` says: the first thing that is wrong.
pub fn each_leaf<E: From<TakeError>>(
    from: &mut impl Read,
    first: u64,
    digest: Option<&mut Sha256>,
    take: impl FnMut(&Leaf) -> Result<(), E>,
) -> Result<(), E> {
    /// More readers than this would wait for the one thread that takes.
    const READERS_MAX: usize = 8;
    let readers = thread::available_parallelism().map_or(1, NonZero::get).min(READERS_MAX);
    thread::scope(|scope| {
        let digest = digest.map(|digest| hash_elsewhere(scope, digest, readers));
        let readers = (0..readers).map(|_| Reader::start(scope)).collect();
        let blocks = Blocks { from, rest: Vec::new(), spare: Vec::new(), broken: None };
        Taking { blocks, readers, digest }.in_order(first, take)
    })
}

/// Hashes texts in the order in which they are sent.
fn hash_elsewhere<'s>(scope: &'s Scope<'s, '_>, digest: &'s mut Sha256, readers: usize) -> SyncSender<Text> {
    let (texts, inbox) = sync_channel::<Text>(BLOCKS_AHEAD * readers);
    scope.spawn(move || inbox.into_iter().for_each(|text| digest.update(text.as_slice())));
    texts
}

/// A thread that reads lines, and answers in the order in which it was asked.
struct Reader {
    tasks: Sender<Task>,
    answers: Receiver<Leaves>,
}

impl Reader {
    fn start<'s>(scope: &'s Scope<'s, '_>) -> Self {
        let ((tasks, inbox), (answer, answers)) = (channel::<Task>(), channel());
        scope.spawn(move || {
            for (text, taken) in inbox {
                let leaves = read(&text, taken);
                // The text goes back before the answer, to be used again.
                drop(text);
                // Nobody waits for the answer once something before it is wrong.
                drop(answer.send(leaves));
            }
        });
        Self { tasks, answers }
    }
}

/// Reads lines into leaves, whose place in the log nobody has looked at yet.
fn read(text: &[u8], mut leaves: Vec<Leaf>) -> Leaves {
    leaves.clear();
    for line in lines(text) {
        match Leaf::anywhere(line) {
            Ok(leaf) => leaves.push(leaf),
            Err(error) => return (leaves, Some(error)),
        }
    }
    (leaves, None)
}

/// Whole lines, each without its end.
fn lines(mut text: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let before = text;
        // This reads from memory, and finds a byte faster than a loop does.
        let len = text.skip_until(b'\n').ok().filter(|len| *len > 0)?;
        Some(&before[..len - 1])
    })
}

/// Everything that ends, and with it the threads, when all lines are taken or one is wrong.
struct Taking<'a, R> {
    blocks: Blocks<'a, R>,
    readers: Vec<Reader>,
    digest: Option<SyncSender<Text>>,
}

impl<R: Read> Taking<'_, R> {
    fn in_order<E: From<TakeError>>(
        mut self,
        first: u64,
        mut take: impl FnMut(&Leaf) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut seq, mut asked, mut answered) = (first, 0, 0);
        let mut texts = VecDeque::new();
        let mut taken = VecDeque::new();
        let count = self.readers.len();
        loop {
            while texts.len() < BLOCKS_AHEAD * count
                && let Some(text) = self.blocks.next()
            {
                if let Some(digest) = &self.digest {
                    // It hears until this function ends, as the readers do.
                    drop(digest.send(Arc::clone(&text)));
                }
                let spent = taken.pop_front().unwrap_or_default();
                drop(self.readers[asked % count].tasks.send((Arc::clone(&text), spent)));
                texts.push_back(text);
                asked += 1;
            }
            let Some(text) = texts.pop_front() else { break };
            // A reader that panicked ends the scope with its panic.
            let Ok((leaves, wrong)) = self.readers[answered % count].answers.recv() else { break };
            answered += 1;
            for leaf in &leaves {
                take(leaf)?;
                seq += 1;
            }
            if let Some(error) = wrong {
                return Err(TakeError::from(VerifyError::from(error.at(seq))).into());
            }
            taken.push_back(leaves);
            self.blocks.spare.extend(Arc::into_inner(text));
        }
        self.blocks.broken.map_or(Ok(()), |error| Err(TakeError::from(error).into()))
    }
}

/// Lines as they come, in blocks.
struct Blocks<'a, R> {
    from: &'a mut R,
    /// The start of a line whose end was not read yet.
    rest: Vec<u8>,
    /// Memory of blocks that were taken.
    spare: Vec<Vec<u8>>,
    /// What ended them, if that was not the end of the input.
    broken: Option<io::Error>,
}

impl<R: Read> Blocks<'_, R> {
    /// The next whole lines; none at the end, and none behind anything that is wrong.
    fn next(&mut self) -> Option<Text> {
        if self.broken.is_some() {
            return None;
        }
        let mut text = self.spare.pop().unwrap_or_default();
        text.clear();
        text.reserve(BLOCK_LEN + ENTRY_LEN_MAX);
        text.append(&mut self.rest);
        let read = self.from.by_ref().take(BLOCK_LEN as u64).read_to_end(&mut text);
        let end = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        self.rest.extend_from_slice(&text[end..]);
        let endless = |count| self.rest.len() > if count < BLOCK_LEN { 0 } else { ENTRY_LEN_MAX };
        self.broken = match read {
            Ok(count) if endless(count) => {
                let what = "a line without end, or longer than any entry";
                Some(io::Error::new(io::ErrorKind::InvalidData, what))
            }
            Ok(_) => None,
            Err(error) => Some(error),
        };
        text.truncate(end);
        (end > 0).then(|| Arc::new(text))
    }
}

#[cfg(test)]
mod tests;
