//! What the host's description of a terminal says of its cursor: the compiled file of terminfo.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

/// More than any description has, in bytes.
const LEN_MAX: u64 = 64 * 1024;

/// Whether the cursor of the terminal `term` can be placed; `None` where no description is found.
pub fn can_place(term: &str) -> Option<bool> {
    let first = term.chars().next()?;
    if term.contains(['/', '\0']) || term.starts_with('.') {
        return None;
    }
    let own = std::env::var_os("TERMINFO").map(PathBuf::from);
    let personal = std::env::home_dir().map(|home| home.join(".terminfo"));
    let folders = ["/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo"].map(PathBuf::from);
    let folders = own.into_iter().chain(personal).chain(folders);
    // Some hosts name the folder by the letter, some by its number.
    let places = folders.flat_map(|folder| {
        [first.to_string(), format!("{:x}", u32::from(first))].map(|letter| folder.join(letter).join(term))
    });
    places.into_iter().find_map(|path| {
        let mut bytes = Vec::new();
        File::open(path).and_then(|file| file.take(LEN_MAX).read_to_end(&mut bytes)).ok()?;
        cursor_address(&bytes)
    })
}

/// Whether a compiled description has the string `cursor_address`; `None` when it is none.
///
/// # Source
/// term(5) of ncurses: a header of six shorts, the names, flags, numbers, and the offsets of strings.
fn cursor_address(bytes: &[u8]) -> Option<bool> {
    const CURSOR_ADDRESS: usize = 10;
    let short = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let header = |place: usize| short(2 * place).map(usize::from);
    let number_len = match header(0)? {
        0o432 => 2,
        0o1036 => 4,
        _ => return None,
    };
    let (names, flags, numbers, strings) = (header(1)?, header(2)?, header(3)?, header(4)?);
    if strings <= CURSOR_ADDRESS {
        return Some(false);
    }
    // Numbers begin at an even place.
    let begin = (12 + names + flags).next_multiple_of(2) + number_len * numbers;
    // Both ways to say that there is none are negative.
    short(begin + 2 * CURSOR_ADDRESS).map(|offset| offset < 0x8000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A description with one name, one flag, one number and these offsets of strings.
    fn description(magic: u16, offsets: &[u16]) -> Vec<u8> {
        let number: &[u8] = if magic == 0o1036 { &[80, 0, 0, 0] } else { &[80, 0] };
        let strings = u16::try_from(offsets.len()).expect("few");
        let header = [magic, 5, 2, 1, strings, 9].map(u16::to_le_bytes).concat();
        let offsets: Vec<u8> = offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
        [&header, b"dumb\0".as_slice(), &[1, 0], &[0], number, &offsets, b"\x1b[%i%d;H\0"].concat()
    }

    #[test]
    fn a_cursor_that_can_be_placed_is_described_by_its_string() {
        let with = |last: u16| [[0xffff; 10].as_slice(), &[last]].concat();
        let cases = [
            ("placed", description(0o432, &with(0)), Some(true)),
            ("placed, with wide numbers", description(0o1036, &with(0)), Some(true)),
            ("none", description(0o432, &with(0xffff)), Some(false)),
            ("taken away", description(0o1036, &with(0xfffe)), Some(false)),
            ("no strings", description(0o432, &[]), Some(false)),
            ("too few strings", description(0o432, &[0; 10]), Some(false)),
            ("cut off", description(0o432, &with(0))[..20].to_vec(), None),
            ("something else", b"#!/bin/sh\n".repeat(9), None),
            ("empty", Vec::new(), None),
        ];
        for (name, bytes, can_place) in cases {
            assert_eq!(cursor_address(&bytes), can_place, "{name}");
        }
    }

    #[test]
    fn a_name_leads_to_no_file_outside() {
        for term in ["", "../../etc/passwd", "/etc/passwd", ".", "a\0b", "no-such-terminal-anywhere"] {
            assert_eq!(can_place(term), None, "{term:?}");
        }
    }
}
