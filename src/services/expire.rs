//! Time's part: ending what is over, and asking the chip whether it agrees.

use super::{Appliance, Closing, Moment};
use crate::domain::audit::entry::Body;
use crate::domain::ids::RequestId;
use crate::domain::time::{Length, Timestamp};
use crate::domain::wire::operator::StateName;
use crate::store::Write;
use crate::tpm::WindowProbe;

/// How often the chip is asked of a window that it should have closed.
const PROBES_MAX: u32 = 5;

impl Appliance {
    /// Ends every request whose time has passed. What cannot be written yet is written later: whoever
    /// decides looks at the time himself.
    pub fn expire_due(&mut self, at: &Moment) {
        if !self.can_commit() {
            return;
        }
        let due: Vec<(RequestId, StateName)> = self
            .state()
            .requests
            .values()
            .filter(|request| request.ends().is_some_and(|ends| at.now >= ends))
            .map(|request| (request.doc.id.clone(), request.state()))
            .collect();
        for (request, state) in due {
            if state == StateName::Armed {
                self.take_window(&request);
            }
            let writes = [Write::DropWindow { request: request.clone() }];
            let body = Body::Expired { request };
            if let Err(error) = self.ledger.commit(at, "keeper".to_owned(), body, &writes) {
                tracing::error!(%error, "an expiry could not be written");
                return;
            }
        }
        self.wipe_stale_shares();
        self.checkpoint_when_due(at);
        self.ask_chip_of_closed(at);
    }

    /// When time alone has something to do next; `None` when it has not, or cannot do it.
    pub fn next_due(&self, at: &Moment) -> Option<Timestamp> {
        if !self.can_commit() {
            return None;
        }
        let state = self.state();
        let ends = [state.next_end(), state.next_opening(at.now), self.again];
        ends.into_iter().flatten().chain([state.checkpoint_due()]).min()
    }

    fn can_commit(&self) -> bool {
        self.ledger.stopped().is_none() && !self.waits_for_chip()
    }

    /// Has the chip asked again in a second: its clock may be a moment behind ours.
    pub(super) fn look_again(&mut self, at: &Moment) {
        self.again = Some(at.now.plus(Length::from_seconds(1)));
    }

    /// Whether a window opened after `since`, by time alone, or has to be tried again.
    pub fn has_opened(&mut self, since: Timestamp, at: &Moment) -> bool {
        let again = self.again.take_if(|again| *again <= at.now).is_some();
        again || self.state().next_opening(since).is_some_and(|opens| opens <= at.now)
    }

    /// Asks the chip of windows that have ended, without asking it to unseal, and writes down what
    /// it says. Its clock may be a moment behind, so an "open" is asked again.
    pub(super) fn ask_chip_of_closed(&mut self, at: &Moment) {
        for mut closing in std::mem::take(&mut self.closing) {
            let answer = self.ledger.board.chip.probe_window(&self.ledger.board.auths, &closing.sealed);
            closing.asked += 1;
            let answer = match answer {
                Ok(WindowProbe::Refused { rc, which }) => {
                    format!("closed, TPM response code {rc:#05x}: {which}")
                }
                Ok(WindowProbe::Open) if closing.asked < PROBES_MAX => {
                    self.closing.push(Closing { ..closing });
                    self.look_again(at);
                    continue;
                }
                Ok(WindowProbe::Open) => "open".to_owned(),
                Err(error) => format!("unknown: {error}"),
            };
            let body = Body::ChipSays { request: closing.request, answer };
            self.note(at, "keeper".to_owned(), body);
        }
    }
}
