//! The lines of a terminal, drawn anew: one for each call, turning while it runs, ticked when it has ended.

use super::story::Told;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often a running line is drawn, so that its seconds move.
const DRAW_EVERY: Duration = Duration::from_millis(120);
/// Lines at once; a terminal shows little more, and each costs time to draw.
const LINES_MAX: usize = 40;

/// A line for each call.
#[derive(Debug)]
pub(super) struct Bars {
    lines: MultiProgress,
    running: BTreeMap<u64, ProgressBar>,
    colours: bool,
}

impl Bars {
    /// No line yet.
    pub(super) fn new(colours: bool) -> Self {
        Self { lines: MultiProgress::new(), running: BTreeMap::new(), colours }
    }

    /// Draws what was told.
    pub(super) fn draw(&mut self, told: &Told) {
        match told {
            Told::Task(what) => self.above(what),
            Told::Began { attempt, worker, what } if self.running.len() < LINES_MAX => {
                let line = self.lines.add(ProgressBar::new_spinner());
                line.set_style(self.style());
                line.set_prefix(plain(worker));
                line.set_message(plain(what));
                line.enable_steady_tick(DRAW_EVERY);
                self.running.insert(*attempt, line);
            }
            Told::Began { .. } => self.above(&told.line()),
            Told::Ended { attempt, worker, well, what } => {
                if let Some(line) = self.running.remove(attempt) {
                    line.finish_and_clear();
                    self.lines.remove(&line);
                }
                self.above(&format!("{} {worker}: {what}", self.mark(*well)));
            }
        }
    }

    /// Takes the running lines away; what has ended stays above.
    pub(super) fn end(&mut self) {
        for line in std::mem::take(&mut self.running).into_values() {
            line.finish_and_clear();
        }
    }

    /// Prints a line that stays. A terminal that is gone needs none.
    fn above(&self, what: &str) {
        let _ = self.lines.println(plain(what));
    }

    fn mark(&self, well: bool) -> &'static str {
        if well { "✓" } else { "✗" }
    }

    fn style(&self) -> ProgressStyle {
        let template = if self.colours {
            "{spinner:.cyan} {prefix:.bold}: {msg}, {elapsed}"
        } else {
            "{spinner} {prefix}: {msg}, {elapsed}"
        };
        // The template is ours; were it wrong, the plain style would do.
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
    }
}

/// One line without anything that commands a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workers_words_stay_one_harmless_line() {
        assert_eq!(plain("a\nb\u{1b}[2J"), "a b [2J");
    }

    #[test]
    fn lines_come_and_go() {
        let mut bars = Bars::new(false);
        bars.draw(&Told::Began { attempt: 1, worker: "a".into(), what: "working".into() });
        bars.draw(&Told::Began { attempt: 2, worker: "b".into(), what: "working".into() });
        assert_eq!(bars.running.len(), 2);
        bars.draw(&Told::Ended { attempt: 1, worker: "a".into(), well: true, what: "answered".into() });
        assert_eq!(bars.running.keys().copied().collect::<Vec<_>>(), [2]);
        bars.end();
        assert!(bars.running.is_empty());
    }
}
