//! One errand at the chip after the other, each on a thread of its own, and nobody waits for ever.
//!
//! libtss2 waits as long as the chip does. The calls of ESYS set no limit whatever
//! `Esys_SetTimeout` said; the TCTI of a software TPM ignores limits; the one of a device blocks in
//! the kernel unless it was built otherwise; and nothing in between can be cancelled. So an errand
//! is run on a thread of its own, and whoever sent it waits for a limited time.
//!
//! An errand that was begun goes to its end, however late, and nobody has a turn before that. So
//! what the chip does late is done before anything that follows, as if it had been done in time,
//! and the sessions and objects of the errand are given back. Until then every other errand is
//! refused at once.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::tpm::connect::{Tcti, wipe_stack};
use crate::tpm::error::TpmError;

/// How long an errand of a running appliance may take: a few commands of at most a second or two.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// How long set-up may take: slow chips look for primes for minutes.
pub(super) const SETUP_PATIENCE: Duration = Duration::from_secs(300);

/// The turns at every chip that this process has asked. An appliance that is opened anew has a late
/// errand of the one before it still to wait for: it could count the epoch between two of its own.
static CHIPS: Mutex<BTreeMap<String, Arc<Turns>>> = Mutex::new(BTreeMap::new());

/// Where errands go, and how long they may take. All to one chip take turns.
#[derive(Clone, Debug)]
pub(super) struct Errands {
    tcti: Tcti,
    patience: Duration,
    turns: Arc<Turns>,
}

#[derive(Debug, Default)]
struct Turns {
    now: Mutex<Now>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Now {
    /// How many errands were begun.
    begun: u64,
    /// Whether the last of them has not come to its end.
    under_way: bool,
    /// Whether nobody waits for it any more.
    late: bool,
}

impl Turns {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to ask the chip, held by the thread that does.
struct Turn(Arc<Turns>);

impl Drop for Turn {
    fn drop(&mut self) {
        let mut now = self.0.now();
        (now.under_way, now.late) = (false, false);
        self.0.changed.notify_all();
    }
}

/// An errand that was begun.
pub(super) struct Errand {
    errands: Errands,
    number: u64,
}

impl Errands {
    /// Errands to the chip at `tcti`.
    pub(super) fn new(tcti: Tcti, patience: Duration) -> Self {
        let mut chips = CHIPS.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = chips.entry(tcti.to_string()).or_default().clone();
        drop(chips);
        Self { tcti, patience, turns }
    }

    /// Where they go.
    pub(super) const fn tcti(&self) -> &Tcti {
        &self.tcti
    }

    /// Errands to the same chip, which is reached elsewhere by now.
    pub(super) fn moved_to(&self, tcti: Tcti) -> Self {
        Self { tcti, ..self.clone() }
    }

    /// Errands to the same chip that may take as long as this.
    pub(super) fn with_patience(&self, patience: Duration) -> Self {
        Self { patience, ..self.clone() }
    }

    /// Whether the chip owes an answer that nobody waits for any more.
    pub(super) fn are_late(&self) -> bool {
        self.turns.now().late
    }

    /// Runs `work` to its end, or says that the chip does not answer.
    ///
    /// # Errors
    /// What `work` returns, and [`TpmError::Silent`].
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, TpmError> + Send + 'static,
    ) -> Result<T, TpmError> {
        let (tell, told) = channel();
        let errand = self.begin(move || {
            let outcome = work();
            wipe_stack();
            // Nobody listens any more when it was late.
            drop(tell.send(outcome));
        })?;
        errand.hear(&told)?
    }

    /// Begins `work` when it has its turn; what it says is heard with [`Errand::hear`].
    ///
    /// # Errors
    /// [`TpmError::Silent`] when an earlier errand does not come to its end.
    pub(super) fn begin(&self, work: impl FnOnce() + Send + 'static) -> Result<Errand, TpmError> {
        let (turn, number) = self.take_turn()?;
        let work = move || {
            work();
            drop(turn);
        };
        let begun = thread::Builder::new().name("chip".to_owned()).spawn(work);
        begun.map_err(|error| TpmError::Unreachable {
            tcti: self.tcti.to_string(),
            cause: format!("there is no thread to ask it on: {error}"),
        })?;
        Ok(Errand { errands: self.clone(), number })
    }

    fn take_turn(&self) -> Result<(Turn, u64), TpmError> {
        let busy = |now: &mut Now| now.under_way && !now.late;
        let waited = self.turns.changed.wait_timeout_while(self.turns.now(), self.patience, busy);
        let (mut now, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if now.under_way {
            return Err(self.silent());
        }
        now.under_way = true;
        now.begun += 1;
        Ok((Turn(self.turns.clone()), now.begun))
    }

    /// What is said of a chip that does not answer.
    pub(super) fn silent(&self) -> TpmError {
        TpmError::Silent { tcti: self.tcti.to_string(), waited: self.patience }
    }
}

impl Errand {
    /// Waits for a word of the errand, but not for ever.
    ///
    /// # Errors
    /// [`TpmError::Silent`]; the errand is late then.
    pub(super) fn hear<T>(&self, word: &Receiver<T>) -> Result<T, TpmError> {
        let turns = &self.errands.turns;
        match word.recv_timeout(self.errands.patience) {
            Ok(word) => Ok(word),
            Err(RecvTimeoutError::Disconnected) => {
                Err(TpmError::Library { command: "the TPM library", cause: "its thread ended".to_owned() })
            }
            Err(RecvTimeoutError::Timeout) => {
                let mut now = turns.now();
                if now.under_way && now.begun == self.number {
                    now.late = true;
                    turns.changed.notify_all();
                }
                drop(now);
                // It may have come just now.
                word.try_recv().map_err(|_| self.errands.silent())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    /// Long enough for any thread to begin, on a busy machine too.
    const SHORT: Duration = Duration::from_millis(200);

    /// Each chip is that of one test.
    fn errands(port: u16) -> Errands {
        Errands::new(Tcti::Swtpm { host: IpAddr::V4(Ipv4Addr::LOCALHOST), port }, SHORT)
    }

    #[test]
    fn a_late_errand_goes_to_its_end_and_the_next_one_has_no_turn_before() {
        let (errands, anew, other) = (errands(1), errands(1), errands(2));
        let (answer, answered) = channel::<()>();
        let (done, over) = channel();
        let first = errands.run(move || {
            let _ = answered.recv();
            let _ = done.send(());
            Ok(1)
        });
        assert!(matches!(first, Err(TpmError::Silent { .. })), "{first:?}");
        assert!(errands.are_late());
        let begun = errands.begin(|| panic!("out of turn")).map(drop);
        assert!(matches!(begun, Err(TpmError::Silent { .. })), "refused at once: {begun:?}");
        assert!(anew.are_late(), "whoever comes anew waits for it as well");
        assert!(matches!(anew.run(|| Ok(2)), Err(TpmError::Silent { .. })));
        assert_eq!(other.run(|| Ok(2)), Ok(2), "another chip is another matter");
        drop(answer);
        over.recv().expect("it went to its end");
        let next = std::iter::repeat_with(|| errands.run(|| Ok(3))).find(Result::is_ok);
        assert_eq!((next, errands.are_late()), (Some(Ok(3)), false));
    }

    #[test]
    fn errands_take_turns() {
        let errands = errands(3).with_patience(Duration::from_secs(60));
        let inside = Arc::new(Mutex::new(()));
        thread::scope(|scope| {
            for _ in 0..8 {
                let (errands, inside) = (errands.clone(), inside.clone());
                scope.spawn(move || {
                    for _ in 0..20 {
                        let inside = inside.clone();
                        let alone = errands.run(move || Ok(inside.try_lock().is_ok()));
                        assert_eq!(alone, Ok(true));
                    }
                });
            }
        });
    }

    #[test]
    fn an_errand_that_panics_leaves_the_next_one_its_turn() {
        let errands = errands(4).with_patience(Duration::from_secs(60));
        let ended = errands.run(|| -> Result<(), TpmError> { panic!("a fault in the library") });
        assert!(matches!(ended, Err(TpmError::Library { .. })), "{ended:?}");
        assert_eq!(errands.run(|| Ok(1)), Ok(1));
    }
}
