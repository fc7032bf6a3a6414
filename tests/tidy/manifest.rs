//! Why each dependency is there.

use super::code::{Finding, Source};

/// Dependencies that no comment right above them gives a reason for.
pub fn dependencies_without_reason(source: &Source) -> Vec<Finding> {
    let (mut inside, mut before, mut findings) = (false, "", Vec::new());
    for (at, line) in source.text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('[') {
            inside = line.contains("dependencies");
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            let reason = before.strip_prefix('#').map_or("", str::trim);
            if reason.split_whitespace().count() < 3 {
                let name = line.split(['=', ' ']).next().unwrap_or_default();
                findings.push(source.finding(at + 1, format!("{name} has no reason above it")));
            }
        }
        before = line;
    }
    findings
}

#[test]
fn a_dependency_without_a_reason_is_found() {
    let cases = [
        ("with a reason", "[dependencies]\n# The numbers of PC1 lines.\na = \"1\"\n", 0),
        ("without", "[dependencies]\na = \"1\"\n", 1),
        ("the one above has it", "[dependencies]\n# The numbers of PC1 lines.\na = \"1\"\nb = \"2\"\n", 1),
        ("a heading is none", "[dependencies]\n# Numbers of PC1 lines\n\na = \"1\"\n", 1),
        ("a word is none", "[dependencies]\n# Numbers\na = \"1\"\n", 1),
        ("for tests", "[dev-dependencies]\na = \"1\"\n", 1),
        ("no dependency", "[package]\nname = \"x\"\n", 0),
    ];
    for (name, text, found) in cases {
        assert_eq!(dependencies_without_reason(&Source::new("Cargo.toml", text)).len(), found, "{name}");
    }
}
