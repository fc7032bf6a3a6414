//! The members of a bundle that are kept while the rest is looked at: all but entries, reports and words.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::refused::Fault;
use crate::auditor::container::Bundle;
use crate::auditor::error::{BundleError, Fault as Broken};
use crate::domain::audit::manifest::{Manifest, Member};

/// What the first look at a bundle gives. Every byte of it was compared with MANIFEST.
pub(super) struct Parts {
    pub(super) path: PathBuf,
    pub(super) manifest: Manifest,
    /// MANIFEST with its signatures.
    pub(super) note: Vec<u8>,
    members: BTreeMap<Member, Vec<u8>>,
}

impl Parts {
    /// Reads them, and passes over the rest.
    pub(super) fn read(path: &Path) -> Result<Self, Fault> {
        let mut bundle = Bundle::open(path)?;
        let mut members = BTreeMap::new();
        while let Some(part) = bundle.next_part()? {
            let member = part.member();
            if is_read_later(member) {
                part.pass_over()?;
            } else {
                members.insert(member, part.bytes()?);
            }
        }
        let (manifest, note) = (bundle.manifest().clone(), bundle.manifest_note().to_vec());
        Ok(Self { path: path.to_owned(), manifest, note, members })
    }

    /// The bundle from its beginning, for a second look; it must be the same one.
    pub(super) fn again(&self) -> Result<Bundle, Fault> {
        let bundle = Bundle::open(&self.path)?;
        if bundle.manifest_note() == self.note {
            Ok(bundle)
        } else {
            Err(BundleError::member(Member::Manifest, Broken::Changed).into())
        }
    }

    /// The bytes of a member; none of one that was passed over or is not there.
    pub(super) fn bytes(&self, member: Member) -> &[u8] {
        self.members.get(&member).map_or(&[], Vec::as_slice)
    }

    /// The same as text.
    pub(super) fn text(&self, member: Member) -> Result<&str, Fault> {
        std::str::from_utf8(self.bytes(member)).map_err(|_| Fault::differs(member, "it is no UTF-8"))
    }

    /// Whether the bundle has it.
    pub(super) fn has(&self, member: Member) -> bool {
        self.manifest.digest(member).is_some()
    }
}

/// What can be large, and is looked at once, in its turn.
const fn is_read_later(member: Member) -> bool {
    matches!(
        member,
        Member::Entries
            | Member::Rotation
            | Member::Exceptions
            | Member::Access
            | Member::Pairs
            | Member::Failed
            | Member::Custody
            | Member::Verify
    )
}
