//! Telling a quoted verdict block from a worker's own. What a block is stands in `fit`.

use std::cell::{Cell, OnceCell};

/// How many blocks of one answer are compared with what its worker was shown. An answer with more is hostile, and what
/// stands behind them counts as quoted, so that the work stays bounded by the length of what was shown.
const COMPARED_MAX: u32 = 64;

/// What a worker was shown, for comparing.
pub(super) struct Quotes<'a> {
    shown: &'a [String],
    /// The same without white space, made when first needed.
    squeezed: OnceCell<Vec<String>>,
    left: Cell<u32>,
}

impl<'a> Quotes<'a> {
    pub(super) fn of(shown: &'a [String]) -> Self {
        Self { shown, squeezed: OnceCell::new(), left: Cell::new(COMPARED_MAX) }
    }

    /// Whether this block stands in what was shown, however it was set.
    pub(super) fn holds(&self, block: &str) -> bool {
        if self.shown.is_empty() {
            return false;
        }
        let Some(left) = self.left.get().checked_sub(1) else { return true };
        self.left.set(left);
        let block = squeeze(block);
        let squeezed = self.squeezed.get_or_init(|| self.shown.iter().map(|text| squeeze(text)).collect());
        squeezed.iter().any(|text| text.contains(&block))
    }
}

fn squeeze(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
