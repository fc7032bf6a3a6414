//! A refusal asks nothing of the chip, or at most its conditions; and a release is written down first.

#[path = "../common/mod.rs"]
mod common;
mod order;
mod strangers;

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use common::rig::{JOB, Rig, me};
use common::tap::{POLICY_COUNTER_TIMER, POLICY_NV, POLICY_PCR, UNSEAL};
use portcullis::demo::stage::{Output, SECRET};
use portcullis::domain::home::Home;
use portcullis::domain::ids::{CredentialName, JobName};
use portcullis::domain::refusal::Refusal;
use portcullis::domain::selector::{Evidence, KernelProof};
use portcullis::domain::time::Timestamp;
use portcullis::services::Moment;
use portcullis::services::pull::Puller;
use portcullis::services::start;

/// Pulls, briefly.
fn pull(rig: &Rig, job: &str, credential: &str) -> Output {
    rig.stage.run(None, ["pull", credential, "--job", job, "--timeout", "1s"], b"").expect("run")
}

/// The codes that the chip is asked for conditions with; what follows is a release.
const CONDITIONS: [u32; 3] = [POLICY_PCR, POLICY_COUNTER_TIMER, POLICY_NV];

/// A kind of refusal: how it is brought about, its exit code, and a word of what is said.
struct Kind {
    name: &'static str,
    exit: i32,
    word: &'static str,
    job: &'static str,
    credential: &'static str,
}

impl Kind {
    const fn new(
        name: &'static str,
        exit: i32,
        word: &'static str,
        whose: (&'static str, &'static str),
    ) -> Self {
        Self { name, exit, word, job: whose.0, credential: whose.1 }
    }

    /// Pulls, and gives the commands that the chip saw meanwhile.
    fn try_on(&self, rig: &Rig) -> Vec<u32> {
        rig.tap.take_codes();
        let output = pull(rig, self.job, self.credential);
        let codes = rig.tap.take_codes();
        let Self { name, exit, word, .. } = self;
        assert!(output.stdout.is_empty(), "{name}: something was handed out");
        assert_eq!(output.code, *exit, "{name}: {}", output.said());
        assert!(output.said().contains(word), "{name}: {}", output.said());
        assert!(!codes.contains(&UNSEAL), "{name}: the chip was asked to unseal: {codes:x?}");
        codes
    }

    /// The same where the chip is not even asked whether it would.
    fn without_the_chip(&self, rig: &Rig) {
        let codes = self.try_on(rig);
        let asked: Vec<_> = codes.iter().filter(|code| CONDITIONS.contains(code)).collect();
        assert!(asked.is_empty(), "{}: the chip was asked for conditions: {codes:x?}", self.name);
    }
}

fn deposit(rig: &Rig, names: &[&str]) {
    names.iter().for_each(|name| drop(rig.stage.deposit(name, SECRET, &[]).expect("deposited")));
}

#[test]
fn no_refusal_of_a_pull_asks_the_chip_to_unseal() {
    let names = ["db/denied", "db/revoked", "db/spent", "db/ahead", "db/over", "db/waits"];
    let rig = Rig::serving(&[&names[..], &["db/none"]].concat());
    deposit(&rig, &names);
    let other = [format!("unix:uid:{}", portcullis::demo::stage::my_uid() + 1)];
    rig.stage.add_client("other", &other, &["db/waits"]).expect("a client");
    let digest = format!("unix:sha256:{}", "5a".repeat(32));
    rig.stage.add_client("digest", &[me(), digest], &["db/waits"]).expect("a client");
    rig.stage.arm(JOB, "db/waits", &[]).expect("armed");
    let mut kinds = vec![
        Kind::new("unknown job", 3, "job", ("nobody", "db/waits")),
        Kind::new("another uid", 3, "selectors", ("other", "db/waits")),
        Kind::new("another program", 3, "selectors", ("digest", "db/waits")),
        Kind::new("not granted", 3, "may not ask", (JOB, "db/other")),
        Kind::new("no credential", 3, "no credential", (JOB, "db/none")),
    ];
    let ask = ["--job", JOB, "--reason", "night batch", "--ticket", "INC-4711"];
    let asked = rig.stage.does("alice", &[&["request", "db/denied"][..], &ask].concat()).expect("asked");
    let denied = rig.stage.request_id(&asked).expect("a request");
    rig.stage.does("bob", &["deny", &denied, "--reason", "no"]).expect("denied");
    kinds.push(Kind::new("denied", 3, "denied", (JOB, "db/denied")));
    let revoked = rig.stage.arm(JOB, "db/revoked", &[]).expect("armed");
    rig.stage.does("bob", &["revoke", &revoked, "--reason", "no"]).expect("revoked");
    kinds.push(Kind::new("revoked", 3, "was ended", (JOB, "db/revoked")));
    rig.stage.arm(JOB, "db/ahead", &["--opens", "+1h", "--for", "1h"]).expect("armed");
    kinds.push(Kind::new("a window ahead", 4, "time", (JOB, "db/ahead")));
    let over = rig.stage.arm(JOB, "db/over", &["--for", "1s"]).expect("armed");
    rig.wait_for_entry("chip-says", &over);
    kinds.push(Kind::new("a window that is over", 4, "time", (JOB, "db/over")));
    rig.stage.arm(JOB, "db/spent", &[]).expect("armed");
    rig.tap.take_codes();
    let served = pull(&rig, JOB, "db/spent");
    assert!(served.code == 0 && served.stdout == SECRET, "{}", served.said());
    let codes = rig.tap.take_codes();
    assert_eq!(
        codes.iter().filter(|code| **code == UNSEAL).count(),
        1,
        "the tap hears an unseal: {codes:x?}"
    );
    kinds.push(Kind::new("spent", 3, "used", (JOB, "db/spent")));
    kinds.iter().for_each(|kind| kind.without_the_chip(&rig));
    wrong_lines(&rig);
    rig.stage.does("bob", &["freeze", "--reason", "a leak was reported"]).expect("frozen");
    Kind::new("frozen", 3, "frozen", (JOB, "db/waits")).without_the_chip(&rig);
}

/// Lines that are no PC1, or not in order, from somebody who would be served.
fn wrong_lines(rig: &Rig) {
    let line = |said: &str| format!("{said} *{:08X}\r", crc32fast::hash(said.as_bytes()));
    let hello = line("PC1 01 HELO PAYROLL U");
    let get = "PC1 02 GET DB/WAITS";
    let wrong = [
        ("garbage", "\u{7f}\0GET\r".to_owned(), "SYNTAX"),
        ("a wrong check value", format!("{hello}{get} *00000000\r"), "SYNTAX"),
        ("a GET without HELO", line("PC1 01 GET DB/WAITS"), "SEQUENCE"),
        ("lower case", format!("{hello}{}", line("PC1 02 get db/waits")), "SYNTAX"),
        ("a line too long", format!("{hello}{}\r", "A".repeat(73)), "SYNTAX"),
        ("another profile", line("PC1 01 HELO PAYROLL CLEAR"), "PROFILE"),
        ("a cut line", format!("{hello}{get}"), ""),
    ];
    for (name, said, code) in wrong {
        rig.tap.take_codes();
        let mut job = UnixStream::connect(rig.stage.home().join("run/pull.sock")).expect("a socket");
        job.write_all(said.as_bytes()).expect("written");
        job.shutdown(std::net::Shutdown::Write).expect("no more to say");
        // Who was refused may try again, so the connection need not end.
        let mut heard = String::new();
        let mut buffer = [0; 512];
        while let Ok(len @ 1..) = job.read(&mut buffer) {
            heard.push_str(&String::from_utf8_lossy(&buffer[..len]));
            if heard.contains("DENY") {
                break;
            }
        }
        assert!(heard.contains(code) && !heard.contains(" OK "), "{name}: {heard}");
        let codes = rig.tap.take_codes();
        let asked = |code: &u32| *code == UNSEAL || CONDITIONS.contains(code);
        assert!(!codes.iter().any(asked), "{name}: {codes:x?}");
    }
}

#[test]
fn another_measured_state_another_boot_and_a_freeze_end_at_the_conditions() {
    let names = ["db/drift", "db/reset", "db/frozen"];
    let mut rig = Rig::serving(&names);
    deposit(&rig, &names);
    rig.stage.arm(JOB, "db/frozen", &[]).expect("armed");
    rig.stage.does("bob", &["freeze", "--reason", "a leak was reported"]).expect("frozen");
    let thaw = rig.stage.does("alice", &["thaw", "--reason", "a drill", "--ticket", "INC-1"]).expect("asked");
    let thaw = rig.stage.request_id(&thaw).expect("a request");
    rig.stage.approve_by(&["bob", "carol"], &thaw).expect("thawed");
    Kind::new("a window from before the freeze", 3, "was ended", (JOB, "db/frozen")).try_on(&rig);
    rig.stage.arm(JOB, "db/drift", &[]).expect("armed");
    rig.stage.arm(JOB, "db/reset", &[]).expect("armed");
    rig.chip.tpm().extend(7).expect("measured");
    let codes = Kind::new("another measured state", 5, "TPM", (JOB, "db/drift")).try_on(&rig);
    assert!(codes.contains(&POLICY_PCR), "the chip was asked: {codes:x?}");
    rig.chip.tpm_mut().power_cycle().expect("another boot");
    let codes = Kind::new("another boot", 5, "TPM", (JOB, "db/reset")).try_on(&rig);
    assert!(codes.contains(&POLICY_COUNTER_TIMER), "the chip was asked: {codes:x?}");
    // The appliance has noticed by now, and what was armed before is void.
    Kind::new("another boot, again", 3, "was ended", (JOB, "db/drift")).try_on(&rig);
}

#[test]
fn neither_after_its_sunset_nor_under_a_doubtful_clock_is_the_chip_asked() {
    const NAME: &str = "db/one";
    let mut rig = Rig::serving(&[NAME]);
    deposit(&rig, &[NAME]);
    rig.stage.arm(JOB, NAME, &[]).expect("armed");
    rig.stage.stop().expect("stopped");
    // A day that the daemon's clock will not see in a test: the appliance itself, without the daemon.
    let opened = start::open(&Home::at(rig.stage.home())).expect("it opens");
    let chip = opened.chip_time().expect("a clock");
    let now = opened.state().last_ts;
    let at = |now, alarm: Option<&str>| Moment {
        now,
        mono: chip.clock_ms,
        boot: chip.boot,
        alarm: alarm.map(str::to_owned),
    };
    let mut appliance = opened.into_service(&at(now, None)).expect("in service");
    let (user, group, path, sha256) = (None, None, None, None);
    let uid = portcullis::demo::stage::my_uid();
    let evidence = Evidence { uid, gid: uid, user, group, pid: 1, path, sha256, kernel: KernelProof::Pidfd };
    let puller = Puller {
        job: JobName::parse(JOB).expect("a job"),
        credential: CredentialName::parse(NAME).expect("a name"),
        evidence,
    };
    rig.tap.take_codes();
    /// 2100-01-01.
    const LATER: Timestamp = Timestamp::from_ms(4_102_444_800_000);
    let refused = appliance.pull(&at(LATER, None), &puller).expect_err("past its sunset");
    assert!(matches!(refused, Refusal::PastSunset { .. }), "{refused}");
    let refused = appliance.pull(&at(now, Some("it went back")), &puller).expect_err("a doubtful clock");
    assert!(matches!(refused, Refusal::Clock { .. }), "{refused}");
    assert_eq!(rig.tap.take_codes(), [0; 0]);
    assert!(appliance.pull(&at(now, None), &puller).is_ok(), "else it would be served");
    assert!(rig.tap.take_codes().contains(&UNSEAL));
}
