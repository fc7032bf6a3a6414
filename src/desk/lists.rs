//! Lists that are longer than a message, asked for page after page.

use super::client::Client;
use super::error::DeskError;
use crate::domain::wire::operator::{Ask, ClientView, CredentialView, Reply, RequestView};

/// Every credential, in order of name; `told` hears how many there are so far.
///
/// # Errors
/// Those of [`Client::ask`].
pub fn credentials(client: &mut Client, told: impl FnMut(usize)) -> Result<Vec<CredentialView>, DeskError> {
    let page = |last: Option<&CredentialView>| {
        let after = last.map(|view| view.name.clone());
        match client.ask(&Ask::Credentials { after })? {
            Reply::Credentials { credentials, more } => Ok((credentials, more)),
            _ => Err(DeskError::Protocol { asked: "the credentials" }),
        }
    };
    all(page, told)
}

/// Every client, in order of its job's name.
///
/// # Errors
/// Those of [`Client::ask`].
pub fn clients(client: &mut Client, told: impl FnMut(usize)) -> Result<Vec<ClientView>, DeskError> {
    let page = |last: Option<&ClientView>| {
        let after = last.map(|view| view.record.job.clone());
        match client.ask(&Ask::Clients { after })? {
            Reply::Clients { clients, more } => Ok((clients, more)),
            _ => Err(DeskError::Protocol { asked: "the clients" }),
        }
    };
    all(page, told)
}

/// The requests, newest first; with `ended` those that have ended too.
///
/// # Errors
/// Those of [`Client::ask`].
pub fn requests(
    client: &mut Client,
    ended: bool,
    told: impl FnMut(usize),
) -> Result<Vec<RequestView>, DeskError> {
    let page = |last: Option<&RequestView>| {
        let after = last.map(|view| (view.doc.made, view.doc.id.clone()));
        match client.ask(&Ask::Requests { all: ended, after })? {
            Reply::Requests { requests, more } => Ok((requests, more)),
            _ => Err(DeskError::Protocol { asked: "the requests" }),
        }
    };
    all(page, told)
}

/// Asks for the page behind the last that is known, until there is no more.
fn all<T, E>(
    mut page: impl FnMut(Option<&T>) -> Result<(Vec<T>, bool), E>,
    mut told: impl FnMut(usize),
) -> Result<Vec<T>, E> {
    let mut all: Vec<T> = Vec::new();
    loop {
        let (rows, more) = page(all.last())?;
        // A page of nothing that promises more would be asked for again and again.
        let is_end = !more || rows.is_empty();
        all.extend(rows);
        told(all.len());
        if is_end {
            return Ok(all);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_asked_for_until_there_is_no_more() {
        // name, the pages as they come, how many rows in all, how many questions
        let cases: [(&str, &[(usize, bool)], usize, usize); 4] = [
            ("nothing", &[(0, false)], 0, 1),
            ("one page", &[(3, false)], 3, 1),
            ("three pages", &[(3, true), (3, true), (1, false)], 7, 3),
            ("a promise that is not kept", &[(3, true), (0, true)], 3, 2),
        ];
        for (name, pages, count, questions) in cases {
            let (mut asked, mut said) = (Vec::new(), Vec::new());
            let page = |last: Option<&usize>| {
                let (len, more) = pages[asked.len()];
                asked.push(last.copied());
                let first = last.map_or(0, |last| last + 1);
                Ok::<_, DeskError>(((first..first + len).collect(), more))
            };
            let rows = all(page, |so_far| said.push(so_far)).expect("nothing fails");
            assert_eq!(rows, (0..count).collect::<Vec<_>>(), "{name}");
            assert_eq!(
                (asked.len(), said.len(), said.last()),
                (questions, questions, Some(&count)),
                "{name}"
            );
        }
    }
}
