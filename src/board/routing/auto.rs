//! The mode of a task that names none: what its kind usually takes, moved by its size and its priority.

use super::super::spec::{Mode, Priority, TaskSpec};
use super::catalog::{Catalog, KindEntry};
use super::tokens::{self, Token};

/// Words of small work and of large work.
const SMALL: &[&str] =
    &["hello", "simple", "small", "tiny", "trivial", "quick", "minor", "one-liner", "oneliner", "little", "short"];
const LARGE: &[&str] = &[
    "entire",
    "whole",
    "system",
    "platform",
    "production",
    "distributed",
    "scalable",
    "microservice",
    "microservices",
    "multi",
    "critical",
    "mission",
    "comprehensive",
    "complete",
    "full",
    "large",
    "huge",
    "across",
    "rewrite",
    "fault",
];

/// A text of so many bytes takes one mode more than usual.
const LONG_TEXT_BYTES: usize = 3000;

/// Lines of code below which a task is simple, and above which it is complex (DESIGN section 7).
const LINES_SIMPLE: u64 = 50;
const LINES_COMPLEX: u64 = 500;

/// How many list items are read; more do not change anything.
const ITEMS_READ: usize = 500;

/// What stands behind a number of operations.
const OPERATIONS: &[&str] = &["operations", "steps", "tasks", "changes", "subtasks", "items"];

/// The mode, and why.
pub(super) fn mode(
    words: &str,
    tokens: &[Token],
    spec: &TaskSpec,
    kind: Option<&KindEntry>,
    catalog: &Catalog,
    why: &mut Vec<String>,
) -> Mode {
    if spec.mode != Mode::Auto {
        why.push(format!("mode {}: named in the task", spec.mode.as_str()));
        return spec.mode;
    }
    let operations = operations(words, tokens, catalog);
    if catalog.mega_from.is_some_and(|from| operations >= from) {
        why.push(format!("mode mega: {operations} operations are listed"));
        return Mode::Mega;
    }
    let usual = kind.map_or(Mode::Medium, |kind| kind.mode);
    let mut reasons = vec![format!("{} is usual for the kind", usual.as_str())];
    let mut mode = usual;
    match size(words, tokens) {
        Size::Small(because) if usual != Mode::Architectural => {
            mode = less(mode);
            reasons.push(format!("{because} makes it less"));
        }
        Size::Large(because) => {
            mode = more(mode);
            reasons.push(format!("{because} makes it more"));
        }
        Size::Lines(lines) => {
            mode = match lines {
                0..LINES_SIMPLE => Mode::Simple,
                LINES_SIMPLE..=LINES_COMPLEX => Mode::Medium,
                _ => Mode::Complex,
            };
            reasons.push(format!("{lines} lines of code decide"));
        }
        _ => {}
    }
    let moved = match spec.priority {
        Priority::Low => less(mode),
        Priority::Normal => mode,
        Priority::High => more(mode),
        Priority::Critical => Mode::Architectural,
    };
    if moved != mode {
        reasons.push(format!("priority {} makes it {}", spec.priority.as_str(), moved.as_str()));
    }
    why.push(format!("mode {}: {}", moved.as_str(), reasons.join("; ")));
    moved
}

fn less(mode: Mode) -> Mode {
    match mode {
        Mode::Architectural => Mode::Complex,
        Mode::Complex | Mode::Mega => Mode::Medium,
        Mode::Medium | Mode::Simple | Mode::Auto => Mode::Simple,
    }
}

/// One more; every worker is asked only where the kind or the priority says so.
fn more(mode: Mode) -> Mode {
    match mode {
        Mode::Simple => Mode::Medium,
        Mode::Medium | Mode::Complex | Mode::Auto => Mode::Complex,
        Mode::Architectural | Mode::Mega => mode,
    }
}

enum Size {
    Small(String),
    Usual,
    Large(String),
    /// About so many lines of code.
    Lines(u64),
}

fn size(words: &str, tokens: &[Token]) -> Size {
    let first: Vec<&str> = tokens.iter().take(60).map(|token| token.word.as_str()).collect();
    for (at, word) in first.iter().enumerate().skip(1) {
        if ["line", "lines", "loc"].contains(word)
            && let Ok(lines) = first[at - 1].parse::<u64>()
        {
            return Size::Lines(lines);
        }
    }
    let large = first.iter().find(|word| LARGE.contains(word));
    let small = first.iter().find(|word| SMALL.contains(word));
    if words.len() >= LONG_TEXT_BYTES {
        return Size::Large(format!("a text of {} bytes", words.len()));
    }
    match (small, large) {
        (Some(word), None) => Size::Small(format!("\"{word}\"")),
        (None, Some(word)) => Size::Large(format!("\"{word}\"")),
        _ => Size::Usual,
    }
}

/// How many operations the text lists: list items that begin with a verb, or a number that says so ("25 operations").
fn operations(words: &str, tokens: &[Token], catalog: &Catalog) -> usize {
    let mut fenced = false;
    let listed = words
        .lines()
        .filter(|line| {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            !fenced && !fence
        })
        .filter_map(tokens::item)
        .take(ITEMS_READ)
        .filter(|item| is_operation(item, catalog))
        .count();
    let said = tokens.windows(2).filter(|pair| OPERATIONS.contains(&pair[1].word.as_str()));
    let said = said.filter_map(|pair| pair[0].word.parse::<usize>().ok().filter(|count| *count <= 10_000)).max();
    listed.max(said.unwrap_or(0))
}

fn is_operation(item: &str, catalog: &Catalog) -> bool {
    let first = tokens::tokens(None, super::super::text::cut(item, 80));
    catalog.kind_cues.at(&first, 0).is_some_and(|found| found.cue.is_verb())
}
