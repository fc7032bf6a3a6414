//! Looking for a secret in whatever form it may have been left.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The shortest piece that is looked for, in bytes of the secret: 8 random bytes turn up nowhere by chance.
const PIECE: usize = 8;

struct Needle {
    of: String,
    bytes: Vec<u8>,
}

/// Secrets, cut into pieces, as bytes, as hexadecimal digits and as base64.
pub struct Needles {
    needles: Vec<Needle>,
    /// Which needles begin with these two bytes.
    by_start: Vec<Vec<usize>>,
}

impl Needles {
    pub fn new() -> Self {
        Self { needles: Vec::new(), by_start: vec![Vec::new(); 1 << 16] }
    }

    /// Adds a random secret: any 15 bytes of it in a row are found, in each form.
    pub fn random(mut self, name: &str, secret: &[u8]) -> Self {
        assert!(secret.len() >= 4 * PIECE && secret.iter().any(|byte| *byte != 0), "{name} is a secret");
        for piece in secret.chunks_exact(PIECE) {
            self.add(name, "bytes", piece);
        }
        self.encoded(name, secret, 2 * PIECE);
        self
    }

    /// Adds words that somebody chose: they are looked for as a whole.
    pub fn words(mut self, name: &str, words: &str) -> Self {
        self.add(name, "text", words.as_bytes());
        self.encoded(name, words.as_bytes(), 2 * words.len());
        self
    }

    fn encoded(&mut self, name: &str, secret: &[u8], hex_len: usize) {
        let hex = hex::encode(secret);
        for digits in hex.as_bytes().chunks_exact(hex_len) {
            self.add(name, "hex", digits);
            self.add(name, "HEX", &digits.to_ascii_uppercase());
        }
        // The form depends on where in a group of three bytes the secret begins; the last group depends
        // on what follows.
        for begin in 0..3 {
            let text = BASE64.encode(&secret[begin..]);
            let sure = text.len() / 4 * 4 - 4;
            for group in text.as_bytes()[..sure].chunks_exact(12) {
                self.add(name, "base64", group);
            }
        }
    }

    fn add(&mut self, name: &str, form: &str, bytes: &[u8]) {
        self.by_start[start(bytes)].push(self.needles.len());
        self.needles.push(Needle { of: format!("{name} as {form}"), bytes: bytes.to_vec() });
    }

    /// What is found in `hay`, with its places, named after `place`.
    pub fn find(&self, place: &str, hay: &[u8]) -> Vec<String> {
        /// Most memory is nothing, and nothing is compared fast.
        const PAGE: usize = 4096;
        const EMPTY: [u8; PAGE] = [0; PAGE];
        let mut found = Vec::new();
        for from in (0..hay.len()).step_by(PAGE) {
            let page = &hay[from..hay.len().min(from + PAGE)];
            if *page == EMPTY[..page.len()] {
                continue;
            }
            for at in from..(from + page.len()).min(hay.len() - 1) {
                let hits = &self.by_start[start(&hay[at..])];
                let hits = hits.iter().map(|index| &self.needles[*index]);
                let hits = hits.filter(|needle| hay[at..].starts_with(&needle.bytes));
                found.extend(hits.map(|needle| format!("{} in {place} at {at:#x}", needle.of)));
            }
        }
        found
    }
}

fn start(bytes: &[u8]) -> usize {
    usize::from(u16::from_le_bytes([bytes[0], bytes[1]]))
}

#[test]
fn a_secret_is_found_in_every_form_and_in_parts() {
    let secret: Vec<u8> = (0..64).map(|at: u8| at.wrapping_mul(37) ^ 0x5a).collect();
    let needles = Needles::new().random("it", &secret);
    let hidden = |form: &[u8]| [&[7; 5000][..], form, &[0; 99]].concat();
    let cases = [
        ("whole", hidden(&secret), true),
        ("15 bytes of it", hidden(&secret[3..18]), true),
        ("hex", hidden(hex::encode(&secret).as_bytes()), true),
        ("HEX in lines of 24 bytes", hidden(hex::encode_upper(&secret[24..48]).as_bytes()), true),
        ("base64", hidden(BASE64.encode(&secret).as_bytes()), true),
        ("base64 behind one byte", hidden(BASE64.encode([&b"x"[..], &secret].concat()).as_bytes()), true),
        ("base64 behind two bytes", hidden(BASE64.encode([&b"xy"[..], &secret].concat()).as_bytes()), true),
        ("7 bytes of it", hidden(&secret[..7]), false),
        ("another", hidden(&[9; 64]), false),
        ("over the end of a page", [&[7; 4090][..], &secret, &[7; 99]].concat(), true),
    ];
    for (name, hay, is_there) in cases {
        assert_eq!(!needles.find("here", &hay).is_empty(), is_there, "{name}");
    }
    let words = Needles::new().words("pass", "open the gate");
    for (text, is_there) in [("we open the gate now", true), ("the gate is open", false)] {
        assert_eq!(!words.find("here", text.as_bytes()).is_empty(), is_there, "{text}");
    }
}
