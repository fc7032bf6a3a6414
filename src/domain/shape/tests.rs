use proptest::prelude::*;

use super::*;

const PAGES: [Option<CodePage>; 6] = [
    None,
    Some(CodePage::Ibm037),
    Some(CodePage::Ibm1047),
    Some(CodePage::Ibm500),
    Some(CodePage::Ibm273),
    Some(CodePage::Ibm1140),
];

fn plaintext(bytes: &[u8]) -> Plaintext {
    Plaintext::new(Zeroizing::new(bytes.to_vec())).expect("fits")
}

fn record(page: Option<CodePage>, layout: &str, account: Option<&str>) -> Result<Record, ShapeError> {
    Record::new(page, Some(Layout::parse(layout).expect("a layout")), account)
}

/// The record as text, whatever its page.
fn shaped(record: Record, credential: &[u8]) -> Result<String, ShapeError> {
    let read = |&byte: &u8| record.page.map_or(char::from(byte), |page| page.char(byte));
    let shaped = Shape::Record(record).apply(plaintext(credential))?;
    assert_eq!(shaped.expose().len(), RECORD_LEN);
    Ok(shaped.expose().iter().map(read).collect())
}

fn password(why: FieldError) -> ShapeError {
    ShapeError::Field { field: Field::Password, why }
}

#[test]
fn a_record_is_padded_with_blanks_up_to_the_last_column() {
    for page in PAGES {
        let alone = Record::new(page, None, None).expect("a record");
        let both = Record::new(page, None, Some("PRODUSR")).expect("a record");
        let turned = record(page, "password=1-8,account=70-72", Some("A B")).expect("a record");
        assert_eq!(shaped(alone, b"S3CRET#1"), Ok(format!("{:80}", "S3CRET#1")), "{page:?}");
        assert_eq!(shaped(both, b"S3CRET#1"), Ok(format!("{:9}{:71}", "PRODUSR", "S3CRET#1")), "{page:?}");
        assert_eq!(shaped(turned, b" in 8"), Ok(format!("{:69}{:11}", " in 8", "A B")), "{page:?}");
        let shaped = Shape::Record(alone).apply(plaintext(b"x")).expect("fits");
        assert_eq!(shaped.expose()[79], if page.is_some() { 0x40 } else { b' ' }, "{page:?}");
    }
}

#[test]
fn a_credential_fits_its_columns_exactly_or_not_at_all() {
    let columns = |first, last| Columns::new(first, last).expect("columns");
    let cases = [("password=1-72", 72, columns(1, 72)), ("password=10-17", 8, columns(10, 17))];
    for (layout, most, columns) in cases {
        for page in PAGES {
            let record = record(page, layout, None).expect("a record");
            let fits = shaped(record, "x".repeat(most).as_bytes()).expect("fits");
            assert_eq!(fits.trim(), "x".repeat(most), "{layout} {page:?}");
            let refused = shaped(record, "x".repeat(most + 1).as_bytes());
            assert_eq!(refused, Err(password(FieldError::TooLong { columns })), "{layout} {page:?}");
        }
    }
    let eight =
        |page| shaped(record(page, "password=1-8", None).expect("a record"), "ä".repeat(8).as_bytes());
    assert_eq!(eight(PAGES[1]), Ok(format!("{:80}", "ä".repeat(8))), "columns are characters of the page");
    assert!(eight(None).is_err(), "and bytes where there is none");
}

#[test]
fn no_record_begins_as_the_end_of_in_stream_data_does() {
    let cases: [(&str, &str, Option<&str>, &[u8], bool); 10] = [
        ("//", "password=1-72", None, b"//x", false),
        ("/*", "password=1-72", None, b"/*", false),
        ("the signs alone", "password=1-2", None, b"//", false),
        ("one sign", "password=1-72", None, b"/", true),
        ("another after it", "password=1-72", None, b"/+/", true),
        ("the signs from the second column on", "password=2-72", None, b"//", true),
        ("the signs within", "password=1-72", None, b"x//*", true),
        ("half account, half credential", "account=1-1,password=2-9", Some("/"), b"*x", false),
        ("the other way round", "account=2-2,password=1-1", Some("/"), b"/", false),
        ("the same with a gap", "account=1-1,password=3-9", Some("/"), b"*x", true),
    ];
    for (name, layout, account, credential, fits) in cases {
        for page in PAGES {
            let record = record(page, layout, account).expect(name);
            let shaped = shaped(record, credential);
            assert_eq!(shaped.is_ok(), fits, "{name} {page:?}");
            assert!(fits || shaped == Err(ShapeError::Delimiter), "{name} {page:?}");
        }
    }
    for (account, expected) in
        [("//A", Some(ShapeError::Delimiter)), ("/*", Some(ShapeError::Delimiter)), ("/A", None)]
    {
        assert_eq!(Record::new(None, None, Some(account)).err(), expected, "{account}");
    }
}

#[test]
fn what_a_record_cannot_hold_is_refused_by_its_place() {
    let page = CodePage::Ibm273;
    let missing = FieldError::Page(Untranslatable::Missing { page, place: 3 });
    let not_text = FieldError::Page(Untranslatable::NotText { place: 2 });
    let control = |place| FieldError::Control { place };
    let cases: [(&str, &[u8], Option<FieldError>, Option<FieldError>); 9] = [
        ("blanks before and within", b" a b", None, None),
        ("a blank at the end", b"ab ", Some(FieldError::EndsBlank), Some(FieldError::EndsBlank)),
        ("a newline at the end", b"ab\n", Some(control(3)), Some(control(3))),
        ("NUL", b"\0", Some(control(1)), Some(control(1))),
        ("DEL", b"a\x7F", Some(control(2)), Some(control(2))),
        ("NEL", "ä\u{85}".as_bytes(), None, Some(control(2))),
        ("not in the page", "ab€".as_bytes(), None, Some(missing)),
        ("not text", b"a\xFFb", None, Some(not_text)),
        ("a hard blank", "a\u{A0}".as_bytes(), None, None),
    ];
    for (name, credential, without, with) in cases {
        for (page, expected) in [(None, without), (Some(page), with)] {
            let record = Record::new(page, None, None).expect("a record");
            assert_eq!(shaped(record, credential).err(), expected.map(password), "{name} {page:?}");
        }
    }
}

#[test]
fn an_account_that_cannot_be_written_makes_no_record() {
    let page = Some(CodePage::Ibm037);
    let account = |why| Some(ShapeError::Field { field: Field::Account, why });
    let columns = Columns::new(1, 8).expect("columns");
    let both = Some("account=1-8,password=9-72");
    let alone = Some("password=1-72");
    let missing = FieldError::Page(Untranslatable::Missing { page: CodePage::Ibm037, place: 2 });
    let cases = [
        ("8 characters", None, Some("PRODUSR1"), None),
        ("9 characters", None, Some("PRODUSR12"), account(FieldError::TooLong { columns })),
        ("none", None, Some(""), account(FieldError::Empty)),
        ("blank", None, Some(" "), account(FieldError::EndsBlank)),
        ("a control character", None, Some("A\tB"), account(FieldError::Control { place: 2 })),
        ("not in the page", None, Some("A€"), account(missing)),
        ("no columns for it", alone, Some("A"), Some(ShapeError::Account)),
        ("columns for nothing", both, None, Some(ShapeError::Account)),
        ("columns for it", both, Some("A"), None),
    ];
    for (name, layout, account, expected) in cases {
        let layout = layout.map(|layout| Layout::parse(layout).expect("a layout"));
        assert_eq!(Record::new(page, layout, account).err(), expected, "{name}");
    }
}

#[test]
fn without_a_record_bytes_are_translated_and_nothing_else() {
    let page = Shape::Page(CodePage::Ibm1047);
    let shaped = page.apply(plaintext(b"[a]\n ")).expect("in the page");
    assert_eq!(shaped.expose(), [0xAD, 0x81, 0xBD, 0x25, 0x40]);
    let all = vec![0xFF; Plaintext::LEN_MAX];
    assert_eq!(Shape::AsIs.apply(plaintext(&all)).expect("as it is").expose(), all);
    let long = "ÿ".repeat(Plaintext::LEN_MAX / 2);
    assert_eq!(page.apply(plaintext(long.as_bytes())).expect("fits").expose(), vec![0xDF; 32_768]);
    let refused = page.apply(plaintext("ab€".as_bytes())).expect_err("not in the page");
    assert_eq!(refused.to_string(), "the credential has a character at place 3 that IBM-1047 lacks");
}

#[test]
fn no_refusal_repeats_what_it_refuses() {
    let record = Record::new(Some(CodePage::Ibm037), None, None).expect("a record");
    let refused = ["QQ\u{20ac}", "QQ ", "QQ\n", &"Q".repeat(73), "//QQ"].map(|credential| {
        let refused = shaped(record, credential.as_bytes()).expect_err("refused");
        format!("{refused} {refused:?}")
    });
    assert!(refused.iter().all(|said| !said.contains('Q') && !said.contains('\u{20ac}')), "{refused:?}");
}

proptest! {
    #[test]
    fn whatever_the_credential_a_record_is_whole_or_refused(
        index in 0..6_usize,
        first in 1..=72_usize,
        more in 0..72_usize,
        credential in prop::collection::vec(any::<u8>(), 1..90),
    ) {
        let columns = Columns::new(first, (first + more).min(72)).expect("columns");
        let page = PAGES[index];
        let layout = Layout { account: None, password: columns };
        let record = Record::new(page, Some(layout), None).expect("a record");
        if let Ok(shaped) = Shape::Record(record).apply(plaintext(&credential)) {
            let bytes = shaped.expose();
            prop_assert_eq!(bytes.len(), 80);
            let expected = page.map_or(credential.clone(), |page| page.encode(&credential).expect("text").to_vec());
            prop_assert!(bytes[columns.range()].starts_with(&expected));
            let others = bytes.iter().filter(|&&byte| byte != blank(page)).count();
            prop_assert_eq!(others, expected.iter().filter(|&&byte| byte != blank(page)).count());
            prop_assert!(bytes[72..].iter().all(|&byte| byte == blank(page)));
        }
    }
}
