//! Taking what one is shown, and saying that it came.

use portcullis::desk::error::DeskError;
use portcullis::desk::reveal::reveal;
use portcullis::domain::ids::{Generation, RequestId};
use portcullis::domain::secret::Plaintext;
use portcullis::domain::wire::operator::{Ask, Reply};
use zeroize::Zeroizing;

use super::keeper::Keeper;
use super::{frozen, name, with};

fn revealed(value: &[u8]) -> Reply {
    let plaintext = Plaintext::new(Zeroizing::new(value.to_vec())).expect("fits");
    Reply::Revealed { credential: name("racf/prod01"), generation: Generation::FIRST, plaintext }
}

fn noted() -> Reply {
    Reply::Done { request: None, message: "noted".to_owned() }
}

#[test]
fn what_came_is_acknowledged_and_it_is_shown_even_if_that_fails() {
    let id = RequestId::from_entropy(7);
    for acknowledged in [noted(), frozen()] {
        let mut acknowledged = Some(acknowledged);
        let answer = move |ask| match ask {
            Ask::Reveal { .. } => vec![revealed(b"S3CRET\0\xff#1")],
            _ => vec![acknowledged.take().expect("said once")],
        };
        let (shown, heard) = with(&Keeper::new(), answer, |client, _| reveal(client, &id));
        let shown = shown.expect("shown");
        assert!(shown.plaintext.expose() == b"S3CRET\0\xff#1", "every byte of it");
        let said: Vec<_> = heard.asks.iter().map(|ask| (ask["ask"].as_str(), ask["id"].as_str())).collect();
        assert_eq!(said, [(Some("reveal"), Some(id.as_str())), (Some("received"), Some(id.as_str()))]);
    }
}

#[test]
fn a_refusal_or_another_answer_is_no_credential_and_is_not_acknowledged() {
    let id = RequestId::from_entropy(7);
    let cases = [("refused", frozen()), ("another answer", noted())];
    for (case, reply) in cases {
        let mut reply = Some(reply);
        let answer = move |_| vec![reply.take().expect("asked once")];
        let (outcome, heard) = with(&Keeper::new(), answer, |client, _| reveal(client, &id));
        let expected = matches!(outcome, Err(DeskError::Refused(_) | DeskError::Protocol { .. }));
        assert!(expected && heard.asks.len() == 1, "{case}: {outcome:?}");
    }
}
