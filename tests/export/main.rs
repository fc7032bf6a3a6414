//! A bundle of the log: who gets one, how it comes home, and what happens on the way.

mod asking;
#[path = "../common/mod.rs"]
mod common;
mod hostile;
mod over;
mod taking;

use std::path::Path;

use portcullis::demo::stage::{Stage, passphrase};
use portcullis::desk::client::Client;
use portcullis::desk::error::DeskError;
use portcullis::desk::export::ask;
use portcullis::desk::key::open_key_file;
use portcullis::domain::ids::RequestId;
use portcullis::domain::secret::Passphrase;
use portcullis::domain::text::Text;
use portcullis::domain::wire::operator::Ask;
use portcullis::domain::wire::operator::audit::{AuditAsk, AuditReply};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// One of the people at the keeper's other end, who may say what the command would not.
struct Person(Client);

impl Person {
    fn connect(stage: &Stage, name: &str) -> Self {
        let words = Passphrase::new(Zeroizing::new(passphrase(name)));
        let key = open_key_file(&stage.home().join(format!("operators/{name}.pcop")), &words);
        let socket = stage.home().join("run/operator.sock");
        Self(Client::connect(&socket, &key.expect("their key")).expect("a channel"))
    }

    /// What is answered, or the code and the words of the refusal.
    fn asks(&mut self, question: AuditAsk) -> Result<AuditReply, (String, String)> {
        match ask(&mut self.0, question) {
            Err(DeskError::Refused(refused)) => Err((refused.code, refused.what)),
            other => Ok(other.expect("an answer")),
        }
    }

    /// Asks for a bundle that nobody will grant: one entry more in the log.
    fn asks_for_another(&mut self) {
        let text = |text: &str| Text::parse(text).expect("a text");
        let question = AuditAsk::Request {
            from: None,
            medium: text("USB 7"),
            seal: None,
            recipients: Vec::new(),
            reason: text("quarterly audit"),
            ticket: text("AUD-12"),
        };
        self.0.ask(&Ask::Audit { question: Box::new(question) }).expect("asked");
    }

    /// Makes it as far as the keeper goes in one step, which is all of a short log.
    fn makes(&mut self, id: &str) -> Result<AuditReply, (String, String)> {
        self.asks(AuditAsk::Make { id: request(id) })
    }

    fn part(&mut self, id: &str, path: &str, offset: u64) -> Result<Vec<u8>, (String, String)> {
        use base64::prelude::*;
        match self.asks(AuditAsk::Part { id: request(id), path: path.to_owned(), offset })? {
            AuditReply::Part { bytes } => Ok(BASE64_STANDARD.decode(bytes).expect("base64")),
            other => panic!("{other:?}"),
        }
    }

    /// Says that the bundle is written, for which the answer is no part of the audit vocabulary.
    fn says_written(&mut self, id: &str, manifest: &str) -> Result<(), (String, String)> {
        let question = AuditAsk::Written { id: request(id), manifest: manifest.to_owned() };
        match self.0.ask(&Ask::Audit { question: Box::new(question) }) {
            Err(DeskError::Refused(refused)) => Err((refused.code, refused.what)),
            other => other.map(drop).map_err(|error| panic!("{error}")),
        }
    }
}

fn request(id: &str) -> RequestId {
    RequestId::parse(id).expect("an id")
}

/// Every way to come at a bundle is refused with this code, in words that fit.
fn nobody_gets(person: &mut Person, id: &str, code: &str, case: &str) {
    let answers = [
        person.makes(id).map(drop),
        person.part(id, "MANIFEST", 0).map(drop),
        person.says_written(id, &"0".repeat(64)),
    ];
    for answer in answers {
        let (found, words) = answer.expect_err(case);
        assert_eq!(found, code, "{case}: {words}");
        assert!(words.contains(id) && !words.contains("shown"), "{case}: {words}");
    }
}

/// SHA-256 of a file in hex.
fn digest(path: &Path) -> String {
    hex::encode(Sha256::digest(std::fs::read(path).expect("read")))
}

/// The entries of one type.
fn entries(log: &[Value], kind: &str) -> Vec<Value> {
    log.iter().filter(|entry| entry["type"] == kind).cloned().collect()
}
