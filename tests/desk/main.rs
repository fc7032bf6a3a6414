//! The operator's side against the other end of its channel: what it says, and what it never does.

mod approve;
mod channel;
mod deposit;
mod keeper;
mod reveal;

use keeper::{Heard, Keeper, al, id};
use portcullis::crypto::operator_key::OperatorKey;
use portcullis::crypto::shares::ShareSubject;
use portcullis::desk::client::Client;
use portcullis::domain::ids::{ApplianceName, CredentialName, Generation};
use portcullis::domain::operator::{OperatorPublic, Role};
use portcullis::domain::text::Text;
use portcullis::domain::wire::operator::{Ask, Refused, Reply, VERSION};
use rand_core::OsRng;

pub fn key(name: &str) -> OperatorKey {
    OperatorKey::generate(id(name), &mut OsRng)
}

pub fn text(words: &str) -> Text {
    Text::parse(words).expect("a text")
}

pub fn name(words: &str) -> CredentialName {
    CredentialName::parse(words).expect("a name")
}

pub fn frozen() -> Reply {
    let (code, what, advice) =
        ("frozen".to_owned(), "the appliance is frozen".to_owned(), "thaw it".to_owned());
    Reply::Refused(Refused { code, exit: 3, what, advice })
}

/// Connects as `al`, lets `say` speak, and gives what it got and what the other end heard.
pub fn with<T>(
    keeper: &Keeper,
    answer: impl FnMut(Ask) -> Vec<Reply> + Send + 'static,
    say: impl FnOnce(&mut Client, &OperatorKey) -> T,
) -> (T, Heard) {
    let other_end = keeper.serve(VERSION, answer);
    let mut client = Client::connect(&keeper.socket(), al()).expect("connected");
    let outcome = say(&mut client, al());
    drop(client);
    (outcome, other_end.join().expect("no panic"))
}

pub fn people(keys: &[&OperatorKey]) -> Vec<OperatorPublic> {
    keys.iter().map(|key| key.public([Role::Operator].into())).collect()
}

pub fn subject(appliance: &str, credential: &str, generation: u32) -> ShareSubject {
    ShareSubject {
        appliance: ApplianceName::parse(appliance).expect("a name"),
        credential: name(credential),
        generation: Generation::from_number(generation).expect("a number"),
    }
}
