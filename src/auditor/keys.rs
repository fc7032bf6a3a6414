//! The public keys that an auditor relies on, written down at set-up and kept where the appliance cannot reach.

use std::fmt::Write as _;

use crate::domain::audit::founding::LogKeys;
use crate::domain::audit::quote::{Name, QuoteError, SigningKey};
use crate::domain::audit::vkey::{NoteKey, Vkey, VkeyError};

/// Keys by what they are for. What is missing is not relied on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyList {
    /// Keys of notes: the log's two, that of the bundles, those of cosigners.
    pub vkeys: Vec<Vkey>,
    /// What the chip calls the attestation key, 34 bytes.
    pub attestation: Option<[u8; 34]>,
    /// SHA-256 of the first roster.
    pub roster: Option<[u8; 32]>,
}

/// Why lines are no list of keys.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyListError {
    /// A line is no key.
    #[error("line {line}: {why}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// There is none at all.
    #[error("there is no key in it")]
    Empty,
    /// The appliance gives keys that are none.
    #[error(transparent)]
    Vkey(#[from] VkeyError),
    /// The appliance gives public areas that are none.
    #[error(transparent)]
    Area(#[from] QuoteError),
    /// The appliance gives bytes that are none.
    #[error("{what} is not what it should be")]
    Bytes {
        /// What.
        what: &'static str,
    },
}

impl KeyList {
    /// The most keys in one list.
    const VKEYS_MAX: usize = 64;

    /// The list of an appliance's own keys; `roster` is in hex.
    ///
    /// # Errors
    /// [`KeyListError`].
    pub fn of(origin: &str, keys: &LogKeys, roster: &str) -> Result<Self, KeyListError> {
        let area = |text: &str, what| {
            let bytes = hex::decode(text).map_err(|_| KeyListError::Bytes { what })?;
            Ok::<_, KeyListError>(SigningKey::parse(&bytes)?)
        };
        let tpm = area(&keys.tpm, "the log's key in the chip")?;
        let attestation = area(&keys.attestation, "the attestation key")?;
        let vkeys = vec![
            Vkey::new(origin, NoteKey::Ed25519(keys.log))?,
            Vkey::new(origin, NoteKey::P256(tpm.point()))?,
            Vkey::new(&format!("{origin}/bundle"), NoteKey::Ed25519(keys.bundle))?,
        ];
        let roster =
            read_hex(roster).ok_or(KeyListError::Bytes { what: "the digest of the first roster" })?;
        Ok(Self { vkeys, attestation: Some(*attestation.name().bytes()), roster: Some(roster) })
    }

    /// Reads a list: a key on each line, as C2SP writes it, or `attestation` or `roster` and hex. Empty lines,
    /// and what begins with `#`, are passed over.
    ///
    /// # Errors
    /// [`KeyListError`].
    /// # Source
    /// C2SP signed-note, verifier keys.
    pub fn parse(text: &str) -> Result<Self, KeyListError> {
        let mut list = Self::default();
        for (line, content) in (1..).zip(text.lines()) {
            let content = content.trim();
            let wrong = |why: &str| KeyListError::Line { line, why: why.to_owned() };
            match content.split_once(' ') {
                _ if content.is_empty() || content.starts_with('#') => {}
                Some(("attestation", name)) if list.attestation.is_none() => {
                    list.attestation = Some(read_hex(name).ok_or_else(|| wrong("write 68 hex digits"))?);
                }
                Some(("roster", digest)) if list.roster.is_none() => {
                    list.roster = Some(read_hex(digest).ok_or_else(|| wrong("write 64 hex digits"))?);
                }
                Some(("attestation" | "roster", _)) => return Err(wrong("it stands there twice")),
                _ => {
                    let key = Vkey::parse(content).map_err(|error| wrong(&error.to_string()))?;
                    if list.vkeys.contains(&key) || list.vkeys.len() == Self::VKEYS_MAX {
                        return Err(wrong("it stands there twice, or there are more than 64"));
                    }
                    list.vkeys.push(key);
                }
            }
        }
        if list == Self::default() { Err(KeyListError::Empty) } else { Ok(list) }
    }

    /// The list as [`KeyList::parse`] reads it.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a text cannot fail.
        for key in &self.vkeys {
            let _ = writeln!(text, "{key}");
        }
        if let Some(name) = &self.attestation {
            let _ = writeln!(text, "attestation {}", hex::encode(name));
        }
        if let Some(digest) = &self.roster {
            let _ = writeln!(text, "roster {}", hex::encode(digest));
        }
        text
    }

    /// What the chip calls the attestation key, where the list says so.
    pub fn names_attestation(&self, name: &Name) -> Option<bool> {
        self.attestation.as_ref().map(|pinned| pinned == name.bytes())
    }
}

fn read_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text.trim(), &mut bytes).is_ok().then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_is_written_and_a_slip_is_named() {
        let key = Vkey::new("example.org/gate", NoteKey::Ed25519([7; 32])).expect("a key");
        let list = KeyList { vkeys: vec![key.clone()], attestation: Some([1; 34]), roster: Some([2; 32]) };
        let text = list.to_text();
        assert_eq!(KeyList::parse(&text), Ok(list.clone()));
        assert_eq!(KeyList::parse(&format!("# of the gate\n\n{text}")), Ok(list));
        let (name, digest) = ("01".repeat(34), "02".repeat(32));
        let cases = [
            ("nothing", String::new(), KeyListError::Empty),
            ("comments alone", "# none\n".to_owned(), KeyListError::Empty),
        ];
        for (case, text, expected) in cases {
            assert_eq!(KeyList::parse(&text), Err(expected), "{case}");
        }
        let slips = [
            ("a key twice", format!("{key}\n{key}\n"), 2),
            ("no key", "example.org/gate\n".to_owned(), 1),
            ("another key's id", key.to_string().replace('+', "+0") + "\n", 1),
            ("a short name", format!("attestation {}\n", &name[2..]), 1),
            ("two rosters", format!("roster {digest}\nroster {digest}\n"), 2),
        ];
        for (case, text, line) in slips {
            let refused = KeyList::parse(&text);
            assert!(
                matches!(refused, Err(KeyListError::Line { line: at, .. }) if at == line),
                "{case}: {refused:?}"
            );
        }
    }
}
