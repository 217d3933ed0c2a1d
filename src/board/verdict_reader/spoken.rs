//! Verdicts as people write them: a word on the first line, findings below it, no JSON. Only for people; what a model says
//! in prose is not guessed at.

use super::candidate_label;
use crate::board::attempt::Purpose;
use crate::board::verdict::{Claim, Reading, Severity, Stance, Verdict};

/// The words of a stance, the longer before those they begin with.
const STANCES: [(&str, Stance); 6] = [
    ("approve with changes", Stance::ApproveWithChanges),
    ("approve_with_changes", Stance::ApproveWithChanges),
    ("approve", Stance::Approve),
    ("approved", Stance::Approve),
    ("reject", Stance::Reject),
    ("abstain", Stance::Abstain),
];

const SEVERITIES: [(&str, Severity); 4] =
    [("critical", Severity::Critical), ("high", Severity::High), ("medium", Severity::Medium), ("low", Severity::Low)];

/// The verdicts in a person's words: one for the matter, or one for each candidate ("A: approve"). `None` where the first
/// line, or a candidate's, says no stance. Findings are list items that begin with a severity ("- high src/a.rs:63 …").
pub fn read_spoken(purpose: &Purpose, text: &str) -> Option<Vec<Verdict>> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match purpose {
        Purpose::Judge => Some(vec![verdict(None, stance(lines.next()?)?, text)]),
        Purpose::Check { candidates } => {
            let of = |(index, number): (usize, &u32)| {
                let label = candidate_label(index);
                let said = lines.clone().find_map(|line| {
                    let (name, rest) = line.split_once(':')?;
                    let name = name.trim().trim_start_matches("candidate ").trim_start_matches("Candidate ");
                    name.eq_ignore_ascii_case(&label).then(|| stance(rest.trim()))?
                });
                // With one candidate there is no doubt which is meant.
                let said =
                    said.or_else(|| (candidates.len() == 1).then(|| lines.clone().next().and_then(stance))?)?;
                Some(verdict(Some(*number), said, if candidates.len() == 1 { text } else { "" }))
            };
            candidates.iter().enumerate().map(of).collect()
        }
        Purpose::Make
        | Purpose::Plan { .. }
        | Purpose::Review { .. }
        | Purpose::Recover { .. }
        | Purpose::Synthesize
        | Purpose::Prove { .. } => None,
        Purpose::Reconsider { first, .. } => read_spoken(first, text),
    }
}

/// The stance that a line begins with, as a whole word.
fn stance(line: &str) -> Option<Stance> {
    let lower = line.trim_start_matches(['#', '*', '`', ' ']).to_lowercase();
    let lower = lower.strip_prefix("verdict:").map_or(lower.as_str(), str::trim_start);
    let said = |(word, stance): &(&str, Stance)| {
        let rest = lower.strip_prefix(word)?;
        rest.chars().next().is_none_or(|next| !next.is_alphanumeric() && next != '_').then_some(*stance)
    };
    STANCES.iter().find_map(said)
}

fn verdict(candidate: Option<u32>, stance: Stance, text: &str) -> Verdict {
    Verdict {
        candidate,
        stance,
        claims: text.lines().filter_map(claim).take(super::CLAIMS_MAX).collect(),
        stated_confidence: None,
        would_change_my_mind: String::new(),
        reading: Reading::Strict,
    }
}

fn claim(line: &str) -> Option<Claim> {
    let item = line.trim().strip_prefix(['-', '*'])?.trim_start();
    let end = item.find(|c: char| !c.is_alphabetic()).unwrap_or(item.len());
    let (word, rest) = item.split_at(end);
    let (_, severity) = SEVERITIES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word))?;
    let rest = rest.trim_start_matches([':', ' ', ',']);
    let first = rest.split_whitespace().next().unwrap_or_default();
    let is_place = first.contains(['/', '.']) || first.trim_end_matches(':').contains(':');
    let (place, what) = if is_place { (first, rest[first.len()..].trim_start()) } else { ("", rest) };
    let cut = |text: &str, most| crate::board::text::cut(text, most).to_owned();
    let place = place.trim_end_matches([':', ',', '.']);
    Some(Claim {
        place: cut(place, super::PLACE_BYTES_MAX),
        severity: *severity,
        what: cut(what, super::FIELD_BYTES_MAX),
        fix: String::new(),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn a_word_on_the_first_line_is_a_persons_verdict() {
        let said = |text: &str| read_spoken(&Purpose::Judge, text).map(|verdicts| verdicts[0].stance);
        assert_eq!(said("approve"), Some(Stance::Approve));
        assert_eq!(said("\n**Approve with changes**: see below"), Some(Stance::ApproveWithChanges));
        assert_eq!(said("Verdict: reject, the lock is missing"), Some(Stance::Reject));
        assert_eq!(said("rejected by my colleague, not by me"), None, "another word");
        assert_eq!(said("I would approve it"), None, "it is not guessed at");
        assert_eq!(said("  "), None);
    }

    #[test]
    fn findings_are_items_that_begin_with_a_severity() {
        let text =
            "reject\n\n- high src/auth.rs:63: SQL injection\n- low: naming\n- and one without\n* Critical no backup";
        let claims = read_spoken(&Purpose::Judge, text).unwrap().remove(0).claims;
        let told: Vec<(&str, Severity, &str)> =
            claims.iter().map(|claim| (claim.place.as_str(), claim.severity, claim.what.as_str())).collect();
        let expected = [
            ("src/auth.rs:63", Severity::High, "SQL injection"),
            ("", Severity::Low, "naming"),
            ("", Severity::Critical, "no backup"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn each_candidate_has_its_line() {
        let two = Purpose::Check { candidates: vec![4, 7] };
        let verdicts = read_spoken(&two, "A: approve\nb: reject, it loses data").unwrap();
        let told: Vec<(Option<u32>, Stance)> = verdicts.iter().map(|each| (each.candidate, each.stance)).collect();
        assert_eq!(told, [(Some(4), Stance::Approve), (Some(7), Stance::Reject)]);
        assert_eq!(read_spoken(&two, "approve"), None, "which of the two?");
        let one = Purpose::Check { candidates: vec![4] };
        assert_eq!(read_spoken(&one, "approve").unwrap()[0].candidate, Some(4));
        assert_eq!(read_spoken(&Purpose::Make, "approve"), None);
    }
}
