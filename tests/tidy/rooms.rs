//! Who may import whom.

use super::code::{Code, Finding, Source, is_word};

/// The rooms that each room may name besides itself.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("crypto", &["domain"]),
    ("tpm", &["domain", "crypto"]),
    ("store", &["domain", "crypto"]),
    ("policy", &["domain", "crypto"]),
    ("links", &["domain", "crypto"]),
    ("services", &["domain", "crypto", "tpm", "store", "policy", "links"]),
    ("daemon", &["domain", "crypto", "tpm", "store", "policy", "links", "services"]),
    ("auditor", &["domain", "crypto"]),
    ("desk", &["domain", "crypto", "links", "auditor"]),
    ("console", &["domain", "crypto", "desk"]),
    ("cli", &["domain", "crypto", "links", "auditor", "desk", "console", "demo"]),
    // Plays all parts, each from its own side.
    ("demo", &["domain", "crypto", "tpm", "links", "services", "daemon", "auditor", "desk", "console"]),
    ("main.rs", &["cli"]),
    ("lib.rs", &[]),
];

/// Verbs that run the appliance itself instead of speaking to one, and so may name its rooms.
const INSIDE: &[&str] = &["setup", "serve", "softtpm", "listener", "doctor", "demo"];
const INSIDE_MAY: &[&str] = &["services", "daemon", "tpm"];

/// Crates that belong to one room, and parts of `std` that a room does without.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("rusqlite::", &["store"]),
    ("tss_esapi::", &["tpm"]),
    ("age::", &["crypto"]),
    ("argon2::", &["crypto"]),
    ("chacha20poly1305::", &["crypto"]),
    ("snow::", &["crypto"]),
    ("vsss_rs::", &["crypto"]),
    ("tar::", &["auditor"]),
    ("ratatui::", &["console", "cli"]),
    ("clap::", &["cli"]),
];
const NOT_IN_DOMAIN: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::time",
    "nix::",
    "rand_core::",
    "rustix::",
    "tracing::",
];

/// Every import that goes the wrong way.
pub fn forbidden_imports(source: &Source) -> Vec<Finding> {
    let Some((room, inside)) = room_of(&source.path) else { return Vec::new() };
    let code = Code::read(source);
    let Some((_, may)) = MAY_IMPORT.iter().find(|(name, _)| *name == room) else {
        return vec![source.finding(1, format!("{room} has no place in the map of rooms"))];
    };
    let allowed = |other: &str| {
        other == room || may.contains(&other) || (inside && (INSIDE_MAY.contains(&other) || other == "cli"))
    };
    let named = from_the_root(&code).into_iter().chain(by_super(&code, depth(&source.path)));
    let wrong = named.filter(|(_, other)| is_room(other) && !allowed(other));
    let mut findings: Vec<Finding> = wrong
        .map(|(at, other)| source.finding(code.line(at), format!("{room} must not import {other}")))
        .collect();
    for (name, rooms) in ONLY_IN {
        if !rooms.contains(&room) {
            let found = code.find(name).into_iter().filter(|&at| !is_part_of_path(&code, at));
            findings.extend(
                found.map(|at| source.finding(code.line(at), format!("{name} belongs to {rooms:?}"))),
            );
        }
    }
    let impure: &[&str] = if room == "domain" { NOT_IN_DOMAIN } else { &[] };
    for name in impure {
        let found = code.find(name).into_iter().filter(|&at| !is_part_of_path(&code, at));
        findings.extend(found.map(|at| source.finding(code.line(at), format!("domain is pure: no {name}"))));
    }
    findings
}

fn is_room(name: &str) -> bool {
    MAY_IMPORT.iter().any(|(room, _)| *room == name)
}

/// The room of a file, and whether it is a verb that runs the appliance itself.
fn room_of(path: &str) -> Option<(&str, bool)> {
    let inner = path.strip_prefix("src/").filter(|inner| inner.ends_with(".rs"))?;
    let room = match inner.split_once('/') {
        Some((room, _)) => room,
        // A room of one file, or one of the two roots, which keep their ending.
        None => inner.strip_suffix(".rs").filter(|name| is_room(name)).unwrap_or(inner),
    };
    let verb = inner.strip_prefix("cli/verbs/").unwrap_or_default();
    let verb = verb.split(['/', '.']).next().unwrap_or_default();
    Some((room, INSIDE.contains(&verb) || verb.starts_with("demo_")))
}

/// How many modules deep a file is.
fn depth(path: &str) -> usize {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    if matches!(inner, "lib" | "main") { 0 } else { inner.split('/').count() }
}

fn is_part_of_path(code: &Code, at: usize) -> bool {
    code.text[..at].ends_with("::")
}

/// First words of all paths that begin with `crate::` or the name of the crate.
fn from_the_root(code: &Code) -> Vec<(usize, String)> {
    let starts = ["crate::", "portcullis::"].into_iter().flat_map(|root| {
        let found = code.find(root).into_iter().filter(|&at| !is_part_of_path(code, at));
        found.map(move |at| at + root.len()).collect::<Vec<_>>()
    });
    starts.flat_map(|at| first_words(code, at)).collect()
}

/// The word at a place, or the first word of each branch of a group `{a::b, c}`.
fn first_words(code: &Code, at: usize) -> Vec<(usize, String)> {
    let rest = &code.text[at..];
    let word = |at: usize| {
        let word: String =
            code.text[at..].bytes().take_while(|&byte| is_word(byte)).map(char::from).collect();
        (at, word)
    };
    if !rest.starts_with('{') {
        return vec![word(at)];
    }
    let (mut words, mut depth) = (vec![word(at + 1)], 0_usize);
    for (offset, byte) in rest.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b',' if depth == 1 => words.push(word(at + offset + 1)),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    words
}

/// First words of chains of `super::` that are long enough to reach the root.
fn by_super(code: &Code, file_depth: usize) -> Vec<(usize, String)> {
    let bytes = code.text.as_bytes();
    // For every open brace, whether it is that of a module.
    let (mut braces, mut found, mut at) = (Vec::new(), Vec::new(), 0);
    while at < bytes.len() {
        match bytes[at] {
            b'{' => braces.push(opens_module(&code.text[..at])),
            b'}' => drop(braces.pop()),
            _ => {}
        }
        let begins = code.text[at..].starts_with("super::") && !(at > 0 && (is_word(bytes[at - 1])));
        if !begins {
            at += 1;
            continue;
        }
        let chain = bytes[at..].chunks(7).take_while(|chunk| chunk == b"super::").count();
        let inline = braces.iter().filter(|&&module| module).count();
        at += 7 * chain;
        if chain >= file_depth + inline {
            found.extend(first_words(code, at));
        }
    }
    found
}

fn opens_module(before: &str) -> bool {
    let name = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let keyword = name.strip_suffix(' ').unwrap_or(name);
    keyword.ends_with("mod") && !keyword[..keyword.len() - 3].bytes().next_back().is_some_and(is_word)
}

/// Name, file, text and what is found.
const CASES: &[(&str, &str, &str, Option<&str>)] = &[
    ("down", "src/store/mod.rs", "use crate::domain::ids;", None),
    ("itself", "src/store/open.rs", "use crate::store::error;", None),
    ("sibling", "src/store/mod.rs", "use crate::tpm::Chip;", Some("store must not import tpm")),
    ("up", "src/domain/ids.rs", "fn f() { crate::services::go() }", Some("domain must not import services")),
    (
        "in a group",
        "src/tpm/mod.rs",
        "use crate::{domain::{ids, time}, store};",
        Some("tpm must not import store"),
    ),
    ("over lines", "src/tpm/mod.rs", "use crate::\n    links::x;", Some("tpm must not import links")),
    ("by super", "src/tpm/seal.rs", "use super::super::links::x;", Some("tpm must not import links")),
    ("by super in a test", "src/tpm/seal.rs", "mod tests { use super::super::links::x; }", None),
    (
        "by super out of a test",
        "src/tpm/seal.rs",
        "fn f() {} mod tests { use super::super::super::links::x; }",
        Some("tpm must not import links"),
    ),
    ("in a comment", "src/tpm/mod.rs", "// use crate::links::x;", None),
    ("another's macro", "src/tpm/mod.rs", "other::crate::links::x()", None),
    ("desk to links", "src/desk/client.rs", "use crate::links::x;", None),
    (
        "desk to services",
        "src/desk/client.rs",
        "use crate::services::x;",
        Some("desk must not import services"),
    ),
    ("console to links", "src/console/mod.rs", "use crate::links::x;", Some("console must not import links")),
    ("anybody to cli", "src/daemon/mod.rs", "use crate::cli::x;", Some("daemon must not import cli")),
    (
        "anybody to daemon",
        "src/services/pull.rs",
        "use crate::daemon;",
        Some("services must not import daemon"),
    ),
    (
        "verb on the outside",
        "src/cli/verbs/list.rs",
        "use crate::daemon::x;",
        Some("cli must not import daemon"),
    ),
    ("verb on the inside", "src/cli/verbs/serve.rs", "use crate::daemon::x;", None),
    ("verb in a folder", "src/cli/verbs/demo/story.rs", "use crate::services::x;", None),
    ("main", "src/main.rs", "portcullis::cli::main()", None),
    ("main around cli", "src/main.rs", "portcullis::daemon::x()", Some("main.rs must not import daemon")),
    ("a new room", "src/attic/mod.rs", "", Some("attic has no place in the map of rooms")),
    (
        "another room's crate",
        "src/services/mod.rs",
        "use rusqlite::x;",
        Some(r#"rusqlite:: belongs to ["store"]"#),
    ),
    (
        "a clock in domain",
        "src/domain/time.rs",
        "use std::time::Instant;",
        Some("domain is pure: no std::time"),
    ),
    ("a test of the outside", "tests/story.rs", "use portcullis::daemon::x;", None),
];

#[test]
fn an_import_against_the_direction_is_found() {
    for (name, path, text, expected) in CASES {
        let found = forbidden_imports(&Source::new(path, text));
        let found: Vec<&str> = found.iter().map(|finding| finding.what.as_str()).collect();
        assert_eq!(found, expected.iter().copied().collect::<Vec<_>>(), "{name}");
    }
}
