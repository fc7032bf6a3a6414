//! Who and what there is in the world: four people, three jobs, two credentials.

use std::collections::BTreeSet;

use portcullis::domain::audit::entry::Founding;
use portcullis::domain::client::{ClientRecord, Grants};
use portcullis::domain::ids::{ApplianceName, CredentialName, JobName, OperatorId, TrustDomain};
use portcullis::domain::operator::{AgeRecipient, OperatorPublic, Role, Roster, SignedRoster};
use portcullis::domain::request::doc::Subject;
use portcullis::domain::selector::{Evidence, KernelProof, Selector, Selectors};
use portcullis::domain::text::Text;
use portcullis::policy::{self};

pub fn name(text: &str) -> CredentialName {
    CredentialName::parse(text).expect("a credential name")
}

pub fn person(index: usize) -> OperatorId {
    OperatorId::parse(&format!("op{index}")).expect("an operator id")
}

pub fn job(index: usize) -> JobName {
    JobName::parse(&format!("job{index}")).expect("a job name")
}

pub fn text(words: &str) -> Text {
    Text::parse(words).expect("a text")
}

pub const PEOPLE: usize = 4;
pub const JOBS: usize = 3;

pub fn roster() -> SignedRoster {
    let people = (0..PEOPLE).map(|index| {
        let key = |use_: u8| [u8::try_from(index).expect("few") * 8 + use_ + 1; 32];
        OperatorPublic {
            id: person(index),
            roles: BTreeSet::from([Role::Operator, Role::Custodian]),
            age: AgeRecipient::from_key(key(0)),
            noise: key(1),
            approval: key(2),
            cosign: key(3),
        }
    });
    SignedRoster::unsigned(Roster::new(1, 2, people.collect()).expect("a roster"), [0; 32])
}

pub fn evidence(uid: u32) -> Evidence {
    let (user, group, path, sha256) = (None, None, None, None);
    Evidence { uid, gid: uid, user, group, pid: 1, path, sha256, kernel: KernelProof::Pidfd }
}

pub fn client(job: JobName, owner: Option<OperatorId>) -> Subject {
    let selectors = Selectors::new([Selector::parse("unix:uid:7").expect("a selector")]).expect("one");
    let grants = Grants::new(BTreeSet::from([name("a/one"), name("b/two")])).expect("two");
    Subject::Client { client: ClientRecord { job, selectors, grants, reason: text("standing"), owner } }
}

pub fn founding() -> Founding {
    Founding {
        appliance: ApplianceName::parse("gate").expect("a name"),
        trust_domain: TrustDomain::parse("example.org").expect("a domain"),
        roster: roster(),
        policy: policy::digest(),
        recovery: "age1".to_owned(),
        recovery_shares: (3, 5),
        keeper: "00".to_owned(),
        chip: "00".to_owned(),
        epoch_base: 0,
        version: "0".to_owned(),
    }
}
