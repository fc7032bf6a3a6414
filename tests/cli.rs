//! The command line as a person and a script meet it, without a keeper.

mod terminal;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use terminal::Terminal;

const PASSPHRASE: &str = "correct horse battery";

fn home() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.env_clear().env("PORTCULLIS_HOME", home).stdin(Stdio::null());
    command
}

fn run(home: &Path, args: &[&str]) -> Output {
    program(home).args(args).output().expect("it runs")
}

/// Runs with `input` on standard input.
fn run_with(home: &Path, args: &[&str], input: &str) -> Output {
    let mut command = program(home);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("piped");
    // It may end before it reads.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

fn make_key(home: &Path, id: &str) {
    let made = run_with(home, &["operator", "new", id, "--passphrase-fd", "0"], PASSPHRASE);
    assert_eq!(code(&made), 0, "{}", text(&made.stderr));
}

#[test]
fn every_verb_says_what_it_does_and_gives_an_example() {
    let home = home();
    let verbs = [
        "setup",
        "serve",
        "console",
        "operator new",
        "operator list",
        "deposit",
        "list",
        "show",
        "client add",
        "client list",
        "request",
        "requests",
        "approve",
        "deny",
        "revoke",
        "freeze",
        "thaw",
        "pull",
        "audit show",
        "audit export",
        "audit prove",
        "audit keys",
        "audit verify",
        "doctor",
        "demo",
        "softtpm",
        "completions",
        "man",
    ];
    for verb in verbs {
        let words: Vec<&str> = verb.split(' ').chain(["--help"]).collect();
        let help = run(home.path(), &words);
        assert_eq!(code(&help), 0, "{verb}");
        let help = text(&help.stdout);
        assert!(help.contains("Usage: portcullis"), "{verb}: {help}");
        assert!(
            verb.ends_with("list") || help.contains(&format!("portcullis {}", words[0])),
            "{verb}: {help}"
        );
    }
    let all = text(&run(home.path(), &["--help"]).stdout);
    for verb in verbs {
        assert!(all.contains(verb.split(' ').next().expect("a word")), "{verb} is in the list");
    }
    assert!(!all.contains("__listener"));
}

#[test]
fn errors_are_two_lines_and_an_exit_code() {
    let home = home();
    let nowhere = home.path().join("nowhere").display().to_string();
    let cases: [(&str, &[&str], i32, &str); 9] = [
        ("an unknown verb", &["aprove"], 2, "unrecognized subcommand 'aprove'"),
        ("a missing option", &["freeze"], 2, "--reason"),
        (
            "two rotation intervals",
            &[
                "deposit",
                "a",
                "--rotate",
                "9d",
                "--rotation-days",
                "9",
                "--owner",
                "o",
                "--reason",
                "r",
                "--sunset",
                "2027-01-01",
            ],
            2,
            "cannot be used with",
        ),
        (
            "a day that is none",
            &["deposit", "a", "--rotate", "9d", "--owner", "o", "--reason", "r", "--sunset", "2027-02-30"],
            2,
            "is not a day",
        ),
        (
            "no pulls",
            &["request", "a", "--job", "j", "--reason", "r", "--ticket", "t", "--pulls", "0"],
            2,
            "'0'",
        ),
        ("no key file", &["list"], 2, "there is no key file in"),
        ("no keeper for a job", &["pull", "a", "--job", "j"], 7, "cannot connect to the appliance"),
        ("no bundle to verify", &["audit", "verify", &nowhere], 1, "No such file"),
        ("no appliance here", &["softtpm", "reset"], 1, "there is no appliance"),
    ];
    for (name, args, exit, what) in cases {
        let output = run(home.path(), args);
        let lines: Vec<String> = text(&output.stderr).lines().map(str::to_owned).collect();
        assert_eq!((code(&output), lines.len()), (exit, 2), "{name}: {lines:?}");
        assert!(lines[0].starts_with("portcullis: ") && lines[0].contains(what), "{name}: {lines:?}");
        assert!(lines[1].starts_with("  ") && lines[1].len() > 10, "{name}: {lines:?}");
        assert!(output.stdout.is_empty(), "{name}: data only on standard output");
        let json = run(home.path(), &[args, &["--json"]].concat());
        let object: serde_json::Value = serde_json::from_slice(&json.stdout).expect("an object");
        assert_eq!((code(&json), &object["error"]["exit"]), (exit, &exit.into()), "{name}");
        assert_eq!(
            format!("portcullis: {}", object["error"]["what"].as_str().expect("what")),
            lines[0],
            "{name}"
        );
        assert!(object["error"]["advice"].as_str().is_some_and(|advice| !advice.is_empty()), "{name}");
    }
}

#[test]
fn doctor_gives_a_program_exactly_one_object_whatever_it_finds() {
    let home = home();
    let output = run(home.path(), &["doctor", "--json"]);
    let said = text(&output.stdout);
    assert_eq!((code(&output), said.lines().count()), (1, 1), "{said}");
    let object: serde_json::Value = serde_json::from_str(&said).expect("an object");
    assert_eq!((&object["findings"][0]["what"], &object["error"]["exit"]), (&"daemon".into(), &1.into()));
    let lines = text(&output.stderr);
    assert_eq!(lines.lines().count(), 2, "a person is told the same: {lines}");
    let person = run(home.path(), &["doctor"]);
    assert!(text(&person.stdout).starts_with("FAIL  daemon: "), "{}", text(&person.stdout));
}

#[test]
fn the_console_takes_no_passphrase_from_elsewhere() {
    let home = home();
    make_key(home.path(), "alice");
    let output = run_with(home.path(), &["console", "--passphrase-fd", "0"], PASSPHRASE);
    assert_eq!((code(&output), text(&output.stdout).as_str()), (2, ""));
    let said = text(&output.stderr);
    assert!(said.contains("asks each operator for the passphrase itself"), "{said}");
    let mut terminal = Terminal::run(home.path(), &["console", "--passphrase-fd", "3"]);
    terminal.wait_for("asks each operator for the passphrase itself");
    assert_eq!(terminal.end().0, 2);
}

#[test]
fn without_arguments_the_help_is_shown_and_nothing_is_done() {
    let output = run(home().path(), &[]);
    assert_eq!((code(&output), output.stdout.len()), (2, 0));
    assert!(text(&output.stderr).contains("Usage: portcullis"));
}

#[test]
fn a_key_file_is_made_and_only_its_passphrase_opens_it() {
    let home = home();
    let made = run_with(
        home.path(),
        &["operator", "new", "alice", "--passphrase-fd", "0"],
        &format!("{PASSPHRASE}\nrest"),
    );
    assert_eq!(code(&made), 0, "{}", text(&made.stderr));
    let public: serde_json::Value = serde_json::from_slice(&made.stdout).expect("the public part");
    assert_eq!((&public["id"], &public["roles"][0]), (&"alice".into(), &"operator".into()));
    let file = fs::read_to_string(home.path().join("operators/alice.pcop")).expect("a key file");
    assert!(!file.contains(PASSPHRASE) && !text(&made.stderr).contains(PASSPHRASE));
    let open = |passphrase: &str| {
        let output = run_with(home.path(), &["list", "--passphrase-fd", "0", "--json"], passphrase);
        let object: serde_json::Value = serde_json::from_slice(&output.stdout).expect("an object");
        (code(&output), object["error"]["code"].as_str().map(str::to_owned))
    };
    assert_eq!(open("correct horse batterz"), (3, Some("wrong-passphrase".to_owned())));
    assert_eq!(open(PASSPHRASE), (3, Some("not-pinned".to_owned())), "it opens, and no appliance knows it");
    let again = run_with(home.path(), &["operator", "new", "alice", "--passphrase-fd", "0"], PASSPHRASE);
    assert_eq!(code(&again), 1, "never written over");
    assert_eq!(fs::read_to_string(home.path().join("operators/alice.pcop")).expect("a key file"), file);
}

#[test]
fn a_short_passphrase_makes_no_key_file() {
    let home = home();
    for (passphrase, exit) in [("elevenchars", 3), ("", 3), ("twelve chars", 0)] {
        let made = run_with(home.path(), &["operator", "new", "bo", "--passphrase-fd", "0"], passphrase);
        assert_eq!(code(&made), exit, "{passphrase:?}: {}", text(&made.stderr));
        assert_eq!(home.path().join("operators/bo.pcop").exists(), exit == 0, "{passphrase:?}");
    }
}

#[test]
fn a_passphrase_comes_from_any_descriptor_but_not_from_where_the_credential_is() {
    let home = home();
    make_key(home.path(), "alice");
    let deposit =
        ["deposit", "a", "--owner", "o", "--reason", "r", "--rotate", "9d", "--sunset", "2027-01-01"];
    let twice = run_with(home.path(), &[&deposit[..], &["--passphrase-fd", "0"]].concat(), PASSPHRASE);
    assert_eq!(code(&twice), 2, "{}", text(&twice.stderr));
    assert!(text(&twice.stderr).contains("cannot be both"));
    let secret = home.path().join("passphrase");
    fs::write(&secret, format!("{PASSPHRASE}\n")).expect("a file");
    let script = format!(
        "echo value | '{}' \"$@\" --passphrase-fd 7 7< '{}'",
        env!("CARGO_BIN_EXE_portcullis"),
        secret.display()
    );
    let mut shell = Command::new("sh");
    shell.env_clear().env("PORTCULLIS_HOME", home.path()).args(["-c", &script, "sh"]).args(deposit);
    let output = shell.output().expect("it runs");
    assert!(text(&output.stderr).contains("belongs to no appliance yet"), "{}", text(&output.stderr));
    let closed = run(home.path(), &["list", "--passphrase-fd", "77"]);
    assert_eq!(code(&closed), 2, "a descriptor that is not open");
}

#[test]
fn where_there_is_no_terminal_nothing_waits_for_one() {
    let home = home();
    make_key(home.path(), "alice");
    // A session of its own has no controlling terminal.
    let output = Command::new("setsid")
        .args(["-w", env!("CARGO_BIN_EXE_portcullis"), "list"])
        .env_clear()
        .env("PORTCULLIS_HOME", home.path())
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    assert_eq!(code(&output), 2, "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("--passphrase-fd"), "{}", text(&output.stderr));
    let approve = run(home.path(), &["approve", "7K2M"]);
    assert_eq!(code(&approve), 2);
    assert!(text(&approve.stderr).contains("--id-again 7K2M"), "{}", text(&approve.stderr));
    let other = run(home.path(), &["approve", "7K2M", "--id-again", "7K2N"]);
    assert!(text(&other.stderr).contains("7K2N is not the id"), "{}", text(&other.stderr));
}

#[test]
fn a_mistyped_passphrase_is_asked_for_again_and_never_shown() {
    let home = home();
    make_key(home.path(), "alice");
    let mut terminal = Terminal::run(home.path(), &["list"]);
    terminal.wait_for("alice.pcop: ");
    terminal.type_in("correct horse batterz\r");
    terminal.wait_for("Wrong passphrase, 1 of 3. Wait 1 s.");
    terminal.wait_for("alice.pcop: ");
    terminal.type_in("something else\x15");
    terminal.type_in("correct horse batteryz\x7f\r");
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 3, "{shown}");
    assert!(shown.contains("the key file of alice belongs to no appliance yet"), "it opened: {shown}");
    for typed in ["horse", "something", "*"] {
        assert!(!shown.contains(typed), "{typed} was shown: {shown}");
    }
}

#[test]
fn a_new_passphrase_is_typed_twice_at_a_terminal() {
    let home = home();
    let mut terminal = Terminal::run(home.path(), &["operator", "new", "bo", "--roles", "operator,auditor"]);
    terminal.wait_for("at least 12 characters: ");
    terminal.type_in("too short\r");
    terminal.wait_for("a passphrase of 9 characters is too short");
    terminal.wait_for("at least 12 characters: ");
    terminal.type_in("correct horse battery\r");
    terminal.wait_for("The same again: ");
    terminal.type_in("correct horse batterz\r");
    terminal.wait_for("They differ.");
    terminal.wait_for("at least 12 characters: ");
    terminal.type_in("correct horse battery\r");
    terminal.wait_for("The same again: ");
    terminal.type_in("correct horse battery\r");
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 0, "{shown}");
    assert!(shown.contains("\"roles\":[\"operator\",\"auditor\"]") && !shown.contains("horse"), "{shown}");
    assert!(home.path().join("operators/bo.pcop").exists());
}

#[test]
fn an_interrupt_at_a_question_does_nothing() {
    let home = home();
    let mut terminal = Terminal::run(home.path(), &["operator", "new", "bo"]);
    terminal.wait_for("at least 12 characters: ");
    terminal.type_in("corr\x03");
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 1, "{shown}");
    assert!(shown.contains("cancelled at the terminal"), "{shown}");
    assert!(!home.path().join("operators").exists());
}

#[test]
fn completions_and_manual_pages_cover_every_verb() {
    let home = home();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(home.path(), &["completions", shell]);
        let script = text(&output.stdout);
        assert!(
            code(&output) == 0 && script.contains("deposit") && script.contains("passphrase-fd"),
            "{shell}"
        );
    }
    let page = run(home.path(), &["man"]);
    assert!(code(&page) == 0 && text(&page.stdout).starts_with(".ie"), "a page for man");
    let pages = home.path().join("man1");
    assert_eq!(code(&run(home.path(), &["man", &pages.display().to_string()])), 1, "the folder must exist");
    fs::create_dir(&pages).expect("a folder");
    assert_eq!(code(&run(home.path(), &["man", &pages.display().to_string()])), 0);
    for page in ["portcullis.1", "portcullis-approve.1", "portcullis-audit-verify.1"] {
        assert!(pages.join(page).exists(), "{page}");
    }
}

#[test]
fn a_closed_output_ends_it_quietly() {
    let home = home();
    let script =
        format!("'{}' completions bash | true; echo ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_portcullis"));
    let output = Command::new("bash")
        .args(["-c", &script])
        .env("PORTCULLIS_HOME", home.path())
        .output()
        .expect("runs");
    assert_eq!((text(&output.stdout).trim(), text(&output.stderr).as_str()), ("0", ""));
}

#[test]
fn answers_that_are_wrong_make_nothing() {
    let home = home();
    let answers = home.path().join("answers.toml");
    let good = "appliance = 'a'\ntrust_domain = 'example.org'\ntcti = 'swtpm'\nquorum = 2\n\
                recovery = { k = 2, n = 3, out = 'shares' }\n\
                operator = [{ id = 'a', roles = ['operator'], key_file = 'a.pcop', passphrase_file = 'p' },\
                { id = 'b', roles = ['operator', 'custodian'], key_file = 'b.pcop', passphrase_file = 'p' }]\n";
    let cases = [
        ("quorum 1", good.replace("quorum = 2", "quorum = 1"), "quorum 1 is below the floor of 2"),
        ("a real TPM", good.replace("swtpm", "device:/dev/tpmrm0"), "EVALUATION"),
        ("an unknown answer", format!("magic = 1\n{good}"), "magic"),
        ("no passphrase", good.to_owned(), "p cannot be read"),
    ];
    for (name, text_of, what) in cases {
        fs::write(&answers, text_of).expect("a file");
        let output = run(&home.path().join("new"), &["setup", "--answers", &answers.display().to_string()]);
        let said = text(&output.stderr);
        assert!(code(&output) == 2 && said.contains(what), "{name}: {said}");
        assert!(!home.path().join("new").exists() && !home.path().join("a.pcop").exists(), "{name}");
    }
}
