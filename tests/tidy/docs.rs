//! What the documents say about the tests must be so.

use super::code::{Finding, Source};

/// Pitfalls of the threat model, numbered without a gap.
const PITFALLS: usize = 35;
/// Families of the register of requirements and how far each is numbered.
const REGISTER: &[(&str, usize)] = &[("A", 18), ("B", 26), ("C", 17), ("F", 14)];

/// Tests that a document names and nobody wrote. A name is taken for a test's when it stands
/// between backticks, is in lower case and has at least three underscores.
pub fn tests_that_do_not_exist(document: &Source, sources: &[Source]) -> Vec<Finding> {
    let exists = |name: &str| {
        let function = format!("fn {name}(");
        sources.iter().any(|source| source.is_rust() && source.text.contains(&function))
    };
    let lines = document.text.lines().enumerate();
    let named = lines.flat_map(|(at, line)| line.split('`').skip(1).step_by(2).map(move |name| (at, name)));
    let missing = named.filter(|(_, name)| looks_like_a_test(name) && !exists(name));
    missing.map(|(at, name)| document.finding(at + 1, format!("there is no test {name}"))).collect()
}

fn looks_like_a_test(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.bytes().all(word) && name.matches('_').count() >= 3
}

/// Pitfalls without a row in the threat model, and requirements without one in the register.
pub fn missing_rows(document: &Source) -> Vec<Finding> {
    let pitfalls = (1..=PITFALLS).map(|number| format!("P{number}"));
    let register =
        REGISTER.iter().flat_map(|(family, last)| (1..=*last).map(move |n| format!("{family}{n}")));
    let wanted: Vec<String> = match document.path.as_str() {
        "docs/threat-model.md" => pitfalls.collect(),
        "docs/controls.md" => register.collect(),
        _ => Vec::new(),
    };
    let has_row = |id: &str| document.text.lines().any(|line| line.starts_with(&format!("| {id} |")));
    let missing = wanted.into_iter().filter(|id| !has_row(id));
    missing.map(|id| document.finding(1, format!("no row for {id}"))).collect()
}

#[test]
fn a_document_that_names_a_test_nobody_wrote_is_found() {
    let sources = [Source::new("src/a.rs", "fn p01_zero_is_no_quorum() {}")];
    let found = |text: &str| tests_that_do_not_exist(&Source::new("docs/a.md", text), &sources).len();
    assert_eq!(found("see `p01_zero_is_no_quorum`"), 0);
    assert_eq!(found("see `p01_zero_is_no_quorum` and\n`p02_nobody_wrote_this`"), 1);
    assert_eq!(found("see `nv_auth`, `src/a_b_c_d.rs` and p02_nobody_wrote_this"), 0, "no names of tests");
}

#[test]
fn a_row_that_is_missing_is_found() {
    let rows: String = (1..=PITFALLS).map(|number| format!("| P{number} | x |\n")).collect();
    assert_eq!(missing_rows(&Source::new("docs/threat-model.md", &rows)), []);
    let found = missing_rows(&Source::new("docs/threat-model.md", &rows.replace("| P35 |", "| Q35 |")));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].what, "no row for P35");
}
