//! The system's own tables.

use std::io::Write as _;
use std::process::{Command, Stdio};

use portcullis::domain::ebcdic::CodePage;

/// What glibc calls a page.
pub fn name(page: CodePage) -> String {
    page.name().replace('-', "")
}

/// Runs a program that must succeed with `input` on standard input.
pub fn filter(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{program} is needed: {error}"));
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{program} {arguments:?}");
    output.stdout
}

/// Translates.
pub fn iconv(from: &str, to: &str, input: &[u8]) -> Vec<u8> {
    filter("iconv", &["-f", from, "-t", to], input)
}

#[test]
fn every_byte_of_every_page_is_the_systems() {
    let all: Vec<u8> = (0..=255).collect();
    for page in CodePage::ALL {
        let ours: String = all.iter().map(|&byte| page.char(byte)).collect();
        let theirs = String::from_utf8(iconv(&name(page), "UTF-8", &all)).expect("UTF-8");
        assert_eq!(ours, theirs, "{page} to Unicode");
        assert_eq!(iconv("UTF-8", &name(page), ours.as_bytes()), all, "{page} as iconv has it");
        assert_eq!(page.encode(ours.as_bytes()).expect("in the page").as_slice(), all, "{page} from Unicode");
    }
}
