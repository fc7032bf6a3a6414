//! As many rows of a list as fit a message.

use serde::Serialize;

/// With room for the rest of the message.
const BYTES_MAX: usize = 200 * 1024;
/// More than fit, as rows are.
pub const ROWS_MAX: usize = 1_000;

/// The first of `rows` that fit a message, and whether there are more: at least one, if there is one.
pub fn page<T: Serialize>(rows: impl Iterator<Item = T>) -> (Vec<T>, bool) {
    let (mut page, mut bytes) = (Vec::new(), 0);
    for row in rows {
        // With the comma behind it.
        bytes += serde_json::to_vec(&row).map_or(BYTES_MAX, |bytes| bytes.len() + 1);
        if !page.is_empty() && (bytes > BYTES_MAX || page.len() == ROWS_MAX) {
            return (page, true);
        }
        page.push(row);
    }
    (page, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_what_fits_and_says_whether_there_is_more() {
        // A row of so many bytes with its quotes and its comma.
        let row = |bytes: usize| "x".repeat(bytes - 3);
        let half = BYTES_MAX / 2;
        let cases = [
            ("nothing", vec![], 0, false),
            ("to the byte", vec![row(half), row(half)], 2, false),
            ("one byte too many", vec![row(half), row(half + 1)], 1, true),
            ("one that is too long alone", vec![row(BYTES_MAX + 1)], 1, false),
            ("and another behind it", vec![row(BYTES_MAX + 1), row(4)], 1, true),
            ("as many as there may be", vec![row(4); ROWS_MAX], ROWS_MAX, false),
            ("one more", vec![row(4); ROWS_MAX + 1], ROWS_MAX, true),
        ];
        for (name, rows, len, more) in cases {
            let (page, is_more) = page(rows.into_iter());
            assert_eq!((page.len(), is_more), (len, more), "{name}");
        }
    }
}
