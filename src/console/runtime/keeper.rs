//! The thread that runs errands to the keeper, one after the other.
//!
//! It opens an operator's key only for as long as an errand needs it: to log in, and to sign. Between two
//! errands it holds connections, and nothing that could decrypt.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::log;
use super::watch::{Watch, words};
use super::{Alarm, Happening};
use crate::console::error::ConsoleError;
use crate::console::event::{Effect, Errand, Event, Failure, FailureSort, News, Wanted};
use crate::desk::approve::approve;
use crate::desk::client::Client;
use crate::desk::error::DeskError;
use crate::desk::key::{open_key_file, report_wrong_passphrase};
use crate::desk::lists;
use crate::desk::reveal::reveal;
use crate::domain::ids::RequestId;
use crate::domain::request::doc::{ReleaseWindow, RequestDoc};
use crate::domain::secret::Passphrase;
use crate::domain::text::escape;
use crate::domain::wire::operator::{Ask, Reply, RequestView, Status};

/// Takes errands; the thread ends when this is dropped and its errand is done.
pub(super) struct Keeper {
    errands: Sender<Effect>,
    /// Whether a bundle is to be fetched no further.
    stop: Arc<AtomicBool>,
}

impl Keeper {
    /// Starts the thread.
    pub(super) fn start(socket: PathBuf, sender: Sender<Happening>) -> io::Result<Self> {
        let (errands, received) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let errand_runner = move || {
            let alarm = Alarm::new(sender, "speaks to the keeper");
            Runner { socket, sender: alarm.sender.clone(), session: None, stop: stopped }.run(&received);
            alarm.silence();
        };
        thread::Builder::new().name("keeper".to_owned()).spawn(errand_runner)?;
        Ok(Self { errands, stop })
    }

    /// Hands an errand over.
    pub(super) fn send(&self, errand: Effect) -> Result<(), ConsoleError> {
        match errand {
            Effect::Take { .. } => self.stop.store(false, Ordering::SeqCst),
            // Nobody is there any more who waits for the bundle, and others wait for their turn.
            Effect::LogOut => self.stop(),
            _ => {}
        }
        self.errands.send(errand).map_err(|_| ConsoleError::Part { does: "speaks to the keeper" })
    }

    /// Lets the bundle that is being fetched be fetched no further.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// The two connections of one operator.
struct Session {
    client: Client,
    _watch: Watch,
}

pub(super) struct Runner {
    socket: PathBuf,
    pub(super) sender: Sender<Happening>,
    session: Option<Session>,
    pub(super) stop: Arc<AtomicBool>,
}

impl Runner {
    fn run(mut self, errands: &Receiver<Effect>) {
        for errand in errands {
            let answer = self.answer(errand);
            if answer.is_some_and(|event| self.sender.send(Happening::Outside(event)).is_err()) {
                return;
            }
        }
    }

    /// Runs one errand; `None` when it has no answer.
    fn answer(&mut self, errand: Effect) -> Option<Event> {
        let (during, done) = match errand {
            Effect::LogIn { session, path, passphrase } => {
                self.session = None;
                (Errand::LogIn, self.log_in(session, &path, &passphrase))
            }
            Effect::LogOut => {
                self.session = None;
                return None;
            }
            Effect::Refresh(wanted) => (Errand::Refresh, self.refresh(wanted)),
            Effect::Look => (Errand::Look, self.look()),
            Effect::Verify => (Errand::Look, self.verify()),
            Effect::Request(ask) => (Errand::Request, self.request(&ask)),
            Effect::LookToCosign { path, operator } => (Errand::Look, self.look_to_cosign(&path, &operator)),
            Effect::Cosign { path, next, passphrase } => {
                (Errand::Cosign, self.cosign(&path, &next, &passphrase))
            }
            Effect::Take { id, recipients, into } => (Errand::Take, self.take(&id, &recipients, &into)),
            Effect::Approve { path, doc, window, pulls, passphrase } => {
                (Errand::Approve, self.approve(&path, &doc, (window, pulls), &passphrase))
            }
            Effect::Reveal { path, id, passphrase } => (Errand::Reveal, self.reveal(&path, id, &passphrase)),
            Effect::Deny { id, reason } => (Errand::Reason, self.end(&Ask::Deny { id, reason })),
            Effect::Revoke { id, reason } => (Errand::Reason, self.end(&Ask::Revoke { id, reason })),
            Effect::Freeze { reason } => (Errand::Reason, self.end(&Ask::Freeze { reason })),
            Effect::Probe => return Some(Event::Reachable(UnixStream::connect(&self.socket).is_ok())),
            // The loop does these itself.
            Effect::DropTypeAhead | Effect::Redraw | Effect::Cover | Effect::StopTake | Effect::Quit => {
                return None;
            }
        };
        Some(done.unwrap_or_else(|error| self.failed(during, &error)))
    }

    fn failed(&mut self, during: Errand, error: &DeskError) -> Event {
        let sort = match error {
            DeskError::WrongPassphrase { .. } => FailureSort::WrongPassphrase,
            DeskError::Link { .. } | DeskError::Cut { .. } | DeskError::Channel(_) => FailureSort::Lost,
            _ => FailureSort::Refused,
        };
        let what = match error {
            DeskError::WrongPassphrase { .. } => "That is not the passphrase.".to_owned(),
            error if sort == FailureSort::Lost => words(error),
            error => escape(&error.to_string()),
        };
        if sort == FailureSort::Lost {
            self.session = None;
        }
        Event::Failed(Failure { during, sort, what, advice: error.advice() })
    }

    /// Opens the key only until both connections exist.
    fn log_in(&mut self, number: u32, path: &Path, passphrase: &Passphrase) -> Result<Event, DeskError> {
        let key = self.reporting(path, open_key_file(path, passphrase))?;
        let mut client = Client::connect(&self.socket, &key)?;
        let mut watching = Client::connect(&self.socket, &key)?;
        let operator = key.id().clone();
        drop(key);
        // From here on every change is heard of, so what is asked next cannot go stale unnoticed.
        match watching.ask(&Ask::Watch)? {
            Reply::Watching => {}
            _ => return Err(DeskError::Protocol { asked: "a watch" }),
        }
        let status = Box::new(status(&mut client)?);
        if status.operator != operator {
            return Err(DeskError::Protocol { asked: "who is asking" });
        }
        let requests = lists::requests(&mut client, false, |_| {})?;
        let watch = Watch::start(watching, number, self.sender.clone())
            .map_err(|error| DeskError::Link { socket: self.socket.clone(), error })?;
        self.session = Some(Session { client, _watch: watch });
        Ok(Event::LoggedIn { session: number, status, requests })
    }

    /// Asks for the status, and page after page for what the open tab shows.
    fn refresh(&mut self, wanted: Wanted) -> Result<Event, DeskError> {
        let sender = self.sender.clone();
        // When the loop is gone, nobody needs to know how far it has come.
        let told = |count| drop(sender.send(Happening::Outside(Event::Loading(count))));
        let client = self.client()?;
        let status = Box::new(status(client)?);
        let mut opened = None;
        let news = match wanted {
            Wanted::Requests { ended, open } => {
                let requests = lists::requests(client, ended, told)?;
                opened = open.map(|id| request(client, id)).transpose()?.map(|(view, _)| view);
                News::Requests(requests)
            }
            Wanted::Credentials => News::Credentials(lists::credentials(client, told)?),
            Wanted::Clients => News::Clients(lists::clients(client, told)?),
            Wanted::Log(range) => News::Log(log::read(client, range, status.log_size)?),
            Wanted::Roster => match client.ask(&Ask::Roster)? {
                Reply::Roster { roster } => News::Roster(Box::new(roster)),
                _ => return Err(DeskError::Protocol { asked: "the roster" }),
            },
        };
        Ok(Event::Fresh { status, news, open: opened })
    }

    fn look(&mut self) -> Result<Event, DeskError> {
        match self.client()?.ask(&Ask::Doctor)? {
            Reply::Doctor { findings } => Ok(Event::Found(findings)),
            _ => Err(DeskError::Protocol { asked: "a look" }),
        }
    }

    fn verify(&mut self) -> Result<Event, DeskError> {
        match self.client()?.ask(&Ask::AuditVerify)? {
            Reply::AuditVerified { size, root, epoch } => Ok(Event::Verified { size, root, epoch }),
            _ => Err(DeskError::Protocol { asked: "a comparison" }),
        }
    }

    fn request(&mut self, ask: &Ask) -> Result<Event, DeskError> {
        match self.client()?.ask(ask)? {
            Reply::Done { request: Some(view), .. } => Ok(Event::Requested(view)),
            _ => Err(DeskError::Protocol { asked: "a request" }),
        }
    }

    /// Signs what was shown, or nothing: the keeper's present request must be that one to the byte.
    fn approve(
        &mut self,
        path: &Path,
        doc: &RequestDoc,
        (window, pulls): (Option<ReleaseWindow>, Option<u32>),
        passphrase: &Passphrase,
    ) -> Result<Event, DeskError> {
        let key = self.reporting(path, open_key_file(path, passphrase))?;
        let client = self.client()?;
        let (view, share) = request(client, doc.id.clone())?;
        if view.doc.canonical() != doc.canonical() {
            let what = format!("request {} is no longer the one that was shown", doc.id);
            return Err(DeskError::CannotApprove { what });
        }
        let approved = approve(client, &key, &view, share.as_deref(), window, pulls)?;
        Ok(Event::Approved(Box::new(approved)))
    }

    /// Asks for a credential after its requester has proved who they are once more.
    fn reveal(&mut self, path: &Path, id: RequestId, passphrase: &Passphrase) -> Result<Event, DeskError> {
        drop(self.reporting(path, open_key_file(path, passphrase))?);
        let shown = Box::new(reveal(self.client()?, &id)?);
        Ok(Event::Revealed { id, shown })
    }

    fn end(&mut self, ask: &Ask) -> Result<Event, DeskError> {
        match self.client()?.ask(ask)? {
            Reply::Done { message, .. } => Ok(Event::Done(escape(&message))),
            _ => Err(DeskError::Protocol { asked: "an end" }),
        }
    }

    /// Lets the log know of a wrong passphrase.
    pub(super) fn reporting<T>(&self, path: &Path, opened: Result<T, DeskError>) -> Result<T, DeskError> {
        if let Err(DeskError::WrongPassphrase { .. }) = &opened {
            report_wrong_passphrase(&self.socket, path);
        }
        opened
    }

    pub(super) fn client(&mut self) -> Result<&mut Client, DeskError> {
        let gone = || {
            let error = io::Error::new(io::ErrorKind::NotConnected, "it closed the connection");
            DeskError::Link { socket: self.socket.clone(), error }
        };
        self.session.as_mut().map(|session| &mut session.client).ok_or_else(gone)
    }
}

pub(super) fn status(client: &mut Client) -> Result<Status, DeskError> {
    match client.ask(&Ask::Status)? {
        Reply::Status(status) => Ok(*status),
        _ => Err(DeskError::Protocol { asked: "the status" }),
    }
}

/// One request, and the asker's own sealed share of it.
fn request(client: &mut Client, id: RequestId) -> Result<(Box<RequestView>, Option<String>), DeskError> {
    match client.ask(&Ask::Request { id })? {
        Reply::Request { view, share } => Ok((view, share)),
        _ => Err(DeskError::Protocol { asked: "a request" }),
    }
}
