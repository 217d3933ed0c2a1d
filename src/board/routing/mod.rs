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
mod pipelines;
mod rank;
mod score;
mod teams;
mod tokens;

pub use catalog::Catalog;
pub(in crate::board) use catalog::Team;
pub(in crate::board) use pipelines::Pipeline;
pub use rank::rank;
pub(in crate::board) use rank::{matching, rank_alike};
pub(in crate::board) use teams::{Agreement, Member, NamedTeam, Part};

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
    /// Whether the role was named, so that its own order of workers goes first.
    pub role_named: bool,
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
    let usual = usual_role(&kind, catalog);
    let role = spec.role.as_ref().map_or(usual, |role| catalog.role_named(role.as_str()).unwrap_or(role.as_str()));
    Classified {
        category,
        shape: entry.map_or(Shape::Making, |entry| entry.shape),
        mode,
        role: Role::new(role),
        role_named: spec.role.is_some(),
        check_role: Role::new(entry.map_or("reviewer", |entry| entry.check_role.as_str())),
        kind,
        why,
    }
}

/// What a step of a task is taken for: its own words and its role say the kind, or where they say nothing the task's.
pub(in crate::board) fn classify_step(
    words: &str,
    role: Option<&str>,
    task: &Classified,
    catalog: &Catalog,
) -> Classified {
    let mut spec = TaskSpec::of_text(super::text::Text::short(""));
    spec.role = role.map(Role::new);
    let tokens = tokens::tokens(None, words);
    let mut unsaid = Vec::new();
    let kind = spoken_for(&tokens, &spec, catalog, &mut unsaid).map_or_else(|| task.kind.clone(), Kind::new);
    let category = category(&tokens, catalog, &mut unsaid).or_else(|| task.category.clone());
    let own_kind = kind != task.kind;
    let usual = if own_kind { Role::new(usual_role(&kind, catalog)) } else { task.role.clone() };
    Classified {
        shape: catalog.kind(kind.as_str()).map_or(Shape::Making, |entry| entry.shape),
        kind,
        category,
        role: role.map_or(usual, Role::new),
        role_named: role.is_some() || task.role_named && !own_kind,
        why: Vec::new(),
        ..task.clone()
    }
}

/// The role of those who check what such a task makes.
pub(in crate::board) fn check_role(kind: &Kind, catalog: &Catalog) -> Role {
    Role::new(catalog.kind(kind.as_str()).map_or("reviewer", |entry| entry.check_role.as_str()))
}

/// The role that a kind asks for.
pub(in crate::board) fn usual_role<'a>(kind: &Kind, catalog: &'a Catalog) -> &'a str {
    catalog.kind(kind.as_str()).map_or("implementer", |entry| entry.role.as_str())
}

/// The kind that the words speak for most, or the one for words that say nothing.
fn kind(tokens: &[Token], words: &str, spec: &TaskSpec, catalog: &Catalog, why: &mut Vec<String>) -> String {
    if let Some(kind) = spoken_for(tokens, spec, catalog, why) {
        return kind.to_owned();
    }
    let asks = super::text::cut(words, 1024).trim_end().ends_with('?') && catalog.kind(DEFAULT_QUESTION).is_some();
    let kind = if asks { DEFAULT_QUESTION } else { DEFAULT_KIND };
    why.push(format!("kind {kind}: no word of the text says which, so the default"));
    kind.to_owned()
}

/// The kind that the words speak for most, with what the named role, pipeline or team adds; `None`: for none.
fn spoken_for<'a>(tokens: &[Token], spec: &TaskSpec, catalog: &'a Catalog, why: &mut Vec<String>) -> Option<&'a str> {
    let counts = score::kinds(tokens, &catalog.kind_cues);
    let mut sums = score::sums(&counts, catalog.kinds.len());
    let hint = hint(spec, catalog);
    for (sum, (name, _)) in sums.iter_mut().zip(&catalog.kinds) {
        if hint.as_ref().is_some_and(|(_, kinds)| kinds.contains(name)) {
            *sum += ROLE_HINT;
        }
    }
    let best = score::highest(&sums)?;
    let name = |entry: usize| catalog.kinds.get(entry).map_or(DEFAULT_KIND, |(name, _)| name.as_str());
    if let Some((named, _)) = hint.filter(|(_, kinds)| kinds.iter().any(|kind| kind == name(best))) {
        why.push(format!("{named}, named in the task, adds {ROLE_HINT:.1} to {}", name(best)));
    }
    why.push(reason("kind", name(best), best, sums[best], &counts));
    let mut others = sums.clone();
    others[best] = 0.0;
    if let Some(next) = score::highest(&others) {
        why.push(reason("next to it", name(next), next, sums[next], &counts));
    }
    Some(name(best))
}

/// What the task names that hints at its kind, and the kinds.
fn hint<'a>(spec: &TaskSpec, catalog: &'a Catalog) -> Option<(String, &'a [String])> {
    if let Some(role) = &spec.role {
        return catalog.role(role.as_str()).map(|(_, entry)| (format!("role {role}"), entry.kinds.as_slice()));
    }
    if let Some(name) = &spec.pipeline {
        return catalog.pipeline(name).map(|(name, entry)| (format!("pipeline {name}"), entry.kinds.as_slice()));
    }
    let name = spec.team.as_ref()?;
    catalog.named_team(name).map(|(name, entry)| (format!("team {name}"), entry.kinds.as_slice()))
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
    if words.is_empty() {
        return format!("{what} {name} {sum:.1}");
    }
    format!("{what} {name} {sum:.1}: {}", words.join(", "))
}
