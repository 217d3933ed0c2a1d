//! Deciding again from what was recorded: the same answers, the records as they stood then; and what would have come out
//! without some of the workers, or by another rule. Nothing is asked, nothing changes, nothing is paid.

use super::super::attempt::{Attempt, Purpose};
use super::super::decision::{Baseline, Decision, MakerRecord, Sum, Vote};
use super::super::id::WorkerName;
use super::super::rules::Rules;
use super::super::tally::Tallies;
use super::super::task::Task;
use super::super::time::Timestamp;
use super::tally::logistic;
use super::weight::{Scales, Standing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// By which rule a decision is made again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VotingRule {
    /// The one that decides: log-odds of the records, relatives discounted.
    #[default]
    Bayes,
    /// Every vote weighs the same, whoever gives it; makers stand at even odds.
    Majority,
    /// Only the worker with the best record counts: its vote, or its candidate as nobody checked it.
    BestSingle,
    /// A vote weighs what its worker's tier says: 1 for the first, 0.8 for the second, down to 0.2 for the fifth.
    Tier,
}

impl VotingRule {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Bayes, Self::Majority, Self::BestSingle, Self::Tier];

    /// The word on every face.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bayes => "bayes",
            Self::Majority => "majority",
            Self::BestSingle => "best-single",
            Self::Tier => "tier",
        }
    }
}

/// How a worker stood at a decision.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    /// Whose words are not independent of its; `None`: not recorded.
    pub(super) family: Option<String>,
    pub(super) standing: Standing,
}

/// What is to be different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhatIf {
    /// Workers whose answers are left out.
    pub without: Vec<WorkerName>,
    /// The rule.
    pub rule: VotingRule,
}

/// The task without what is to be left out; `None`: nothing of it is left.
pub(in crate::board) fn remaining(task: &Task, base: &Decision, what_if: &WhatIf) -> Option<Task> {
    let mut rest = task.clone();
    rest.attempts.retain(|_, attempt| !what_if.without.contains(&attempt.worker));
    let single = best_left(base, &what_if.without);
    if let (VotingRule::BestSingle, Some(single)) = (what_if.rule, &single) {
        rest.attempts.retain(|_, attempt| counts_alone(attempt, single));
    }
    let is_left = rest.answered().next().is_some();
    is_left.then_some(rest)
}

/// The best single worker among those that are left.
fn best_left(decision: &Decision, without: &[WorkerName]) -> Option<Baseline> {
    let votes: Vec<Vote> = decision.votes.iter().filter(|vote| !without.contains(&vote.worker)).cloned().collect();
    let is_left = |sum: &&Sum| sum.made_by.as_ref().is_none_or(|maker| !without.contains(maker));
    let sums: Vec<Sum> = decision.sums.iter().filter(is_left).cloned().collect();
    super::baseline::of(&votes, &sums, decision.answer_attempt, decision.verdict)
}

/// Whether an attempt stays when only one worker counts: what was not voted on stays, its own candidate or vote as well.
fn counts_alone(attempt: &Attempt, single: &Baseline) -> bool {
    match (&attempt.purpose, single.on) {
        (Purpose::Make, Some(number)) => attempt.number == number,
        (Purpose::Check { .. } | Purpose::Reconsider { .. }, Some(_)) => false,
        (Purpose::Judge | Purpose::Reconsider { .. }, None) => attempt.worker == single.worker,
        (Purpose::Synthesize, Some(_)) => false,
        _ => true,
    }
}

/// Decides again. Where there is a decision, the workers stand as they stood then, and its own settings hold.
pub(in crate::board) fn decide_again(
    task: &Task,
    recorded: Option<&Decision>,
    (records, rules): (&Tallies, &Rules),
    rule: VotingRule,
    at: Timestamp,
) -> Decision {
    let rules = recorded.map_or_else(|| rules.clone(), |decision| as_it_was(decision, rules));
    let mut rules = rules;
    if matches!(rule, VotingRule::Majority | VotingRule::Tier) {
        rules.consensus.family_correlation = 0.0;
    }
    let known = recorded.map(known).unwrap_or_default();
    let scales = Scales { rules: &rules, records, known: Some(&known), rule };
    super::decide_with(task, scales, at)
}

/// The settings that a decision was made with.
fn as_it_was(decision: &Decision, rules: &Rules) -> Rules {
    let mut rules = rules.clone();
    let set = &mut rules.consensus;
    let rule = &decision.rule;
    set.threshold.insert(decision.priority, decision.threshold);
    set.caution_margin = rule.caution_margin;
    set.conflict_runner_up = rule.conflict_runner_up;
    set.family_correlation = rule.family_correlation;
    set.require_human = if rule.person_required { vec![decision.priority] } else { Vec::new() };
    rules
}

/// How the workers stood at a decision.
fn known(decision: &Decision) -> BTreeMap<WorkerName, Recorded> {
    let mut known: BTreeMap<WorkerName, Recorded> = BTreeMap::new();
    for vote in &decision.votes {
        let standing = Standing {
            alpha: vote.alpha,
            beta: vote.beta,
            weight: vote.weight,
            grounds: vote.grounds.unwrap_or_default(),
        };
        known.insert(vote.worker.clone(), Recorded { family: Some(vote.family.clone()), standing });
    }
    for sum in &decision.sums {
        let Some(maker) = &sum.made_by else { continue };
        if known.contains_key(maker) {
            continue;
        }
        let recorded = match &sum.maker {
            Some(record) => of_maker(record),
            // An older decision tells the log-odds alone.
            None => {
                let mean = logistic(sum.prior);
                let standing = Standing { alpha: 20.0 * mean, beta: 20.0 * (1.0 - mean), ..Standing::default() };
                Recorded { family: None, standing }
            }
        };
        known.insert(maker.clone(), recorded);
    }
    known
}

fn of_maker(record: &MakerRecord) -> Recorded {
    let standing = super::weight::of_parameters(record.alpha, record.beta, record.grounds);
    Recorded { family: (!record.family.is_empty()).then(|| record.family.clone()), standing }
}

/// What differs between the recorded decision and another one, a line each; empty where nothing of weight does.
pub fn differences(recorded: &Decision, other: &Decision) -> Vec<String> {
    let mut lines = Vec::new();
    let mut compare = |name: &str, was: String, is: String| {
        if was != is {
            lines.push(format!("{name}: {was} → {is}"));
        }
    };
    let names = |workers: &[WorkerName]| {
        let names: Vec<&str> = workers.iter().map(WorkerName::as_str).collect();
        if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
    };
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let by = |decision: &Decision| {
        let number = decision.answer_attempt.map(|number| format!(" (attempt {number})")).unwrap_or_default();
        decision.answer_by.as_ref().map_or_else(|| "several".to_owned(), |by| format!("{by}{number}"))
    };
    compare("advice", recorded.recommendation.as_str().to_owned(), other.recommendation.as_str().to_owned());
    compare("verdict", recorded.verdict.as_str().to_owned(), other.verdict.as_str().to_owned());
    compare("answer by", by(recorded), by(other));
    compare("confidence", format!("{:.4}", recorded.overall_confidence), format!("{:.4}", other.overall_confidence));
    compare("conflict", yes(recorded.has_conflict), yes(other.has_conflict));
    compare("dissent", names(&recorded.dissenters), names(&other.dissenters));
    compare(
        "votes, in independent ones",
        format!("{:.2}", recorded.effective_votes),
        format!("{:.2}", other.effective_votes),
    );
    compare("a person should look", yes(recorded.needs_human_review), yes(other.needs_human_review));
    lines
}

/// A replay as a person reads it.
pub fn told(recorded: Option<&Decision>, other: &Decision, what_if: &WhatIf) -> String {
    let without: Vec<&str> = what_if.without.iter().map(WorkerName::as_str).collect();
    let without = if without.is_empty() { String::new() } else { format!(", without {}", without.join(", ")) };
    let head = format!("# Replay of {} by the rule {}{without}\n\n", other.task, what_if.rule.as_str());
    let Some(recorded) = recorded else {
        return format!("{head}Not decided yet. As it stands now:\n\n{}\n", line(other));
    };
    let differences = differences(recorded, other);
    let was = line(recorded);
    if differences.is_empty() {
        return format!("{head}Nothing changes: {was}\n");
    }
    let lines: String = differences.iter().map(|line| format!("- {line}\n")).collect();
    let note = if without.is_empty() {
        ""
    } else {
        "\nWhat the others wrote after they had seen a worker's output is as it was recorded.\n"
    };
    format!("{head}Recorded: {was}\nReplayed: {}\n\n{lines}{note}", line(other))
}

fn line(decision: &Decision) -> String {
    format!(
        "{}, verdict {}, confidence {:.4}",
        decision.recommendation.as_str(),
        decision.verdict.as_str(),
        decision.overall_confidence
    )
}

/// The weight of a worker by a rule. `bayes` is what its record gives.
pub(super) fn weight(rule: VotingRule, standing: Standing, tier: u8) -> Standing {
    let even = |weight: f64| Standing { alpha: 1.0, beta: 1.0, weight, grounds: standing.grounds };
    match rule {
        VotingRule::Bayes | VotingRule::BestSingle => standing,
        VotingRule::Majority => even(1.0),
        VotingRule::Tier => even(f64::from(6 - tier.clamp(1, 5)) / 5.0),
    }
}
