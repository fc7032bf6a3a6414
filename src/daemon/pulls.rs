//! The engine's part for jobs: HELO, GET, waiting, handing over, outcomes.

use std::net::Shutdown;

use super::engine::Engine;
use super::event::Event;
use super::jobs::{Doing, JobConn};
use super::line::{Delivery, deliver, say};
use super::message::Fault;
use crate::domain::audit::entry::Delivery as Outcome;
use crate::domain::ids::{CredentialName, JobName};
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::domain::wire::pc1::{DenyCode, Seq, ServerMessage};
use crate::links::peer::{Peer, PeerError};
use crate::policy::{self, Facts, Pull};
use crate::services::Moment;
use crate::services::pull::{Pulled, Puller};

impl Engine {
    pub(super) fn hello(&mut self, conn: u32, job: JobName) {
        let now = self.now().now;
        let Some(peer) = self.jobs.get(conn) else { return };
        let said = if matches!(peer.doing, Doing::Receiving) {
            true
        } else if peer.job.is_some() {
            peer.deny(Seq::FIRST, DenyCode::Sequence, now)
        } else {
            peer.job = Some(job);
            say(&peer.stream, Seq::FIRST, ServerMessage::Challenge)
        };
        if !said {
            self.close(conn);
        }
    }

    pub(super) fn get(&mut self, conn: u32, seq: Seq, name: CredentialName) {
        let at = self.now();
        self.write_outcome(conn, Outcome::Written, &at);
        let Some(caller) = self.jobs.get(conn) else { return };
        let (Some(job), Doing::Idle) = (caller.job.clone(), &caller.doing) else {
            let receiving = matches!(caller.doing, Doing::Receiving);
            if !receiving && !caller.deny(seq, DenyCode::Sequence, at.now) {
                self.close(conn);
            }
            return;
        };
        let client = self.appliance.state().clients.get(&job);
        let evidence = caller.peer.as_ref().map(Peer::evidence);
        let lacks_digest = client.zip(evidence).is_some_and(|(client, evidence)| {
            client.grants.allows(&name) && client.selectors.lacks_only_digest(evidence)
        });
        if lacks_digest {
            self.measure(conn, seq, name);
        } else {
            self.pull(conn, seq, name, None);
        }
    }

    /// Reads the caller's executable on a thread of its own: it may be large, and others wait.
    fn measure(&mut self, conn: u32, seq: Seq, name: CredentialName) {
        let Some(caller) = self.jobs.get(conn) else { return };
        let Some(mut peer) = caller.peer.take() else { return };
        caller.doing = Doing::Measuring;
        let (hashes, events) = (self.hashes.clone(), self.events.clone());
        let work = move || {
            let peer = peer.measure(&hashes).map(|()| peer);
            // Nobody receives once the daemon ends.
            drop(events.send(Event::Measured { conn, seq, name, peer }));
        };
        let spawned =
            std::thread::Builder::new().name("measure".to_owned()).stack_size(128 * 1024).spawn(work);
        if let Err(error) = spawned {
            tracing::warn!(%error, "no thread to read an executable");
            self.close(conn);
        }
    }

    pub(super) fn measured(
        &mut self,
        conn: u32,
        seq: Seq,
        name: CredentialName,
        peer: Result<Peer, PeerError>,
    ) {
        let Some(caller) = self.jobs.get(conn) else { return };
        caller.doing = Doing::Idle;
        match peer {
            Ok(peer) => {
                caller.peer = Some(peer);
                self.pull(conn, seq, name, None);
            }
            Err(error) => {
                let job = caller.job.clone();
                self.deny_evidence(conn, seq, &name, job, &error);
            }
        }
    }

    /// Evidence, policy, quorum, commit, anchor, unseal; then the hand-over on its own thread.
    /// `heard` is when a GET that was on hold is to hear its next WAIT.
    fn pull(&mut self, conn: u32, seq: Seq, name: CredentialName, heard: Option<Timestamp>) {
        let Some(caller) = self.jobs.get(conn) else { return };
        let (Some(job), Some(peer)) = (caller.job.clone(), caller.peer.as_ref()) else { return };
        if let Err(error) = peer.recheck() {
            return self.deny_evidence(conn, seq, &name, Some(job), &error);
        }
        let puller = Puller { job, credential: name, evidence: peer.evidence().clone() };
        let at = self.now();
        match self.appliance.pull(&at, &puller) {
            Ok(Pulled::Wait(request)) => {
                let held = self
                    .jobs
                    .get(conn)
                    .is_some_and(|caller| caller.hold((seq, puller, request), at.now, heard));
                if !held {
                    self.close(conn);
                }
            }
            Ok(Pulled::Deliver(request, plaintext)) => {
                let delivery = Delivery { conn, seq, request: request.clone(), job: puller.job.clone() };
                let Some(caller) = self.jobs.get(conn) else { return };
                caller.doing = Doing::Receiving;
                if let Err(error) = deliver(&caller.stream, delivery, plaintext, self.events.clone()) {
                    tracing::error!(%error, "a credential could not be handed over");
                    self.appliance.delivered(&at, &request, &puller.job, Outcome::Unknown);
                    self.close(conn);
                }
            }
            Err(refusal) => self.deny(conn, seq, &puller, &refusal),
        }
    }

    fn deny(&mut self, conn: u32, seq: Seq, puller: &Puller, refusal: &Refusal) {
        let now = self.now().now;
        let said = self.jobs.get(conn).is_some_and(|caller| caller.deny(seq, refusal.deny_code(), now));
        let actor = format!("uid:{}", puller.evidence.uid);
        self.note_refusal(actor, &format!("job {} pulls {}", puller.job, puller.credential), refusal);
        if matches!(refusal, Refusal::Chip { .. })
            && let Err(error) = self.notice_restart()
        {
            tracing::error!(%error, "the chip does not say in which boot it is");
        }
        if !said {
            self.close(conn);
        }
    }

    fn deny_evidence(
        &mut self,
        conn: u32,
        seq: Seq,
        name: &CredentialName,
        job: Option<JobName>,
        error: &PeerError,
    ) {
        let uid = self.jobs.get(conn).map(|caller| caller.uid);
        let now = self.now().now;
        let code = if error.is_exhausted() { DenyCode::Busy } else { DenyCode::Evidence };
        let said = self.jobs.get(conn).is_some_and(|caller| caller.deny(seq, code, now));
        if let (Some(job), Some(uid)) = (job, uid) {
            let wanted = format!("job {job} pulls {name}");
            let refusal = if error.is_exhausted() {
                Refusal::Busy { what: "descriptors are open to look at the caller" }
            } else {
                Refusal::Evidence { job, selector: error.to_string() }
            };
            self.note_refusal(format!("uid:{uid}"), &wanted, &refusal);
        }
        if !said {
            self.close(conn);
        }
    }

    /// Looks at every waiting job again: its window may be open, or its wait over.
    pub(super) fn serve_waiting(&mut self) {
        for conn in self.jobs.who_waits() {
            let at = self.now();
            let Some(caller) = self.jobs.get(conn) else { continue };
            let Doing::Waiting(waiting) = &mut caller.doing else { continue };
            let (seq, puller) = (waiting.seq, waiting.puller.clone());
            let facts =
                Facts { state: self.appliance.state(), now: at.now, clock_alarm: at.alarm.as_deref() };
            match policy::decide_pull(&facts, &puller.job, &puller.credential, &puller.evidence) {
                Ok(Pull::Serve(_)) => {
                    let heard = Some(waiting.next_word);
                    caller.doing = Doing::Idle;
                    self.pull(conn, seq, puller.credential, heard);
                }
                Ok(Pull::Wait(request)) => waiting.request = request,
                Ok(Pull::Ask(_)) => {
                    // Its request ended by time, and asking again is for the job to decide.
                    let refusal = Refusal::Expired { request: waiting.request.clone(), ended: at.now };
                    self.deny(conn, seq, &puller, &refusal);
                }
                Err(refusal) => self.deny(conn, seq, &puller, &refusal),
            }
        }
    }

    pub(super) fn handed(&mut self, delivery: Delivery, written: bool) {
        let at = self.now();
        let Delivery { conn, seq, request, job } = delivery;
        match self.jobs.get(conn) {
            Some(caller) if written => caller.handed(request, seq, at.now),
            _ => {
                let outcome = if written { Outcome::Written } else { Outcome::Unknown };
                self.appliance.delivered(&at, &request, &job, outcome);
                if !written {
                    self.close(conn);
                }
            }
        }
    }

    pub(super) fn acknowledged(&mut self, conn: u32, of: Seq) {
        let at = self.now();
        let expected = self
            .jobs
            .get(conn)
            .is_some_and(|caller| matches!(caller.doing, Doing::Handed { seq, .. } if seq == of));
        if expected {
            self.write_outcome(conn, Outcome::Acknowledged, &at);
        }
    }

    pub(super) fn write_overdue_outcomes(&mut self, at: &Moment) {
        for conn in self.jobs.unacknowledged(at.now) {
            self.write_outcome(conn, Outcome::Written, at);
        }
    }

    /// Writes down how a hand-over ended, once.
    fn write_outcome(&mut self, conn: u32, outcome: Outcome, at: &Moment) {
        let Some(caller) = self.jobs.get(conn) else { return };
        if !matches!(caller.doing, Doing::Handed { .. }) {
            return;
        }
        let doing = std::mem::replace(&mut caller.doing, Doing::Idle);
        caller.rest(at.now);
        if let (Doing::Handed { request, .. }, Some(job)) = (doing, caller.job.clone()) {
            self.appliance.delivered(at, &request, &job, outcome);
        }
    }

    /// Lets a job's connection go; a hand-over to it that is still being written reports by itself.
    pub(super) fn job_gone(&mut self, conn: u32) {
        let at = self.now();
        self.write_outcome(conn, Outcome::Written, &at);
        if let Some(caller) = self.jobs.remove(conn) {
            drop(caller.stream.shutdown(Shutdown::Both));
        }
    }

    /// On a Unix socket nothing is lost, so nothing is sent twice.
    pub(super) fn cannot_repeat(&mut self, conn: u32, seq: Seq) {
        let now = self.now().now;
        let answer = |caller: &mut JobConn| {
            matches!(caller.doing, Doing::Receiving) || caller.deny(seq, DenyCode::Syntax, now)
        };
        if !self.jobs.get(conn).is_some_and(answer) {
            self.close(conn);
        }
    }

    /// What came was no PC1: the caller is told, and a GET that it had on hold is over. While a
    /// credential is being written nothing else may be, and the fault stands for itself.
    pub(super) fn malformed(&mut self, conn: u32, fault: Fault) {
        let code = fault.deny_code();
        let now = self.now().now;
        let Some(caller) = self.jobs.get(conn) else { return self.close(conn) };
        let uid = caller.uid;
        let said = matches!(caller.doing, Doing::Receiving) || caller.deny(Seq::FIRST, code, now);
        let actor = format!("uid:{uid}");
        self.note_refusal(actor, "a line that is not PC1", &Refusal::Message { why: fault.to_string() });
        if !said {
            self.close(conn);
        }
    }
}
