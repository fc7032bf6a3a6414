//! An appliance that goes away while somebody waits for it.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;

use portcullis::demo::stage::Stage;

use super::common::appliance::{Appliance, program};
use super::{known, refused};

#[test]
fn a_job_that_waits_when_the_daemon_dies_is_told_to_pull_again_and_joins_its_request() {
    let mut appliance = Appliance::found();
    appliance.furnish(&["db/a"]);
    let mut job = appliance.pull_in_background("payroll", "db/a").expect("a job");
    appliance.wait_for_request().expect("it asks");
    appliance.kill();
    let cut = appliance.collect(&mut job).expect("it ends").expect("by itself");
    refused(&cut, 7, "the appliance went away while the pull waited", "killed");
    assert!(cut.stderr.contains("pull again when it answers"), "{}", cut.stderr);
    let nobody = appliance.run(None, ["pull", "db/a", "--job", "payroll"], b"").expect("runs");
    refused(&nobody, 7, "cannot connect to the appliance", "nobody listens");
    assert!(nobody.stderr.contains("portcullis serve"), "{}", nobody.stderr);
    appliance.serve().expect("serves");
    let before = known(&appliance).requests.len();
    let again = appliance.run(None, ["pull", "db/a", "--job", "payroll", "--timeout", "1s"], b"");
    refused(&again.expect("runs"), 4, "the time to wait is over", "it joins");
    assert_eq!(known(&appliance).requests.len(), before, "the request that was there");
}

#[test]
fn a_credential_that_breaks_off_in_the_middle_is_not_handed_on() {
    let home = tempfile::tempdir().expect("a folder");
    let job = Stage::set(program(), home.path().to_owned()).expect("a stage");
    std::fs::create_dir_all(home.path().join("run")).expect("a folder");
    let socket = UnixListener::bind(home.path().join("run/pull.sock")).expect("bound");
    let crc = |line: &str| format!("{line} *{:08X}\r", crc32fast::hash(line.as_bytes()));
    let whole_line = format!("PC1 02 D 01 {}", "41".repeat(24));
    let lines = ["PC1 01 CHAL -", "PC1 02 OK 30", &whole_line].map(crc).concat();
    let appliance = std::thread::spawn(move || {
        let (mut stream, _) = socket.accept().expect("accepted");
        let mut asked = [0; 512];
        let _ = stream.read(&mut asked).expect("asked");
        stream.write_all(lines.as_bytes()).expect("said");
        // What was said is read before the end is met, whatever is still on its way here.
        stream.shutdown(std::net::Shutdown::Write).expect("half closed");
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    });
    let pulled = job.run(None, ["pull", "db/a", "--job", "payroll"], b"").expect("runs");
    appliance.join().expect("no panic");
    refused(&pulled, 7, "went away in the middle of the credential", "cut short");
    assert!(pulled.stderr.contains("the pull is spent"), "{}", pulled.stderr);
}
