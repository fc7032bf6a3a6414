//! What a legacy reader is handed: the real program beside the system's `iconv` and `dd`.

#[path = "../common/mod.rs"]
mod common;
mod iconv;

use common::appliance::Appliance;
use iconv::{filter, iconv, name};
use portcullis::demo::stage::Output;
use portcullis::domain::ebcdic::CodePage;

/// Every character that moves from page to page, and two that are not ASCII.
const MOVING: &str = "a!@[\\]^{|}~#$`\"äÜ";

/// An appliance that gives the job `payroll` this credential, as often as `pulls` says.
fn armed(credential: &[u8], pulls: &str) -> Appliance {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/a"]);
    appliance.deposit("db/a", credential, &["--next"]).expect("deposited");
    appliance.arm("payroll", "db/a", &["--pulls", pulls]).expect("armed");
    appliance
}

fn pull(appliance: &Appliance, options: &[&str]) -> Output {
    let args = [&["pull", "db/a", "--job", "payroll", "--timeout", "20s"], options].concat();
    appliance.run(None, args, b"").expect("the program runs")
}

fn refused(output: &Output, code: i32, what: &str, advice: &str, case: &str) {
    assert_eq!((output.code, output.stdout.len()), (code, 0), "{case}: {}", output.stderr);
    assert!(output.stderr.contains(what) && output.stderr.contains(advice), "{case}: {}", output.stderr);
}

/// How many pulls the window still has.
fn left(appliance: &Appliance) -> u64 {
    appliance.requests()[0]["pulls_left"].as_u64().expect("a number")
}

/// A record as other programs make it: `dd` pads it and `iconv` translates it.
fn by_others(page: Option<CodePage>, text: &str) -> Vec<u8> {
    let latin1 = iconv("UTF-8", "ISO-8859-1", text.as_bytes());
    let record = filter("dd", &["conv=block", "cbs=80"], &latin1);
    page.map_or(record.clone(), |page| iconv("ISO-8859-1", &name(page), &record))
}

#[test]
fn a_record_is_the_one_that_dd_and_iconv_make() {
    let appliance = armed(MOVING.as_bytes(), "20");
    for page in CodePage::ALL {
        let shape = ["--recfm", "fb80", "--code-page", page.name()];
        let alone = pull(&appliance, &shape);
        assert_eq!(alone.stdout, by_others(Some(page), MOVING), "{page}: {}", alone.stderr);
        let columns = ["--account", "PROD", "--columns", "password=30-72,account=2-9"];
        let both = pull(&appliance, &[&shape[..], &columns].concat());
        let text = format!(" {:28}{MOVING}", "PROD");
        assert_eq!(both.stdout, by_others(Some(page), &text), "{page}: {}", both.stderr);
        let translated = pull(&appliance, &["--code-page", page.name()]);
        assert_eq!(translated.stdout, iconv("UTF-8", &name(page), MOVING.as_bytes()), "{page}");
    }
    let none = pull(&appliance, &["--code-page", "none"]);
    assert_eq!(none.stdout, MOVING.as_bytes(), "{}", none.stderr);
    let upper = pull(&appliance, &["--recfm", "FB80", "--code-page", "ibm-037", "--account", "PRODUSR"]);
    let text = format!("{:9}{MOVING}", "PRODUSR");
    assert_eq!(upper.stdout, by_others(Some(CodePage::Ibm037), &text), "{}", upper.stderr);
}

#[test]
fn a_command_is_handed_the_record_on_its_descriptor() {
    let appliance = armed(b"S3CRET#1", "9");
    let copy = appliance.prop("copy");
    let script = format!("cat <&$PORTCULLIS_FD > '{}'; exit 7", copy.display());
    let exec = ["--exec", "sh", "-c", &script];
    for (shape, page) in [
        (&["--recfm", "fb80", "--code-page", "IBM-273"][..], Some(CodePage::Ibm273)),
        (&["--recfm", "fb80"], None),
    ] {
        let ran = pull(&appliance, &[shape, &exec].concat());
        assert_eq!((ran.code, ran.stdout.len()), (7, 0), "{}", ran.stderr);
        assert_eq!(std::fs::read(&copy).expect("a copy"), by_others(page, "S3CRET#1"), "{page:?}");
    }
}

#[test]
fn a_job_is_put_together_around_its_record_as_the_documents_say() {
    let appliance = armed(b"S3CRET#1", "9");
    let documents = include_str!("../../docs/operating.md");
    let sample = documents.split("--exec sh -c '\n").nth(1).and_then(|rest| rest.split("'\n```").next());
    let sample = sample.expect("the sample stands in the documents");
    let (head, tail) = ("//LOGIN    EXEC PGM=MYLOGIN\n//CRED     DD *\n", "/*\n");
    std::fs::write(appliance.prop("head.jcl"), head).expect("written");
    std::fs::write(appliance.prop("tail.jcl"), tail).expect("written");
    let folder = appliance.prop("head.jcl").parent().expect("a folder").to_owned();
    let script = format!("cd '{}'; submit() {{ cat > job; }}\n{sample}", folder.display());
    let shape =
        ["--recfm", "fb80", "--code-page", "IBM-037", "--account", "PRODUSR", "--exec", "sh", "-c", &script];
    let ran = pull(&appliance, &shape);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let text = format!("{head}PRODUSR  S3CRET#1\n{tail}");
    let job = std::fs::read(appliance.prop("job")).expect("submitted");
    assert_eq!((job.len(), job), (320, by_others(Some(CodePage::Ibm037), &text)));
}

#[test]
fn a_shape_that_cannot_be_spends_nothing() {
    let appliance = armed(b"S3CRET#1", "3");
    let fb80 = |rest: &[&'static str]| [&["--recfm", "fb80"], rest].concat();
    let cases = [
        (
            "into the sequence number",
            fb80(&["--columns", "password=1-73"]),
            "from 73 on",
            "see `portcullis pull",
        ),
        ("backwards", fb80(&["--columns", "password=9-8"]), "are written as 10-72", "see `portcullis pull"),
        ("overlapping", fb80(&["--columns", "account=1-8,password=8-16"]), "overlap", "see `portcullis pull"),
        ("no password", fb80(&["--columns", "account=1-8"]), "no columns for the password", "see"),
        ("no such page", fb80(&["--code-page", "IBM-285"]), "IBM-285", "IBM-1047"),
        ("no such format", vec!["--recfm", "vb80"], "vb80", "fb80"),
        ("columns without a record", vec!["--columns", "password=1-8"], "--recfm", "usage"),
        ("an account without a record", vec!["--account", "A"], "--recfm", "usage"),
        (
            "a long account",
            fb80(&["--account", "PRODUSER1"]),
            "does not fit into its columns 1-8",
            "nothing was pulled",
        ),
        (
            "an account that the page lacks",
            fb80(&["--account", "A€", "--code-page", "IBM-037"]),
            "the account has a character at place 2 that IBM-037 lacks",
            "nothing was pulled",
        ),
        ("an empty account", fb80(&["--account", ""]), "the account is empty", "nothing was pulled"),
        (
            "an account like a delimiter",
            fb80(&["--account", "//A"]),
            "ends in-stream data",
            "nothing was pulled",
        ),
        (
            "columns for no account",
            fb80(&["--columns", "account=1-8,password=9-16"]),
            "columns of an account need one",
            "nothing was pulled",
        ),
    ];
    for (name, options, what, advice) in cases {
        refused(&pull(&appliance, &options), 2, what, advice, name);
    }
    assert_eq!(left(&appliance), 3, "all of them are still there");
    let json = pull(&appliance, &fb80(&["--account", "", "--json"]));
    let object: serde_json::Value = serde_json::from_slice(&json.stdout).expect("an object");
    assert_eq!((json.code, &object["error"]["code"]), (2, &"shape".into()));
    assert_eq!(pull(&appliance, &fb80(&[])).stdout, by_others(None, "S3CRET#1"));
    assert_eq!(left(&appliance), 2, "and then one less");
}

#[test]
fn a_credential_that_does_not_fit_is_refused_whole_and_the_pull_is_spent() {
    let page = ["--recfm", "fb80", "--code-page", "IBM-037"];
    let cases: [(&str, &[u8], &[&str], &str); 5] = [
        ("long", &[b'Q'; 73], &page[..2], "the credential does not fit into its columns 1-72"),
        ("like a delimiter", b"/*QQ", &page, "the record would begin with // or /*"),
        ("not text", b"QQ\xFF", &page, "the credential is not UTF-8 text at byte 3"),
        ("not in the page", "QQQ€".as_bytes(), &page[2..], "has a character at place 4 that IBM-037 lacks"),
        ("with a newline", b"QQ\n", &page[..2], "the credential has a control character at place 3"),
    ];
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/a"]);
    let copy = appliance.prop("copy");
    let script = format!("cat <&$PORTCULLIS_FD > '{}'", copy.display());
    for (name, credential, shape, what) in cases {
        appliance.deposit("db/a", credential, &["--next"]).expect("deposited");
        appliance.arm("payroll", "db/a", &["--pulls", "2"]).expect("armed");
        for exec in [&[][..], &["--exec", "sh", "-c", &script]] {
            let output = pull(&appliance, &[shape, exec].concat());
            refused(&output, 3, what, "the pull is spent", name);
            assert!(!output.stderr.contains("QQ"), "{name}: {}", output.stderr);
        }
        assert!(!copy.exists(), "{name}: the command was not run");
        let again = appliance.run(None, ["pull", "db/a", "--job", "payroll", "--timeout", "1s"], b"");
        assert_eq!(again.expect("runs").stdout.len(), 0, "{name}: both are spent");
    }
}
