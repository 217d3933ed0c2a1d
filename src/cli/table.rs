//! Columns of text, aligned by what a terminal shows, so that ids and titles of any script line up.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Spaces between two columns.
const GAP: &str = "  ";

/// A table with a head. The last column is never padded.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    /// Every column but the first holds numbers and stands to the right.
    numbers: bool,
}

impl Table {
    /// A table with these columns.
    pub(super) fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|&name| name.to_owned()).collect()], numbers: false }
    }

    /// A table whose rows need no head.
    pub(super) fn headless() -> Self {
        Self { rows: Vec::new(), numbers: false }
    }

    /// A table with these columns, of which all but the first hold numbers.
    pub(super) fn of_numbers(head: &[&str]) -> Self {
        Self { numbers: true, ..Self::new(head) }
    }

    /// Adds a row. A cell is one line: breaks in it become spaces.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let one_line = |cell: String| cell.split_whitespace().collect::<Vec<_>>().join(" ");
        self.rows.push(cells.into_iter().map(one_line).collect());
    }

    /// The table, each row ended by a line break.
    pub(super) fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |at: usize| self.rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width()).max();
        let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or(0)).collect();
        let mut out = String::new();
        for row in &self.rows {
            let padded = row.iter().zip(&widths).enumerate().map(|(at, (cell, width))| {
                let spaces = " ".repeat(width.saturating_sub(cell.width()));
                if self.numbers && at > 0 { format!("{spaces}{cell}") } else { format!("{cell}{spaces}") }
            });
            out.push_str(padded.collect::<Vec<_>>().join(GAP).trim_end());
            out.push('\n');
        }
        out
    }
}

/// A text cut to what fits into `width` columns, with a mark where something is missing.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let kept = text.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= width
    });
    format!("{}…", kept.collect::<String>().trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_stands_in_them() {
        let mut table = Table::new(&["ID", "TITLE"]);
        table.row(["登录".to_owned(), "a\nb".to_owned()]);
        table.row(["abcdef".to_owned(), String::new()]);
        assert_eq!(table.text(), "ID      TITLE\n登录    a b\nabcdef\n");
    }

    #[test]
    fn numbers_stand_to_the_right() {
        let mut table = Table::of_numbers(&["NAME", "N"]);
        table.row(["a".to_owned(), "100".to_owned()]);
        table.row(["bcdefg".to_owned(), "7".to_owned()]);
        assert_eq!(table.text(), "NAME      N\na       100\nbcdefg    7\n");
    }

    #[test]
    fn long_texts_are_cut_by_what_is_seen() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
        assert_eq!(cut("登录代码", 6), "登录…");
    }
}
