//! A reviewer's word on how a plan goes. A word that is not known is an error, not an approval.

use super::{Object, field};
use crate::board::proposal::{Advice, Checkpoint, Course};
use crate::board::text::cut;
use serde_json::Value;

/// Longest reason that is kept, in bytes.
const WHY_BYTES_MAX: usize = 600;

const STATUS: [&str; 4] = ["status", "course", "state", "assessment"];
const ACTION: [&str; 5] = ["action", "advice", "recommendation", "next", "decision"];

pub(super) fn looks_like_one(object: &Object) -> bool {
    field(object, &ACTION).is_some_and(Value::is_string) || field(object, &STATUS).is_some_and(Value::is_string)
}

/// Reads a checkpoint. One of the two words may be missing where the other says it.
pub(super) fn read(object: &Object) -> Result<Checkpoint, String> {
    let word = |names: &[&str]| field(object, names).and_then(Value::as_str).map(plain);
    let (status, action) = (word(&STATUS), word(&ACTION));
    let course = status.as_deref().map(|word| course(word).ok_or_else(|| format!("`status` is `{}`", cut(word, 60))));
    let advice = action.as_deref().map(|word| advice(word).ok_or_else(|| format!("`action` is `{}`", cut(word, 60))));
    let (course, advice) = match (course.transpose()?, advice.transpose()?) {
        (Some(course), Some(advice)) => (course, advice),
        (None, Some(Advice::Continue)) => (Course::OnTrack, Advice::Continue),
        (None, Some(advice)) => (Course::NeedsAdjustment, advice),
        (Some(Course::OnTrack), None) => (Course::OnTrack, Advice::Continue),
        (Some(Course::NeedsAdjustment), None) => return Err("it says `needs_adjustment` and no `action`".to_owned()),
        (None, None) => return Err("it has neither `status` nor `action`".to_owned()),
    };
    let why = field(object, &["why", "reason", "reasoning", "notes"]).and_then(Value::as_str).unwrap_or_default();
    let words: Vec<&str> = why.split_whitespace().collect();
    Ok(Checkpoint { course, advice, why: cut(&words.join(" "), WHY_BYTES_MAX).to_owned() })
}

fn plain(word: &str) -> String {
    let lower = word.trim().to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    words.join("_")
}

fn course(word: &str) -> Option<Course> {
    match word {
        "on_track" | "ontrack" | "ok" | "good" => Some(Course::OnTrack),
        "needs_adjustment" | "needs_adjustments" | "adjust" | "off_track" | "needs_work" => {
            Some(Course::NeedsAdjustment)
        }
        _ => None,
    }
}

fn advice(word: &str) -> Option<Advice> {
    match word {
        "continue" | "proceed" | "go_on" => Some(Advice::Continue),
        "retry" | "try_again" | "repeat" => Some(Advice::Retry),
        "replan" | "re_plan" | "plan_anew" => Some(Advice::Replan),
        _ => None,
    }
}
