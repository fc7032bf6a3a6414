use proptest::prelude::*;

use super::super::checkpoint::Checkpoint;
use super::super::note::{Note, NoteError, NoteSignature};
use super::super::proof::{Growth, prove_inclusion};
use super::super::tree::Tree;
use super::*;

const LINE: &str = "\u{2014} n AAAAAQA=";
const HASH: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

fn leaf(n: u64) -> TreeHash {
    TreeHash::of_leaf(&n.to_be_bytes())
}

fn tree(size: u64) -> Tree {
    let mut tree = Tree::default();
    (0..size).for_each(|n| tree.append_hash(leaf(n)));
    tree
}

fn signed(size: u64) -> SignedCheckpoint {
    let text = Checkpoint::of_head("o", &tree(size).head()).expect("a checkpoint").to_string();
    let note = Note::new(&text, vec![NoteSignature::read(LINE).expect("a line")]).expect("a note");
    SignedCheckpoint::of_note(note).expect("a checkpoint")
}

#[test]
fn a_consistency_file_is_read_as_it_is_written() {
    for (old, new) in [(0, 0), (0, 5), (3, 5), (4, 5), (5, 5)] {
        let mut growth = Growth::of(tree(old));
        (old..new).for_each(|n| growth.append_hash(leaf(n)));
        let file = ConsistencyFile::new(old, growth.finish().0, signed(new)).expect("a proof");
        let read = ConsistencyFile::read(file.to_string().as_bytes());
        assert_eq!(read.as_ref(), Ok(&file), "{old} to {new}");
        assert_eq!(file.verify(tree(old).root()), Ok(()), "{old} to {new}");
        assert!(file.verify(tree(6).root()).is_err(), "{old} to {new}, another root");
    }
    let file = ConsistencyFile::new(0, Vec::new(), signed(1)).expect("a proof").to_string();
    assert!(file.starts_with("old 0\n\no\n1\n"), "{file}");
}

#[test]
fn a_consistency_file_has_one_spelling() {
    let of = |head: &str, size| format!("{head}\n\n{}", signed(size));
    let hashes = |count: usize| format!("old 3{}", format!("\n{HASH}").repeat(count));
    let line = |line, expected| FileError::Line { line, expected };
    let (old, hash) = ("`old` and a size", "a hash in base64");
    let cases = [
        ("nothing", String::new(), FileError::NoBlankLine),
        ("no blank line", format!("old 3\n{}", LINE), FileError::NoBlankLine),
        ("no size", of("old", 5), line(1, old)),
        ("leading zeros", of("old 03", 5), line(1, old)),
        ("two blanks", of("old  3", 5), line(1, old)),
        ("another word", of("Old 3", 5), line(1, old)),
        ("carriage returns", of("old 3\r", 5), line(1, old)),
        ("words for a hash", of("old 3\nhash", 5), line(2, hash)),
        ("a hash too short", of(&format!("old 3\n{HASH}\n{}", &HASH[4..]), 5), line(3, hash)),
        ("64 hashes", of(&hashes(64), 5), FileError::TooMany { found: 64 }),
        ("from a larger tree", of("old 6", 5), ProofError::Shrunk { old: 6, new: 5 }.into()),
        (
            "a hash from nothing",
            of(&format!("old 0\n{HASH}"), 5),
            ProofError::Consistency { old: 0, new: 5 }.into(),
        ),
        ("a hash to itself", of(&hashes(1), 3), ProofError::Consistency { old: 3, new: 3 }.into()),
        (
            "an unsigned checkpoint",
            format!("old 3\n\no\n5\n{HASH}\n"),
            CheckpointError::from(NoteError::NoBlankLine).into(),
        ),
    ];
    for (name, text, expected) in cases {
        assert_eq!(ConsistencyFile::read(text.as_bytes()), Err(expected), "{name}");
    }
    assert_eq!(ConsistencyFile::read(of(&hashes(63), 5).as_bytes()).map(|file| file.hashes().len()), Ok(63));
    assert_eq!(ConsistencyFile::read(b"\xFF\n\nx"), Err(FileError::NoBlankLine));
}

fn inclusion(index: u64, size: u64) -> InclusionFile {
    let leaves = |range: std::ops::Range<u64>| Ok::<_, ()>(range.map(leaf).collect());
    let proof = prove_inclusion(index, size, &[], leaves).expect("a proof");
    InclusionFile::new(index, proof, signed(size)).expect("a file")
}

#[test]
fn an_inclusion_file_is_read_as_it_is_written() {
    for (index, size) in [(0, 1), (0, 5), (3, 5), (4, 5)] {
        let bare = inclusion(index, size);
        for file in [bare.clone(), bare.clone().with_extra(b"more").expect("little")] {
            let read = InclusionFile::read(file.to_string().as_bytes()).expect("a file");
            assert_eq!(read, file);
            assert_eq!(read.verify(leaf(index)), Ok(()));
            assert!(read.verify(leaf(99)).is_err());
        }
        assert_eq!(bare.clone().with_extra(b""), Ok(bare), "no data is written as none");
    }
    let text = inclusion(0, 1).with_extra(&[0]).expect("little").to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra AA==\nindex 0\n\no\n1\n"), "{text}");
}

#[test]
fn an_inclusion_file_has_one_spelling() {
    let of = |head: &str| format!("{head}\n\n{}", signed(5));
    let head = PROOF_HEADER;
    let line = |line, expected| FileError::Line { line, expected };
    let (index, extra, hash) = ("`index` and a number", "`extra` and base64", "a hash in base64");
    let cases = [
        ("another version", of("c2sp.org/tlog-proof@v2\nindex 0"), line(1, head)),
        ("no index", of(head), line(2, index)),
        ("an index in hex", of(&format!("{head}\nindex 0x1")), line(2, index)),
        ("leading zeros", of(&format!("{head}\nindex 00")), line(2, index)),
        (
            "behind the end",
            of(&format!("{head}\nindex 5")),
            ProofError::NoSuchLeaf { index: 5, size: 5 }.into(),
        ),
        ("extra without padding", of(&format!("{head}\nextra AA\nindex 0")), line(2, extra)),
        ("empty extra", of(&format!("{head}\nextra \nindex 0")), line(2, extra)),
        ("extra twice", of(&format!("{head}\nextra AA==\nextra AA==\nindex 0")), line(3, index)),
        ("extra after the index", of(&format!("{head}\nindex 0\nextra AA==")), line(3, hash)),
        ("no hash", of(&format!("{head}\nindex 0\n{HASH}\nx")), line(4, hash)),
        (
            "64 hashes",
            of(&format!("{head}\nindex 0{}", format!("\n{HASH}").repeat(64))),
            FileError::TooMany { found: 64 },
        ),
    ];
    for (name, text, expected) in cases {
        assert_eq!(InclusionFile::read(text.as_bytes()), Err(expected), "{name}");
    }
    let most = of(&format!("{head}\nindex 4{}", format!("\n{HASH}").repeat(63)));
    assert_eq!(InclusionFile::read(most.as_bytes()).map(|file| file.hashes().len()), Ok(63));
    assert!(inclusion(0, 1).with_extra(&[0; EXTRA_LENGTH_MAX]).is_ok());
    assert!(inclusion(0, 1).with_extra(&[0; EXTRA_LENGTH_MAX + 1]).is_err());
}

proptest! {
    #[test]
    fn what_is_read_is_written_as_it_was(at in any::<usize>(), byte in any::<u8>(), index in 0..5_u64) {
        let files = [
            inclusion(index, 5).with_extra(b"more").expect("little").to_string(),
            ConsistencyFile::new(3, vec![leaf(0)], signed(5)).expect("a file").to_string(),
        ];
        for mut bytes in files.map(String::into_bytes) {
            let at = at % bytes.len();
            bytes[at] = byte;
            let read = InclusionFile::read(&bytes).map(|file| file.to_string());
            let other = ConsistencyFile::read(&bytes).map(|file| file.to_string());
            for text in [read.ok(), other.ok()].into_iter().flatten() {
                prop_assert_eq!(text.as_bytes(), &bytes);
            }
        }
    }
}
