//! Bringing a bundle home when something goes wrong on the way: the next try goes on.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis::auditor::container::Bundle;
use portcullis::auditor::writer::write_bundle;
use portcullis::demo::stage::Output;
use portcullis::desk::client::Client;
use portcullis::desk::export::ask;
use portcullis::domain::home::Home;
use portcullis::domain::ids::RequestId;
use portcullis::domain::wire::operator::audit::{AuditAsk, AuditReply};
use tempfile::TempDir;

use crate::common::appliance::{Appliance, program};
use crate::common::bundles::{files, granted, take, try_take, unpack};
use crate::common::people::key_of;
use crate::{Person, digest, entries};

/// An appliance whose commands may write files of so many KiB, and no longer.
struct Narrow {
    appliance: Appliance,
    folder: TempDir,
}

impl Narrow {
    fn found() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let script = folder.path().join("portcullis");
        let limit = folder.path().join("limit");
        let text = format!(
            "#!/bin/bash\n[ -f {limit} ] && . {limit}\nexec {program} \"$@\"\n",
            limit = limit.display(),
            program = program().display()
        );
        std::fs::write(&script, text).expect("written");
        let passable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&script, passable).expect("made a program");
        let mut appliance = Appliance::found_with(script, "swtpm");
        appliance.furnish(&["db/one"]);
        // The entries are to be longer than any other part.
        let mut alice = Person::connect(&appliance, "alice");
        (0..25).for_each(|_| alice.asks_for_another());
        std::fs::create_dir(folder.path().join("medium")).expect("a folder");
        Self { appliance, folder }
    }

    fn medium(&self) -> PathBuf {
        self.folder.path().join("medium")
    }

    /// Tries to take a bundle onto a medium on which no file gets longer: the system then ends the
    /// command in the middle of writing, or tells it so.
    fn try_with(&self, id: &str, kib: usize, tells: bool) -> Output {
        let limit = self.folder.path().join("limit");
        let trap = if tells { "trap '' XFSZ\n" } else { "" };
        std::fs::write(&limit, format!("ulimit -c 0\n{trap}ulimit -f {kib}\n")).expect("written");
        let output = try_take(&self.appliance, "alice", id, &self.medium());
        std::fs::remove_file(&limit).expect("removed");
        output
    }

    fn parts(&self, id: &str) -> PathBuf {
        self.medium().join(format!("export-{id}.parts"))
    }

    /// The bundle is whole, alone on its medium, and in the log once.
    fn is_home(&self, id: &str, file: &Path, case: &str) {
        assert_eq!(files(&self.medium()).len(), 1, "{case}: {:?}", files(&self.medium()));
        let mut bundle = Bundle::open(file).unwrap_or_else(|error| panic!("{case}: {error}"));
        while let Some(part) = bundle.next_part().unwrap_or_else(|error| panic!("{case}: {error}")) {
            part.finish().unwrap_or_else(|error| panic!("{case}: {error}"));
        }
        let log = self.appliance.log();
        for kind in ["checkpoint", "exported"] {
            let about = entries(&log, kind).into_iter().filter(|entry| entry["detail"]["request"] == id);
            assert_eq!(about.count(), 1, "{case}: one {kind}");
        }
        let unpacked = self.folder.path().join(format!("unpacked-{id}"));
        unpack(file, &unpacked);
        let said = &entries(&log, "exported").pop().expect("an entry")["detail"]["manifest"];
        assert_eq!(*said, digest(&unpacked.join("MANIFEST")).as_str(), "{case}");
        std::fs::remove_file(file).expect("removed");
    }
}

#[test]
fn a_command_that_is_killed_anywhere_is_run_again_and_the_bundle_is_whole() {
    let mut narrow = Narrow::found();
    // In the small parts, in the entries, and in the bundle itself.
    let cases = [(1, "MANIFEST", false), (16, "entries.ndjson", false), (64, ".pcab.tar.part", true)];
    for (kib, case, restart) in cases {
        let id = granted(&narrow.appliance, &["--from", "0"]);
        let killed = narrow.try_with(&id, kib, false);
        assert_eq!((killed.code, killed.stdout.len()), (255, 0), "{case}: {}", killed.stderr);
        assert!(narrow.parts(&id).is_dir(), "{case}: what was fetched stays");
        let names = files(&narrow.medium());
        assert!(!names.iter().any(|name| name.ends_with(".tar")), "{case}: {names:?}");
        let cut = names.iter().find(|name| name.ends_with(case)).expect(case);
        let len = std::fs::metadata(narrow.medium().join(cut)).expect("there").len();
        assert_eq!(len, kib as u64 * 1024, "{case}: it was killed in the middle of this");
        if restart {
            // The keeper is gone as well, and with it what it had made.
            narrow.appliance.kill();
            narrow.appliance.serve().expect("serves");
        }
        let file = take(&narrow.appliance, &id, &narrow.medium());
        narrow.is_home(&id, &file, case);
    }
}

#[test]
fn a_second_try_goes_on_behind_the_last_whole_entry_and_believes_none_of_them() {
    let narrow = Narrow::found();
    let whole = |path: &Path| std::fs::read_to_string(path).expect("read");
    let cases: [(&str, fn(&str) -> String, i32); 5] = [
        ("cut in a line", |text| text[..text.len() / 2].to_owned(), 0),
        ("cut before the last line feed", |text| text[..text.len() - 1].to_owned(), 0),
        ("all of it", str::to_owned, 0),
        ("another entry", |text| text.replacen("\"seq\":1,", "\"seq\":7,", 1), 6),
        ("one entry too many", |text| format!("{text}{}\n", text.lines().next().unwrap_or_default()), 6),
    ];
    for (case, change, code) in cases {
        let id = granted(&narrow.appliance, &["--from", "0"]);
        let full = narrow.try_with(&id, 64, true);
        assert_ne!(full.code, 0, "{case}: {}", full.text());
        let path = narrow.parts(&id).join("entries.ndjson");
        let good = whole(&path);
        assert!(good.lines().count() > 30, "{case}: the entries were fetched");
        let bad = change(&good);
        assert!(bad != good || case == "all of it", "{case}");
        std::fs::write(&path, &bad).expect("written");
        let again = try_take(&narrow.appliance, "alice", &id, &narrow.medium());
        assert_eq!(again.code, code, "{case}: {}", again.stderr);
        if code != 0 {
            assert!(!path.exists(), "{case}: it is fetched anew");
            assert!(again.stderr.contains("run it again"), "{case}: {}", again.stderr);
            assert!(try_take(&narrow.appliance, "alice", &id, &narrow.medium()).code == 0, "{case}");
        }
        let name = files(&narrow.medium()).pop().expect("the bundle");
        narrow.is_home(&id, &narrow.medium().join(name), case);
    }
}

#[test]
fn a_medium_without_room_and_a_name_that_is_taken_are_said_and_nothing_is_lost() {
    let narrow = Narrow::found();
    let id = granted(&narrow.appliance, &["--from", "0"]);
    for kib in [1, 16, 64] {
        let full = narrow.try_with(&id, kib, true);
        assert!(full.code != 0 && full.stdout.is_empty(), "{kib} KiB: {}", full.text());
        assert!(full.stderr.contains("File too large"), "{kib} KiB: {}", full.stderr);
        assert!(full.stderr.contains(&narrow.medium().display().to_string()), "{kib} KiB: {}", full.stderr);
        let names = files(&narrow.medium());
        assert!(!names.iter().any(|name| name.contains(".tar")), "{kib} KiB: {names:?}");
    }
    let log = narrow.appliance.log();
    assert!(entries(&log, "exported").is_empty(), "nothing was handed over");
    let size = 1 + entries(&log, "checkpoint")[0]["seq"].as_u64().expect("a number");
    let taken = narrow.medium().join(format!("example.org-demo-0-{size}.pcab.tar"));
    std::fs::write(&taken, "somebody else's").expect("written");
    let refused = try_take(&narrow.appliance, "alice", &id, &narrow.medium());
    assert!(refused.code != 0 && refused.stdout.is_empty(), "{}", refused.text());
    assert!(refused.stderr.contains(&taken.display().to_string()), "{}", refused.stderr);
    assert_eq!(std::fs::read(&taken).expect("read"), b"somebody else's");
    std::fs::remove_file(&taken).expect("removed");
    let nowhere = try_take(&narrow.appliance, "alice", &id, &narrow.medium().join("none"));
    assert_eq!(nowhere.code, 2, "{}", nowhere.stderr);
    let file = take(&narrow.appliance, &id, &narrow.medium());
    assert_eq!(file, taken);
    narrow.is_home(&id, &file, "at last");
}

#[test]
fn a_bundle_that_is_there_already_and_that_the_keeper_never_heard_of_is_taken_for_what_it_is() {
    let narrow = Narrow::found();
    let id = granted(&narrow.appliance, &["--from", "0"]);
    let request = RequestId::parse(&id).expect("an id");
    let key = key_of(&narrow.appliance, "alice");
    let home = Home::at(narrow.appliance.home());
    let mut client = Client::connect(&home.operator_socket(), &key).expect("connected");
    // As `fetch` does it, up to the last question.
    let (range, parts) = loop {
        let asked = ask(&mut client, AuditAsk::Make { id: request.clone() }).expect("made");
        if let AuditReply::Making { from, to, parts: Some(parts), .. } = asked {
            break ((from, to), parts);
        }
    };
    let folder = narrow.parts(&id);
    for inner in ["keys", "quote", "reports"] {
        std::fs::create_dir_all(folder.join(inner)).expect("a folder");
    }
    for part in parts {
        let question = AuditAsk::Part { id: request.clone(), path: part.path.clone(), offset: 0 };
        let AuditReply::Part { bytes } = ask(&mut client, question).expect("a part") else {
            panic!("a part")
        };
        std::fs::write(folder.join(&part.path), STANDARD.decode(bytes).expect("base64")).expect("written");
    }
    let shown = narrow.appliance.does("alice", &["audit", "show", "--from", "0", "--json"]).expect("shown");
    let leaves: Vec<&[u8]> = shown.stdout.split_inclusive(|byte| *byte == b'\n').collect();
    let leaves = leaves[..usize::try_from(range.1).expect("few")].concat();
    std::fs::write(folder.join("entries.ndjson"), leaves).expect("written");
    let there = write_bundle(&folder, &narrow.medium(), &[], &mut |_| {}).expect("a bundle");
    let file = take(&narrow.appliance, &id, &narrow.medium());
    assert_eq!(file, there);
    narrow.is_home(&id, &file, "cut off before the keeper heard of it");
}
