//! The engine's part for operators: records in, answers out.

use zeroize::Zeroizing;

use super::ask::Desk;
use super::engine::Engine;
use super::operators::Incoming;
use crate::domain::audit::entry::Delivery;
use crate::domain::ids::{OperatorId, RequestId};
use crate::domain::refusal::Refusal;
use crate::domain::wire::operator::{Ask, Reply};

impl Engine {
    /// Takes one Noise record of an operator's connection.
    pub(super) fn record(&mut self, conn: u32, record: &[u8]) {
        let Some(session) = self.operators.get(conn) else { return self.close(conn) };
        let taken = session.take(self.appliance.keeper_key(), record);
        let roster = self.appliance.state().roster();
        let is_operator = session.unproven_key().is_some_and(|key| roster.by_noise(key).is_some());
        if is_operator && !self.operators.prove(conn) {
            tracing::warn!("too many connections of operators");
            return self.close(conn);
        }
        match taken {
            Ok(Incoming::Nothing) => {}
            Ok(Incoming::Message(remote, message)) => self.message(conn, &remote, message),
            Err(error) => {
                tracing::info!(%error, "an operator's connection ended");
                self.close(conn);
            }
        }
    }

    fn message(&mut self, conn: u32, remote: &[u8; 32], message: Zeroizing<Vec<u8>>) {
        let ask: Result<Ask, _> = serde_json::from_slice(&message);
        // Whoever hears the answer can rely on it: what was sent is wiped by then.
        drop(message);
        let person = self.appliance.state().roster().by_noise(remote).map(|person| person.id.clone());
        let reported = matches!((&ask, &person), (Ok(Ask::PassphraseFailed { .. }), None));
        let outcome = match (ask, person) {
            (Ok(ask), Some(operator)) => self.answer(conn, &operator, ask),
            (Ok(Ask::PassphraseFailed { operator }), None) => self.passphrase_failed(conn, operator),
            (_, None) => self.stranger(conn, remote),
            // The parser's words could repeat what was in the message, and that may be secret.
            (Err(error), Some(_)) => Err(Refusal::Message { why: format!("place {}", error.column()) }),
        };
        let is_stranger = matches!(outcome, Err(Refusal::NotOnRoster { .. })) || reported;
        let reply = outcome.unwrap_or_else(|refusal| Reply::Refused(refusal.to_wire()));
        let answered = self.operators.get(conn).is_some_and(|session| session.reply(&reply).is_ok());
        if !answered || is_stranger {
            self.close(conn);
        }
    }

    fn answer(&mut self, conn: u32, operator: &OperatorId, ask: Ask) -> Result<Reply, Refusal> {
        let wanted = describe(&ask);
        // Whether the board was restarted meanwhile matters for what is armed and for what is reported.
        let looked = match ask {
            Ask::Approve { .. } | Ask::Freeze { .. } | Ask::Doctor => self.notice_restart(),
            _ => Ok(()),
        };
        // A chip that does not answer is one of the things that doctor reports, and no reason not to freeze.
        if matches!(ask, Ask::Approve { .. }) {
            looked?;
        }
        if matches!(ask, Ask::Watch)
            && let Some(session) = self.operators.get(conn)
        {
            session.watches = true;
        }
        let shown = if let Ask::Reveal { id } = &ask { Some(id.clone()) } else { None };
        let at = self.now();
        let freeze = if let Ask::Freeze { reason } = &ask { Some(reason.clone()) } else { None };
        let desk = Desk { at: &at, operator, jobs: &self.jobs, process: &self.process };
        let mut outcome = desk.answer(&mut self.appliance, ask);
        if let (Some(reason), Err(Refusal::Chip { what, advice })) = (freeze, &mut outcome)
            && self.appliance.is_to_be_reopened()
        {
            self.freeze_owed.get_or_insert((operator.clone(), reason));
            *what = format!("nothing is released, and the freeze waits for the TPM: {what}");
            "the daemon freezes by itself when the TPM answers; freeze again if it is stopped before"
                .clone_into(advice);
        }
        if let (Err(refusal), Some(wanted)) = (&outcome, wanted) {
            self.note_refusal(format!("operator:{operator}"), &wanted, refusal);
        }
        if let Some(id) = shown {
            self.showing(conn, operator, id, &outcome);
        }
        outcome
    }

    /// Carries a freeze out that found a chip that had failed. Before anything else is answered: what
    /// was armed is still armed.
    pub(super) fn freeze_as_owed(&mut self) {
        let Some((operator, reason)) = self.freeze_owed.take() else { return };
        // It may have reached the log before the chip failed, and then the start has carried it out.
        if self.appliance.state().frozen.is_some() {
            return;
        }
        let at = self.now();
        if let Err(error) = self.appliance.freeze(&at, &operator, reason.clone()) {
            tracing::error!(%error, "a freeze that was owed could not be carried out");
            self.freeze_owed = self.appliance.is_to_be_reopened().then_some((operator, reason));
        }
    }

    /// Remembers whom a credential is on its way to, and sees whether a refusal of the chip means that the
    /// board was restarted.
    fn showing(&mut self, conn: u32, operator: &OperatorId, id: RequestId, outcome: &Result<Reply, Refusal>) {
        if let (Ok(_), Some(session)) = (outcome, self.operators.get(conn)) {
            let before = session.showing.replace((operator.clone(), id));
            self.not_acknowledged(before);
        } else if matches!(outcome, Err(Refusal::Chip { .. }))
            && let Err(error) = self.notice_restart()
        {
            tracing::error!(%error, "the chip does not say in which boot it is");
        }
    }

    /// Nobody can say whether these people were shown what was sent to them, unless they said so.
    pub(super) fn not_acknowledged(&mut self, showing: impl IntoIterator<Item = (OperatorId, RequestId)>) {
        let at = self.now();
        for (operator, request) in showing {
            self.appliance.shown(&at, &operator, &request, Delivery::Unknown);
        }
    }

    fn passphrase_failed(&mut self, conn: u32, operator: OperatorId) -> Result<Reply, Refusal> {
        let uid = self.operators.get(conn).map_or(u32::MAX, |session| session.uid);
        let (at, actor) = (self.now(), format!("uid:{uid}"));
        // Anybody may say this of anybody: it is a report, and a flood of it is only counted.
        let known = self.appliance.state().roster().get(&operator).is_some();
        if known && self.tally.admit(&actor, at.now) {
            self.appliance.passphrase_failed(&at, actor, operator);
        }
        Ok(Reply::Done { request: None, message: "noted".to_owned() })
    }

    fn stranger(&mut self, conn: u32, remote: &[u8; 32]) -> Result<Reply, Refusal> {
        let uid = self.operators.get(conn).map_or(u32::MAX, |session| session.uid);
        let refusal = Refusal::NotOnRoster { who: format!("the key {}..", hex::encode(&remote[..4])) };
        self.note_refusal(format!("uid:{uid}"), "to speak as an operator", &refusal);
        Err(refusal)
    }
}

/// What a question wanted to change, in a few words; `None` for those that only read.
fn describe(ask: &Ask) -> Option<String> {
    Some(match ask {
        Ask::Deposit(deposit) => format!("deposit {}", deposit.name),
        Ask::RequestRelease { credential, job, .. } => format!("request {credential} for {job}"),
        Ask::RequestReveal { credential, .. } => format!("request to be shown {credential}"),
        Ask::Reveal { id } => format!("be shown {id}"),
        Ask::RequestClient { client, .. } => format!("request client {}", client.job),
        Ask::RequestThaw { .. } => "request thaw".to_owned(),
        Ask::Approve { id, .. } => format!("approve {id}"),
        Ask::Deny { id, .. } => format!("deny {id}"),
        Ask::Revoke { id, .. } => format!("revoke {id}"),
        Ask::Freeze { .. } => "freeze".to_owned(),
        _ => return None,
    })
}
