//! A recovery share on paper: what people copy out by hand, so every likely error is caught.

use bech32::Fe32;
use bech32::primitives::checksum::{Engine, PackedFe32};
use bech32::primitives::iter::{ByteIterExt, Fe32IterExt};
use zeroize::Zeroizing;

use super::{RecoveryError, RecoveryShare, SetTag};
use crate::crypto::shamir::{Point, is_sound};
use crate::domain::secret::Key32;

/// Crockford's alphabet: no I, L, O or U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// What every share begins with, without its dash.
const TITLE: &str = "PORTCULLISSHARE";
const SET_LEN: usize = 4;
/// 256 bits in symbols of 5; the last 4 bits are zeros.
const VALUE_LEN: usize = 52;
const CHECK_LEN: usize = 6;
const BODY_LEN: usize = SET_LEN + VALUE_LEN + CHECK_LEN;
/// Longer texts are not looked at.
const TEXT_LEN_MAX: usize = 512;
const GROUP_LEN: usize = 4;

type Symbols = Zeroizing<Vec<u8>>;

impl RecoveryShare {
    /// The share as it is printed: `PORTCULLIS-SHARE 1/5 k=3`, 14 groups of 4, and 6 check characters.
    ///
    /// The first group is the same for all shares of a set. The last 6 characters are the BCH code
    /// of Bech32m over the three numbers and all groups, so up to four wrong characters are always found.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(TEXT_LEN_MAX));
        text.push_str(&format!("PORTCULLIS-SHARE {}/{} k={}", self.index(), self.n, self.k));
        let value = symbols_of(self.point.value.expose());
        let body = Zeroizing::new([&self.set[..], &value].concat());
        let check = check_of(self.numbers(), &body);
        for group in body.chunks(GROUP_LEN).chain([&check[..]]) {
            text.push(' ');
            text.extend(group.iter().map(|&symbol| char::from(ALPHABET[usize::from(symbol)])));
        }
        text
    }

    /// Reads a share that somebody typed: any case, spaces and dashes anywhere, O for 0, I and L for 1.
    ///
    /// # Errors
    /// [`RecoveryError::Shape`], [`RecoveryError::Symbol`] or [`RecoveryError::Check`].
    pub fn parse(text: &str) -> Result<Self, RecoveryError> {
        if text.len() > TEXT_LEN_MAX || !text.is_ascii() {
            return Err(RecoveryError::Shape);
        }
        let mut plain = Zeroizing::new(String::with_capacity(TEXT_LEN_MAX));
        plain.extend(text.chars().filter(|c| !c.is_ascii_whitespace() && *c != '-'));
        plain.make_ascii_uppercase();
        let titled = plain.strip_prefix(TITLE).ok_or(RecoveryError::Shape)?;
        let split = titled.len().checked_sub(BODY_LEN).ok_or(RecoveryError::Shape)?;
        let (numbers, body) = titled.split_at(split);
        let [index, n, k] = numbers_from(numbers).ok_or(RecoveryError::Shape)?;
        let symbols = symbols_from(body)?;
        let (content, check) = symbols.split_at(SET_LEN + VALUE_LEN);
        if check_of([index, n, k], content) != check {
            return Err(RecoveryError::Check);
        }
        let (set, value) = content.split_first_chunk::<SET_LEN>().ok_or(RecoveryError::Shape)?;
        Self::from_parts([index, n, k], *set, value).ok_or(RecoveryError::Shape)
    }

    fn from_parts([index, n, k]: [u8; 3], set: SetTag, symbols: &[u8]) -> Option<Self> {
        let (n, k) = (u32::from(n), u32::from(k));
        let sound = is_sound(k, n) && (1..=n).contains(&u32::from(index));
        let value = Key32::try_fill(|key| {
            let bytes = symbols.iter().filter_map(|&symbol| Fe32::try_from(symbol).ok()).fes_to_bytes();
            key.iter_mut().zip(bytes).for_each(|(to, byte)| *to = byte);
            // The last symbol holds bits that no byte needs: one share, one spelling.
            if *symbols_of(key) == *symbols { Ok(()) } else { Err(()) }
        });
        let value = value.ok()?;
        sound.then_some(Self { k, n, set, point: Point { index, value } })
    }

    /// What is printed before the groups; all are at most 16.
    fn numbers(&self) -> [u8; 3] {
        let small = |number: u32| (number & 31) as u8;
        [self.index(), small(self.n), small(self.k)]
    }
}

fn symbols_of(bytes: &[u8; Key32::LEN]) -> Symbols {
    let mut symbols = Zeroizing::new(Vec::with_capacity(VALUE_LEN));
    symbols.extend(bytes.iter().copied().bytes_to_fes().map(Fe32::to_u8));
    symbols
}

/// `1/5K=3`, each of one or two digits and below 32.
fn numbers_from(text: &str) -> Option<[u8; 3]> {
    let (index, rest) = text.split_once('/')?;
    let (n, k) = rest.split_once("K=")?;
    let number = |digits: &str| {
        let plain = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        let number = digits.parse().ok().filter(|number| *number < 32);
        number.filter(|_| plain && !digits.starts_with('0'))
    };
    Some([number(index)?, number(n)?, number(k)?])
}

fn symbols_from(body: &str) -> Result<Symbols, RecoveryError> {
    let mut symbols = Zeroizing::new(Vec::with_capacity(BODY_LEN));
    for (position, byte) in (1..).zip(body.bytes()) {
        let meant = match byte {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other => other,
        };
        let symbol = (0..).zip(ALPHABET).find(|(_, letter)| **letter == meant).map(|(symbol, _)| symbol);
        symbols.push(symbol.ok_or(RecoveryError::Symbol { position })?);
    }
    Ok(symbols)
}

/// The check symbols of Bech32m, which work on any sequence of 5-bit symbols.
fn check_of(numbers: [u8; 3], body: &[u8]) -> [u8; CHECK_LEN] {
    let mut engine = Engine::<bech32::Bech32m>::new();
    let symbols = numbers.iter().chain(body);
    symbols.filter_map(|&symbol| Fe32::try_from(symbol).ok()).for_each(|symbol| engine.input_fe(symbol));
    engine.input_target_residue();
    std::array::from_fn(|at| engine.residue().unpack(CHECK_LEN - 1 - at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_that_no_byte_needs_are_zeros() {
        let printed = |last: u8| {
            let mut body = [0; SET_LEN + VALUE_LEN];
            body[SET_LEN + VALUE_LEN - 1] = last;
            let symbols = [&body[..], &check_of([1, 5, 3], &body)].concat();
            let letters: String = symbols.iter().map(|&s| char::from(ALPHABET[usize::from(s)])).collect();
            RecoveryShare::parse(&format!("{TITLE}1/5k=3{letters}"))
                .map(|share| share.point.value.expose()[31])
        };
        // The last symbol is one bit of the last byte and four of padding.
        for (last, expected) in
            [(0, Ok(0)), (16, Ok(1)), (1, Err(RecoveryError::Shape)), (24, Err(RecoveryError::Shape))]
        {
            assert_eq!(printed(last), expected, "{last}");
        }
    }
}
