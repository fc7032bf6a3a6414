use proptest::prelude::*;

use super::super::vkey::NoteKey;
use super::*;

/// The example of the specification.
const THEIRS: &str = "Ognuno sta solo sul cuor della terra\n\
    trafitto da un raggio di sole:\n\n\
    \u{e8}d \u{e8} subito sera.\n\n\
    \u{2014} quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
const LINE: &str = "\u{2014} n AAAAAQA=";

fn read(text: &str) -> Result<Note, NoteError> {
    Note::read(text.as_bytes())
}

fn signature(name: &str) -> NoteSignature {
    NoteSignature::new(&Vkey::new(name, NoteKey::Ed25519([0; 32])).expect("a name"), &[7; 64])
}

#[test]
fn a_note_is_split_at_its_last_blank_line() {
    let note = read(THEIRS).expect("a note");
    assert_eq!(note.text().lines().count(), 4);
    assert!(note.text().ends_with("subito sera.\n"));
    let [signature] = note.signatures() else { panic!("one signature") };
    assert_eq!((signature.name(), signature.id()), ("quasimodo.example/salvatore", 0x367b_a04b));
    assert_eq!(signature.blob().len(), 64);
    assert_eq!(note.to_string(), THEIRS);
    let cases = [
        ("no line but an empty one", format!("\n\n{LINE}\n"), "\n"),
        ("an empty line at the end of the text", format!("a\n\n\n{LINE}\n"), "a\n\n"),
        (
            "a line like a signature in the text",
            format!("a\n\n{LINE}\n\n{LINE}\n"),
            &format!("a\n\n{LINE}\n"),
        ),
    ];
    for (name, whole, text) in cases {
        assert_eq!(read(&whole).expect(name).text(), text, "{name}");
    }
}

#[test]
fn a_note_has_one_spelling() {
    let with = |lines: &str| format!("a\n\n{lines}");
    let line = |line| NoteError::Line { line };
    let cases = [
        ("nothing", String::new(), NoteError::Text),
        ("no signatures", "a\n".to_owned(), NoteError::NoBlankLine),
        ("no text", format!("\n{LINE}\n"), NoteError::NoBlankLine),
        ("no blank line", format!("a\n{LINE}\n"), NoteError::NoBlankLine),
        ("a blank line and no more", "a\n\n".to_owned(), NoteError::Count { found: 0 }),
        ("a blank line at the end", with(&format!("{LINE}\n\n")), NoteError::Count { found: 0 }),
        ("no line feed at the end", with(LINE), NoteError::Text),
        ("carriage returns", with(&format!("{LINE}\r\n")), NoteError::Text),
        ("a tab", format!("a\tb\n\n{LINE}\n"), NoteError::Text),
        ("a zero byte", format!("a\0\n\n{LINE}\n"), NoteError::Text),
        ("a hyphen", with("- n AAAAAQA=\n"), line(1)),
        ("another dash", with("\u{2013} n AAAAAQA=\n"), line(1)),
        ("two blanks", with("\u{2014} n  AAAAAQA=\n"), line(1)),
        ("a blank at the end", with("\u{2014} n AAAAAQA= \n"), line(1)),
        ("no name", with("\u{2014}  AAAAAQA=\n"), line(1)),
        ("a plus in the name", with("\u{2014} a+b AAAAAQA=\n"), line(1)),
        ("a blank of Unicode in the name", with("\u{2014} a\u{a0}b AAAAAQA=\n"), line(1)),
        ("a control character in the name", with("\u{2014} a\u{7f} AAAAAQA=\n"), line(1)),
        ("no signature", with("\u{2014} n\n"), line(1)),
        ("an id and no more", with("\u{2014} n AAAAAQ==\n"), line(1)),
        ("no padding", with("\u{2014} n AAAAAQA\n"), line(1)),
        ("bits after the end", with("\u{2014} n AAAAAQB=\n"), line(1)),
        ("the other alphabet", with("\u{2014} n AAAA_QA=\n"), line(1)),
        ("the second line", with(&format!("{LINE}\nx\n")), line(2)),
    ];
    for (name, text, expected) in cases {
        assert_eq!(read(&text), Err(expected), "{name}");
    }
    assert_eq!(Note::read(b"\xFF\n\n"), Err(NoteError::Text));
    assert_eq!(NoteSignature::read(LINE).map(|line| line.to_string()), Ok(LINE.to_owned()));
}

#[test]
fn a_note_has_limits() {
    let lines = |count: usize| format!("a\n\n{}", format!("{LINE}\n").repeat(count));
    for count in [1, 16, NOTE_SIGNATURES_MAX] {
        assert_eq!(read(&lines(count)).expect("a note").signatures().len(), count);
    }
    let found = NOTE_SIGNATURES_MAX + 1;
    assert_eq!(read(&lines(found)), Err(NoteError::Count { found }));
    let sized = |size: usize| {
        let rest = format!("\n\n{LINE}\n");
        read(&("x".repeat(size - rest.len()) + &rest)).map(|note| note.to_string().len())
    };
    assert_eq!(sized(NOTE_SIZE_MAX), Ok(NOTE_SIZE_MAX));
    assert_eq!(sized(NOTE_SIZE_MAX + 1), Err(NoteError::TooLarge { found: NOTE_SIZE_MAX + 1 }));
    let whole = Note::new(&("x".repeat(NOTE_SIZE_MAX - 2) + "\n"), Vec::new()).expect("as much as fits");
    let one_more = whole.with(signature("n"));
    assert!(matches!(one_more, Err(NoteError::TooLarge { .. })), "{one_more:?}");
    for text in ["", "a", "a\r\n", "\u{1b}\n"] {
        assert_eq!(Note::new(text, Vec::new()), Err(NoteError::Text), "{text:?}");
    }
}

#[test]
fn a_later_signature_of_a_key_replaces_its_first() {
    let note = Note::new("a\n", vec![signature("x"), signature("y")]).expect("a note");
    let names = |note: &Note| -> Vec<String> {
        note.signatures().iter().map(|signature| signature.name().to_owned()).collect()
    };
    assert_eq!(names(&note.with(signature("x")).expect("a note")), ["y", "x"]);
    assert_eq!(names(&note.with(signature("z")).expect("a note")), ["x", "y", "z"]);
}

proptest! {
    #[test]
    fn what_is_read_is_written_as_it_was_and_other_code_reads_it(
        text in "([a-z\u{2014} ]{0,6}\n){1,5}", lines in prop::collection::vec("(\u{2014} )?[a-z+]{0,3} ?[A-D]{3}[A-Z=]{5}", 1..4),
    ) {
        let whole = format!("{text}\n{}\n", lines.join("\n"));
        let theirs = signed_note::Note::from_bytes(whole.as_bytes());
        match read(&whole) {
            Ok(note) => {
                prop_assert_eq!(note.to_string(), whole);
                let theirs = theirs.expect("they read it too");
                prop_assert_eq!(theirs.text(), note.text().as_bytes());
            }
            Err(_) => prop_assert!(theirs.is_err(), "they read {whole:?}"),
        }
    }

    #[test]
    fn no_bytes_upset_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(note) = Note::read(&bytes) {
            prop_assert_eq!(note.to_string().into_bytes(), bytes);
        }
    }
}
