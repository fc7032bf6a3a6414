//! What clap says of a command line that it does not take, in the two lines of every other error.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap::error::ErrorKind;

use super::args::Cli;
use super::failure::{Failure, exit};
use super::render::{self, Screen};

/// Shows help or the version, or says why the command line is refused.
pub fn end(error: &clap::Error, args: &[OsString]) -> ExitCode {
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // Whoever closed the output has seen enough of it.
            let _ = Screen { json: false }.text(text.as_bytes());
            ExitCode::from(exit::DONE)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            render::note(text.trim_end());
            ExitCode::from(exit::USAGE)
        }
        _ => {
            let json = args.iter().any(|arg| arg == "--json");
            let failure = failure(&text, verb_of(args));
            render::failed(&failure, None);
            if json {
                render::failed_object(&failure);
            }
            ExitCode::from(exit::USAGE)
        }
    }
}

/// The verb that was meant, where it is one.
fn verb_of(args: &[OsString]) -> Option<String> {
    let known = Cli::command();
    let verbs = args.iter().skip(1).filter_map(|arg| arg.to_str());
    verbs.map(str::to_owned).find(|arg| known.get_subcommands().any(|verb| verb.get_name() == arg))
}

/// Makes two lines of clap's paragraphs: the first says what, a tip or the usage says what next.
fn failure(text: &str, verb: Option<String>) -> Failure {
    let what = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    let what = shorten(&what.lines().map(str::trim).collect::<Vec<_>>().join(" "));
    let tips: Vec<_> = text.lines().filter_map(|line| line.trim().strip_prefix("tip: ")).collect();
    let usage =
        text.lines().find_map(|line| line.strip_prefix("Usage: ")).map(|usage| format!("usage: {usage}"));
    let advice = match (tips.is_empty(), usage) {
        // clap proposes hidden verbs as well.
        (false, _) => format!("tip: {}", tips.join("; ").replace("'__listener', ", "")),
        (true, Some(usage)) => usage,
        (true, None) => {
            format!("see `portcullis {}--help`", verb.map_or_else(String::new, |verb| verb + " "))
        }
    };
    Failure::usage("usage", what, advice)
}

/// Leaves out the middle of what repeats a very long value: what is wrong with it stands at the end.
fn shorten(what: &str) -> String {
    const BEGIN: usize = 80;
    const END: usize = 200;
    let chars: Vec<char> = what.chars().collect();
    if chars.len() <= BEGIN + END {
        return what.to_owned();
    }
    let (begin, end) = (&chars[..BEGIN], &chars[chars.len() - END..]);
    format!("{} ... {}", String::from_iter(begin), String::from_iter(end))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn a_wrong_command_line_says_what_and_what_next() {
        let cases: [(&str, &[&str], &str, &str); 5] = [
            ("a verb mistyped", &["softtp"], "unrecognized subcommand 'softtp'", "'softtpm'"),
            (
                "a verb that looks like a hidden one",
                &["lst"],
                "unrecognized subcommand 'lst'",
                "exist: 'list'",
            ),
            (
                "an option mistyped",
                &["requests", "--al"],
                "unexpected argument '--al' found",
                "tip: a similar argument exists: '--all'",
            ),
            (
                "options missing",
                &["freeze"],
                "the following required arguments were not provided: --reason <REASON>",
                "usage: portcullis freeze --reason <REASON>",
            ),
            (
                "a bad id",
                &["deny", "7I2M", "--reason", "no"],
                "invalid value '7I2M' for '<ID>': \"7I2M\" is not a request id: 4 characters of 0-9 and A-Z without I, L, O and U",
                "see `portcullis deny --help`",
            ),
        ];
        for (name, args, what, advice) in cases {
            let error = Cli::try_parse_from([&["portcullis"], args].concat()).expect_err(name);
            let words: Vec<OsString> = [&["portcullis"], args].concat().iter().map(OsString::from).collect();
            let failure = failure(&error.render().to_string(), verb_of(&words));
            assert_eq!((failure.what.as_str(), failure.exit), (what, 2), "{name}");
            assert!(failure.advice.contains(advice), "{name}: {}", failure.advice);
        }
    }
}
