//! The header of a member: 512 bytes, of which size and time alone are free.

use tar::{EntryType, Header};

use super::error::{BundleError, Fault};
use crate::domain::audit::manifest::Member;
use crate::domain::text::escape;
use crate::domain::time::Timestamp;

/// Headers and contents begin at multiples of this.
pub(super) const BLOCK: u64 = 512;
/// An archive is as long as a multiple of this, as other tools write it too.
pub(super) const RECORD: u64 = 10_240;

/// Size and time in a header: all that a reader takes from one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Said {
    pub len: u64,
    /// In seconds.
    pub mtime: u64,
}

/// The header of a member, the only one that it can have.
///
/// # Source
/// POSIX.1-1988, ustar interchange format.
pub(super) fn write(member: Member, len: u64, created: Timestamp) -> [u8; 512] {
    exact(member, Said { len, mtime: created.ms() / 1_000 })
}

fn exact(member: Member, said: Said) -> [u8; 512] {
    let mut header = Header::new_ustar();
    header.set_path(member.path()).expect("the paths of members are short and relative");
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(said.len);
    header.set_mtime(said.mtime);
    header.set_entry_type(EntryType::Regular);
    header.set_cksum();
    *header.as_bytes()
}

/// Bytes from the end of a member to the next multiple of [`BLOCK`].
pub(super) const fn padding(len: u64) -> u64 {
    len.next_multiple_of(BLOCK) - len
}

/// Bytes after the last member, which ends at `at`: two blocks at least, to the end of the record.
pub(super) const fn trailer(at: u64) -> u64 {
    (at + 2 * BLOCK).next_multiple_of(RECORD) - at
}

/// Reads the header that should be that of `member`. Whatever is not exactly what would be written is
/// refused; the checks before the last say what is wrong.
pub(super) fn read(member: Member, block: &[u8; 512]) -> Result<Said, BundleError> {
    let refuse = |fault| Err(BundleError::member(member, fault));
    if block.iter().all(|byte| *byte == 0) {
        return refuse(Fault::Missing);
    }
    match &block[257..265] {
        b"ustar\x0000" => {}
        b"ustar  \0" => return refuse(Fault::Format { found: "one of GNU tar" }),
        _ => return refuse(Fault::Format { found: "something else" }),
    }
    let sum: u64 = (0..)
        .zip(block)
        .map(|(at, byte)| if (148..156).contains(&at) { 0x20 } else { u64::from(*byte) })
        .sum();
    if octal(digits(&block[148..156])) != Some(sum) {
        return refuse(Fault::Checksum);
    }
    if let Some(found) = kind(block[156]) {
        return refuse(Fault::Kind { found });
    }
    check_name(member, &block[..100])?;
    for (field, range) in [("name prefix", 345..500), ("link name", 157..257)] {
        if block[range].iter().any(|byte| *byte != 0) {
            return refuse(Fault::Field { field });
        }
    }
    let number =
        |field: &[u8]| field.split_last().filter(|(end, _)| **end == 0).and_then(|(_, digits)| octal(digits));
    let Some(len) = number(&block[124..136]) else { return refuse(Fault::Size) };
    let Some(mtime) = number(&block[136..148]) else { return refuse(Fault::Field { field: "time" }) };
    let said = Said { len, mtime };
    let exact = exact(member, said);
    let fields = [
        ("mode", 100..108),
        ("owner", 108..124),
        ("owner's name", 265..329),
        ("device", 329..345),
        ("fill", 0..100),
        ("fill", 500..512),
        ("checksum", 0..512),
    ];
    match fields.into_iter().find(|(_, range)| block[range.clone()] != exact[range.clone()]) {
        Some((field, _)) => refuse(Fault::Field { field }),
        None => Ok(said),
    }
}

/// What stands before the first NUL or blank: writers of archives differ in how they end this field.
fn digits(field: &[u8]) -> &[u8] {
    field.split(|byte| matches!(byte, 0 | b' ')).next().unwrap_or_default()
}

fn octal(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, digit| {
        matches!(digit, b'0'..=b'7').then(|| number << 3 | u64::from(digit - b'0'))
    })
}

/// What a type flag stands for, when not for a plain file.
const fn kind(flag: u8) -> Option<&'static str> {
    Some(match flag {
        b'0' => return None,
        b'1' => "a hard link",
        b'2' => "a symbolic link",
        b'3' | b'4' => "a device",
        b'5' => "a folder",
        b'6' => "a named pipe",
        b'x' | b'g' => "an extended header of pax",
        b'L' | b'K' => "a long name of GNU tar",
        b'S' => "a sparse file of GNU tar",
        _ => "of an unknown type",
    })
}

fn check_name(member: Member, field: &[u8]) -> Result<(), BundleError> {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    let name = String::from_utf8_lossy(&field[..end]);
    if name == member.path() {
        return Ok(());
    }
    let why = match Member::of_path(&name) {
        Some(other) if other < member => "was there already",
        Some(_) => "comes later",
        None if name.starts_with('/') => "leads to the root of the file system",
        None if name.split('/').any(|part| part == "..") => "leads out of the bundle",
        None => "no bundle has",
    };
    let found = escape(&name.chars().take(60).collect::<String>());
    Err(BundleError::member(member, Fault::Name { found, why }))
}
