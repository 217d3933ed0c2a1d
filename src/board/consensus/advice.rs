//! Turning the outcome of a vote into advice: threshold, caution, conflict, and why a person should look.

use super::super::decision::Recommendation;
use super::super::rules::ConsensusRules;
use super::super::spec::Priority;
use super::TOLERANCE;
use super::outcome::Outcome;

/// Most claims that are named among the reasons; all of them stand among the issues.
const CLAIMS_NAMED_MAX: usize = 5;

/// What the posterior must reach for a priority; the shipped value where the settings hold none.
pub(super) fn threshold(priority: Priority, rules: &ConsensusRules) -> f64 {
    let shipped = match priority {
        Priority::Low => 0.6,
        Priority::Normal => 0.7,
        Priority::High => 0.8,
        Priority::Critical => 0.9,
    };
    rules.threshold.get(&priority).copied().filter(|set| set.is_finite()).unwrap_or(shipped)
}

/// The advice. `proceed` is for an acceptable matter alone: that everyone agrees on a rejection is no reason to go on, so a
/// rejection comes here as an obstacle.
pub(super) fn recommend(outcome: &Outcome, threshold: f64, caution_margin: f64) -> Recommendation {
    let reaches = |limit: f64| outcome.confidence >= limit - TOLERANCE;
    if !outcome.conflicts.is_empty() {
        Recommendation::ConflictResolutionNeeded
    } else if !outcome.obstacles.is_empty() {
        Recommendation::ReviewRequired
    } else if reaches(threshold) {
        Recommendation::Proceed
    } else if reaches(threshold - caution_margin) {
        Recommendation::ProceedWithCaution
    } else {
        Recommendation::ReviewRequired
    }
}

/// Why a person should look; empty when there is no need.
pub(super) fn review_reasons(
    outcome: &Outcome,
    priority: Priority,
    rules: &ConsensusRules,
    recommendation: Recommendation,
) -> Vec<String> {
    let mut reasons = Vec::new();
    if priority == Priority::Critical || rules.require_human.contains(&priority) {
        reasons.push(format!("priority is {}", priority.as_str()));
    }
    for group in [&outcome.conflicts, &outcome.obstacles, &outcome.notes] {
        reasons.extend(group.iter().take(CLAIMS_NAMED_MAX).cloned());
        if let Some(more) = group.len().checked_sub(CLAIMS_NAMED_MAX).filter(|more| *more > 0) {
            reasons.push(format!("and {more} more of the kind, see the issues"));
        }
    }
    if recommendation == Recommendation::ReviewRequired && outcome.obstacles.is_empty() {
        let threshold = threshold(priority, rules);
        reasons.push(format!(
            "the probability {:.3} falls short of {threshold:.2}, the threshold of {} priority, by more than {:.2}",
            outcome.confidence,
            priority.as_str(),
            rules.caution_margin,
        ));
    }
    reasons
}
