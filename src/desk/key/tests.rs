use std::os::unix::fs::PermissionsExt as _;

use zeroize::Zeroizing;

use super::*;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.to_owned()))
}

fn id(text: &str) -> OperatorId {
    OperatorId::parse(text).expect("an id")
}

#[test]
fn the_key_file_is_the_one_named_else_the_persons_else_the_only_one() {
    let home = tempfile::tempdir().expect("a folder");
    let operators = home.path().join("operators");
    let find = |explicit: Option<&str>, operator: Option<&str>| {
        let operator = operator.map(id);
        let found = find_key_file(explicit.map(Path::new), home.path(), operator.as_ref());
        found.map_err(|error| error.code().to_owned())
    };
    assert_eq!(find(None, None), Err("no-key-file".to_owned()), "no folder");
    fs::create_dir(&operators).expect("a folder");
    fs::write(operators.join("notes.txt"), "").expect("a file");
    assert_eq!(find(None, None), Err("no-key-file".to_owned()), "nothing in it");
    fs::write(operators.join("alice.pcop"), "").expect("a file");
    assert_eq!(find(None, None), Ok(operators.join("alice.pcop")), "the only one");
    assert_eq!(find(None, Some("bo")), Err("no-key-file".to_owned()), "another person's");
    fs::write(operators.join("bo.pcop"), "").expect("a file");
    assert_eq!(find(None, None), Err("many-key-files".to_owned()), "two of them");
    assert_eq!(find(None, Some("bo")), Ok(operators.join("bo.pcop")), "the person's");
    assert_eq!(find(Some("/media/k.pcop"), Some("bo")), Ok(PathBuf::from("/media/k.pcop")), "the one named");
}

#[test]
fn a_new_key_file_is_its_owners_alone_and_never_written_over() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("operators/alice.pcop");
    let key = create_key_file(&path, id("alice"), &passphrase("correct horse battery")).expect("a key file");
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&home.path().join("operators"))), (0o600, 0o700));
    let opened = open_key_file(&path, &passphrase("correct horse battery")).expect("opens");
    assert_eq!(opened.id(), key.id());
    let wrong = open_key_file(&path, &passphrase("correct horse batterz"));
    assert_eq!(
        wrong.map_err(|error| (error.code().to_owned(), error.exit())).err(),
        Some(("wrong-passphrase".to_owned(), 3))
    );
    let before = fs::read(&path).expect("reads");
    let again = create_key_file(&path, id("alice"), &passphrase("correct horse battery"));
    assert!(matches!(again, Err(DeskError::File { .. })), "{again:?}");
    assert_eq!(fs::read(&path).expect("reads"), before);
}

#[test]
fn a_report_of_a_wrong_passphrase_never_fails() {
    let home = tempfile::tempdir().expect("a folder");
    report_wrong_passphrase(&home.path().join("none.sock"), &home.path().join("none.pcop"));
}
