//! The orders of a call that asks for several small steps at once.

use super::super::attempt::Ask;
use super::super::batching::marker;
use super::fence::{fenced, named};

/// What stands in the place of the step; the lines that the answer's parts begin with come last.
pub(super) fn told(ask: &Ask) -> String {
    let mut text = format!(
        "## Your steps\n\nThis call asks for {} steps that have nothing to do with each other. Do each as if you had been asked \
         for it alone, and whole.\n\n",
        ask.parts.len()
    );
    for part in &ask.parts {
        text.push_str(&format!("### {}\n\n{}\n", named(part.step.as_str()), fenced(&part.instruction)));
    }
    text.push_str(
        "Begin the answer to each step with its line, alone on a line and exactly as it stands here, once, and write nothing \
         before the first:\n\n",
    );
    for part in &ask.parts {
        text.push_str(&format!("- {}: `{}`\n", named(part.step.as_str()), marker(ask, part)));
    }
    text.push('\n');
    text
}
