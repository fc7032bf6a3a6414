//! Puts the members of objects in order: all that plain JSON of ours lacks to be canonical.
//!
//! The library that canonicalises costs fifteen times as much, and a log of a million entries is
//! read back in seconds. What is not plainly ours is left to it: keys with escapes or beyond
//! ASCII, numbers that are not small integers.

/// One member of an object: where its key is in the input, and where all of it is in the output.
#[derive(Clone, Copy)]
struct Member {
    key: (usize, usize),
    text: (usize, usize),
}

struct Sorter<'a> {
    plain: &'a [u8],
    at: usize,
    out: Vec<u8>,
    /// The members of the objects that are being read, those of the innermost one last.
    members: Vec<Member>,
}

/// The canonical form of what serde_json wrote; `None` when that is for the library to say.
pub fn sorted(plain: &[u8]) -> Option<Vec<u8>> {
    let (out, members) = (Vec::with_capacity(plain.len()), Vec::with_capacity(64));
    let mut sorter = Sorter { plain, at: 0, out, members };
    sorter.value()?;
    (sorter.at == plain.len()).then_some(sorter.out)
}

impl Sorter<'_> {
    fn peek(&self) -> Option<u8> {
        self.plain.get(self.at).copied()
    }

    /// Copies the next byte if it is this one.
    fn take(&mut self, byte: u8) -> Option<()> {
        self.peek().filter(|found| *found == byte)?;
        self.at += 1;
        self.out.push(byte);
        Some(())
    }

    fn copy(&mut self, len: usize) -> Option<()> {
        let bytes = self.plain.get(self.at..self.at + len)?;
        self.at += len;
        self.out.extend_from_slice(bytes);
        Some(())
    }

    fn value(&mut self) -> Option<()> {
        match self.peek()? {
            b'{' => self.object(),
            b'[' => self.list(),
            b'"' => self.string().map(drop),
            b'0'..=b'9' => self.number(),
            b't' | b'n' => self.copy(4),
            b'f' => self.copy(5),
            _ => None,
        }
    }

    /// Copies a string and gives where its content is in the input.
    fn string(&mut self) -> Option<(usize, usize)> {
        let start = self.at + 1;
        let mut end = start;
        loop {
            match self.plain.get(end)? {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        self.copy(end + 1 - self.at)?;
        Some((start, end))
    }

    /// Copies an integer that a double holds exactly and writes the same way.
    fn number(&mut self) -> Option<()> {
        const DIGITS_MAX: usize = 15;
        let rest = &self.plain[self.at..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let whole = !matches!(rest.get(digits), Some(b'.' | b'e' | b'E'));
        if whole && digits <= DIGITS_MAX { self.copy(digits) } else { None }
    }

    fn list(&mut self) -> Option<()> {
        self.take(b'[')?;
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            self.value()?;
            if self.take(b',').is_none() {
                return self.take(b']');
            }
        }
    }

    fn object(&mut self) -> Option<()> {
        self.take(b'{')?;
        if self.take(b'}').is_some() {
            return Some(());
        }
        let (base, first) = (self.members.len(), self.out.len());
        loop {
            let from = self.out.len();
            let key = self.string()?;
            let plain = self.plain[key.0..key.1].iter().all(|byte| byte.is_ascii() && *byte != b'\\');
            if !plain {
                return None;
            }
            self.take(b':')?;
            self.value()?;
            self.members.push(Member { key, text: (from, self.out.len()) });
            if self.take(b',').is_none() {
                break;
            }
        }
        self.order(base, first)?;
        self.members.truncate(base);
        self.take(b'}')
    }

    /// Puts the members from `base` on, whose text begins at `first`, in the order of their keys.
    fn order(&mut self, base: usize, first: usize) -> Option<()> {
        let plain = self.plain;
        let key = |member: &Member| &plain[member.key.0..member.key.1];
        let members = &mut self.members[base..];
        if !members.is_sorted_by_key(key) {
            members.sort_unstable_by_key(key);
            let end = self.out.len();
            for member in members.iter() {
                self.out.extend_from_within(member.text.0..member.text.1);
                self.out.push(b',');
            }
            // The text in order now follows the text as it was, and has one comma too many.
            self.out.pop();
            self.out.drain(first..end);
        }
        let twice = members.windows(2).any(|pair| key(&pair[0]) == key(&pair[1]));
        (!twice).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    fn by_the_library(value: &Value) -> Vec<u8> {
        serde_json_canonicalizer::to_vec(value).expect("JSON")
    }

    #[test]
    fn what_is_not_plainly_ours_is_left_to_the_library() {
        let cases: [(&str, &str, Option<&str>); 14] = [
            (
                "an object in disorder",
                r#"{"b":1,"a":{"d":[],"c":{}}}"#,
                Some(r#"{"a":{"c":{},"d":[]},"b":1}"#),
            ),
            ("in a list", r#"[{"b":"x","a":null},true]"#, Some(r#"[{"a":null,"b":"x"},true]"#)),
            ("a key that begins another", r#"{"ab":1,"a":2}"#, Some(r#"{"a":2,"ab":1}"#)),
            ("escapes in a text", r#"{"b":"\"\\","a":"\u0000é"}"#, Some(r#"{"a":"\u0000é","b":"\"\\"}"#)),
            ("15 digits", "999999999999999", Some("999999999999999")),
            ("16 digits", "9007199254740993", None),
            ("a fraction", "1.5", None),
            ("an exponent", "1e3", None),
            ("a negative number", "-1", None),
            ("an escaped key", r#"{"\n":1}"#, None),
            ("a key beyond ASCII", r#"{"é":1}"#, None),
            ("a key twice", r#"{"a":1,"a":2}"#, None),
            ("cut off", r#"{"a":1"#, None),
            ("more than one value", "1 2", None),
        ];
        for (name, plain, expected) in cases {
            let found = sorted(plain.as_bytes());
            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{name}");
        }
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), "[a-z_]{0,6}", r#"[\x00-\x22/\\é\u{2028}\u{1f600}]{0,6}"#]
    }

    fn value() -> impl Strategy<Value = Value> {
        let number = prop_oneof![any::<u64>(), 0..(1_u64 << 53)];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            number.prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((text(), inner), 0..6)
                    .prop_map(|members| Value::Object(Map::from_iter(members))),
            ]
        })
    }

    /// The same value with the members of its objects in any order.
    struct Shuffled<'a>(&'a Value);

    impl serde::Serialize for Shuffled<'_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self.0 {
                Value::Object(members) => {
                    let mut members: Vec<_> = members.iter().collect();
                    members.sort_by_key(|(key, _)| key.bytes().rev().collect::<Vec<_>>());
                    serializer.collect_map(members.into_iter().map(|(key, value)| (key, Shuffled(value))))
                }
                Value::Array(values) => serializer.collect_seq(values.iter().map(Shuffled)),
                other => other.serialize(serializer),
            }
        }
    }

    proptest! {
        #[test]
        fn every_value_has_the_form_that_the_library_gives_it(value in value()) {
            let plain = serde_json::to_vec(&Shuffled(&value)).expect("JSON");
            if let Some(found) = sorted(&plain) {
                prop_assert_eq!(found, by_the_library(&value));
            }
            prop_assert_eq!(super::super::to_vec(&Shuffled(&value)), by_the_library(&value));
        }

        #[test]
        fn a_value_of_ours_is_never_left_to_the_library(
            members in prop::collection::btree_map("[a-z_-]{1,8}", "[ -~é]{0,20}", 0..8),
            number in 0..10_u64.pow(15),
        ) {
            let value = serde_json::json!({ "texts": members, "number": number, "a": [true, null] });
            prop_assert_eq!(sorted(&serde_json::to_vec(&value).expect("JSON")), Some(by_the_library(&value)));
        }
    }
}
