//! Wrapping to a person with `age`: shares to operators, and half keys to the recovery recipient.

use std::io::{self, Read, Write};
use std::iter;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::domain::operator::AgeRecipient;
use crate::domain::secret::Key32;

/// Why something was not wrapped or unwrapped.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WrapError {
    /// The public key is a point that no secret key has.
    #[error("nothing can be wrapped to {recipient}")]
    Recipient {
        /// The recipient that was refused.
        recipient: AgeRecipient,
    },
    /// More than [`WRAPPED_LEN_MAX`] bytes.
    #[error("{len} wrapped bytes are more than {max}", max = WRAPPED_LEN_MAX)]
    TooLong {
        /// What was offered, in bytes.
        len: usize,
    },
    /// It is damaged, or wrapped to somebody else.
    #[error("not wrapped to this identity, or damaged")]
    NotOurs,
    /// There is nobody to encrypt to.
    #[error("nobody was named to encrypt to")]
    Nobody,
}

/// The longest wrapped text that is opened, in bytes.
pub const WRAPPED_LEN_MAX: usize = 256 * 1024;

/// The X25519 identity of age that `secret` is the secret key of.
pub fn identity(secret: &Key32) -> age::x25519::Identity {
    const HRP: bech32::Hrp = bech32::Hrp::parse_unchecked("age-secret-key-");
    let text = bech32::encode_upper::<bech32::Bech32>(HRP, secret.expose());
    let text = Zeroizing::new(text.expect("32 bytes and a short prefix are far below the limit of Bech32"));
    age::x25519::Identity::from_str(&text).expect("any 32 bytes are an X25519 secret key")
}

/// The public half of `secret`.
pub fn recipient_of(secret: &Key32) -> AgeRecipient {
    AgeRecipient::from_key(super::channel::public_of(secret))
}

/// Wraps `bytes` so that only the identity behind `recipient` unwraps them.
///
/// # Errors
/// [`WrapError::Recipient`] when the key is one of the few that X25519 cannot agree with.
/// # Source
/// C2SP age v1, the binary form.
pub fn wrap_to_recipient(recipient: &AgeRecipient, bytes: &[u8]) -> Result<Vec<u8>, WrapError> {
    let refused = || WrapError::Recipient { recipient: recipient.clone() };
    // age panics on these few points, taking them for a sign of bad randomness.
    if !super::sign::is_x25519_key(recipient.key()) {
        return Err(refused());
    }
    let to = age::x25519::Recipient::from_str(recipient.as_str()).map_err(|_| refused())?;
    age::encrypt(&to, bytes).map_err(|_| refused())
}

/// A file while it is encrypted; without [`Encrypting::finish`] nobody can open it.
pub struct Encrypting<W: Write>(age::stream::StreamWriter<W>);

impl<W: Write> Encrypting<W> {
    /// Writes the end, and gives back what was written to.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}

impl<W: Write> Write for Encrypting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Encrypts what is written, so that each of `recipients` can decrypt it, with `age` for one.
///
/// # Errors
/// [`WrapError::Nobody`], [`WrapError::Recipient`]; within, whatever the writer says of the head.
/// # Source
/// C2SP age v1, the binary form.
pub fn encrypt_to<W: Write>(
    recipients: &[AgeRecipient],
    to: W,
) -> Result<io::Result<Encrypting<W>>, WrapError> {
    let mut keys = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        let refused = || WrapError::Recipient { recipient: recipient.clone() };
        if !super::sign::is_x25519_key(recipient.key()) {
            return Err(refused());
        }
        keys.push(age::x25519::Recipient::from_str(recipient.as_str()).map_err(|_| refused())?);
    }
    let keys = keys.iter().map(|key| key as &dyn age::Recipient);
    // Recipients of one kind agree with each other; what is left to refuse is that there are none.
    let encryptor = age::Encryptor::with_recipients(keys).map_err(|_| WrapError::Nobody)?;
    Ok(encryptor.wrap_output(to).map(Encrypting))
}

/// Unwraps what was wrapped to `identity`.
///
/// # Errors
/// [`WrapError::TooLong`] before anything is done, [`WrapError::NotOurs`] for all the rest.
pub fn unwrap(identity: &dyn age::Identity, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, WrapError> {
    let len = wrapped.len();
    if len > WRAPPED_LEN_MAX {
        return Err(WrapError::TooLong { len });
    }
    let opened = age::Decryptor::new_buffered(wrapped).and_then(|d| d.decrypt(iter::once(identity)));
    // As long as what it comes from, so that no growth leaves a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(len));
    opened.map_err(|_| WrapError::NotOurs)?.read_to_end(&mut bytes).map_err(|_| WrapError::NotOurs)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(byte: u8) -> Key32 {
        Key32::take(&mut [byte; 32])
    }

    #[test]
    fn only_the_recipient_unwraps_and_only_what_was_wrapped() {
        let wrapped = wrap_to_recipient(&recipient_of(&secret(7)), b"half a key").expect("wraps");
        let ours = identity(&secret(7));
        assert_eq!(unwrap(&ours, &wrapped).expect("ours")[..], *b"half a key");
        assert_eq!(unwrap(&identity(&secret(8)), &wrapped).expect_err("not theirs"), WrapError::NotOurs);
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 0x01;
            assert!(unwrap(&ours, &changed).is_err(), "byte {at}");
        }
        for len in 0..wrapped.len() {
            assert!(unwrap(&ours, &wrapped[..len]).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn each_recipient_decrypts_a_file_and_nobody_else_does() {
        let content: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let to = [recipient_of(&secret(7)), recipient_of(&secret(8))];
        let mut encrypting = encrypt_to(&to, Vec::new()).expect("recipients").expect("memory");
        for piece in content.chunks(70_001) {
            encrypting.write_all(piece).expect("memory");
        }
        let file = encrypting.finish().expect("memory");
        for (byte, opens) in [(7, true), (8, true), (9, false)] {
            let opened = unwrap(&identity(&secret(byte)), &file).ok();
            assert_eq!(opened.map(|bytes| *bytes == content), opens.then_some(true), "{byte}");
        }
        assert_eq!(encrypt_to(&[], Vec::new()).err(), Some(WrapError::Nobody));
        let low = AgeRecipient::from_key([0; 32]);
        let refused = encrypt_to(&[to[0].clone(), low.clone()], Vec::new()).err();
        assert_eq!(refused, Some(WrapError::Recipient { recipient: low }));
    }

    #[test]
    fn the_identity_is_the_one_that_age_reads() {
        let identity = identity(&secret(9));
        assert_eq!(identity.to_public().to_string(), recipient_of(&secret(9)).as_str());
    }

    #[test]
    fn a_recipient_that_anybody_could_open_is_refused() {
        for low_order in [[0; 32], {
            let mut one = [0; 32];
            one[0] = 1;
            one
        }] {
            let recipient = AgeRecipient::from_key(low_order);
            let refusal = wrap_to_recipient(&recipient, b"x").expect_err("low order");
            assert_eq!(refusal, WrapError::Recipient { recipient });
        }
    }

    #[test]
    fn what_is_too_long_is_not_looked_at() {
        let identity = identity(&secret(7));
        for (len, refusal) in [
            (WRAPPED_LEN_MAX, WrapError::NotOurs),
            (WRAPPED_LEN_MAX + 1, WrapError::TooLong { len: WRAPPED_LEN_MAX + 1 }),
        ] {
            assert_eq!(unwrap(&identity, &vec![0; len]).expect_err("refused"), refusal, "{len}");
        }
    }
}
