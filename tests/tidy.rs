//! Reads the source of the project and holds it to its own rules, which `docs/contributing.md` lists.

#[path = "tidy/code.rs"]
mod code;
#[path = "tidy/docs.rs"]
mod docs;
#[path = "tidy/manifest.rs"]
mod manifest;
#[path = "tidy/rooms.rs"]
mod rooms;
#[path = "tidy/sizes.rs"]
mod sizes;
#[path = "tidy/words.rs"]
mod words;

use std::fs;
use std::path::Path;

use code::{Finding, Source};

/// Where the project's own text is; everything else at the top is not ours or not text.
const PLACES: &[&str] = &[
    ".cargo",
    ".ci",
    ".config",
    "Cargo.toml",
    "README.md",
    "benches",
    "docs",
    "packaging",
    "schemas",
    "src",
    "tests",
];
const ENDINGS: &[&str] = &["md", "rs", "sh", "sql", "toml", "txt", "yml"];

fn project() -> Vec<Source> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    for place in PLACES {
        read(top, Path::new(place), &mut sources);
    }
    assert!(sources.len() > 100, "the project was not found at {}", top.display());
    sources
}

fn read(top: &Path, inner: &Path, sources: &mut Vec<Source>) {
    let path = top.join(inner);
    if path.is_dir() {
        let entries = fs::read_dir(&path).expect("a folder that can be read");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        names.iter().for_each(|name| read(top, &inner.join(name), sources));
    } else if inner.extension().is_none_or(|ending| ENDINGS.iter().any(|known| ending == *known))
        && path.exists()
    {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        sources.push(Source { path: inner.display().to_string(), text });
    }
}

fn check(rule: impl Fn(&Source) -> Vec<Finding>) {
    report(project().iter().flat_map(rule).collect());
}

fn report(findings: Vec<Finding>) {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

#[test]
fn rooms_are_imported_one_way() {
    check(rooms::forbidden_imports);
}

#[test]
fn no_file_is_long() {
    check(sizes::long_file);
}

#[test]
fn no_function_is_long() {
    check(sizes::long_functions);
}

#[test]
fn no_marker_is_left() {
    check(words::leftover_markers);
}

#[test]
fn one_file_of_the_product_is_unsafe() {
    check(words::stray_unsafe);
}

#[test]
fn every_test_runs() {
    check(words::ignored_tests);
}

#[test]
fn only_the_command_line_prints() {
    check(words::stray_prints);
}

#[test]
fn there_is_one_commit_path() {
    check(words::second_commit_paths);
}

#[test]
fn only_the_log_changes_the_state() {
    check(words::installed_elsewhere);
}

#[test]
fn every_public_item_has_docs() {
    check(words::undocumented);
}

#[test]
fn every_dependency_has_a_reason() {
    let manifest = project().into_iter().filter(|source| source.path == "Cargo.toml");
    report(manifest.flat_map(|source| manifest::dependencies_without_reason(&source)).collect());
}

#[test]
fn every_test_that_the_docs_name_exists() {
    let sources = project();
    let documents = sources.iter().filter(|source| source.path.ends_with(".md"));
    report(documents.flat_map(|document| docs::tests_that_do_not_exist(document, &sources)).collect());
}

#[test]
fn every_pitfall_and_every_requirement_has_its_row() {
    for path in ["docs/threat-model.md", "docs/controls.md"] {
        let found: Vec<Finding> =
            project().iter().filter(|source| source.path == path).flat_map(docs::missing_rows).collect();
        report(found);
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists(), "{path} is missing");
    }
}
