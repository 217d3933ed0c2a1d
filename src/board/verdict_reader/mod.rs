//! Reading verdicts out of what a model said. What a verdict is stands in `verdict`; weighing it is `consensus`.

use super::attempt::Purpose;
use super::verdict::Verdict;
use serde_json::Value;

/// The JSON Schema of the verdict block that `purpose` asks for; `None` when it asks for none.
/// Strict by every provider's rules: all properties required, no others, only type, enum, required and description.
pub fn schema(purpose: &Purpose) -> Option<Value> {
    let _ = purpose;
    None
}

/// Reads the verdicts out of an answer: of its structured part when that fits, else of its text.
/// One verdict for [`Purpose::Judge`], one per candidate in the order shown for [`Purpose::Check`], none for
/// [`Purpose::Make`]. What cannot be read is an abstention.
pub fn read(purpose: &Purpose, text: &str, structured: Option<&Value>) -> Vec<Verdict> {
    let _ = (text, structured);
    match purpose {
        Purpose::Make => Vec::new(),
        Purpose::Judge => vec![Verdict::unreadable(None)],
        Purpose::Check { candidates } => candidates.iter().map(|number| Verdict::unreadable(Some(*number))).collect(),
    }
}
