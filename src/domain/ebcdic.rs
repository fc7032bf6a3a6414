//! EBCDIC: five code pages of one byte a character, to and from Unicode.
//!
//! Newlines are translated as IBM's tables and `iconv` do, and are never swapped: LF is 25 and NEL is 15.

mod tables;

use std::fmt;

use zeroize::Zeroizing;

/// A code page that credentials can be written in. Each has exactly 256 characters of Unicode.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CodePage {
    /// USA, Canada, Portugal, Brazil.
    Ibm037,
    /// Open systems on z/OS.
    Ibm1047,
    /// International, Belgium, Switzerland.
    Ibm500,
    /// Germany, Austria.
    Ibm273,
    /// As 037, with the euro in place of the currency sign.
    Ibm1140,
}

/// Why a text cannot be written in a code page. It names the place and never the character.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Untranslatable {
    /// Not text that could be translated.
    #[error("is not UTF-8 text at byte {place}")]
    NotText {
        /// The first byte that is wrong, counted from 1.
        place: usize,
    },
    /// A character that the page lacks.
    #[error("has a character at place {place} that {page} lacks")]
    Missing {
        /// The page.
        page: CodePage,
        /// Counted in characters from 1.
        place: usize,
    },
}

/// One page in both directions, from one table.
struct Table {
    to_latin1: [u8; 256],
    from_latin1: [u8; 256],
}

impl Table {
    /// Turns the table round, which the compiler refuses when a character is there twice.
    const fn new(to_latin1: [u8; 256]) -> Self {
        let (mut from_latin1, mut seen) = ([0; 256], [false; 256]);
        let mut byte = 0;
        while byte < 256 {
            let latin1 = to_latin1[byte] as usize;
            assert!(!seen[latin1], "every character stands once");
            seen[latin1] = true;
            from_latin1[latin1] = byte as u8;
            byte += 1;
        }
        Self { to_latin1, from_latin1 }
    }
}

static IBM_037: Table = Table::new(tables::IBM_037);
static IBM_1047: Table = Table::new(tables::IBM_1047);
static IBM_500: Table = Table::new(tables::IBM_500);
static IBM_273: Table = Table::new(tables::IBM_273);
static IBM_1140: Table = Table::new(tables::IBM_1140);

/// The character of ISO 8859-1 whose place the euro takes.
const CURRENCY: char = '\u{a4}';
const EURO: char = '\u{20ac}';

impl CodePage {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Ibm037, Self::Ibm1047, Self::Ibm500, Self::Ibm273, Self::Ibm1140];

    /// Its name, `IBM-1047`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ibm037 => "IBM-037",
            Self::Ibm1047 => "IBM-1047",
            Self::Ibm500 => "IBM-500",
            Self::Ibm273 => "IBM-273",
            Self::Ibm1140 => "IBM-1140",
        }
    }

    const fn table(self) -> &'static Table {
        match self {
            Self::Ibm037 => &IBM_037,
            Self::Ibm1047 => &IBM_1047,
            Self::Ibm500 => &IBM_500,
            Self::Ibm273 => &IBM_273,
            Self::Ibm1140 => &IBM_1140,
        }
    }

    /// The byte of a character; `None` when the page lacks it.
    pub fn byte(self, c: char) -> Option<u8> {
        let latin1 = match (self, c) {
            (Self::Ibm1140, EURO) => CURRENCY,
            (Self::Ibm1140, CURRENCY) => return None,
            (_, c) => c,
        };
        u8::try_from(latin1).ok().map(|latin1| self.table().from_latin1[usize::from(latin1)])
    }

    /// The character of a byte.
    pub fn char(self, byte: u8) -> char {
        match (self, char::from(self.table().to_latin1[usize::from(byte)])) {
            (Self::Ibm1140, CURRENCY) => EURO,
            (_, c) => c,
        }
    }

    /// Translates UTF-8 text; the copy is wiped when dropped.
    ///
    /// # Errors
    /// [`Untranslatable`], with a place and nothing of the text.
    pub fn encode(self, text: &[u8]) -> Result<Zeroizing<Vec<u8>>, Untranslatable> {
        let text = str::from_utf8(text)
            .map_err(|error| Untranslatable::NotText { place: error.valid_up_to() + 1 })?;
        // As long as it can become, so that it never grows and leaves a copy behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
        for (index, c) in text.chars().enumerate() {
            let missing = Untranslatable::Missing { page: self, place: index + 1 };
            bytes.push(self.byte(c).ok_or(missing)?);
        }
        Ok(bytes)
    }
}

impl fmt::Display for CodePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The bytes of some characters in the order of [`CodePage::ALL`].
    const MOVING: [(char, [u8; 5]); 20] = [
        ('A', [0xC1; 5]),
        ('9', [0xF9; 5]),
        (' ', [0x40; 5]),
        ('*', [0x5C; 5]),
        ('/', [0x61; 5]),
        ('\n', [0x25; 5]),
        ('\u{85}', [0x15; 5]),
        ('#', [0x7B; 5]),
        ('@', [0x7C, 0x7C, 0x7C, 0xB5, 0x7C]),
        ('$', [0x5B; 5]),
        ('!', [0x5A, 0x5A, 0x4F, 0x4F, 0x5A]),
        ('|', [0x4F, 0x4F, 0xBB, 0xBB, 0x4F]),
        ('[', [0xBA, 0xAD, 0x4A, 0x63, 0xBA]),
        (']', [0xBB, 0xBD, 0x5A, 0xFC, 0xBB]),
        ('^', [0xB0, 0x5F, 0x5F, 0x5F, 0xB0]),
        ('\\', [0xE0, 0xE0, 0xE0, 0xEC, 0xE0]),
        ('{', [0xC0, 0xC0, 0xC0, 0x43, 0xC0]),
        ('}', [0xD0, 0xD0, 0xD0, 0xDC, 0xD0]),
        ('~', [0xA1, 0xA1, 0xA1, 0x59, 0xA1]),
        ('Ü', [0xFC, 0xFC, 0xFC, 0x5A, 0xFC]),
    ];

    #[test]
    fn national_characters_stand_where_each_page_has_them() {
        for (c, bytes) in MOVING {
            assert_eq!(CodePage::ALL.map(|page| page.byte(c)), bytes.map(Some), "{c:?}");
        }
    }

    #[test]
    fn pages_037_and_1047_differ_at_six_bytes_and_1140_at_the_euro() {
        let differ = |a: CodePage, b: CodePage| {
            (0..=255).filter(|&byte| a.char(byte) != b.char(byte)).collect::<Vec<u8>>()
        };
        let six = [0x5F, 0xAD, 0xB0, 0xBA, 0xBB, 0xBD];
        assert_eq!(differ(CodePage::Ibm037, CodePage::Ibm1047), six);
        assert_eq!(differ(CodePage::Ibm037, CodePage::Ibm1140), [0x9F]);
        for (page, euro, currency) in
            [(CodePage::Ibm1140, Some(0x9F), None), (CodePage::Ibm037, None, Some(0x9F))]
        {
            assert_eq!((page.byte('€'), page.byte('¤')), (euro, currency), "{page}");
        }
    }

    #[test]
    fn what_a_page_lacks_is_refused_by_its_place_alone() {
        let page = CodePage::Ibm037;
        let missing = |place| Err(Untranslatable::Missing { page, place });
        let cases: [(&str, &[u8], Result<usize, Untranslatable>); 7] = [
            ("nothing", b"", Ok(0)),
            ("the last of ISO 8859-1", "aÿ".as_bytes(), Ok(2)),
            ("the first after it", "aĀ".as_bytes(), missing(2)),
            ("after one of two bytes", "äö€".as_bytes(), missing(3)),
            ("an accent by itself", "a\u{308}".as_bytes(), missing(2)),
            ("a byte of no text", b"ab\xFF", Err(Untranslatable::NotText { place: 3 })),
            ("text that is cut off", b"a\xC3", Err(Untranslatable::NotText { place: 2 })),
        ];
        for (name, text, expected) in cases {
            assert_eq!(page.encode(text).map(|bytes| bytes.len()), expected, "{name}");
        }
        let said = Untranslatable::Missing { page, place: 2 }.to_string();
        assert_eq!(said, "has a character at place 2 that IBM-037 lacks");
    }

    proptest! {
        #[test]
        fn text_that_a_page_has_comes_back(index in 0..5_usize, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let page = CodePage::ALL[index];
            let text: String = bytes.iter().map(|&byte| page.char(byte)).collect();
            prop_assert_eq!(&*page.encode(text.as_bytes()).expect("all are in the page"), &bytes);
        }

        #[test]
        fn any_text_is_translated_whole_or_refused_where_it_first_lacks(index in 0..5_usize, text in any::<String>()) {
            let page = CodePage::ALL[index];
            match page.encode(text.as_bytes()) {
                Ok(bytes) => {
                    let back: String = bytes.iter().map(|&byte| page.char(byte)).collect();
                    prop_assert_eq!(back, text);
                }
                Err(why) => {
                    let first = text.chars().position(|c| (0..=255).all(|byte| page.char(byte) != c));
                    let place = first.expect("something is lacking") + 1;
                    prop_assert_eq!(why, Untranslatable::Missing { page, place });
                }
            }
        }
    }
}
