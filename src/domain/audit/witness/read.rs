//! Reading a witness policy, line by line.

use super::super::lines;
use super::super::vkey::{NoteKey, Vkey};
use super::{Group, Member, POLICY_LINES_MAX, PolicyError, Witness, WitnessPolicy, is_log};

const LOG: &str = "`log KEY`, then at most an address";
const WITNESS: &str = "`witness NAME KEY`, then at most an address";
const GROUP: &str = "`group NAME any|all|NUMBER MEMBER...`";
const QUORUM: &str = "`quorum NAME` or `quorum none`";
const FIRST: &str = "a line that begins with `log`, `witness`, `group` or `quorum`, or with `#`";

/// The name that stands for no quorum at all.
const NONE: &str = "none";

/// What was read so far.
#[derive(Default)]
pub(super) struct Reader {
    logs: Vec<Vkey>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    names: Vec<(String, Member)>,
    members: Vec<Member>,
    quorums: Vec<Option<Member>>,
}

impl Reader {
    /// Takes one line, without its line feed.
    pub(super) fn take(&mut self, line: usize, text: &str) -> Result<(), PolicyError> {
        let words: Vec<&str> = text.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        let form = |expected| PolicyError::Form { line, expected };
        match words[..] {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] | ["log", key, _] => self.log(line, key),
            ["log", ..] => Err(form(LOG)),
            ["witness", name, key] | ["witness", name, key, _] => self.witness(line, name, key),
            ["witness", ..] => Err(form(WITNESS)),
            ["group", name, threshold, ref members @ ..] if !members.is_empty() => {
                self.group(line, name, threshold, members)
            }
            ["group", ..] => Err(form(GROUP)),
            ["quorum", name] => {
                let member = if name == NONE { None } else { Some(self.find(line, name)?) };
                self.quorums.push(member);
                Ok(())
            }
            ["quorum", ..] => Err(form(QUORUM)),
            _ => Err(form(FIRST)),
        }
    }

    fn log(&mut self, line: usize, text: &str) -> Result<(), PolicyError> {
        let key = key(line, text, "log", is_log)?;
        if self.logs.iter().any(|other| other.key().bytes() == key.key().bytes()) {
            return Err(PolicyError::KeyTwice { line, role: "log" });
        }
        self.logs.push(key);
        room(line, self.logs.len())
    }

    fn witness(&mut self, line: usize, name: &str, text: &str) -> Result<(), PolicyError> {
        let key = key(line, text, "witness", |key| matches!(key, NoteKey::Cosignature(_)))?;
        if self.witnesses.iter().any(|other| other.key.key() == key.key()) {
            return Err(PolicyError::KeyTwice { line, role: "witness" });
        }
        self.define(line, name, Member::Witness(self.witnesses.len()))?;
        self.witnesses.push(Witness { name: name.to_owned(), key });
        room(line, self.witnesses.len())
    }

    fn group(&mut self, line: usize, name: &str, threshold: &str, names: &[&str]) -> Result<(), PolicyError> {
        let mut members = Vec::with_capacity(names.len());
        for name in names {
            let member = self.find(line, name)?;
            if self.members.contains(&member) {
                return Err(PolicyError::MemberTwice { line, name: (*name).to_owned() });
            }
            self.members.push(member);
            members.push(member);
        }
        let number = match threshold {
            "any" => Some(1),
            "all" => Some(members.len()),
            number => lines::decimal(number).and_then(|number| usize::try_from(number).ok()),
        };
        let threshold = number
            .filter(|number| (1..=members.len()).contains(number))
            .ok_or(PolicyError::Threshold { line, members: members.len() })?;
        self.define(line, name, Member::Group(self.groups.len()))?;
        self.groups.push(Group { threshold, members });
        room(line, self.groups.len())
    }

    fn define(&mut self, line: usize, name: &str, member: Member) -> Result<(), PolicyError> {
        if name == NONE || self.names.iter().any(|(other, _)| other == name) {
            return Err(PolicyError::NameTaken { line, name: name.to_owned() });
        }
        self.names.push((name.to_owned(), member));
        Ok(())
    }

    fn find(&self, line: usize, name: &str) -> Result<Member, PolicyError> {
        let found = self.names.iter().find(|(other, _)| other == name);
        let unknown = || PolicyError::Unknown { line, name: name.to_owned() };
        found.map(|(_, member)| *member).ok_or_else(unknown)
    }

    /// The policy, once all lines are there.
    pub(super) fn finish(self) -> Result<WitnessPolicy, PolicyError> {
        let [quorum] = self.quorums[..] else {
            return Err(PolicyError::Quorum { found: self.quorums.len() });
        };
        Ok(WitnessPolicy { logs: self.logs, witnesses: self.witnesses, groups: self.groups, quorum })
    }
}

fn key(
    line: usize,
    text: &str,
    role: &'static str,
    fits: impl Fn(&NoteKey) -> bool,
) -> Result<Vkey, PolicyError> {
    let key = Vkey::parse(text).ok().filter(|vkey| fits(vkey.key()));
    key.ok_or_else(|| PolicyError::Key { line, key: text.to_owned(), role })
}

fn room(line: usize, count: usize) -> Result<(), PolicyError> {
    if count > POLICY_LINES_MAX { Err(PolicyError::TooMany { line }) } else { Ok(()) }
}
