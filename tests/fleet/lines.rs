//! `audit export --format`: the real program writes a bundle as lines.

use portcullis::auditor::collect::{ocsf, syslog};
use portcullis::domain::audit::entry::Entry;

use super::common::appliance::Appliance;
use super::common::bundles;

#[test]
fn a_bundle_becomes_one_line_an_entry_with_the_bundle_or_from_it() {
    let mut appliance = Appliance::found();
    appliance.furnish(&["racf/prod01"]);
    let (to, kept) = (appliance.prop("lines"), appliance.prop("unpacked"));
    std::fs::create_dir(&to).expect("a folder");
    let id = bundles::granted(&appliance, &[]);
    let folder = to.display().to_string();
    let take = ["audit", "export", "--request", &id, "--to", &folder, "--format", "syslog"];
    appliance.does("alice", &take).expect("taken");
    let mut files: Vec<_> =
        std::fs::read_dir(&to).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let [tar, lines] = files.as_slice() else { panic!("{files:?}") };
    bundles::unpack(tar, &kept);
    let entries = std::fs::read_to_string(kept.join("entries.ndjson")).expect("entries");
    let entry = |(seq, leaf): (u64, &str)| Entry::from_leaf(seq, leaf.as_bytes()).expect("an entry");
    let expected: String = (0..)
        .zip(entries.lines())
        .map(|(seq, leaf)| syslog::line("example.org/demo", &entry((seq, leaf)), leaf.as_bytes()))
        .collect();
    assert_eq!(std::fs::read_to_string(lines).expect("lines"), expected);
    let tar = tar.display().to_string();
    let again = appliance.run(None, ["audit", "export", "--bundle", &tar, "--format", "ocsf"], b"");
    let again = again.expect("runs").expect(0, "lines of a bundle").expect("they come").text();
    let expected: String = (0..)
        .zip(entries.lines())
        .map(|(seq, leaf)| ocsf::line("example.org/demo", &entry((seq, leaf)), leaf.as_bytes()) + "\n")
        .collect();
    assert!(again.trim_end() == expected.trim_end(), "the same lines");
    std::fs::write(&tar, &std::fs::read(&tar).expect("a file")[..20_000]).expect("cut off");
    let cut = appliance.run(None, ["audit", "export", "--bundle", &tar, "--format", "ocsf"], b"");
    cut.expect("runs").expect(6, "a bundle that was cut off").expect("refused");
    let none = appliance.run(None, ["audit", "export", "--bundle", &tar], b"").expect("runs");
    none.expect(2, "a form that is none").expect("refused");
}
