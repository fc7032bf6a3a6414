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

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(size: u64) -> Tree {
        let mut tree = Tree::default();
        (0..size).for_each(|n| tree.append(&n.to_be_bytes()));
        tree
    }

    #[test]
    fn a_frontier_is_read_as_it_is_written() {
        for size in 0..70 {
            let text = write(&tree(size));
            assert_eq!(text.lines().count(), size.count_ones() as usize);
            assert_eq!(read(size, &text).map(|tree| tree.head()), Ok(tree(size).head()));
        }
    }

    #[test]
    fn a_frontier_has_one_spelling() {
        let good = write(&tree(3));
        let line = |line| FrontierError::Line { line };
        let peaks = |size, found, expected| FrontierError::Peaks(PeaksError { size, found, expected });
        let cases = [
            ("no line feed at the end", 3, good.trim_end().to_owned(), line(2)),
            ("an empty line", 3, format!("\n{good}"), line(1)),
            ("an empty line at the end", 3, format!("{good}\n"), line(3)),
            ("carriage returns", 3, good.replace('\n', "\r\n"), line(1)),
            ("a short line", 3, good[1..].to_owned(), line(1)),
            ("of another tree", 4, good.clone(), peaks(4, 2, 1)),
            ("of the empty tree", 0, good.clone(), peaks(0, 2, 0)),
            ("nothing", 3, String::new(), peaks(3, 0, 2)),
            ("more than any tree has", 3, good.repeat(100), peaks(3, 65, 2)),
        ];
        for (name, size, text, expected) in cases {
            assert_eq!(read(size, &text).map(|tree| tree.size()), Err(expected), "{name}");
        }
    }
}
