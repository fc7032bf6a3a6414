//! A list on the screen: which rows, where the cursor is, and from where on they are shown.

/// What the rows have to say, or must not.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Filter {
    typed: String,
}

impl Filter {
    /// The longest, in characters.
    pub const CHARS_MAX: usize = 60;

    /// Reads what was typed behind `/`: with `!` before it, the rows that do not say it.
    pub fn new(typed: &str) -> Self {
        Self { typed: typed.to_owned() }
    }

    /// What was typed.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Whether it leaves nothing out.
    pub fn is_empty(&self) -> bool {
        self.wanted().1.is_empty()
    }

    fn wanted(&self) -> (bool, &str) {
        let typed = self.typed.trim();
        typed.strip_prefix('!').map_or((true, typed), |rest| (false, rest.trim_start()))
    }

    /// A test for the words of a row; upper and lower case are the same.
    pub fn test(&self) -> impl Fn(&str) -> bool + use<> {
        let (wants, text) = self.wanted();
        let text = text.to_lowercase();
        // Names are ASCII; a row that is not is turned to lower case whole.
        move |words: &str| {
            let has =
                if words.is_ascii() { has_ascii(words, &text) } else { words.to_lowercase().contains(&text) };
            has == wants
        }
    }
}

/// Whether `words` has `text`, which is in lower case.
fn has_ascii(words: &str, text: &str) -> bool {
    let (words, text) = (words.as_bytes(), text.as_bytes());
    let Some((first, rest)) = text.split_first() else { return true };
    let upper = first.to_ascii_uppercase();
    let mut from = 0;
    while let Some(found) = words[from..].iter().position(|byte| byte == first || *byte == upper) {
        from += found + 1;
        if words.get(from..from + rest.len()).is_some_and(|behind| behind.eq_ignore_ascii_case(rest)) {
            return true;
        }
    }
    false
}

/// A list as one tab shows it.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// Places in the data, in the order on the screen.
    pub shown: Vec<usize>,
    /// The row of `shown` under the cursor.
    pub selected: usize,
    /// The row of `shown` at the top of the screen.
    pub top: usize,
    /// Which rows are wanted.
    pub filter: Filter,
    /// The words of each row of the data, once a filter has asked for them.
    pub words: Option<Vec<String>>,
}

impl List {
    /// The place in the data of the row under the cursor.
    pub fn place(&self) -> Option<usize> {
        self.shown.get(self.selected).copied()
    }

    /// The rows on a screen of so many, as places in `shown` and in the data.
    pub fn window(&self, rows: usize) -> impl Iterator<Item = (usize, usize)> {
        self.shown.iter().copied().enumerate().skip(self.top).take(rows)
    }

    /// Brings cursor and top back inside what there is. Scrolls by half a screen, because every scrolled
    /// line is sent again.
    pub fn settle(&mut self, rows: usize) {
        let rows = rows.max(1);
        self.selected = self.selected.min(self.shown.len().saturating_sub(1));
        let half = (rows / 2).max(1);
        if self.selected < self.top {
            self.top = self.selected.saturating_sub(half);
        } else if self.selected >= self.top + rows {
            self.top = (self.selected + 1).saturating_sub(half);
        }
        self.top = self.top.min(self.shown.len().saturating_sub(rows));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_finds_a_part_in_any_case_or_leaves_it_out() {
        let cases = [
            ("nothing typed", "", "racf/prod01", true),
            ("a part", "prod", "racf/prod01", true),
            ("upper case", "PROD", "racf/prod01", true),
            ("in an upper-case row", "due", "OVERDUE", true),
            ("not there", "test", "racf/prod01", false),
            ("at the very end", "01", "racf/prod01", true),
            ("longer than the row", "prod012", "prod01", false),
            ("begins like it twice", "aab", "xaaab", true),
            ("inverse", "!prod", "racf/prod01", false),
            ("inverse, not there", "!test", "racf/prod01", true),
            ("an inverse of nothing", "!", "racf/prod01", true),
            ("blanks around it", " prod ", "racf/prod01", true),
            ("beyond ASCII", "\u{c9}quipe", "the \u{e9}quipe", true),
            ("ASCII in such a row", "EQU", "\u{e9}, equal", true),
        ];
        for (name, typed, words, passes) in cases {
            let filter = Filter::new(typed);
            let is_wanted = filter.is_empty() || filter.test()(words);
            assert_eq!(is_wanted, passes, "{name}");
        }
        for (typed, is_empty) in
            [("", true), (" ", true), ("!", true), ("! ", true), ("x", false), ("!x", false)]
        {
            assert_eq!(Filter::new(typed).is_empty(), is_empty, "{typed:?}");
        }
    }

    #[test]
    fn the_cursor_is_always_on_the_screen() {
        let mut list = List { shown: (0..100).collect(), ..List::default() };
        for (selected, top) in
            [(0, 0), (9, 0), (10, 6), (15, 6), (16, 12), (5, 0), (99, 90), (usize::MAX, 90)]
        {
            list.selected = selected;
            list.settle(10);
            assert_eq!((list.top, list.selected), (top, selected.min(99)), "{selected}");
            assert!(list.window(10).any(|(row, _)| row == list.selected), "{selected}");
        }
        list.shown.truncate(3);
        list.settle(10);
        assert_eq!((list.top, list.selected, list.place()), (0, 2, Some(2)));
        list.shown.clear();
        list.settle(10);
        assert_eq!((list.top, list.selected, list.place()), (0, 0, None));
    }
}
