//! What became of a claim that a worker was to show or to refute. Words that are not known leave it undecided.

use super::{Object, field};
use crate::board::decision::IssueStatus;
use crate::board::proposal::{Proof, Reproduction};
use crate::board::text::cut;
use serde_json::Value;

/// Longest reason, command and observation that is kept, in bytes.
const FIELD_BYTES_MAX: usize = 800;

pub(super) fn looks_like_one(object: &Object) -> bool {
    let has = |name: &str| field(object, &[name]).is_some();
    field(object, &["status"]).is_some_and(Value::is_string) && (has("why") || has("reproduction") || has("claim"))
}

/// Reads what became of a claim.
///
/// # Errors
/// When it is said to be shown or refuted and nothing is said of how: that is an opinion, and there are enough of those.
pub(super) fn read(object: &Object) -> Result<Proof, String> {
    let status = status(&text(object, &["status"]));
    let why = text(object, &["why", "reason", "reasoning"]);
    let reproduction = field(object, &["reproduction"]).and_then(Value::as_object).and_then(|object| {
        let (command, observed) = (text(object, &["command"]), text(object, &["observed", "output"]));
        (!command.is_empty() || !observed.is_empty()).then_some(Reproduction { command, observed })
    });
    if status != IssueStatus::Claimed && why.is_empty() && reproduction.is_none() {
        return Err("it says neither `why` nor a `reproduction`".to_owned());
    }
    Ok(Proof { status, why, reproduction })
}

fn status(word: &str) -> IssueStatus {
    match word.to_lowercase().as_str() {
        "confirmed" | "shown" | "proven" | "proved" | "reproduced" | "true" => IssueStatus::Confirmed,
        "refuted" | "disproved" | "disproven" | "false" => IssueStatus::Refuted,
        _ => IssueStatus::Claimed,
    }
}

/// A field on one line, cut to size.
fn text(object: &Object, names: &[&str]) -> String {
    let said = field(object, names).and_then(Value::as_str).unwrap_or_default();
    let words: Vec<&str> = said.split_whitespace().collect();
    cut(&words.join(" "), FIELD_BYTES_MAX).to_owned()
}
