//! What a bundle is made of, and its MANIFEST: the range it covers and the hash of every other member.

mod member;

use std::collections::BTreeMap;
use std::fmt::Write as _;

pub use member::Member;

use crate::domain::ids::{ApplianceName, TrustDomain};
use crate::domain::time::Timestamp;

/// Why a text is not a MANIFEST, or none can be made of what was given.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ManifestError {
    /// The signed note has no blank line, or is not text.
    #[error("it is not a signed note: text, a blank line and signatures")]
    NotANote,
    /// A line does not say what it should.
    #[error("line {line} is not {wanted}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What should stand there.
        wanted: &'static str,
    },
    /// The origin is not `<trust domain>/<appliance>`.
    #[error("the origin is not a trust domain, / and the name of an appliance")]
    Origin,
    /// No entries, or more than a log can have.
    #[error("entries {old} to {new} are no range: it begins before it ends, and ends below 2^53")]
    Range {
        /// Where it would begin.
        old: u64,
        /// Where it would end.
        new: u64,
    },
    /// Later than the header of a member can say.
    #[error("it was made after the year 2241, which no member's header can say")]
    Created,
    /// A path that no bundle has, or one twice, or in another order.
    #[error("line {line} names {path:?}, which {why}")]
    Path {
        /// Counted from 1.
        line: usize,
        /// What it names, shortened.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A member that every bundle has is not listed.
    #[error("it does not list {}", .member.path())]
    Missing {
        /// The one.
        member: Member,
    },
}

/// The entries of a bundle: `old` to `new - 1`. A bundle brings at least the entry of its own checkpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Range {
    old: u64,
    new: u64,
}

impl Range {
    /// The only way to make one.
    ///
    /// # Errors
    /// [`ManifestError::Range`] when it is empty or ends at 2^53 or later.
    pub const fn new(old: u64, new: u64) -> Result<Self, ManifestError> {
        if old < new && new < 1 << 53 {
            Ok(Self { old, new })
        } else {
            Err(ManifestError::Range { old, new })
        }
    }

    /// Size of the tree at the bundle before, 0 when there was none.
    pub const fn old(self) -> u64 {
        self.old
    }

    /// Size of the tree at the checkpoint.
    pub const fn new_size(self) -> u64 {
        self.new
    }

    /// Number of entries.
    pub const fn count(self) -> u64 {
        self.new - self.old
    }
}

/// The text of a MANIFEST.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Manifest {
    origin: String,
    range: Range,
    created: Timestamp,
    digests: BTreeMap<Member, [u8; 32]>,
}

/// After the origin, on the first line.
const FORMAT: &str = "/bundle/v1";

/// The first second that eleven octal digits do not hold.
const CREATED_END_MS: u64 = (1 << 33) * 1_000;

impl Manifest {
    /// A MANIFEST of these members; `created` is kept to the second.
    ///
    /// # Errors
    /// [`ManifestError::Origin`], [`ManifestError::Created`], [`ManifestError::Missing`].
    pub fn new(
        origin: &str,
        range: Range,
        created: Timestamp,
        digests: BTreeMap<Member, [u8; 32]>,
    ) -> Result<Self, ManifestError> {
        let (domain, appliance) = origin.split_once('/').ok_or(ManifestError::Origin)?;
        if TrustDomain::parse(domain).is_err() || ApplianceName::parse(appliance).is_err() {
            return Err(ManifestError::Origin);
        }
        if created.ms() >= CREATED_END_MS {
            return Err(ManifestError::Created);
        }
        let mut needed = Member::listed().filter(|member| !member.is_optional());
        if let Some(member) = needed.find(|member| !digests.contains_key(member)) {
            return Err(ManifestError::Missing { member });
        }
        let created = Timestamp::from_ms(created.ms() / 1_000 * 1_000);
        Ok(Self { origin: origin.to_owned(), range, created, digests })
    }

    /// Reads the text in a signed note: everything before its last blank line.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn in_note(note: &[u8]) -> Result<Self, ManifestError> {
        let note = std::str::from_utf8(note).map_err(|_| ManifestError::NotANote)?;
        let end = note.rfind("\n\n").ok_or(ManifestError::NotANote)?;
        Self::parse(&note[..=end])
    }

    /// Reads a text. What is read is what would be written.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let mut lines = text.split_inclusive('\n').map(|line| line.strip_suffix('\n'));
        let mut next = |line, wanted| lines.next().flatten().ok_or(ManifestError::Line { line, wanted });
        let origin = next(1, "an origin and /bundle/v1")?.strip_suffix(FORMAT);
        let origin = origin.ok_or(ManifestError::Line { line: 1, wanted: "an origin and /bundle/v1" })?;
        let range = read_range(next(2, "range M N")?)?;
        let created = read_created(next(3, "created and an instant in UTC, to the second")?)?;
        let (mut digests, mut last) = (BTreeMap::new(), "");
        for (line, content) in (4..).zip(lines) {
            const WANTED: &str = "64 hex digits, two blanks and a path";
            let wrong = ManifestError::Line { line, wanted: WANTED };
            let (hex, path) = content.and_then(|content| content.split_once("  ")).ok_or(wrong.clone())?;
            let digest = read_hex(hex).ok_or(wrong)?;
            let refuse = |why| ManifestError::Path { line, path: path.chars().take(60).collect(), why };
            let known = Member::of_path(path).filter(|member| *member != Member::Manifest);
            let member = known.ok_or_else(|| refuse("is no member of a bundle"))?;
            if path <= last {
                return Err(refuse("is named twice, or before its turn"));
            }
            last = member.path();
            digests.insert(member, digest);
        }
        Self::new(origin, range, created, digests)
    }

    /// The text that is signed.
    pub fn to_text(&self) -> String {
        let Self { origin, range, created, digests } = self;
        let mut text = format!("{origin}{FORMAT}\nrange {} {}\ncreated {created}\n", range.old, range.new);
        let mut lines: Vec<_> = digests.iter().map(|(member, digest)| (member.path(), digest)).collect();
        lines.sort_unstable();
        for (path, digest) in lines {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{}  {path}", hex::encode(digest));
        }
        text
    }

    /// `<trust domain>/<appliance>`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The entries it covers.
    pub const fn range(&self) -> Range {
        self.range
    }

    /// When it was made, by the appliance's clock, to the second.
    pub const fn created(&self) -> Timestamp {
        self.created
    }

    /// SHA-256 of a member; `None` of MANIFEST itself, and of what this bundle does not have.
    pub fn digest(&self, member: Member) -> Option<&[u8; 32]> {
        self.digests.get(&member)
    }

    /// The members of this bundle in their order, MANIFEST first.
    pub fn members(&self) -> impl Iterator<Item = Member> + '_ {
        let has = |member: &Member| *member == Member::Manifest || self.digests.contains_key(member);
        Member::ALL.into_iter().filter(has)
    }

    /// The name of the file: the origin with `-` for `/`, and the range.
    pub fn file_name(&self) -> String {
        format!("{}-{}-{}.pcab.tar", self.origin.replace('/', "-"), self.range.old, self.range.new)
    }
}

fn read_range(line: &str) -> Result<Range, ManifestError> {
    let wrong = || ManifestError::Line { line: 2, wanted: "range M N" };
    let numbers = line.strip_prefix("range ").and_then(|rest| rest.split_once(' ')).ok_or_else(wrong)?;
    let number = |text: &str| {
        // One spelling for one number: no sign, no zeros before it.
        text.parse::<u64>().ok().filter(|number| number.to_string() == text).ok_or_else(wrong)
    };
    Range::new(number(numbers.0)?, number(numbers.1)?)
}

fn read_created(line: &str) -> Result<Timestamp, ManifestError> {
    let wrong = || ManifestError::Line { line: 3, wanted: "created and an instant in UTC, to the second" };
    let text = line.strip_prefix("created ").ok_or_else(wrong)?;
    let created = Timestamp::parse(text).map_err(|_| wrong())?;
    if created.to_string() == text { Ok(created) } else { Err(wrong()) }
}

fn read_hex(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    hex::decode_to_slice(text, &mut digest).ok()?;
    (hex::encode(digest) == text).then_some(digest)
}

#[cfg(test)]
mod tests;
