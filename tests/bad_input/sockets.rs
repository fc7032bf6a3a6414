//! Noise on both sockets: after each piece of it the daemon still serves a pull.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use portcullis::demo::stage::Stage;

use super::common::appliance::{Appliance, program};
use super::common::raw::{Job, Stranger, operator_socket, receive_record, send_record};
use super::{nothing_changes, still_serves};

fn appliance() -> Appliance {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/a"]);
    appliance.arm("payroll", "db/a", &["--pulls", "100"]).expect("armed");
    appliance
}

#[test]
fn rubbish_on_the_pull_socket_is_answered_and_hurts_nobody() {
    let appliance = appliance();
    let long = format!("PC1 01 {}\r", "A".repeat(66));
    let endless = "A".repeat(17 << 10);
    let binary: Vec<u8> = (0..=255).rev().cycle().take(2_048).collect();
    let syntax = "PC1 01 DENY SYNTAX";
    // name, what is sent, the first answer, whether the connection ends
    let cases: [(&str, &[u8], &str, bool); 13] = [
        ("an unknown verb", b"PC1 01 FETCH A\r", syntax, false),
        ("a verb of the appliance", b"PC1 01 OK 8\r", syntax, false),
        ("a line of 73 characters", long.as_bytes(), syntax, false),
        ("a line without an end", endless.as_bytes(), syntax, true),
        ("binary rubbish", &binary, syntax, true),
        ("a wrong check value", b"PC1 01 BYE *00000000\r", syntax, false),
        ("another profile", b"PC1 01 HELO PAYROLL CLEAR\r", "PC1 01 DENY PROFILE", false),
        ("a HELO that is not the first line", b"PC1 07 HELO PAYROLL U\r", "PC1 01 DENY SEQUENCE", false),
        ("a GET without a HELO", b"PC1 02 GET DB/A\r", "PC1 02 DENY SEQUENCE", false),
        ("three names in one", b"PC1 02 GET A/B/C\r", syntax, false),
        ("a blank too many", b"PC1 01  HELO PAYROLL U\r", syntax, false),
        ("HTTP", b"GET / HTTP/1.1\r\nHost: a\r\nAccept: a\r\n\r\n", syntax, true),
        ("nothing but ends of lines and BYE", b"\r\r\n\r\nPC1 01 BYE\r", "", true),
    ];
    for (name, bytes, answer, ends) in cases {
        let mut job = Job::connect(appliance.home());
        job.send(bytes);
        if !answer.is_empty() {
            assert_eq!(job.hear().as_deref(), Some(answer), "{name}");
        }
        if ends {
            let rest = job.hear_all();
            assert!(rest.iter().all(|line| line.contains(" DENY ")), "{name}: {rest:?}");
        } else {
            job.send(b"PC1 01 HELO PAYROLL U\r");
            assert_eq!(job.hear().as_deref(), Some("PC1 01 CHAL -"), "{name}: the next line is read");
        }
        still_serves(&appliance, name);
    }
    let log = appliance.log();
    let noted = log.iter().filter(|entry| entry["detail"]["wanted"] == "a line that is not PC1").count();
    assert!(noted >= 10, "{noted} of them are on the record");
}

#[test]
fn half_lines_and_slow_writers_keep_nobody_waiting() {
    let appliance = appliance();
    let mut slow = Job::connect(appliance.home());
    let mut stalled = Job::connect(appliance.home());
    let mut gone = Job::connect(appliance.home());
    let mut operator = operator_socket(appliance.home());
    stalled.send(b"PC1 01 HELO PAY");
    gone.send(b"PC1 01 HEL");
    drop(gone);
    operator.write_all(&[0xff, 0xff, 1, 2, 3]).expect("sent");
    for byte in b"PC1 01 HELO PAYROLL U\rPC1 02 GET DB/A" {
        slow.send(&[*byte]);
        if *byte == b' ' {
            still_serves(&appliance, "between two bytes of a slow writer");
        }
    }
    slow.send(b"\r");
    assert_eq!(slow.verdict().as_deref(), Some("PC1 02 OK 8"), "the slow one is served all the same");
    stalled.send(b"ROLL U\r");
    assert_eq!(stalled.hear().as_deref(), Some("PC1 01 CHAL -"), "and the stalled one goes on");
    appliance.does("bob", &["requests"]).expect("and operators are heard");
}

#[test]
fn rubbish_on_the_operators_socket_ends_that_connection_and_nothing_else() {
    let appliance = appliance();
    let key_file = appliance.home().join("operators/bob.pcop");
    nothing_changes(&appliance, &["not-on-roster"; 2], "rubbish", || {
        let cases: [(&str, &[u8]); 5] = [
            ("an empty record", &[0, 0]),
            ("a record of rubbish", &[0, 5, 1, 2, 3, 4, 5]),
            ("a handshake of zeros", &[&[0, 96][..], &[0; 96]].concat()),
            ("PC1", b"PC1 01 HELO PAYROLL U\r"),
            ("half a record and gone", &[1, 0, 7]),
        ];
        for (name, bytes) in cases {
            let mut stream = operator_socket(appliance.home());
            stream.write_all(bytes).expect("sent");
            drop(stream.shutdown(std::net::Shutdown::Write));
            assert_eq!(receive_record(&mut stream), None, "{name}: the keeper hangs up");
        }
        let connect = || Stranger::connect(appliance.home(), &key_file);
        let mut stranger = connect();
        stranger.say("{\"v\":2}");
        assert_eq!(stranger.hear(), None, "another version");
        let mut stranger = connect();
        stranger.say("{\"ask\":\"status\"}");
        assert_eq!(stranger.hear(), None, "no greeting first");
        let mut stranger = connect();
        let claimed = (256_u32 * 1024 + 1).to_be_bytes();
        stranger.send(&[&claimed[..], &[b' '; 65_515]].concat());
        assert_eq!(stranger.hear(), None, "a message of 256 KiB and a byte");
        let mut stranger = connect();
        stranger.say("{\"v\":1}");
        assert_eq!(stranger.hear(), Some(serde_json::json!({ "v": 1 })));
        send_record(&mut stranger.stream, &[7; 40]);
        assert_eq!(stranger.hear(), None, "a record of somebody else");
        for ask in ["{\"ask\":\"status\"}", "{\"ask\":\"fly\",\"to\":\"the moon\"}"] {
            let mut stranger = connect();
            stranger.say("{\"v\":1}");
            stranger.hear().expect("a greeting");
            stranger.say(ask);
            let answer = stranger.hear().expect("an answer");
            assert!(answer.to_string().contains("not-on-roster"), "{answer}");
            assert_eq!(stranger.hear(), None, "and no second question");
        }
    });
    still_serves(&appliance, "after all of it");
}

/// Listens in the place of the keeper, passes everything on, and keeps what the operator sent.
fn record(between: &Path, keeper: &Path) -> std::thread::JoinHandle<Vec<u8>> {
    std::fs::create_dir(between.join("run")).expect("a folder");
    let socket = UnixListener::bind(between.join("run/operator.sock")).expect("bound");
    let mut keeper: UnixStream = operator_socket(keeper);
    std::thread::spawn(move || {
        let (mut operator, _) = socket.accept().expect("accepted");
        let (mut back, mut to) = (keeper.try_clone().expect("cloned"), operator.try_clone().expect("cloned"));
        let answers = std::thread::spawn(move || std::io::copy(&mut back, &mut to));
        let mut sent = Vec::new();
        let mut bytes = [0; 4_096];
        while let Ok(len @ 1..) = operator.read(&mut bytes) {
            sent.extend_from_slice(&bytes[..len]);
            keeper.write_all(&bytes[..len]).expect("passed on");
        }
        drop(keeper.shutdown(std::net::Shutdown::Both));
        drop(answers.join());
        sent
    })
}

#[test]
fn a_recorded_conversation_played_again_does_nothing() {
    let appliance = appliance();
    let between = tempfile::tempdir().expect("a folder");
    let operator = Stage::set(program(), between.path().to_owned()).expect("a stage");
    std::fs::create_dir(between.path().join("operators")).expect("a folder");
    for person in ["bob", "alice"] {
        let name = format!("operators/{person}.pcop");
        std::fs::copy(appliance.home().join(&name), between.path().join(&name)).expect("copied");
    }
    let recorder = record(between.path(), appliance.home());
    let args = ["request", "db/a", "--job", "payroll", "--reason", "r", "--ticket", "t"];
    operator.does("alice", &args).expect("passed on");
    let sent = recorder.join().expect("recorded");
    assert!(sent.len() > 300, "a handshake, a greeting and a question");
    nothing_changes(&appliance, &[], "played again", || {
        let mut stream = operator_socket(appliance.home());
        stream.write_all(&sent).expect("sent");
        receive_record(&mut stream).expect("anybody may begin a handshake");
        assert_eq!(receive_record(&mut stream), None, "and only who began it goes on");
    });
    still_serves(&appliance, "after it");
}
