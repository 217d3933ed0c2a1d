//! Claimed faults, merged over the workers that raised them. Whether a fault stops the task is decided elsewhere.
//!
//! Two claims are one fault when they name the same place (the same file, lines at most [`LINES_APART_MAX`] apart) and share
//! enough whole words, endings aside. What one says of a thing and the other denies is never one fault. How alike two texts
//! look as strings is not asked: opposite verdicts in one wording look more alike than one verdict in two.

use super::super::decision::{Issue, IssueStatus};
use super::super::id::WorkerName;
use super::super::verdict::{Claim, Severity};
use std::cmp::Reverse;
use std::collections::HashMap;

/// Most issues in a decision; of more, the worst are kept.
pub(super) const ISSUES_MAX: usize = 100;

/// Two workers rarely name the very same line of a fault that spans several.
const LINES_APART_MAX: u32 = 3;

/// Words that say nothing about which fault is meant.
const EMPTY_WORDS: [&str; 24] = [
    "the", "and", "for", "this", "that", "with", "from", "into", "are", "was", "has", "have", "can", "could", "should",
    "may", "when", "which", "does", "did", "any", "here", "code", "line",
];

/// Words that deny what stands behind them.
const DENIALS: [&str; 14] = [
    "no", "not", "never", "without", "cannot", "missing", "lack", "lacks", "lacking", "absent", "omits", "omitted",
    "nor", "neither",
];

/// How many words a denial reaches.
const DENIED: usize = 2;

struct Seen {
    issue: Issue,
    meant: Meant,
}

/// What a claim is about: where, in which words, and which of them it denies.
struct Meant {
    place: Place,
    /// Sorted, each once.
    words: Vec<u32>,
    denied: Vec<u32>,
}

/// Words as numbers, so that comparing claims compares no texts.
#[derive(Default)]
struct Numbers(HashMap<String, u32>);

impl Numbers {
    fn of(&mut self, word: &str) -> u32 {
        if let Some(number) = self.0.get(word) {
            return *number;
        }
        let number = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.insert(word.to_owned(), number);
        number
    }
}

/// Merges claims, in the order of the workers, into issues: worst first, then the more often raised, then the first raised.
/// When in doubt two claims stay two.
pub(super) fn merge<'a>(claims: impl Iterator<Item = (&'a WorkerName, &'a Claim)>) -> Vec<Issue> {
    let mut numbers = Numbers::default();
    let mut seen: Vec<Seen> = Vec::new();
    // Only claims on files of one name can be about one place.
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for (worker, claim) in claims {
        let meant = Meant::read(claim, &mut numbers);
        let alike = by_name.entry(meant.place.name().to_owned()).or_default();
        match alike.iter().find(|index| seen[**index].meant.is_same(&meant)) {
            Some(index) => join(&mut seen[*index].issue, worker, claim),
            None => {
                alike.push(seen.len());
                let (claim, raised_by) = (claim.clone(), vec![worker.clone()]);
                seen.push(Seen { issue: Issue { claim, raised_by, status: IssueStatus::Claimed }, meant });
            }
        }
    }
    let mut issues: Vec<Issue> = seen.into_iter().map(|known| known.issue).collect();
    sort(&mut issues);
    issues.truncate(ISSUES_MAX);
    issues
}

/// Worst first, then the more often raised.
pub(super) fn sort(issues: &mut [Issue]) {
    issues.sort_by_key(|issue| (Reverse(issue.severity()), Reverse(issue.raised_by.len())));
}

/// Whether two claims mean one fault.
pub(super) fn is_same(one: &Claim, other: &Claim) -> bool {
    let mut numbers = Numbers::default();
    let one = Meant::read(one, &mut numbers);
    one.is_same(&Meant::read(other, &mut numbers))
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

impl Meant {
    fn read(claim: &Claim, numbers: &mut Numbers) -> Self {
        let lower = claim.what.to_lowercase();
        let (mut words, mut denied): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        let (mut reach, mut open) = (0, false);
        for word in lower.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’').filter(|word| !word.is_empty())
        {
            if DENIALS.contains(&word) || word.ends_with("n't") || word.ends_with("n’t") {
                (reach, open) = (DENIED, true);
                continue;
            }
            if word.chars().count() <= 2 || EMPTY_WORDS.contains(&word) {
                continue;
            }
            let number = numbers.of(stem(word.trim_matches(['\'', '’'])));
            words.push(number);
            if reach > 0 {
                (reach, open) = (reach - 1, false);
                denied.push(number);
            }
        }
        if open {
            // "The null check is missing": what it denies stands before it.
            denied.extend(words.iter().rev().take(DENIED));
        }
        for list in [&mut words, &mut denied] {
            list.sort_unstable();
            list.dedup();
        }
        Self { place: Place::read(&claim.place), words, denied }
    }

    fn is_same(&self, other: &Self) -> bool {
        if !self.place.same_file(&other.place) {
            return false;
        }
        let needed = match self.place.lines_apart(&other.place) {
            Some(0) => 0.2,
            Some(apart) if apart <= LINES_APART_MAX => 0.34,
            Some(_) => return false,
            None => 0.6,
        };
        if self.denies(other) || other.denies(self) {
            return false;
        }
        let fewer = self.words.len().min(other.words.len());
        if fewer == 0 {
            return self.words == other.words;
        }
        in_both(&self.words, &other.words) as f64 / fewer as f64 >= needed
    }

    /// Whether it denies a thing that the other one says.
    fn denies(&self, other: &Self) -> bool {
        let says = |word: &&u32| other.words.binary_search(word).is_ok() && other.denied.binary_search(word).is_err();
        self.denied.iter().any(|word| says(&word))
    }
}

/// How many numbers two sorted lists share.
fn in_both(one: &[u32], other: &[u32]) -> usize {
    let (mut at, mut shared) = (0, 0);
    for word in one {
        while other.get(at).is_some_and(|next| next < word) {
            at += 1;
        }
        shared += usize::from(other.get(at) == Some(word));
    }
    shared
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

    /// The file's own name, without folders.
    fn name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or_default()
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

    fn are_one(place: &str, what: &str, other_place: &str, other: &str) -> bool {
        merged(&[("x", Severity::High, place, what), ("y", Severity::High, other_place, other)]).len() == 1
    }

    #[test]
    fn what_one_says_and_the_other_denies_is_not_one_fault() {
        assert!(!are_one("a.rs:9", "the token never expires", "a.rs:9", "the token expires too early"));
        assert!(!are_one("a.rs:9", "input is validated twice", "a.rs:9", "input isn't validated"));
        assert!(are_one("a.rs:9", "the token never expires", "a.rs:10", "session token does not expire"));
        assert!(are_one("a.rs:9", "SQL injection: input is not escaped", "a.rs:9", "SQL injection through `name`"));
        for (one, other) in [
            ("no null check", "missing null check"),
            ("null check is missing", "lacks a null check"),
            ("does not check for null", "without any null check"),
        ] {
            assert!(are_one("a.rs:9", one, "a.rs:11", other), "{one} / {other}");
        }
    }

    #[test]
    fn words_are_compared_whole_and_without_endings() {
        assert!(!are_one("a.rs:9", "notable naming", "a.rs:12", "not secured"));
        assert!(!are_one("a.rs:9", "insecure hash", "a.rs:12", "secure cookie"));
        assert!(are_one("a.rs:9", "unbounded allocations", "a.rs:12", "allocation is unbounded"));
        assert!(!are_one("a.rs:9", "unbounded allocations", "a.rs:13", "allocation is unbounded"), "four lines apart");
    }

    #[test]
    fn the_order_of_the_workers_decides_the_wording_and_nothing_else() {
        let claims = [
            ("x", Severity::Low, "a.rs:1", "deadlock between two locks"),
            ("y", Severity::High, "b.rs:7", "SQL injection"),
            ("z", Severity::Medium, "a.rs:2", "locks may deadlock"),
        ];
        let mut turned = claims;
        turned.reverse();
        let told = |issues: Vec<Issue>| -> Vec<(Severity, usize)> {
            issues.iter().map(|issue| (issue.severity(), issue.raised_by.len())).collect()
        };
        assert_eq!(told(merged(&claims)), [(Severity::High, 1), (Severity::Medium, 2)]);
        assert_eq!(told(merged(&claims)), told(merged(&turned)));
    }

    #[test]
    fn the_list_is_bounded() {
        let texts: Vec<String> = (0..300).map(|n| format!("f{n}.rs:1")).collect();
        let claims: Vec<_> = texts.iter().map(|place| ("x", Severity::Low, place.as_str(), "wrong")).collect();
        assert_eq!(merged(&claims).len(), ISSUES_MAX);
    }
}
