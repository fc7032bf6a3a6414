mod archives;
mod folders;
mod writing;

use std::path::Path;

use super::container::Bundle;
use super::error::BundleError;
use crate::domain::audit::manifest::Member;

/// Reads a bundle from end to end, and gives its members.
fn read(path: &Path) -> Result<Vec<(Member, Vec<u8>)>, BundleError> {
    let mut bundle = Bundle::open(path)?;
    let mut members = vec![(Member::Manifest, bundle.manifest_note().to_vec())];
    while let Some(part) = bundle.next_part()? {
        members.push((part.member(), part.bytes()?));
    }
    Ok(members)
}

fn refusal(path: &Path) -> String {
    let refused = read(path).err().map(|error| error.to_string()).unwrap_or_default();
    // Passing over the members without looking refuses the same.
    let passed = Bundle::open(path).and_then(Bundle::finish).err().map(|error| error.to_string());
    assert_eq!(refused, passed.unwrap_or_default());
    refused
}
