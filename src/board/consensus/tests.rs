//! The rule on whole tasks: against the enumerated optimum, on the cases in which simpler rules fail, and at its edges.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::super::attempt::Purpose;
use super::super::decision::Recommendation::{
    self, ConflictResolutionNeeded, Proceed, ProceedWithCaution, ReviewRequired,
};
use super::super::plan::Shape;
use super::super::spec::Priority;
use super::super::verdict::Stance::{Abstain, Approve, ApproveWithChanges, Reject};
use super::super::verdict::{Reading, Severity, Verdict};
use super::fixture::{
    Panel, answer, check, claiming, decide, fail, judged, kind, known, rules, strangers, task, verdict,
};
use super::oracle::{accuracy, patterns, posterior};
use super::{Decision, FailureClass, Stance, Task, Timestamp, WorkerName};

fn verdicts(stances: &[Stance]) -> Vec<Verdict> {
    stances.iter().map(|stance| verdict(*stance)).collect()
}

fn decide_on(priority: Priority, stances: &[Stance]) -> Decision {
    decide(&judged(priority, verdicts(stances)), &strangers(stances.len()), Timestamp(5000))
}

fn names(workers: &[WorkerName]) -> Vec<&str> {
    workers.iter().map(WorkerName::as_str).collect()
}

fn with_accuracies(accuracies: &[f64]) -> Panel {
    let mut rules = strangers(accuracies.len());
    for (index, accuracy) in accuracies.iter().enumerate() {
        known(&mut rules, index, *accuracy);
    }
    rules
}

fn cast(pattern: &[Option<bool>]) -> Task {
    let stance = |vote: &Option<bool>| vote.map_or(Abstain, |yes| if yes { Approve } else { Reject });
    judged(Priority::Normal, verdicts(&pattern.iter().map(stance).collect::<Vec<_>>()))
}

#[test]
fn equals_the_bayes_oracle_vote_by_vote_when_accuracies_are_known() {
    for accuracies in [[0.9, 0.6, 0.61, 0.62, 0.63], [0.8, 0.75, 0.7, 0.65, 0.6], [0.93, 0.88, 0.55, 0.71, 0.64]] {
        let rules = with_accuracies(&accuracies);
        for pattern in patterns(5).filter(|pattern| pattern.iter().any(Option::is_some)) {
            let decision = decide(&cast(&pattern), &rules, Timestamp(0));
            let expected = posterior(&accuracies, &pattern);
            let acceptable = decision.sums[0].acceptable;
            assert!((acceptable - expected).abs() < 1e-5, "{pattern:?}: {acceptable} instead of {expected}");
            assert_eq!(decision.verdict == Approve, expected > 0.5, "{pattern:?}");
        }
    }
}

/// Exact accuracies of the optimal rule, of five panels; majority reaches .7862, .8401, .8369, .8401 and .8426.
#[test]
fn reaches_the_best_accuracy_that_exists() {
    let panels = [
        ([0.9, 0.6, 0.6, 0.6, 0.6], 0.9000),
        ([0.8, 0.75, 0.7, 0.65, 0.6], 0.8537),
        ([0.7, 0.7, 0.7, 0.7, 0.7], 0.8369),
        ([0.6, 0.65, 0.7, 0.75, 0.8], 0.8537),
        ([0.95, 0.7, 0.7, 0.7, 0.4], 0.9500),
    ];
    for (accuracies, best) in panels {
        let rules = with_accuracies(&accuracies);
        let reached = accuracy(&accuracies, |pattern| {
            let acceptable = decide(&cast(pattern), &rules, Timestamp(0)).sums[0].acceptable;
            ((acceptable - 0.5).abs() > 1e-12).then_some(acceptable > 0.5)
        });
        assert!((reached - best).abs() < 5e-5, "{accuracies:?}: {reached}");
    }
}

#[test]
fn unanimity_is_no_conflict_whatever_the_words() {
    for (stance, texts) in [
        (Approve, ["No issues at all.", "no problems; secure", "Nothing notable, I recommend it"]),
        (Reject, ["insecure: vulnerable", "do not recommend", "not secure"]),
    ] {
        let votes = texts.map(|text| claiming(stance, Severity::Low, "", text)).to_vec();
        let decision = decide(&judged(Priority::Normal, votes), &strangers(3), Timestamp(0));
        assert!(!decision.has_conflict, "{}", decision.reasoning);
        assert_eq!((decision.verdict, decision.dissenters.len()), (stance, 0));
    }
}

#[test]
fn one_grave_finding_against_four_approvals_is_a_named_dissent() {
    let mut votes = verdicts(&[Approve; 4]);
    votes.push(claiming(Reject, Severity::High, "src/auth.rs:63", "SQL injection"));
    let decision = decide(&judged(Priority::Normal, votes), &strangers(5), Timestamp(0));
    assert!(decision.has_conflict);
    assert_eq!(decision.recommendation, ConflictResolutionNeeded);
    assert_eq!(names(&decision.dissenters), ["w4"]);
    assert_eq!(decision.issues[0].severity(), Severity::High);
    assert_eq!(names(&decision.issues[0].raised_by), ["w4"]);
    assert!(decision.review_reasons.iter().any(|reason| reason.contains("SQL injection")));
    assert!(decision.overall_confidence > 0.9, "the posterior alone would have gone on");
}

#[test]
fn a_grave_claim_counts_even_from_a_worker_whose_vote_does_not() {
    let mut rules = rules(&[("w0", 1, "a"), ("w1", 1, "b"), ("w2", 5, "c")]);
    rules.consensus.tier_prior[4] = 0.5;
    let mut votes = verdicts(&[Approve; 2]);
    votes.push(claiming(Reject, Severity::Critical, "a.rs:1", "remote code execution"));
    let decision = decide(&judged(Priority::Normal, votes), &rules, Timestamp(0));
    assert!(decision.has_conflict);
    assert!(decision.dissenters.is_empty());
}

#[test]
fn changes_that_approvers_ask_for_are_no_conflict() {
    let change = |line: u32| claiming(ApproveWithChanges, Severity::High, &format!("a.rs:{line}"), "unchecked length");
    let votes = vec![change(3), change(900), verdict(ApproveWithChanges)];
    let decision = decide(&judged(Priority::Normal, votes), &strangers(3), Timestamp(0));
    assert_eq!((decision.verdict, decision.has_conflict), (ApproveWithChanges, false));
    assert_eq!((decision.recommendation, decision.issues.len()), (Proceed, 2));

    let votes = vec![verdict(Approve), verdict(Approve), change(3)];
    let overruled = decide(&judged(Priority::Normal, votes), &strangers(3), Timestamp(0));
    assert_eq!((overruled.verdict, overruled.has_conflict), (Approve, true), "an approval as it stands ignores it");
}

#[test]
fn two_flat_opponents_are_a_conflict() {
    let decision = decide_on(Priority::Normal, &[Approve, Reject]);
    assert!(decision.has_conflict);
    assert_eq!(decision.recommendation, ConflictResolutionNeeded);
    assert_eq!((decision.verdict, decision.overall_confidence), (Reject, 0.5));
    assert!(decision.votes.iter().all(|vote| vote.pivotal));
}

#[test]
fn four_against_two_names_its_dissenters() {
    let decision = decide_on(Priority::Normal, &[Approve, Reject, Approve, Approve, Reject, Approve]);
    assert_eq!(names(&decision.dissenters), ["w1", "w4"]);
    assert_eq!(decision.verdict, Approve);
    assert!(decision.votes.iter().all(|vote| !vote.pivotal), "three against two still approve");
    let close = decide_on(Priority::Normal, &[Approve, Reject, Approve]);
    assert!(close.has_conflict, "the other side keeps {}", 1.0 - close.overall_confidence);
    let pivotal: Vec<bool> = close.votes.iter().map(|vote| vote.pivotal).collect();
    assert_eq!(pivotal, [true, false, true]);
}

#[test]
fn the_threshold_rises_with_the_priority() {
    let advice = |priority: Priority| decide_on(priority, &[Approve, Approve]).recommendation;
    // Two votes of weight 0.896: 0.857.
    let all: Vec<Recommendation> = Priority::ALL.map(advice).to_vec();
    assert_eq!(all, [Proceed, Proceed, Proceed, ProceedWithCaution]);
    assert_eq!(decide_on(Priority::Critical, &[Approve]).recommendation, ReviewRequired);
}

#[test]
fn critical_always_asks_for_a_person() {
    let decision = decide_on(Priority::Critical, &[Approve; 5]);
    assert_eq!(decision.recommendation, Proceed);
    assert!(decision.needs_human_review);
    assert_eq!(decision.review_reasons, ["priority is critical"]);
    assert!(!decide_on(Priority::Normal, &[Approve; 5]).needs_human_review);
}

#[test]
fn a_confident_rejection_is_no_reason_to_proceed() {
    let decision = decide_on(Priority::Normal, &[Reject; 4]);
    assert_eq!((decision.verdict, decision.recommendation), (Reject, ReviewRequired));
    assert!(decision.overall_confidence > 0.95 && decision.needs_human_review);
}

#[test]
fn without_a_readable_verdict_nothing_is_decided() {
    let unreadable = || Verdict::unreadable(None);
    for votes in [vec![], vec![unreadable()], vec![verdict(Abstain), unreadable(), verdict(Abstain)]] {
        let decision = decide(&judged(Priority::Low, votes), &strangers(3), Timestamp(0));
        assert_eq!((decision.recommendation, decision.verdict), (ReviewRequired, Abstain));
        assert!(decision.needs_human_review && !decision.has_conflict && decision.overall_confidence <= 0.0);
    }
}

#[test]
fn a_mended_approval_is_shown_and_does_not_vote() {
    let mended = Verdict { reading: Reading::Repaired, ..verdict(Approve) };
    let decision = decide(&judged(Priority::Low, vec![mended.clone()]), &strangers(1), Timestamp(0));
    assert_eq!((decision.votes[0].verdict, decision.recommendation), (Approve, ReviewRequired));
    let with = decide(&judged(Priority::Low, vec![verdict(Approve), mended]), &strangers(2), Timestamp(0));
    let alone = decide_on(Priority::Low, &[Approve]);
    assert!((with.overall_confidence - alone.overall_confidence).abs() < 1e-12);
    let mended = Verdict { reading: Reading::Repaired, ..verdict(Reject) };
    assert_eq!(decide(&judged(Priority::Low, vec![mended]), &strangers(1), Timestamp(0)).verdict, Reject);
}

/// The same votes never get bolder advice on a task that matters more.
#[test]
fn advice_only_gets_more_careful_with_priority() {
    let rank =
        |advice: Recommendation| [Proceed, ProceedWithCaution, ReviewRequired].iter().position(|one| *one == advice);
    for count in 1..=5 {
        let advice = Priority::ALL.map(|priority| decide_on(priority, &vec![Approve; count]).recommendation);
        let ranks: Vec<_> = advice.into_iter().map(rank).collect();
        assert!(ranks.is_sorted() && ranks.iter().all(Option::is_some), "{ranks:?}");
    }
}

#[test]
fn stated_confidence_does_not_vote() {
    let sure = Verdict { stated_confidence: Some(1.0), ..verdict(Reject) };
    let shy = Verdict { stated_confidence: Some(0.01), ..verdict(Reject) };
    let sum = |said| decide(&judged(Priority::Low, vec![said]), &strangers(1), Timestamp(0)).sums;
    assert_eq!(sum(sure), sum(shy));
}

#[test]
fn relatives_count_less_and_effective_votes_say_so() {
    let strangers = decide_on(Priority::Normal, &[Approve; 3]);
    let related = rules(&[("w0", 3, "x"), ("w1", 3, "x"), ("w2", 3, "x")]);
    let related = decide(&judged(Priority::Normal, verdicts(&[Approve; 3])), &related, Timestamp(0));
    assert!((strangers.effective_votes - 3.0).abs() < 1e-12 && (related.effective_votes - 1.5).abs() < 1e-12);
    assert!(related.overall_confidence < strangers.overall_confidence);
    assert!(!related.has_conflict, "a weak unanimous vote is weak, not contradicted");
}

#[test]
fn records_count_on_their_kind_and_elsewhere_move_the_prior() {
    let mut rules = strangers(2);
    let votes = || judged(Priority::Normal, verdicts(&[Approve, Reject]));
    assert_eq!(decide(&votes(), &rules, Timestamp(0)).verdict, Reject, "a tie");
    rules.record(0, &kind(), 95, 5);
    let decision = decide(&votes(), &rules, Timestamp(0));
    assert_eq!((decision.verdict, decision.votes[0].alpha), (Approve, 109.0));
    rules.record(1, &super::super::id::Kind::new("architecture"), 95, 5);
    let elsewhere = decide(&votes(), &rules, Timestamp(0)).votes[1].clone();
    assert!((elsewhere.alpha + elsewhere.beta - 20.0).abs() < 1e-9, "other kinds are no outcomes of this one");
    assert!(elsewhere.weight > decision.votes[1].weight, "but they say what to expect");
}

#[test]
fn odd_settings_stay_harmless() {
    let mut panel = strangers(3);
    panel.consensus.tier_prior = [f64::NAN; 5];
    panel.consensus.prior_strength = f64::NAN;
    panel.consensus.family_correlation = f64::INFINITY;
    panel.consensus.threshold.insert(Priority::Normal, f64::NAN);
    for caution in [f64::NAN, f64::INFINITY, 0.1] {
        panel.consensus.caution_margin = caution;
        let decision = decide(&judged(Priority::Normal, verdicts(&[Approve, Reject, Approve])), &panel, Timestamp(0));
        assert_ne!(decision.recommendation, Proceed);
        assert!(decision.overall_confidence.is_finite());
    }
    let stranger = decide(&judged(Priority::Normal, verdicts(&[Approve])), &rules(&[]), Timestamp(0));
    assert_eq!(stranger.votes[0].family, "w0", "a worker that is no longer configured still votes");
}

#[test]
fn each_worker_has_one_vote_its_latest() {
    let mut task = judged(Priority::Normal, verdicts(&[Approve, Approve]));
    answer(&mut task, "judge", "w0", Purpose::Judge, verdicts(&[Reject]));
    let decision = decide(&task, &strangers(2), Timestamp(0));
    assert_eq!((decision.votes.len(), decision.model_count, decision.attempts), (2, 2, 3));
    assert_eq!(names(&decision.dissenters), ["w1"]);
}

#[test]
fn counts_what_it_cost_and_who_gave_nothing() {
    let mut task = judged(Priority::Normal, verdicts(&[Approve, Approve]));
    fail(&mut task, "grok", FailureClass::Transient);
    fail(&mut task, "grok", FailureClass::Timeout);
    fail(&mut task, "w0", FailureClass::Transient);
    fail(&mut task, "kimi", FailureClass::Cancelled);
    let decision = decide(&task, &strangers(2), Timestamp(41_200));
    assert_eq!(decision.failed_workers.len(), 1);
    assert_eq!(decision.failed_workers[0].error, "timeout: it broke");
    assert!((decision.cost_usd - 0.02).abs() < 1e-12 && (decision.duration_s - 41.2).abs() < 1e-9);
    assert_eq!((decision.tokens.input, decision.tokens.output, decision.attempts), (200, 20, 6));
    assert_eq!(decision.answer.head(), "what w0 said");
}

fn two_made() -> (Task, u32, u32) {
    let mut task = task(Shape::Making, Priority::Normal);
    let first = answer(&mut task, "make", "w0", Purpose::Make, Vec::new());
    let second = answer(&mut task, "make", "w1", Purpose::Make, Vec::new());
    (task, first, second)
}

#[test]
fn the_best_checked_candidate_wins() {
    let (mut task, first, second) = two_made();
    check(&mut task, "w2", &[first, second], &[Reject, Approve]);
    check(&mut task, "w3", &[first, second], &[ApproveWithChanges, ApproveWithChanges]);
    let decision = decide(&task, &strangers(4), Timestamp(0));
    assert_eq!((decision.answer_attempt, decision.answer_by.clone().unwrap().as_str()), (Some(second), "w1"));
    assert_eq!((decision.verdict, decision.recommendation), (ApproveWithChanges, Proceed));
    assert_eq!(decision.posteriors[0].class, format!("candidate {second}"));
    assert!((decision.posteriors[0].posterior - decision.overall_confidence).abs() < 1e-12);
    assert_eq!((decision.votes.len(), decision.has_conflict), (4, false));
    assert!(decision.dissenters.is_empty(), "who rejected the other candidate agrees with the choice");
}

#[test]
fn a_maker_never_judges_its_own() {
    let (mut task, first, second) = two_made();
    check(&mut task, "w0", &[first, second], &[Approve, Reject]);
    check(&mut task, "w1", &[first, second], &[Approve, Approve]);
    let decision = decide(&task, &strangers(2), Timestamp(0));
    assert_eq!(decision.answer_attempt, Some(first));
    let judged: Vec<(&str, Option<u32>)> =
        decision.votes.iter().map(|vote| (vote.worker.as_str(), vote.candidate)).collect();
    assert_eq!(judged, [("w1", Some(first)), ("w0", Some(second))]);
}

#[test]
fn a_single_unchecked_worker_is_reported_as_just_that() {
    let mut task = task(Shape::Making, Priority::Normal);
    answer(&mut task, "make", "w0", Purpose::Make, Vec::new());
    let decision = decide(&task, &strangers(1), Timestamp(0));
    assert!((decision.overall_confidence - 0.7).abs() < 1e-12, "its tier's prior");
    assert_eq!((decision.verdict, decision.recommendation), (Abstain, Proceed));
    assert!(decision.votes.is_empty() && decision.effective_votes <= 0.0);
    assert!(decision.review_reasons[0].contains("only w0 worked on it and nobody checked it"));
    assert_eq!(decision.answer.head(), "what w0 said");

    let mut rules = strangers(1);
    known(&mut rules, 0, 0.3);
    assert_eq!(decide(&task, &rules, Timestamp(0)).recommendation, ReviewRequired);
}

#[test]
fn a_check_can_only_help_what_it_approves() {
    let (task, first, second) = two_made();
    let confidence = |stances: &[Stance]| {
        let mut task = task.clone();
        for (index, stance) in stances.iter().enumerate() {
            check(&mut task, &format!("w{}", index + 2), &[first, second], &[*stance, Reject]);
        }
        decide(&task, &strangers(6), Timestamp(0)).sums[0].acceptable
    };
    let ladder = [&[Reject, Reject][..], &[Reject], &[], &[Approve], &[Approve, Approve]].map(confidence);
    assert!(ladder.is_sorted_by(|a, b| a < b), "{ladder:?}");
}

#[test]
fn a_candidate_that_everyone_rejects_is_not_recommended() {
    let (mut task, first, second) = two_made();
    for worker in ["w2", "w3"] {
        check(&mut task, worker, &[first, second], &[Reject, Reject]);
    }
    let decision = decide(&task, &strangers(4), Timestamp(0));
    assert_eq!((decision.verdict, decision.recommendation), (Reject, ReviewRequired));
    assert!(decision.overall_confidence < 0.5);
}

#[test]
fn checkers_that_contradict_each_other_are_a_conflict() {
    let mut task = task(Shape::Making, Priority::Normal);
    let made = answer(&mut task, "make", "w0", Purpose::Make, Vec::new());
    check(&mut task, "w2", &[made], &[Approve]);
    check(&mut task, "w3", &[made], &[Reject]);
    let decision = decide(&task, &strangers(4), Timestamp(0));
    assert_eq!((decision.has_conflict, decision.recommendation), (true, ConflictResolutionNeeded));
    assert_eq!(names(&decision.dissenters), ["w3"]);
}

#[test]
fn the_same_answers_give_the_same_bytes() {
    let (mut task, first, second) = two_made();
    check(&mut task, "w2", &[first, second], &[Reject, Approve]);
    let bytes = || serde_json::to_string(&decide(&task, &strangers(4), Timestamp(7))).unwrap();
    assert_eq!(bytes(), bytes());
    let read: Decision = serde_json::from_str(&bytes()).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), bytes());
}
