//! `orchestration`: the older bridge's settings of how models work together.

use super::{Draft, flag};
use serde_json::Value;

pub(super) fn orchestration(draft: &mut Draft, value: &Value) {
    let Value::Object(settings) = value else { return draft.left("orchestration", "is no table") };
    // Without parallel work one call at a time is made, whatever the number beside it says.
    let alone = settings.get("parallelProcessing").and_then(flag) == Some(false);
    for (key, value) in settings {
        let from = format!("orchestration.{key}");
        match (key.as_str(), flag(value)) {
            ("parallelProcessing", Some(true)) => {
                draft.left(&from, "is how it always is: steps whose needs are met run at once")
            }
            ("parallelProcessing", Some(false)) => draft.set(&from, &["limits", "max_concurrent_calls"], 1),
            ("maxConcurrentSessions", _) if alone => {
                draft.left(&from, "does not count beside parallelProcessing = false: one call is made at a time");
            }
            ("maxConcurrentSessions", _) => match value.as_i64().filter(|number| *number > 0) {
                Some(number) => draft.set(&from, &["limits", "max_concurrent_calls"], number),
                None => draft.left(&from, "is no number of calls"),
            },
            ("consensusThreshold", _) => match value.as_f64().filter(|share| (0.0..=1.0).contains(share)) {
                Some(share) => threshold(draft, &from, share),
                None => draft.left(&from, "is no number between 0 and 1"),
            },
            ("autoHandoff", Some(true)) => {
                draft.left(&from, "is how it always is: each step is handed on when it has ended")
            }
            ("autoHandoff", Some(false)) => {
                let word = toml_edit::Array::from_iter(["low", "normal", "high", "critical"]);
                draft.set(&from, &["consensus", "require_human"], word);
            }
            ("sessionPersistence", Some(sessions)) => draft.set(&from, &["limits", "sessions"], sessions),
            ("contextSharing", Some(true)) => {
                draft.left(&from, "is how it is: a step sees the outputs of its needs and the task's shared-context memory; in a plan `share = \"all\"` shows it every output");
            }
            ("contextSharing", Some(false)) => {
                draft.left(&from, "has no counterpart: a step always sees the outputs of the steps it needs")
            }
            _ => draft.left(&from, "is not known, and nothing was made of it"),
        }
    }
}

/// The older threshold was for tasks of any priority; here those are normal ones. The shipped thresholds of the others must
/// not stand on the wrong side of it.
fn threshold(draft: &mut Draft, from: &str, share: f64) {
    let shipped = crate::config::Settings::default().consensus.threshold;
    draft.set(from, &["consensus", "threshold", "normal"], share);
    draft.set(from, &["consensus", "threshold", "low"], shipped.low.min(share));
    draft.set(from, &["consensus", "threshold", "high"], shipped.high.max(share));
    draft.set(from, &["consensus", "threshold", "critical"], shipped.critical.max(share));
}
