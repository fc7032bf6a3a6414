//! Reading a source as the compiler does: without comments, texts and spaces.

/// One file of the project.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its path from the top.
    pub path: String,
    /// What is in it.
    pub text: String,
}

impl Source {
    /// A file that exists in memory only.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Something wrong in it.
    pub fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, what: what.into() }
    }

    /// Whether the compiler reads it.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// A broken rule and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// The file.
    pub path: String,
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// The text with every comment and the inside of every literal turned into blanks; lines stay.
pub fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = skipped_until(bytes, at);
        if end == at {
            out.push(bytes[at]);
            at += 1;
        } else {
            out.extend(bytes[at..end].iter().map(|&byte| if byte == b'\n' { b'\n' } else { b' ' }));
            at = end;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Where the comment or literal that begins here ends; `at` when none begins.
fn skipped_until(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let in_word = at > 0 && is_word(bytes[at - 1]);
    match rest {
        [b'/', b'/', ..] => at + rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => at + block_comment(rest),
        [b'"', ..] => at + quoted(rest),
        [b'r', b'"' | b'#', ..] if !in_word => at + raw(rest).unwrap_or(0),
        [b'b', b'r', ..] if !in_word => raw(&rest[1..]).map_or(at, |len| at + 1 + len),
        [b'\'', b'\\', _, tail @ ..] => {
            at + 3 + tail.iter().position(|&byte| byte == b'\'').map_or(tail.len(), |found| found + 1)
        }
        [b'\'', tail @ ..] => at + character(tail),
        _ => at,
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// A raw text `r"..."` or `r#"..."#`; `None` for a raw identifier.
fn raw(rest: &[u8]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|&&byte| byte == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return None;
    }
    let close: Vec<u8> = [b'"'].into_iter().chain(std::iter::repeat_n(b'#', hashes)).collect();
    let body = 2 + hashes;
    let found = rest[body..].windows(close.len()).position(|window| window == close);
    Some(found.map_or(rest.len(), |found| body + found + close.len()))
}

/// A character like `'x'`, one to four bytes long; nothing for a lifetime.
fn character(tail: &[u8]) -> usize {
    (1..=4)
        .find(|&len| tail.get(len) == Some(&b'\''))
        .filter(|&len| len == 1 || tail[0] >= 0x80)
        .map_or(0, |len| len + 2)
}

/// Whether a byte can stand in a name.
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Code without comments, literals and spaces, so that no line break hides anything.
pub struct Code {
    /// What is left; one blank between two words that would run together.
    pub text: String,
    lines: Vec<usize>,
}

impl Code {
    /// Reads a source.
    pub fn read(source: &Source) -> Self {
        let (mut text, mut lines, mut line) = (Vec::<u8>::new(), Vec::new(), 1);
        let mut gap = false;
        for byte in code_only(&source.text).bytes() {
            if byte.is_ascii_whitespace() {
                line += usize::from(byte == b'\n');
                gap = true;
                continue;
            }
            if gap && is_word(byte) && text.last().copied().is_some_and(is_word) {
                text.push(b' ');
                lines.push(line);
            }
            gap = false;
            text.push(byte);
            lines.push(line);
        }
        Self { text: String::from_utf8_lossy(&text).into_owned(), lines }
    }

    /// The line of a place in `text`.
    pub fn line(&self, at: usize) -> usize {
        self.lines.get(at).copied().unwrap_or(0)
    }

    /// Where `wanted` stands as whole words.
    pub fn find(&self, wanted: &str) -> Vec<usize> {
        let bytes = self.text.as_bytes();
        let is_edge = |at: Option<usize>, own: Option<u8>| {
            !own.is_some_and(is_word) || !at.and_then(|at| bytes.get(at)).copied().is_some_and(is_word)
        };
        let starts = self.text.match_indices(wanted).map(|(at, _)| at);
        starts
            .filter(|&at| is_edge(at.checked_sub(1), wanted.bytes().next()))
            .filter(|&at| is_edge(Some(at + wanted.len()), wanted.bytes().last()))
            .collect()
    }
}

#[test]
fn comments_and_literals_are_no_code_and_lines_stay() {
    let cases = [
        ("a line comment", "a // unsafe\nb", "a\nb"),
        ("a nested comment", "a /* x /* y */ unsafe\n */ b", "a\n b"),
        ("a text", r#"a("un\"safe // x") + b"#, "a( ) + b"),
        ("a raw text", "a(r#\"un\" /* safe\"#) + b", "a( ) + b"),
        ("bytes", "a(br\"x\\\") + b", "a( ) + b"),
        ("characters and lifetimes", "f<'a>('\"', '\\'', 'x', &'a b)", "f<'a>( , , , &'a b)"),
        ("a character of many bytes", "f('é', 'x')", "f( , )"),
        ("a raw identifier", "r#type + b", "r#type + b"),
    ];
    for (name, text, expected) in cases {
        let squeeze =
            |text: &str| text.split([' ']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        let got = code_only(text);
        assert_eq!(squeeze(&got).replace(" \n", "\n"), squeeze(expected), "{name}");
        assert_eq!(got.matches('\n').count(), text.matches('\n').count(), "{name}");
    }
}

#[test]
fn whole_words_are_found_across_line_breaks_with_their_line() {
    let code =
        Code::read(&Source::new("a.rs", "fn x() {\n  self.store\n    .append(1); restore.append(2) }"));
    let found: Vec<usize> = code.find("store.append(").into_iter().map(|at| code.line(at)).collect();
    assert_eq!(found, [2]);
}
