//! What one operator has been told: the data behind every tab, and where they are in each list.

use crate::console::list::List;
use crate::console::tab::Tab;
use crate::domain::ids::{CredentialName, JobName, RequestId};
use crate::domain::operator::Roster;
use crate::domain::time::{Length, Timestamp};
use crate::domain::wire::operator::{ClientView, CredentialView, Finding, RequestView, Status};

/// One operator at the console.
#[derive(Debug)]
pub struct Session {
    /// The key file, by its place in [`super::Model::keys`].
    pub key: usize,
    /// How the appliance is.
    pub status: Status,
    /// When `status` arrived.
    pub anchored_ms: u64,
    /// What is open.
    pub tab: Tab,
    /// The requests, newest first.
    pub requests: Vec<RequestView>,
    /// Whether ended ones are listed too.
    pub shows_ended: bool,
    /// The credentials, in order of name.
    pub credentials: Vec<CredentialView>,
    /// The clients, in order of their jobs.
    pub clients: Vec<ClientView>,
    /// The end of the log.
    pub log: Log,
    /// The people, once they were asked for.
    pub roster: Option<Roster>,
    /// What the last look at the appliance found, and when that was.
    pub findings: Option<(Timestamp, Vec<Finding>)>,
    /// Rows that have come so far, while a list is on its way.
    pub loading: Option<usize>,
    /// Whether the data of a tab has ever come.
    pub loaded: [bool; Tab::ALL.len()],
    lists: [List; Tab::ALL.len()],
}

impl Session {
    /// A session that has just begun, with nothing but the status.
    pub fn new(key: usize, status: Status, now_ms: u64) -> Self {
        Self {
            key,
            status,
            anchored_ms: now_ms,
            tab: Tab::Requests,
            requests: Vec::new(),
            shows_ended: false,
            credentials: Vec::new(),
            clients: Vec::new(),
            log: Log::default(),
            roster: None,
            findings: None,
            loading: None,
            loaded: Default::default(),
            lists: Default::default(),
        }
    }

    /// The appliance's clock: what it said last, and what has passed since.
    pub fn now(&self, now_ms: u64) -> Timestamp {
        self.status.now.plus(Length::from_ms(now_ms.saturating_sub(self.anchored_ms)))
    }

    /// How long until the state of a request ends.
    pub fn left(&self, view: &RequestView, now_ms: u64) -> Option<Length> {
        view.ends().map(|end| self.now(now_ms).until(end))
    }

    /// The list of one tab.
    pub const fn list(&self, tab: Tab) -> &List {
        &self.lists[tab.place()]
    }

    /// The list of one tab, to move in.
    pub const fn list_mut(&mut self, tab: Tab) -> &mut List {
        &mut self.lists[tab.place()]
    }

    /// The request under the cursor, on the list of requests.
    pub fn listed_request(&self) -> Option<&RequestView> {
        self.requests.get(self.list(Tab::Requests).place()?)
    }

    /// The credential of a name.
    pub fn credential(&self, name: &CredentialName) -> Option<&CredentialView> {
        let place = self.credentials.binary_search_by(|view| view.name.cmp(name)).ok()?;
        self.credentials.get(place)
    }

    /// The client of a job.
    pub fn client(&self, job: &JobName) -> Option<&ClientView> {
        let place = self.clients.binary_search_by(|view| view.record.job.cmp(job)).ok()?;
        self.clients.get(place)
    }
}

/// What a row is, whatever becomes of the rows around it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RowId {
    /// A request.
    Request(RequestId),
    /// A credential.
    Credential(CredentialName),
    /// A client.
    Client(JobName),
    /// An entry of the log.
    Entry(u64),
}

/// The end of the log, without a gap.
#[derive(Debug, Default)]
pub struct Log {
    /// Entries, oldest first.
    pub entries: Vec<LogEntry>,
    /// Leaves in the whole log.
    pub size: u64,
    /// The root over all of them, in hex.
    pub root: String,
}

impl Log {
    /// So many are asked for at once.
    pub const PAGE: u64 = 300;
    /// More are not kept.
    pub const KEPT_MAX: usize = 6_000;

    /// The first entry that is here.
    pub fn first(&self) -> Option<u64> {
        self.entries.first().map(|entry| entry.seq)
    }

    /// The entry that would come next, when there are any.
    pub fn next(&self) -> Option<u64> {
        self.entries.last().map(|entry| entry.seq + 1)
    }

    /// One entry.
    pub fn entry(&self, seq: u64) -> Option<&LogEntry> {
        let place = seq.checked_sub(self.first()?)?;
        self.entries.get(usize::try_from(place).ok()?)
    }

    /// Whether there are older ones that may be asked for.
    pub fn has_older(&self) -> bool {
        self.first().is_some_and(|first| first > 0) && self.entries.len() < Self::KEPT_MAX
    }

    /// Takes entries that follow on what is here, or come right before it; else they are all there is.
    pub fn take(&mut self, mut page: Self) {
        if page.entries.is_empty() || page.first() == self.next() {
            self.entries.append(&mut page.entries);
        } else if page.next() == self.first() {
            page.entries.append(&mut self.entries);
            self.entries = page.entries;
        } else {
            self.entries = page.entries;
        }
        let spare = self.entries.len().saturating_sub(Self::KEPT_MAX);
        self.entries.drain(..spare);
        (self.size, self.root) = (page.size, page.root);
    }
}

/// One entry, as a list tells it; nothing in it can steer a terminal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogEntry {
    /// Its index.
    pub seq: u64,
    /// When, on the appliance's clock; `None` when the leaf cannot be read.
    pub at: Option<Timestamp>,
    /// The word for what happened.
    pub word: String,
    /// Who did it.
    pub actor: String,
    /// What it is about.
    pub about: String,
    /// The canonical bytes, as text.
    pub leaf: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(seqs: std::ops::Range<u64>) -> Log {
        let entry = |seq| LogEntry {
            seq,
            at: None,
            word: String::new(),
            actor: String::new(),
            about: String::new(),
            leaf: String::new(),
        };
        Log { size: seqs.end, entries: seqs.map(entry).collect(), root: String::new() }
    }

    #[test]
    fn the_log_grows_at_both_ends_and_never_has_a_gap() {
        let cases = [
            ("the first", 0..0, 5..9, Some(5..9)),
            ("newer ones", 5..9, 9..12, Some(5..12)),
            ("older ones", 5..9, 2..5, Some(2..9)),
            ("nothing new", 5..9, 9..9, Some(5..9)),
            ("behind a gap", 5..9, 10..12, Some(10..12)),
            ("the same again", 5..9, 7..12, Some(7..12)),
            ("too many", 0..6_000, 6_000..6_001, Some(1..6_001)),
        ];
        for (name, have, comes, expected) in cases {
            let mut all = log(have);
            all.take(log(comes.clone()));
            assert_eq!(all.first().zip(all.next()).map(|(first, next)| first..next), expected, "{name}");
            assert_eq!(
                all.entry(expected.map_or(0, |range| range.start)).map(|e| e.seq),
                all.first(),
                "{name}"
            );
            assert_eq!(all.size, comes.end, "{name}");
        }
        assert!(log(5..9).has_older() && !log(0..9).has_older() && !log(0..0).has_older());
        assert!(!log(5..5 + Log::KEPT_MAX as u64).has_older());
    }
}
