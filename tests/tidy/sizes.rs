//! How long things are.

use super::code::{Finding, Source, code_only};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// Files that nobody reads in one go.
pub fn long_file(source: &Source) -> Vec<Finding> {
    let lines = source.text.lines().count();
    if source.is_rust() && lines > FILE_LINES_MAX {
        vec![source.finding(lines, format!("{lines} lines, at most {FILE_LINES_MAX}"))]
    } else {
        Vec::new()
    }
}

/// Functions that do not fit a screen. The sources are formatted, so a function ends with the first
/// closing brace that stands as far to the right as it began.
pub fn long_functions(source: &Source) -> Vec<Finding> {
    if !source.is_rust() {
        return Vec::new();
    }
    let code = code_only(&source.text);
    let lines: Vec<&str> = code.lines().map(str::trim_end).collect();
    let starts = (0..lines.len()).filter(|&at| begins_function(lines[at]));
    let long = starts.map(|at| (at, length(&lines[at..]))).filter(|&(_, length)| length > FUNCTION_LINES_MAX);
    long.map(|(at, length)| {
        let what = format!("a function of {length} lines, at most {FUNCTION_LINES_MAX}");
        source.finding(at + 1, what)
    })
    .collect()
}

fn begins_function(line: &str) -> bool {
    const BEFORE: &[&str] = &["pub", "const", "async", "unsafe", "extern"];
    let Some((before, _)) = line.trim_start().split_once("fn ") else { return false };
    before
        .split_whitespace()
        .all(|word| BEFORE.contains(&word) || word.starts_with("pub(") || word.ends_with(')'))
}

/// Lines from the first to the closing brace.
fn length(lines: &[&str]) -> usize {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(lines[0]);
    for (at, line) in lines.iter().enumerate() {
        let level = !line.is_empty() && indent(line) == own;
        let is_end = line.trim_start() == "}" || (at == 0 && line.ends_with('}')) || line.ends_with(';');
        if level && is_end {
            return at + 1;
        }
    }
    lines.len()
}

#[test]
fn a_file_over_the_limit_is_found() {
    for (lines, found) in [(FILE_LINES_MAX, 0), (FILE_LINES_MAX + 1, 1)] {
        let text = "//\n".repeat(lines);
        assert_eq!(long_file(&Source::new("src/a.rs", &text)).len(), found, "{lines} lines of Rust");
        assert_eq!(long_file(&Source::new("docs/a.md", &text)).len(), 0, "{lines} lines of prose");
    }
}

#[test]
fn a_function_over_the_limit_is_found() {
    let body = |lines: usize| "    {\n    }\n".repeat(lines / 2) + &"    x();\n".repeat(lines % 2);
    let long = |lines: usize| body(lines - 2);
    let cases = [
        ("at the limit", format!("fn f() {{\n{}}}\n", long(70)), 0),
        ("one over", format!("fn f() {{\n{}}}\n", long(71)), 1),
        ("public and const", format!("pub(super) const fn f() {{\n{}}}\n", long(71)), 1),
        ("a long head counts", format!("fn f(\n    a: u8,\n) -> u8 {{\n{}}}\n", body(68)), 1),
        ("two short ones", format!("fn f() {{\n{}}}\n\nfn g() {{\n{}}}\n", long(40), long(40)), 0),
        ("declared only", format!("fn f();\n{}", body(90)), 0),
        ("in one line", format!("fn f() {{}}\n{}", body(90)), 0),
        ("a brace in a text", format!("fn f() {{\n    g(\"\n}}\n\");\n{}}}\n", body(68)), 1),
        ("a type of functions", format!("let x: fn(u8) = y;\n{}", body(90)), 0),
    ];
    for (name, text, found) in cases {
        assert_eq!(long_functions(&Source::new("src/a.rs", &text)).len(), found, "{name}");
    }
}
