//! Claimed faults, merged over the workers that raised them. Whether a fault stops the task is decided elsewhere.

use super::super::decision::{Issue, IssueStatus};
use super::super::id::WorkerName;
use super::super::verdict::{Claim, Severity};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Most issues in a decision; of more, the worst are kept.
pub(super) const ISSUES_MAX: usize = 100;

/// Two workers rarely name the very same line of a fault that spans several.
const LINES_APART_MAX: u32 = 3;

/// Words that say nothing about which fault is meant.
const EMPTY_WORDS: [&str; 24] = [
    "the", "and", "for", "not", "this", "that", "with", "from", "into", "are", "was", "has", "have", "can", "could",
    "should", "may", "when", "which", "does", "without", "here", "code", "line",
];

struct Seen {
    issue: Issue,
    place: Place,
    words: BTreeSet<String>,
}

/// Merges claims, in the order of the workers, into issues: worst first, then the more often raised, then the first raised.
/// Two claims are one when they name the same place and share words; when in doubt they stay two.
pub(super) fn merge<'a>(claims: impl Iterator<Item = (&'a WorkerName, &'a Claim)>) -> Vec<Issue> {
    let mut seen: Vec<Seen> = Vec::new();
    for (worker, claim) in claims {
        let place = Place::read(&claim.place);
        let words = telling_words(&claim.what);
        match seen.iter_mut().find(|known| same(&known.place, &known.words, &place, &words)) {
            Some(known) => join(&mut known.issue, worker, claim),
            None => seen.push(Seen {
                issue: Issue { claim: claim.clone(), raised_by: vec![worker.clone()], status: IssueStatus::Claimed },
                place,
                words,
            }),
        }
    }
    let mut issues: Vec<Issue> = seen.into_iter().map(|known| known.issue).collect();
    issues.sort_by_key(|issue| (Reverse(issue.severity()), Reverse(issue.raised_by.len())));
    issues.truncate(ISSUES_MAX);
    issues
}

/// Whether an issue is bad enough, and not shown to be wrong, to stand against an approval.
pub(super) fn is_grave(issue: &Issue) -> bool {
    issue.severity() >= Severity::High && issue.status != IssueStatus::Refuted
}

fn join(issue: &mut Issue, worker: &WorkerName, claim: &Claim) {
    issue.claim.severity = issue.claim.severity.max(claim.severity);
    if issue.claim.fix.is_empty() {
        issue.claim.fix.clone_from(&claim.fix);
    }
    if !issue.raised_by.contains(worker) {
        issue.raised_by.push(worker.clone());
    }
}

fn same(place: &Place, words: &BTreeSet<String>, other: &Place, other_words: &BTreeSet<String>) -> bool {
    if !place.same_file(other) {
        return false;
    }
    let needed = match place.lines_apart(other) {
        Some(0) => 0.2,
        Some(apart) if apart <= LINES_APART_MAX => 0.34,
        Some(_) => return false,
        None => 0.6,
    };
    let fewer = words.len().min(other_words.len());
    let common = words.intersection(other_words).count();
    if fewer == 0 { words == other_words } else { common as f64 / fewer as f64 >= needed }
}

/// The words of a claim, lower case, without endings, without those that say nothing.
fn telling_words(text: &str) -> BTreeSet<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 2);
    words.filter(|word| !EMPTY_WORDS.contains(word)).map(|word| stem(word).to_owned()).collect()
}

fn stem(word: &str) -> &str {
    let stem =
        ["ations", "ation", "ions", "ing", "ion", "ed", "es", "s"].iter().find_map(|ending| word.strip_suffix(ending));
    stem.filter(|stem| stem.len() > 3).unwrap_or(word)
}

/// A place as workers write it: `src/auth.rs:63`, `./auth.rs:63-70`, `auth.rs#L63`, `auth.rs, line 63`, or nothing.
struct Place {
    file: String,
    lines: Option<(u32, u32)>,
}

impl Place {
    fn read(text: &str) -> Self {
        let lower = text.trim().to_lowercase();
        let marks = [":", "#l", " line", "(line", ",", "("];
        let end = marks.iter().filter_map(|mark| lower.find(mark)).min().unwrap_or(lower.len());
        let (file, rest) = lower.split_at(end);
        let file = file.trim().trim_start_matches("./").trim_matches('`').to_owned();
        let mut numbers = rest.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse::<u32>().ok());
        let lines = numbers.next().map(|first| {
            let ranged = rest.contains('-') || rest.contains('–');
            let last = if ranged { numbers.next().filter(|last| *last >= first) } else { None };
            (first, last.unwrap_or(first))
        });
        Self { file, lines }
    }

    /// The same file, where one may give more of the path than the other.
    fn same_file(&self, other: &Self) -> bool {
        let ends = |long: &str, short: &str| {
            !short.is_empty() && long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        self.file == other.file || ends(&self.file, &other.file) || ends(&other.file, &self.file)
    }

    /// Lines between the two; `None` when one of them names no line.
    fn lines_apart(&self, other: &Self) -> Option<u32> {
        let ((from, to), (other_from, other_to)) = (self.lines?, other.lines?);
        Some(other_from.saturating_sub(to).max(from.saturating_sub(other_to)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(claims: &[(&str, Severity, &str, &str)]) -> Vec<Issue> {
        let claims: Vec<(WorkerName, Claim)> = claims
            .iter()
            .map(|(worker, severity, place, what)| {
                let claim = Claim {
                    severity: *severity,
                    place: (*place).to_owned(),
                    what: (*what).to_owned(),
                    fix: String::new(),
                };
                (WorkerName::new(*worker), claim)
            })
            .collect();
        merge(claims.iter().map(|(worker, claim)| (worker, claim)))
    }

    #[test]
    fn one_fault_in_several_wordings_is_one_issue_with_the_highest_severity() {
        let issues = merged(&[
            ("claude", Severity::Medium, "src/auth.rs:63", "SQL injection through the name parameter"),
            ("gemini", Severity::High, "./src/auth.rs:61-64", "query is open to SQL injections"),
            ("grok", Severity::High, "auth.rs#L63", "SQL injection"),
            ("grok", Severity::Low, "auth.rs, line 63", "SQL injection again"),
        ]);
        assert_eq!(issues.len(), 1, "{issues:?}");
        assert_eq!(issues[0].severity(), Severity::High);
        let names: Vec<&str> = issues[0].raised_by.iter().map(WorkerName::as_str).collect();
        assert_eq!(names, ["claude", "gemini", "grok"]);
    }

    #[test]
    fn when_in_doubt_they_stay_two() {
        let pairs = [
            (("src/a.rs:63", "SQL injection"), ("src/b.rs:63", "SQL injection")),
            (("src/a.rs:63", "SQL injection"), ("src/a.rs:80", "SQL injection")),
            (("src/a.rs:63", "SQL injection"), ("src/a.rs:64", "missing null check")),
            (("src/a.rs", "SQL injection in login"), ("src/a.rs", "password kept in plain text")),
            (("", "token never expires"), ("", "token is logged in plain text")),
            (("a.rs:3", "overflow"), ("ba.rs:3", "overflow")),
        ];
        for ((place, what), (other_place, other_what)) in pairs {
            let issues = merged(&[("x", Severity::Low, place, what), ("y", Severity::High, other_place, other_what)]);
            assert_eq!(issues.len(), 2, "{place} {what} / {other_place} {other_what}");
            assert_eq!(issues[0].severity(), Severity::High, "worst first");
        }
    }

    #[test]
    fn the_list_is_bounded() {
        let texts: Vec<String> = (0..300).map(|n| format!("f{n}.rs:1")).collect();
        let claims: Vec<_> = texts.iter().map(|place| ("x", Severity::Low, place.as_str(), "wrong")).collect();
        assert_eq!(merged(&claims).len(), ISSUES_MAX);
    }
}
