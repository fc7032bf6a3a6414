use std::fs;

use proptest::prelude::*;

use super::super::testing::{Archive, Parts, Piece};
use super::{read, refusal};
use crate::auditor::container::Bundle;
use crate::domain::audit::manifest::{Member, Range};

/// The sample with one piece changed.
fn changed(member: Member, change: impl FnOnce(Piece) -> Piece) -> Vec<u8> {
    let mut archive = Parts::sample().archive();
    let place = archive.0.iter().position(|piece| piece.header.starts_with(member.path().as_bytes()));
    let place = place.expect("a member");
    archive.0[place] = change(archive.0[place].clone());
    archive.to_bytes()
}

fn with_header(member: Member, at: usize, bytes: &'static [u8]) -> Vec<u8> {
    changed(member, |piece| piece.with(|header| header[at..at + bytes.len()].copy_from_slice(bytes)))
}

fn rearranged(change: impl FnOnce(&mut Vec<Piece>)) -> Vec<u8> {
    let mut archive = Parts::sample().archive();
    change(&mut archive.0);
    archive.to_bytes()
}

fn said(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.pcab.tar");
    fs::write(&path, bytes).expect("a file");
    refusal(&path)
}

#[test]
fn a_bundle_gives_its_members_in_order_with_and_without_the_certificate() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut parts = Parts::sample();
    assert_eq!(read(&parts.archive().write(folder.path())).expect("reads"), parts.members());
    parts.content.remove(&Member::EndorsementCertificate);
    let path = parts.archive().write(folder.path());
    assert_eq!(read(&path).expect("reads"), parts.members());
    let bundle = Bundle::open(&path).expect("opens");
    assert_eq!(
        (bundle.manifest().range(), bundle.total()),
        (parts.range, fs::metadata(&path).expect("it").len())
    );
}

#[test]
fn another_library_reads_the_same_archive() {
    let parts = Parts::sample();
    let mut archive = tar::Archive::new(std::io::Cursor::new(parts.archive().to_bytes()));
    let mut seen = Vec::new();
    for entry in archive.entries().expect("entries") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").display().to_string();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).expect("bytes");
        seen.push((Member::of_path(&path).expect("a member"), bytes));
    }
    assert_eq!(seen, parts.members());
}

#[test]
fn another_name_or_another_kind_of_file_is_refused_by_name() {
    let header = |place, bytes| with_header(Member::Policy, place, bytes);
    let name = |name: &'static [u8]| header(0, name);
    let is_of = |found: &str, why: &str| format!("policy.txt: in its place stands {found:?}, which {why}");
    let kind = |found: &str| format!("policy.txt: it is {found}, not a plain file");
    let cases = [
        ("out of the bundle", name(b"../../policy"), is_of("../../policy", "leads out of the bundle")),
        ("out from within", name(b"keys/../..\0"), is_of("keys/../..", "leads out of the bundle")),
        ("from the root", name(b"/etc/passwd"), is_of("/etc/passwd", "leads to the root of the file system")),
        ("unknown", name(b"policy.tx\0"), is_of("policy.tx", "no bundle has")),
        ("with a dot before", name(b"./policy.txt"), is_of("./policy.txt", "no bundle has")),
        ("another case", name(b"POLICY"), is_of("POLICY.txt", "no bundle has")),
        ("a control character", name(b"\x1b[2Jy.txt\0"), is_of("\\u{1b}[2Jy.txt", "no bundle has")),
        ("a hard link", header(156, b"1"), kind("a hard link")),
        ("a symbolic link", header(156, b"2"), kind("a symbolic link")),
        ("a character device", header(156, b"3"), kind("a device")),
        ("a block device", header(156, b"4"), kind("a device")),
        ("a folder", header(156, b"5"), kind("a folder")),
        ("a named pipe", header(156, b"6"), kind("a named pipe")),
        ("of pax", header(156, b"x"), kind("an extended header of pax")),
        ("of pax for all", header(156, b"g"), kind("an extended header of pax")),
        ("a long name", header(156, b"L"), kind("a long name of GNU tar")),
        ("a long link", header(156, b"K"), kind("a long name of GNU tar")),
        ("sparse", header(156, b"S"), kind("a sparse file of GNU tar")),
        ("of the old kind", header(156, b"\0"), kind("of an unknown type")),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(said(&bytes), expected, "{name}");
    }
}

#[test]
fn a_header_that_would_be_written_otherwise_is_refused_by_name() {
    let at = Member::Policy;
    let header = |place, bytes| with_header(at, place, bytes);
    let field =
        |field: &str| format!("policy.txt: the {field} in its header is not the one that a bundle has");
    let cases = [
        ("something behind the end of the name", header(0, b"policy.txt\0x"), field("fill")),
        ("a prefix", header(345, b"keys"), field("name prefix")),
        ("a link name", header(157, b"x"), field("link name")),
        ("a mode", header(100, b"0004755"), field("mode")),
        ("an owner", header(108, b"0000001"), field("owner")),
        ("a named owner", header(265, b"root"), field("owner's name")),
        ("a time", header(136, b"00000000001"), field("time")),
        ("a time in bytes", header(136, b"\x80"), field("time")),
        ("a stray byte", header(511, b"x"), field("fill")),
        (
            "a size in bytes",
            header(124, b"\x80\0\0\0\x10\0\0\0\0\0\x02\0"),
            "policy.txt: its size is not eleven octal digits".to_owned(),
        ),
        (
            "a size with blanks",
            header(124, b"        770\0"),
            "policy.txt: its size is not eleven octal digits".to_owned(),
        ),
        (
            "of GNU",
            header(257, b"ustar  \0"),
            "policy.txt: its header is one of GNU tar, not of the archive format ustar".to_owned(),
        ),
        (
            "of nobody",
            header(257, b"x"),
            "policy.txt: its header is something else, not of the archive format ustar".to_owned(),
        ),
        (
            "a checksum",
            changed(at, |mut piece| {
                piece.header[0] ^= 1;
                piece
            }),
            "policy.txt: the checksum of its header is wrong".to_owned(),
        ),
        (
            "a checksum as GNU ends it",
            changed(at, |mut piece| {
                let digits: Vec<u8> = piece.header[149..155].to_vec();
                piece.header[148..154].copy_from_slice(&digits);
                piece.header[154..156].copy_from_slice(b"\0 ");
                piece
            }),
            field("checksum"),
        ),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(said(&bytes), expected, "{name}");
    }
}

#[test]
fn members_missing_twice_or_in_another_order_are_refused() {
    let cases = [
        ("as it is", rearranged(|_| {}), ""),
        (
            "one dropped",
            rearranged(|pieces| {
                pieces.remove(5);
            }),
            "open-requests.ndjson: in its place stands \"rosters.json\", which comes later",
        ),
        (
            "the last dropped",
            rearranged(|pieces| {
                pieces.pop();
            }),
            "VERIFY.txt: the end of the bundle stands in its place",
        ),
        (
            "one twice",
            rearranged(|pieces| pieces.insert(6, pieces[5].clone())),
            "rosters.json: in its place stands \"open-requests.ndjson\", which was there already",
        ),
        (
            "two swapped",
            rearranged(|pieces| pieces.swap(8, 9)),
            "keys/log.vkey: in its place stands \"keys/tpm.vkey\", which comes later",
        ),
        (
            "MANIFEST last",
            rearranged(|pieces| pieces.rotate_left(1)),
            "MANIFEST: in its place stands \"checkpoint\", which comes later",
        ),
        (
            "MANIFEST twice",
            rearranged(|pieces| pieces.push(pieces[0].clone())),
            "after the last member: there is something where zeros should be",
        ),
        ("nothing at all", Vec::new(), "MANIFEST: the file ends before its header"),
        ("zeros alone", vec![0; 10_240], "MANIFEST: the end of the bundle stands in its place"),
        (
            "no archive",
            vec![b'x'; 10_240],
            "MANIFEST: its header is something else, not of the archive format ustar",
        ),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(said(&bytes), expected, "{name}");
    }
}

#[test]
fn p31_other_bytes_than_manifest_says_are_refused_by_name() {
    let sample = Parts::sample();
    for member in Member::listed().filter(|member| *member != Member::Frontier) {
        let bytes = changed(member, |mut piece| {
            piece.bytes[3] ^= 1;
            piece
        });
        assert_eq!(said(&bytes), format!("{member}: its SHA-256 is not the one in MANIFEST"));
    }
    let (mut whole, archive) = (sample.archive().to_bytes(), sample.archive());
    let after = archive.place(Member::Rosters) - 1;
    whole[after] = 1;
    assert_eq!(
        said(&whole),
        "open-requests.ndjson: the bytes between its end and the next header are not zero"
    );
    let later = changed(Member::Manifest, |piece| piece.with(|header| header[146] ^= 1));
    assert_eq!(said(&later), "MANIFEST: the time in its header is not the one that a bundle has");
    let unlisted = rearranged(|pieces| {
        let mut parts = Parts::sample();
        parts.content.remove(&Member::EndorsementCertificate);
        pieces[0] = parts.archive().0[0].clone();
    });
    assert_eq!(
        said(&unlisted),
        "quote/certify.msg: in its place stands \"quote/ek.crt\", which was there already"
    );
}

#[test]
fn p31_a_cut_off_file_is_refused_wherever_it_ends() {
    let whole = Parts::sample().archive().to_bytes();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.pcab.tar");
    for len in (0..whole.len()).step_by(97).chain([whole.len() - 1]) {
        fs::write(&path, &whole[..len]).expect("a file");
        assert!(read(&path).is_err(), "{len} of {} bytes", whole.len());
    }
    let entries = Parts::sample().archive().place(Member::Entries);
    let cases = [
        (
            "within a member",
            whole[..entries + 700].to_vec(),
            "entries.ndjson: its header says 602 bytes, and the file has 188 more",
        ),
        (
            "within a header",
            whole[..entries + 511].to_vec(),
            "entries.ndjson: the file ends before its header",
        ),
        ("one block of zeros", whole[..entries].to_vec(), "entries.ndjson: the file ends before its header"),
        (
            "within the zeros",
            whole[..whole.len() - 1].to_vec(),
            "after the last member: the zeros end before the record does: the file was cut off",
        ),
        (
            "a record more",
            [&whole[..], &[0; 10_240]].concat(),
            "after the last member: the file goes on after the end of the bundle",
        ),
        (
            "a byte more",
            [&whole[..], &[0]].concat(),
            "after the last member: the file goes on after the end of the bundle",
        ),
        (
            "something in the zeros",
            {
                let mut bytes = whole.clone();
                let last = bytes.len() - 1;
                bytes[last] = 1;
                bytes
            },
            "after the last member: there is something where zeros should be",
        ),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(said(&bytes), expected, "{name}");
    }
}

#[test]
fn what_declares_too_much_is_refused_before_it_is_read() {
    let with_size = |member, size: &'static [u8; 11]| with_header(member, 124, size);
    let mut many = Parts::sample();
    many.range = Range::new(0, 1_000_000_000).expect("a range");
    let longer = |len| {
        let mut parts = Parts::sample();
        parts.content.insert(Member::Custody, vec![b'x'; len]);
        parts.archive().to_bytes()
    };
    let cases = [
        (
            "eight gibibytes",
            with_size(Member::Entries, b"77777777777"),
            "entries.ndjson: its header says 8589934591 bytes, and the file has ",
        ),
        (
            "of MANIFEST",
            with_size(Member::Manifest, b"77777777777"),
            "MANIFEST: its header says 8589934591 bytes, and the file has ",
        ),
        (
            "a milliard of entries",
            many.archive().to_bytes(),
            "entries.ndjson: it has 602 bytes, and MANIFEST says that 1000000000 entries are in it",
        ),
        ("as long as it may be", longer(65_536), ""),
        ("one byte longer", longer(65_537), "reports/custody.json: it has 65537 bytes, allowed are 65536"),
    ];
    for (name, bytes, expected) in cases {
        let said = said(&bytes);
        assert!(said.starts_with(expected) && said.is_empty() == expected.is_empty(), "{name}: {said}");
    }
    let long_note = rearranged(|pieces| {
        let note = vec![b'x'; 65_537];
        pieces[0] = Piece {
            header: super::super::header::write(Member::Manifest, 65_537, Parts::created()),
            bytes: note,
        };
    });
    assert_eq!(said(&long_note), "MANIFEST: it has 65537 bytes, allowed are 65536");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_byte_of_an_archive_is_free(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let archive: Archive = Parts::sample().archive();
        let mut bytes = archive.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.pcab.tar");
        fs::write(&path, &bytes).expect("a file");
        // The signature under MANIFEST is not looked at here.
        let note = Parts::sample().note();
        let signature = 512 + note.len() - "\u{2014} corp.example/gate-1/bundle AAAA\n".len()..512 + note.len();
        prop_assert_eq!(read(&path).is_ok(), signature.contains(&at), "byte {}", at);
    }
}
