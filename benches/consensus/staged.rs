//! A judging task on which a panel has voted, as the board holds it, with rules and records beside.

use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use synod::board::routing::Catalog;
use synod::board::rules::{CallLimits, ConsensusRules, PlanLimits, Rules, SelectionRules, Sessions, WorkerRule};
use synod::board::{
    Attempt, AttemptState, Decision, Kind, Role, Tallies, Task, Timestamp, WorkerName, consensus, memory::MemoryRules,
};

const KIND: &str = "code-review";

pub(crate) struct Stage {
    task: Task,
    rules: Rules,
    records: Tallies,
}

/// The rule's log-odds that the matter is acceptable when the panel votes so.
pub(crate) fn total(stage: &mut Stage, votes: &[Option<bool>]) -> f64 {
    stage.said(votes);
    stage.decide().sums.first().map_or(0.0, |sum| sum.total)
}

impl Stage {
    /// A panel of strangers of the third tier who have all abstained.
    pub(crate) fn of(judges: usize) -> Self {
        let names: Vec<String> = (0..judges).map(|at| format!("w{at}")).collect();
        let attempts: BTreeMap<String, serde_json::Value> =
            (1..).zip(&names).map(|(number, name)| (u32::to_string(&number), attempt(number, name))).collect();
        let task = json!({
            "id": "t", "spec": {"text": {"in": "inline", "text": "Review it"}}, "source": {"from": "face", "by": "b", "hash": "h"},
            "route": {"kind": KIND, "category": null, "mode": "complex", "workers": [], "why": []},
            "plan": {"source": {"source": "named"}, "shape": "judging", "steps": [
                {"id": "judge", "role": "reviewer", "needs": [], "aim": "judge", "seats": []}
            ]},
            "accepted": 0, "attempts": attempts, "phase": {"phase": "working"}
        });
        let task = serde_json::from_value(task).unwrap();
        Self { task, rules: rules(&names), records: Tallies::default() }
    }

    /// Sixty-four judges with a record in every one of 256 pairs of role and kind, so many outcomes in all.
    pub(crate) fn full(outcomes: u64) -> Self {
        let mut stage = Self::of(64);
        let each = outcomes / (64 * 256);
        for worker in &stage.rules.workers {
            let pairs = Arc::make_mut(stage.records.pairs.entry(worker.name.clone()).or_default());
            for role in 0..16 {
                let kinds = pairs.0.entry(Role::new(format!("role-{role}"))).or_default();
                for kind in 0..16 {
                    let kind = if kind == 0 { KIND.to_owned() } else { format!("kind-{kind}") };
                    let tally = kinds.entry(Kind::new(kind)).or_default();
                    (tally.right, tally.wrong) = (each * 7 / 10, each - each * 7 / 10);
                }
            }
        }
        stage.said(&[Some(true); 64]);
        stage
    }

    /// How many sums the records are kept in.
    pub(crate) fn sums(&self) -> usize {
        self.records.pairs.values().flat_map(|pairs| pairs.0.values()).map(BTreeMap::len).sum()
    }

    pub(crate) fn families(&mut self, families: &[&str]) {
        for (worker, family) in self.rules.workers.iter_mut().zip(families) {
            worker.family = (*family).to_owned();
        }
    }

    pub(crate) fn record(&mut self, judge: usize, right: u64, wrong: u64) {
        let name = self.rules.workers[judge].name.clone();
        let pairs = Arc::make_mut(self.records.pairs.entry(name).or_default());
        let tally = pairs.0.entry(Role::new("reviewer")).or_default().entry(Kind::new(KIND)).or_default();
        (tally.right, tally.wrong) = (right, wrong);
    }

    /// A record so long that the accuracy is as good as known.
    pub(crate) fn rate(&mut self, judge: usize, accuracy: f64) {
        let right = (accuracy * 1e8).round() as u64;
        self.record(judge, right, 100_000_000 - right);
    }

    pub(crate) fn said(&mut self, votes: &[Option<bool>]) {
        for (attempt, vote) in self.task.attempts.values_mut().zip(votes) {
            let AttemptState::Answered { answer, .. } = &mut attempt.state else { continue };
            answer.verdicts[0].stance = serde_json::from_value(json!(match vote {
                Some(true) => "approve",
                Some(false) => "reject",
                None => "abstain",
            }))
            .unwrap();
        }
    }

    /// Gives every verdict so many claims; some of them are the same fault in other words.
    pub(crate) fn claims(&mut self, count: usize) {
        for (at, attempt) in self.task.attempts.values_mut().enumerate() {
            let AttemptState::Answered { answer, .. } = &mut attempt.state else { continue };
            let claim = |number: usize| {
                let (file, line) = (number % 10, 10 * number + at);
                let what = format!("the value number {number} is read before worker {at} checked its length");
                serde_json::from_value(
                    json!({"severity": "medium", "where": format!("src/f{file}.rs:{line}"), "what": what}),
                )
            };
            answer.verdicts[0].claims = (0..count).map(|number| claim(number).unwrap()).collect();
        }
    }

    pub(crate) fn decide(&self) -> Decision {
        consensus::decide(&self.task, &self.records, &self.rules, Timestamp(1000))
    }
}

fn attempt(number: u32, worker: &str) -> serde_json::Value {
    let answer = json!({
        "text": {"in": "inline", "text": "said"}, "model": "m", "session": null, "files_modified": [],
        "verdicts": [{"stance": "abstain", "claims": [], "reading": "strict"}],
        "usage": {"input_tokens": 1, "output_tokens": 1, "cached_tokens": 0, "cost_usd": null}
    });
    let attempt = json!({
        "number": number, "step": "judge", "seat": number, "worker": worker, "role": "reviewer",
        "purpose": {"purpose": "judge"}, "tries_before": 0,
        "state": {"state": "answered", "started": 0, "ended": 1, "answer": answer}
    });
    // Read once here, so that a form that no longer fits is told where it is written.
    let _: Attempt = serde_json::from_value(attempt.clone()).unwrap();
    attempt
}

fn rules(names: &[String]) -> Rules {
    let second = Duration::from_secs(1);
    let worker = |name: &String| WorkerRule {
        name: WorkerName::new(name),
        model: String::new(),
        tier: 3,
        family: name.clone(),
        price: None,
        roles: Vec::new(),
        strengths: Vec::new(),
        max_concurrent: 1,
        timeout: second,
        outside: false,
        person: false,
        window_tokens: None,
        vision: false,
        sessions: Sessions::None,
    };
    Rules {
        workers: names.iter().map(worker).collect(),
        limits: CallLimits {
            concurrent_calls_max: 1,
            retries_max: 1,
            backoff_first: second,
            backoff_max: second,
            retry_after_max: second,
            failures_before_rest: 3,
            rest_first: second,
            rest_max: second,
            rate_limit_rest: second,
            rate_limit_rest_max: second,
            overrun_grace: second,
            open_tasks_max: 10,
            attempts_per_task_max: 50,
            batch_steps_max: 1,
            budget_usd_per_day: None,
        },
        consensus: ConsensusRules {
            threshold: BTreeMap::new(),
            caution_margin: 0.1,
            conflict_runner_up: 0.2,
            tier_prior: [0.7; 5],
            prior_strength: 20.0,
            family_correlation: 0.5,
            require_human: Vec::new(),
            early_stop: true,
            rounds_max: 1,
            proofs_max: 0,
        },
        catalog: Catalog::default(),
        people: Default::default(),
        plans: PlanLimits::default(),
        selection: SelectionRules::default(),
        memory: MemoryRules::default(),
    }
}
