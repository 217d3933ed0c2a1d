//! Tests of the room as a whole: what foreign text becomes on a page, every page, and every file after a crash.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should end where it stands")]

mod context;
mod decision_page;
mod growing;
mod ink;
mod mask;
mod names;
mod output_page;
mod published;
mod rejected_page;
mod task_files;
mod task_page;
mod task_plans;

use super::ink::Ink;
use super::mask::Masker;
use crate::board::decision::{Decision, FailedWorker, Issue, IssueStatus, Recommendation, Vote};
use crate::board::verdict::{Claim, Reading};
use crate::board::{Kind, Priority, Severity, Stance, TaskId, Text, WorkerName};
use secrecy::SecretString;

/// A key that no page may show.
const KEY: &str = "hunter2-is-the-key";

/// Ink that knows a key.
fn ink() -> Ink {
    Ink { mask: Masker::new(vec![SecretString::from(KEY)]) }
}

fn task(id: &str) -> TaskId {
    TaskId::parse(id).unwrap()
}

fn worker(name: &str) -> WorkerName {
    WorkerName::new(name)
}

/// A decision in which nothing happened: one answer, no votes, no issues, nobody failed, no person is needed.
fn quiet_decision() -> Decision {
    Decision {
        schema: 1,
        task: task("fix-login"),
        kind: Kind::new("quick-fix"),
        category: None,
        mode: "simple".to_owned(),
        priority: Priority::Normal,
        recommendation: Recommendation::Proceed,
        verdict: Stance::Approve,
        overall_confidence: 0.75,
        threshold: 0.7,
        model_count: 1,
        effective_votes: 1.0,
        has_conflict: false,
        answer: Text::short("unused"),
        answer_by: None,
        answer_attempt: None,
        votes: Vec::new(),
        rounds: Vec::new(),
        evidence: Vec::new(),
        no_further_round: None,
        posteriors: Vec::new(),
        sums: Vec::new(),
        rule: crate::board::decision::VoteRule::default(),
        best_single: None,
        dissenters: Vec::new(),
        issues: Vec::new(),
        reasoning: String::new(),
        failed_workers: Vec::new(),
        needs_human_review: false,
        review_reasons: Vec::new(),
        missing: Vec::new(),
        cost_usd: 0.0,
        tokens: crate::board::decision::Tokens::default(),
        cost_unknown: 0,
        duration_s: 3.25,
        attempts: 1,
    }
}

fn vote(name: &str, verdict: Stance) -> Vote {
    Vote {
        worker: worker(name),
        verdict,
        reading: Reading::Strict,
        candidate: None,
        weight: 1.25,
        alpha: 1.0,
        beta: 1.0,
        grounds: None,
        family_discount: 1.0,
        family: format!("{name}-family"),
        stated_confidence: None,
        pivotal: false,
    }
}

fn issue(severity: Severity, place: &str, what: &str, fix: &str, by: &[&str], status: IssueStatus) -> Issue {
    let claim = Claim { severity, place: place.to_owned(), what: what.to_owned(), fix: fix.to_owned() };
    Issue { claim, raised_by: by.iter().map(|name| worker(name)).collect(), status }
}

fn failed(name: &str, error: &str, after_s: f64) -> FailedWorker {
    FailedWorker { worker: worker(name), error: error.to_owned(), after_s }
}
