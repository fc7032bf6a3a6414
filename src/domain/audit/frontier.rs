//! The frontier of a tree as text: its peaks, left to right, a line each.

use super::lines;
use super::tree::{PeaksError, Tree};

/// Why a text is no frontier of a tree of that size.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FrontierError {
    /// A line is no hash, or the last has no end.
    #[error("line {line} of the frontier is no hash")]
    Line {
        /// Counted from 1.
        line: usize,
    },
    /// More or fewer than the size has bits.
    #[error(transparent)]
    Peaks(#[from] PeaksError),
}

/// The text of a frontier; nothing for the empty tree.
pub fn write(tree: &Tree) -> String {
    tree.peaks().iter().map(|peak| lines::hash_text(peak) + "\n").collect()
}

/// Reads the frontier of a tree of `size` leaves.
///
/// # Errors
/// [`FrontierError`].
pub fn read(size: u64, text: &str) -> Result<Tree, FrontierError> {
    let mut peaks = Vec::new();
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let hash = line.strip_suffix('\n').and_then(lines::hash);
        peaks.push(hash.ok_or(FrontierError::Line { line: at + 1 })?);
        // One more than a tree can have is enough to know.
        if peaks.len() > 64 {
            break;
        }
    }
    Ok(Tree::from_peaks(size, peaks)?)
}
