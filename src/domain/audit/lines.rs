//! What the line formats of the log share: numbers and hashes in their one spelling.

use base64::prelude::*;

use super::tree::TreeHash;

/// The largest size of a tree: other verifiers count in signed 64-bit numbers.
pub(super) const SIZE_MAX: u64 = i64::MAX as u64;

/// A number in decimal digits without leading zeros, up to [`SIZE_MAX`].
pub(super) fn decimal(text: &str) -> Option<u64> {
    let spelled = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let number = text.parse().ok().filter(|number| *number <= SIZE_MAX);
    number.filter(|_| spelled)
}

/// A hash in base64 with padding, in its only spelling.
pub(super) fn hash(text: &str) -> Option<TreeHash> {
    // 32 bytes are 43 digits and one `=`; the length keeps a long line from being decoded at all.
    let bytes = (text.len() == 44).then(|| BASE64_STANDARD.decode(text).ok()).flatten()?;
    bytes.try_into().ok().map(TreeHash::new)
}

/// A hash as [`hash`] reads it.
pub(super) fn hash_text(hash: &TreeHash) -> String {
    BASE64_STANDARD.encode(hash.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        let cases = [
            ("0", Some(0)),
            ("10", Some(10)),
            ("9223372036854775807", Some(SIZE_MAX)),
            ("9223372036854775808", None),
            ("18446744073709551616", None),
            ("00", None),
            ("01", None),
            ("+1", None),
            ("-0", None),
            (" 1", None),
            ("1 ", None),
            ("", None),
            ("0x1", None),
            ("\u{661}", None),
        ];
        for (text, number) in cases {
            assert_eq!(decimal(text), number, "{text:?}");
        }
    }

    #[test]
    fn a_hash_has_one_spelling() {
        let good = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let parsed = hash(good).expect("32 bytes");
        assert_eq!((*parsed.bytes(), hash_text(&parsed).as_str()), ([0; 32], good));
        let cases = [
            ("bits after the end", good.replace("A=", "B=")),
            ("no padding", good.replace('=', "")),
            ("31 bytes", BASE64_STANDARD.encode([0; 31])),
            ("33 bytes", BASE64_STANDARD.encode([0; 33])),
            ("the other alphabet", format!("-{}", &good[1..])),
            ("a blank", format!(" {}", &good[1..])),
            ("nothing", String::new()),
        ];
        for (name, text) in cases {
            assert_eq!(hash(&text), None, "{name}");
        }
    }
}
