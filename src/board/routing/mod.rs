//! What a task is taken for and who carries it out: classification of its words and ranking of workers.
//!
//! The words are data (`config/catalog`); how they count is in `score`, the grammar they stand in in `clauses`. Nothing
//! here knows a kind by name, but for the one that an empty catalog falls back on.

mod auto;
mod catalog;
mod clauses;
mod grammar;
mod inflection;
mod lexicon;
mod rank;
mod score;
mod tokens;

pub use catalog::Catalog;
pub(in crate::board) use catalog::Team;
pub use rank::rank;

use super::id::{Kind, Role};
use super::plan::Shape;
use super::spec::{Mode, TaskSpec};
use score::Count;
use tokens::Token;

/// The kind of a task whose words say nothing.
const DEFAULT_KIND: &str = "implementation";

/// The kind of a question whose words say nothing.
const DEFAULT_QUESTION: &str = "research";

/// What a forced role adds to the kinds it is meant for.
const ROLE_HINT: f64 = 4.0;

/// A category's words must count this much, or the task has none.
const CATEGORY_MIN: f64 = 0.9;

/// Words shown in a reason at most.
const WORDS_SHOWN: usize = 6;

/// What a task is taken for.
#[derive(Clone, Debug, PartialEq)]
pub struct Classified {
    /// What is to be done.
    pub kind: Kind,
    /// What it is about, where that is plain.
    pub category: Option<String>,
    /// Whether verdicts are the result, or candidates.
    pub shape: Shape,
    /// How many take part; never `auto`.
    pub mode: Mode,
    /// The role of those who make or judge.
    pub role: Role,
    /// The role of those who check what was made.
    pub check_role: Role,
    /// The reasons, a line each.
    pub why: Vec<String>,
}

/// Classifies a task by its words, unless the person named the kind. The cost is linear in the length of the text, and
/// small: beyond the first kilobytes only headings and list items are looked at.
pub fn classify(words: &str, spec: &TaskSpec, catalog: &Catalog) -> Classified {
    let title = spec.title.as_deref().map(|title| super::text::cut(title, 1024));
    let tokens = tokens::tokens(title, words);
    let mut why = Vec::new();
    let kind = match &spec.kind {
        Some(kind) => {
            why.push(format!("kind {kind}: named in the task"));
            kind.clone()
        }
        None => Kind::new(kind(&tokens, words, spec, catalog, &mut why)),
    };
    let category = category(&tokens, catalog, &mut why);
    let entry = catalog.kind(kind.as_str());
    let mode = auto::mode(words, &tokens, spec, entry, catalog, &mut why);
    let usual = entry.map_or("implementer", |entry| entry.role.as_str());
    let role = spec.role.as_ref().map_or(usual, |role| catalog.role_named(role.as_str()).unwrap_or(role.as_str()));
    Classified {
        category,
        shape: entry.map_or(Shape::Making, |entry| entry.shape),
        mode,
        role: Role::new(role),
        check_role: Role::new(entry.map_or("reviewer", |entry| entry.check_role.as_str())),
        kind,
        why,
    }
}

/// The kind that the words speak for most.
fn kind(tokens: &[Token], words: &str, spec: &TaskSpec, catalog: &Catalog, why: &mut Vec<String>) -> String {
    let counts = score::kinds(tokens, &catalog.kind_cues);
    let mut sums = score::sums(&counts, catalog.kinds.len());
    let hinted = spec.role.as_ref().and_then(|role| catalog.role(role.as_str()));
    for (sum, (name, _)) in sums.iter_mut().zip(&catalog.kinds) {
        if hinted.is_some_and(|(_, role)| role.kinds.contains(name)) {
            *sum += ROLE_HINT;
        }
    }
    let Some(best) = score::highest(&sums) else {
        let asks = super::text::cut(words, 1024).trim_end().ends_with('?') && catalog.kind(DEFAULT_QUESTION).is_some();
        let kind = if asks { DEFAULT_QUESTION } else { DEFAULT_KIND };
        why.push(format!("kind {kind}: no word of the text says which, so the default"));
        return kind.to_owned();
    };
    let name = |entry: usize| catalog.kinds.get(entry).map_or(DEFAULT_KIND, |(name, _)| name.as_str());
    if let Some((role, _)) = hinted.filter(|(_, role)| role.kinds.iter().any(|kind| kind == name(best))) {
        why.push(format!("role {role}, named in the task, adds {ROLE_HINT:.1} to {}", name(best)));
    }
    why.push(reason("kind", name(best), best, sums[best], &counts));
    let mut others = sums.clone();
    others[best] = 0.0;
    if let Some(next) = score::highest(&others) {
        why.push(reason("next to it", name(next), next, sums[next], &counts));
    }
    name(best).to_owned()
}

/// What the task is about, where that is plain.
fn category(tokens: &[Token], catalog: &Catalog, why: &mut Vec<String>) -> Option<String> {
    let counts = score::categories(tokens, &catalog.category_cues);
    let sums = score::sums(&counts, catalog.categories.len());
    let best = score::highest(&sums).filter(|best| sums[*best] >= CATEGORY_MIN)?;
    let (name, _) = catalog.categories.get(best)?;
    why.push(reason("category", name, best, sums[best], &counts));
    Some(name.clone())
}

/// "kind code-review 8.1: "review" 6.9 (the first request's verb), "code" 1.2".
fn reason(what: &str, name: &str, entry: usize, sum: f64, counts: &[Count]) -> String {
    let mut own: Vec<&Count> = counts.iter().filter(|count| count.entry == entry).collect();
    own.sort_by(|one, other| other.amount.total_cmp(&one.amount));
    let word = |count: &&Count| {
        let verb = if count.leads { " (the first request's verb)" } else { "" };
        format!("\"{}\" {:.1}{verb}", count.phrase, count.amount)
    };
    let words: Vec<String> = own.iter().take(WORDS_SHOWN).map(word).collect();
    format!("{what} {name} {sum:.1}: {}", words.join(", "))
}
