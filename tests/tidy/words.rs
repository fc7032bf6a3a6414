//! Words that must not stand in the source, or only in one place.

use super::code::{Code, Finding, Source, is_word};

/// The one file of the product that speaks to libtss2 without its wrapper, and the bench's baseline,
/// which has to say the same commands and would measure nothing if it said them through the first.
const UNSAFE_FILES: &[&str] = &["src/tpm/timed.rs", "benches/common/by_hand.rs"];
/// The one commit path: who appends to the log and writes its anchor.
const COMMITTERS: &[&str] = &["src/services/ledger.rs", "src/services/setup.rs", "src/services/start.rs"];

/// Notes that somebody meant to come back to.
pub fn leftover_markers(source: &Source) -> Vec<Finding> {
    // Put together here, so that this file does not find itself.
    let markers =
        [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["HA", "CK"], ["to", "do!"], ["unimple", "mented!"]];
    let markers = markers.map(|halves| halves.concat());
    let lines = source.text.lines().enumerate();
    let found = lines.flat_map(|(at, line)| {
        let left = markers.iter().filter(move |marker| has_word(line, marker));
        left.map(move |marker| source.finding(at + 1, format!("a leftover {marker}")))
    });
    found.collect()
}

fn has_word(line: &str, word: &str) -> bool {
    let edge = |byte: Option<u8>| !byte.is_some_and(is_word);
    line.match_indices(word).any(|(at, _)| {
        let bytes = line.as_bytes();
        edge(at.checked_sub(1).map(|at| bytes[at])) && edge(bytes.get(at + word.len()).copied())
    })
}

/// `unsafe` outside its files.
pub fn stray_unsafe(source: &Source) -> Vec<Finding> {
    find(
        source,
        &["unsafe", "allow(unsafe_code", "expect(unsafe_code"],
        UNSAFE_FILES.contains(&source.path.as_str()),
        "only tpm/timed.rs, and the bench's by_hand.rs, are unsafe",
    )
}

/// Tests that do not run.
pub fn ignored_tests(source: &Source) -> Vec<Finding> {
    find(source, &["#[ignore", ",ignore)]", ",ignore="], false, "a test that does not run")
}

/// Output around `cli::render`.
pub fn stray_prints(source: &Source) -> Vec<Finding> {
    let prints = ["println!", "print!", "eprintln!", "eprint!", "dbg!"];
    // A test says which seed it had, and nobody sees it unless the test fails; a bench says its numbers.
    let is_test = ["tests/", "/tests.rs", "benches/"].iter().any(|part| source.path.contains(part));
    find(source, &prints, is_test || source.path.starts_with("src/cli/"), "only cli prints")
}

/// A second way into the log.
pub fn second_commit_paths(source: &Source) -> Vec<Finding> {
    let verbs = [
        "store.append(",
        "store().append(",
        "Store::append",
        "chip.anchor(",
        "chip.anchor_pull(",
        "chip.anchor_head(",
        "chip.anchor_epoch(",
        "Chip::anchor",
        "Chip::anchor_pull",
        "Chip::anchor_head",
        "Chip::anchor_epoch",
    ];
    let own = ["src/store/", "src/tpm/"].iter().any(|room| source.path.starts_with(room));
    let exempt = own || COMMITTERS.contains(&source.path.as_str()) || !source.path.starts_with("src/");
    find(source, &verbs, exempt, "there is one commit path, services/ledger.rs")
}

/// A state that changes without the log, or a permit of an entry that was never anchored.
pub fn installed_elsewhere(source: &Source) -> Vec<Finding> {
    let folds = ["src/services/ledger.rs", "src/services/start.rs", "src/domain/audit/verify.rs"];
    let exempt = folds.contains(&source.path.as_str()) || !source.path.starts_with("src/");
    find(
        source,
        &[".install(", "State::install"],
        exempt,
        "steps are made by the ledger and by reading the log back",
    )
}

/// The compiler holds the rule about docs, as long as it is told to.
pub fn undocumented(source: &Source) -> Vec<Finding> {
    let own_lints = source.path == "src/lib.rs";
    let code = Code::read(source);
    let denied = code.text.split("#![").any(|part| {
        let list = part.strip_prefix("deny(").or_else(|| part.strip_prefix("forbid("));
        list.and_then(|list| list.split(")]").next())
            .is_some_and(|list| list.split(',').any(|l| l == "missing_docs"))
    });
    if own_lints && !denied {
        vec![source.finding(1, "missing_docs is not denied")]
    } else {
        find(source, &["allow(missing_docs", "expect(missing_docs"], false, "a public item without docs")
    }
}

fn find(source: &Source, words: &[&str], exempt: bool, what: &str) -> Vec<Finding> {
    if exempt || !source.is_rust() {
        return Vec::new();
    }
    let code = Code::read(source);
    let found = words.iter().flat_map(|word| code.find(word).into_iter().map(move |at| (at, word)));
    found.map(|(at, word)| source.finding(code.line(at), format!("{word}: {what}"))).collect()
}

#[test]
fn every_rule_about_words_finds_its_word_and_nothing_else() {
    type Rule = fn(&Source) -> Vec<Finding>;
    let marker = ["TO", "DO"].concat();
    let cases: &[(&str, Rule, &str, &str, usize)] = &[
        ("a marker", leftover_markers, "src/a.rs", &format!("// {marker}: later"), 1),
        ("a marker in prose", leftover_markers, "docs/a.md", &format!("see {marker}"), 1),
        ("a word that contains one", leftover_markers, "src/a.rs", &format!("// MAS{marker}N"), 0),
        ("unsafe", stray_unsafe, "src/tpm/seal.rs", "unsafe { x() }", 1),
        ("unsafe in its file", stray_unsafe, "src/tpm/timed.rs", "unsafe { x() }", 0),
        ("unsafe in the baseline", stray_unsafe, "benches/common/by_hand.rs", "unsafe { x() }", 0),
        ("unsafe in a bench", stray_unsafe, "benches/pull.rs", "unsafe { x() }", 1),
        ("unsafe in a comment", stray_unsafe, "src/a.rs", "// unsafe\n#![deny(unsafe_code)]", 0),
        ("unsafe allowed", stray_unsafe, "src/a.rs", "#[allow(unsafe_code)]", 1),
        ("ignored", ignored_tests, "tests/a.rs", "#[test]\n#[ignore = \"slow\"]", 1),
        ("ignored by a condition", ignored_tests, "tests/a.rs", "#[cfg_attr(unix, ignore)]", 1),
        ("not ignored", ignored_tests, "tests/a.rs", "fn ignore() {}", 0),
        ("a print", stray_prints, "src/desk/a.rs", "println!(\"x\")", 1),
        ("the seed of a room's test", stray_prints, "src/console/tests/a.rs", "eprintln!(\"x\")", 0),
        ("the seed of a campaign", stray_prints, "tests/common/seed.rs", "println!(\"x\")", 0),
        ("a print in cli", stray_prints, "src/cli/render.rs", "println!(\"x\")", 0),
        ("a second append", second_commit_paths, "src/services/pull.rs", "self.store\n.append(1)", 1),
        ("a second anchor", second_commit_paths, "src/daemon/a.rs", "board.chip.anchor(&auths)", 1),
        ("a path to it", second_commit_paths, "src/daemon/a.rs", "let f = Store::append;", 1),
        ("the ledger", second_commit_paths, "src/services/ledger.rs", "self.store.append(1)", 0),
        ("a list", second_commit_paths, "src/services/pull.rs", "leaves.append(&mut more)", 0),
        (
            "a step beside the log",
            installed_elsewhere,
            "src/services/pull.rs",
            "state.install(step, &entry)",
            1,
        ),
        (
            "a step of the ledger",
            installed_elsewhere,
            "src/services/ledger.rs",
            "state.install(step, &entry)",
            0,
        ),
        ("docs denied", undocumented, "src/lib.rs", "#![deny(clippy::all, missing_docs)]", 0),
        ("docs only wanted", undocumented, "src/lib.rs", "#![warn(missing_docs)]\n#![deny(unsafe_code)]", 1),
        ("docs given up", undocumented, "src/a.rs", "#[allow(missing_docs)]", 1),
    ];
    for (name, rule, path, text, found) in cases {
        assert_eq!(rule(&Source::new(path, text)).len(), *found, "{name}");
    }
}
