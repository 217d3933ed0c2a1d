//! The printed sum, redone by hand: every number is read out of the text and worked out anew from the numbers before it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::super::attempt::Purpose;
use super::super::decision::Decision;
use super::super::id::Kind;
use super::super::plan::Shape;
use super::super::spec::Priority;
use super::super::time::Timestamp;
use super::super::verdict::Stance::{Abstain, Approve, ApproveWithChanges, Reject};
use super::explain;
use super::fixture::{Panel, answer, check, decide, judged, kind, rules, task, verdict};
use statrs::function::gamma::digamma;
use std::collections::BTreeMap;

/// A person's pocket calculator rounds to the digits that are printed.
const DIGITS: f64 = 6e-4;

fn number(text: &str) -> f64 {
    text.trim().replace('−', "-").trim_start_matches('+').parse().unwrap()
}

/// The rows of the table under a heading.
fn rows<'a>(text: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let Some((_, below)) = text.split_once(heading) else { return Vec::new() };
    let table = below.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    table.skip(2).map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

fn near(found: f64, printed: f64, what: &str, text: &str) {
    assert!((found - printed).abs() < DIGITS, "{what}: worked out {found}, printed {printed}\n{text}");
}

/// Redoes every sum of a printed decision; returns the probabilities that it came to.
fn redo(text: &str) -> Vec<f64> {
    let mut beta_of: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for row in rows(text, "## Records on") {
        let (assumed, worth) = (number(row[2]), number(row[3]));
        let (right, wrong) = row[4].split_once(',').unwrap();
        let (right, wrong) = (number(right), number(wrong));
        let prior = (worth * assumed + right) / (worth + right + wrong);
        near(prior, number(row[5]), "prior", text);
        near(worth * number(row[5]) + number(row[6]), number(row[8]), "alpha", text);
        near(worth * (1.0 - number(row[5])) + number(row[7]), number(row[9]), "beta", text);
        beta_of.insert(row[0], (number(row[8]), number(row[9])));
    }
    let (mut adds, mut minus): (BTreeMap<String, f64>, BTreeMap<String, f64>) = (BTreeMap::new(), BTreeMap::new());
    for row in rows(text, "## Votes") {
        let (alpha, beta) = (number(row[4]), number(row[5]));
        assert_eq!(beta_of[row[0]], (alpha, beta));
        let (weight, discount, part) = (number(row[6]), number(row[7]), number(row[8]));
        let log_odds = (digamma(alpha) - digamma(beta)).clamp(0.0, 3.0);
        assert!(weight == 0.0 || (weight - log_odds).abs() < DIGITS, "{weight} is not {log_odds}\n{text}");
        let sign = match row[3] {
            "reject" => -1.0,
            "abstain" => 0.0,
            _ => 1.0,
        };
        near(sign * weight * discount, part, "what a vote adds", text);
        let side = if part >= 0.0 { &mut adds } else { &mut minus };
        *side.entry(row[1].to_owned()).or_default() += part.abs();
    }
    let mut came_to = Vec::new();
    for section in text.split("\n## ").skip(1) {
        let of = match section.split_once('\n').unwrap().0 {
            "The sum" => "the matter".to_owned(),
            heading if heading.starts_with("Candidate") => {
                format!("candidate {}", heading.split(' ').nth(1).unwrap())
            }
            _ => continue,
        };
        let line = |start: &str| section.lines().find(|line| line.starts_with(start)).unwrap();
        let before = number(line("- before any").split(": ").nth(1).unwrap().split(',').next().unwrap());
        if let Some(inner) = line("- before any").split("= ln(").nth(1) {
            let (alpha, beta) = inner.split(')').next().unwrap().split_once('/').unwrap();
            near((number(alpha) / number(beta)).ln().clamp(-3.0, 3.0), before, "the maker's log-odds", text);
        }
        let total = before + adds.get(&of).unwrap_or(&0.0) - minus.get(&of).unwrap_or(&0.0);
        near(total, number(line("- total").rsplit('=').next().unwrap()), "total", text);
        let probability = 1.0 / (1.0 + (-total).exp());
        near(probability, number(line("- probability").rsplit('=').next().unwrap()), "probability", text);
        came_to.push(probability);
    }
    came_to
}

fn panel() -> Panel {
    let mut panel = rules(&[("w0", 1, "anthropic"), ("w1", 3, "openai"), ("w2", 3, "openai"), ("w3", 5, "xai")]);
    panel.record(0, &kind(), 17, 4);
    panel.record(1, &Kind::new("architecture"), 40, 3);
    panel.record(2, &kind(), 2, 9);
    panel.record(3, &Kind::new("planning"), 1, 1);
    panel
}

fn advice(decision: &Decision, text: &str) -> String {
    let verdict_line = text.lines().find(|line| line.starts_with("- verdict")).unwrap();
    let confidence = number(verdict_line.split("confidence ").nth(1).unwrap().split(';').next().unwrap());
    let limits = text.lines().find(|line| line.starts_with("- threshold")).unwrap();
    let limit = number(limits.split(": ").nth(1).unwrap().split(';').next().unwrap());
    let caution = number(limits.rsplit(' ').next().unwrap());
    let conflict = text.lines().any(|line| line.starts_with("- conflict") && line.ends_with("yes"));
    let rejected = verdict_line.contains("reject") || verdict_line.contains("abstain") && !decision.votes.is_empty();
    let word = match () {
        () if conflict => "conflict_resolution_needed",
        () if rejected => "review_required",
        () if confidence >= limit - 5e-5 => "proceed",
        () if confidence >= caution - 5e-5 => "proceed_with_caution",
        () => "review_required",
    };
    word.to_owned()
}

#[test]
fn a_judged_matter_can_be_redone_from_what_is_printed() {
    let stances = [Approve, ApproveWithChanges, Reject, Abstain];
    for code in 0..256_usize {
        let said: Vec<_> = (0..4).map(|place| verdict(stances[code >> (2 * place) & 3])).collect();
        let decision = decide(&judged(Priority::High, said), &panel(), Timestamp(0));
        let text = explain(&decision);
        let came_to = redo(&text);
        if decision.sums.is_empty() {
            continue;
        }
        let acceptable = decision.sums[0].acceptable;
        assert!((came_to[0] - acceptable).abs() < DIGITS);
        assert_eq!(advice(&decision, &text), decision.recommendation.as_str(), "{text}");
    }
}

#[test]
fn a_choice_among_candidates_can_be_redone_from_what_is_printed() {
    for code in 0..64_usize {
        let stances = [Approve, Reject];
        let mut task = task(Shape::Making, Priority::Normal);
        let first = answer(&mut task, "make", "w0", Purpose::Make, Vec::new());
        let second = answer(&mut task, "make", "w1", Purpose::Make, Vec::new());
        for (place, judge) in ["w1", "w2", "w3"].iter().enumerate() {
            let pair = [stances[code >> (2 * place) & 1], stances[code >> (2 * place + 1) & 1]];
            check(&mut task, judge, &[first, second], &pair);
        }
        let decision = decide(&task, &panel(), Timestamp(0));
        let text = explain(&decision);
        let came_to = redo(&text);
        assert_eq!(came_to.len(), 2);
        let best = came_to.iter().copied().fold(0.0, f64::max);
        assert!((best - decision.overall_confidence).abs() < DIGITS, "the best of the two was chosen\n{text}");
    }
}

#[test]
fn families_and_the_baseline_are_told() {
    let decision =
        decide(&judged(Priority::High, [Reject, Approve, Approve].map(verdict).to_vec()), &panel(), Timestamp(0));
    let text = explain(&decision);
    assert!(text.contains("- the best record alone: w1, expected to be right"), "{text}");
    let plain = rules(&[("w0", 1, "anthropic"), ("w1", 3, "openai"), ("w2", 3, "openai")]);
    let related =
        decide(&judged(Priority::High, [Reject, Approve, Approve].map(verdict).to_vec()), &plain, Timestamp(0));
    let text = explain(&related);
    assert!(text.contains("openai: w1, w2 together weigh 1.7936, of which 1.1957 counts"), "{text}");
}

/// Five strangers of accuracy .75 that all agree: independent they are right .996 of the time, and failing together on one
/// task in five .870 (reference: .869). The second number stands beside the first.
#[test]
fn unanimity_is_told_with_what_it_is_worth_if_they_fail_together() {
    let mut panel = super::fixture::strangers(5);
    (0..5).for_each(|index| super::fixture::known(&mut panel, index, 0.75));
    let text = explain(&decide(&judged(Priority::Low, vec![verdict(Approve); 5]), &panel, Timestamp(0)));
    assert!(text.contains("= 0.9959") && text.contains("they are right with probability 0.8700"), "{text}");
}
