//! Whether a JSON value is a verdict block, and its fields with their usual slips forgiven. Finding the value in a text
//! is `scan`'s business.

use super::super::attempt::Purpose;
use super::super::text::cut;
use super::super::verdict::{Claim, Reading, Severity, Stance, Verdict};
use super::label::candidate_index;
use super::{CLAIMS_MAX, FIELD_BYTES_MAX, PLACE_BYTES_MAX};
use serde_json::{Map, Value};

/// How deep a block may stand inside wrapping objects and strings.
const WRAPPERS_MAX: u32 = 3;

type Object = Map<String, Value>;

/// What one block says: one entry for a matter, one per candidate for candidates.
pub(super) struct Block {
    entries: Vec<Entry>,
    /// Whether it is meant as the full answer; a lone candidate's entry is not.
    whole: bool,
}

struct Entry {
    /// Index of the candidate in the order shown; `None` for the matter itself.
    candidate: Option<usize>,
    /// `None` when the word is not one of ours, which counts as an abstention.
    stance: Option<Stance>,
    claims: Vec<Claim>,
    confidence: Option<f64>,
    would_change_my_mind: String,
}

impl Block {
    /// This block after an earlier one of the same answer: the later word counts, but for two things. A word that is not
    /// understood does not take an earlier rejection back, and the entry of one candidate leaves the other candidates'.
    pub(super) fn after(mut self, earlier: Option<Self>) -> Self {
        for before in earlier.into_iter().flat_map(|block| block.entries) {
            match self.entries.iter_mut().find(|entry| entry.candidate == before.candidate) {
                Some(entry) if entry.stance.is_none() && before.stance == Some(Stance::Reject) => *entry = before,
                Some(_) => {}
                None if self.whole => {}
                None => self.entries.push(before),
            }
        }
        self
    }

    /// The verdict on the matter itself.
    pub(super) fn of_matter(self, reading: Reading) -> Verdict {
        match self.entries.into_iter().next_back() {
            Some(entry) => entry.verdict(None, reading),
            None => Verdict::unreadable(None),
        }
    }

    /// One verdict for each candidate, in order. Of two entries for one candidate the later counts.
    pub(super) fn of_candidates(self, candidates: &[u32], reading: Reading) -> Vec<Verdict> {
        let mut verdicts: Vec<Verdict> = candidates.iter().map(|number| Verdict::unreadable(Some(*number))).collect();
        for entry in self.entries {
            let index = entry.candidate.unwrap_or(0);
            if let (Some(place), Some(number)) = (verdicts.get_mut(index), candidates.get(index)) {
                *place = entry.verdict(Some(*number), reading);
            }
        }
        verdicts
    }
}

impl Entry {
    fn verdict(self, candidate: Option<u32>, reading: Reading) -> Verdict {
        Verdict {
            candidate,
            stance: self.stance.unwrap_or(Stance::Abstain),
            claims: self.claims,
            stated_confidence: self.confidence,
            would_change_my_mind: self.would_change_my_mind,
            reading,
        }
    }
}

/// The block that `value` is, or that it wraps.
pub(super) fn fit(purpose: &Purpose, value: &Value) -> Option<Block> {
    within(purpose, value, WRAPPERS_MAX)
}

fn within(purpose: &Purpose, value: &Value, depth: u32) -> Option<Block> {
    if let Some(block) = value.as_object().and_then(|object| block(purpose, object)) {
        return Some(block);
    }
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Object(object) => object.values().rev().find_map(|inner| within(purpose, inner, depth)),
        Value::Array(items) => items.iter().rev().take(CLAIMS_MAX).find_map(|inner| within(purpose, inner, depth)),
        Value::String(text) if text.trim_start().starts_with(['{', '"']) => {
            serde_json::from_str::<Value>(text).ok().and_then(|inner| within(purpose, &inner, depth))
        }
        _ => None,
    }
}

fn block(purpose: &Purpose, object: &Object) -> Option<Block> {
    match purpose {
        Purpose::Make
        | Purpose::Plan { .. }
        | Purpose::Review { .. }
        | Purpose::Recover { .. }
        | Purpose::Synthesize
        | Purpose::Prove { .. } => None,
        Purpose::Reconsider { first, .. } => block(first, object),
        Purpose::Judge => Some(Block { entries: vec![entry(object, None)?], whole: true }),
        Purpose::Check { candidates } => list(object, candidates.len()).or_else(|| loose(object, candidates.len())),
    }
}

/// `{"verdicts": [{"candidate": "A", …}, …]}`, or the same as an object keyed by letter.
fn list(object: &Object, candidates: usize) -> Option<Block> {
    let entries: Vec<Entry> = match field(object, &["verdicts"])? {
        Value::Array(items) => items
            .iter()
            .filter_map(Value::as_object)
            .filter_map(|item| entry(item, Some(labelled(item, candidates)?)))
            .collect(),
        Value::Object(by_letter) => by_letter
            .iter()
            .filter_map(|(letter, item)| entry(item.as_object()?, Some(shown(letter, candidates)?)))
            .collect(),
        _ => Vec::new(),
    };
    (!entries.is_empty()).then_some(Block { entries, whole: true })
}

/// `{"candidate": "A", "verdict": …}` on its own.
fn loose(object: &Object, candidates: usize) -> Option<Block> {
    let entry = entry(object, Some(labelled(object, candidates)?))?;
    Some(Block { entries: vec![entry], whole: candidates == 1 })
}

fn labelled(item: &Object, candidates: usize) -> Option<usize> {
    match field(item, &["candidate", "label", "id"]) {
        Some(Value::String(wording)) => shown(wording, candidates),
        Some(_) => None,
        // With a single candidate there is nothing to mistake.
        None => (candidates == 1).then_some(0),
    }
}

fn shown(wording: &str, candidates: usize) -> Option<usize> {
    candidate_index(wording).filter(|index| *index < candidates)
}

fn entry(object: &Object, candidate: Option<usize>) -> Option<Entry> {
    let word = field(object, &["verdict", "stance"])?.as_str()?;
    Some(Entry {
        candidate,
        stance: stance(word),
        claims: field(object, &["claims", "issues", "findings"]).map(claims).unwrap_or_default(),
        confidence: field(object, &["confidence"]).and_then(confidence),
        would_change_my_mind: text_field(object, &["would_change_my_mind"], FIELD_BYTES_MAX),
    })
}

/// Words that mean a stance. Those that leave room for doubt stand with the less favourable one.
fn stance(word: &str) -> Option<Stance> {
    let lower: String = word.chars().take(60).flat_map(char::to_lowercase).collect();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    Some(match words.join("_").as_str() {
        "approve" | "approved" | "accept" | "accepted" | "lgtm" => Stance::Approve,
        "conditional_approval" | "conditionally_approve" | "conditionally_approved" => Stance::ApproveWithChanges,
        text if approves_with(text) => Stance::ApproveWithChanges,
        "reject" | "rejected" | "deny" | "denied" | "decline" | "declined" | "disapprove" | "disapproved"
        | "not_approved" | "do_not_approve" | "request_changes" | "requests_changes" | "changes_requested"
        | "needs_changes" | "needs_work" | "block" | "blocked" | "fail" | "failed" | "no_go" => Stance::Reject,
        "abstain" | "abstained" | "abstention" | "unsure" | "undecided" | "unknown" | "no_opinion" | "cannot_judge"
        | "none" | "n_a" => Stance::Abstain,
        _ => return None,
    })
}

/// `approve_with_changes` and what else models put behind the `with`.
fn approves_with(text: &str) -> bool {
    let conditions = ["changes", "comments", "suggestions", "minor_changes", "conditions", "reservations"];
    text.split_once("_with_").is_some_and(|(word, condition)| {
        matches!(word, "approve" | "approved" | "accept" | "accepted") && conditions.contains(&condition)
    })
}

/// A share of 1: a number, or one written as a string. `85%` and numbers above 10 are per cent, above 1 they are of ten.
fn confidence(value: &Value) -> Option<f64> {
    let (number, percent) = match value {
        Value::Number(number) => (number.as_f64()?, false),
        Value::String(text) => {
            let text = text.trim();
            let bare = text.trim_end_matches('%');
            (bare.trim().parse::<f64>().ok()?, bare.len() < text.len())
        }
        _ => return None,
    };
    let share = match number {
        _ if percent => number / 100.0,
        _ if number <= 1.0 => number,
        _ if number <= 10.0 => number / 10.0,
        _ => number / 100.0,
    };
    (0.0..=1.0).contains(&share).then_some(share)
}

fn claims(value: &Value) -> Vec<Claim> {
    let Some(items) = value.as_array() else { return Vec::new() };
    let mut claims: Vec<Claim> = items.iter().filter_map(claim).collect();
    if claims.len() > CLAIMS_MAX {
        claims.sort_by_key(|claim| std::cmp::Reverse(claim.severity));
        claims.truncate(CLAIMS_MAX);
    }
    claims
}

fn claim(value: &Value) -> Option<Claim> {
    let claim = match value {
        Value::String(what) => Claim {
            severity: Severity::Medium,
            place: String::new(),
            what: tidy(what, FIELD_BYTES_MAX),
            fix: String::new(),
        },
        Value::Object(object) => Claim {
            severity: field(object, &["severity", "level"]).map_or(Severity::Medium, severity),
            place: place(object),
            what: text_field(object, &["what", "description", "issue", "problem", "message", "title"], FIELD_BYTES_MAX),
            fix: text_field(object, &["fix", "suggestion", "how_to_fix", "recommendation"], FIELD_BYTES_MAX),
        },
        _ => return None,
    };
    (!claim.what.is_empty()).then_some(claim)
}

/// A word that is not known is taken for `medium`: seen, without weight of its own.
fn severity(value: &Value) -> Severity {
    let word = value.as_str().unwrap_or_default().trim().to_lowercase();
    match word.as_str() {
        "low" | "minor" | "info" | "informational" | "nit" | "note" | "trivial" => Severity::Low,
        "high" | "major" | "severe" | "serious" | "error" => Severity::High,
        "critical" | "blocker" | "blocking" | "fatal" => Severity::Critical,
        _ => Severity::Medium,
    }
}

fn place(object: &Object) -> String {
    let file = text_field(object, &["where", "location", "place", "file", "path"], PLACE_BYTES_MAX);
    let nested = || field(object, &["where", "location"]).and_then(Value::as_object).map(place);
    if file.is_empty() {
        return nested().unwrap_or_default();
    }
    match text_field(object, &["line", "line_number"], 12) {
        line if line.is_empty() || file.contains(':') => file,
        line => tidy(&format!("{file}:{line}"), PLACE_BYTES_MAX),
    }
}

/// The first of `names` that the object has, upper and lower case alike.
fn field<'a>(object: &'a Object, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| {
        object
            .get(*name)
            .or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
    })
}

fn text_field(object: &Object, names: &[&str], bytes_max: usize) -> String {
    match field(object, names) {
        Some(Value::String(text)) => tidy(text, bytes_max),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// Cut to size, on one line, without control characters.
fn tidy(text: &str, bytes_max: usize) -> String {
    let head = cut(text, bytes_max.saturating_mul(2));
    let words: Vec<&str> =
        head.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    cut(&words.join(" "), bytes_max).trim_end().to_owned()
}
