//! What a person sees while a task is worked on: a line per call that is drawn anew on a terminal, plain lines
//! otherwise, nothing where a program listens or quiet is wanted. What the lines say is `story`.

mod bars;
mod story;

use super::out::Out;
use crate::api::Notice;
use bars::Bars;
use story::Story;

/// A task's progress on stderr.
#[derive(Debug)]
pub(super) struct Progress {
    story: Story,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    Silent,
    Lines(Out),
    Bars(Bars),
}

impl Progress {
    /// Progress in the shape that fits whoever listens.
    pub(super) fn new(out: &Out) -> Self {
        let shape = match (out.is_json() || out.is_quiet(), out.is_watched()) {
            (true, _) => Shape::Silent,
            (false, true) => Shape::Bars(Bars::new(out.colours())),
            (false, false) => Shape::Lines(out.clone()),
        };
        Self { story: Story::default(), shape }
    }

    /// Takes a notice in.
    pub(super) fn hear(&mut self, notice: &Notice) {
        let Some(told) = self.story.hear(notice) else { return };
        match &mut self.shape {
            Shape::Silent => {}
            Shape::Lines(out) => out.say(&told.line()),
            Shape::Bars(bars) => bars.draw(&told),
        }
    }

    /// Leaves the last state standing and the cursor below it.
    pub(super) fn end(&mut self) {
        if let Shape::Bars(bars) = &mut self.shape {
            bars.end();
        }
    }
}
