//! Which workers suit a task, best first. The order is the catalog's and the settings'; records come in with selection.

use super::super::id::WorkerName;
use super::super::rules::{Rules, WorkerRule};
use super::super::spec::Mode;
use super::Classified;
use super::catalog::{Catalog, RoleEntry};

/// The workers for such a task, best first: those whose settings name the role, then by the kind's order of preference,
/// by the category's, by their strengths, those strong enough before the others, cheaper ones first where the kind or
/// the mode wants that, then in the order of the settings. Where the kind says so (or the role was named), the
/// category's (or the role's) order goes before the kind's.
pub fn rank(classified: &Classified, rules: &Rules) -> Vec<WorkerName> {
    let all: Vec<WorkerName> = rules.workers.iter().map(|worker| worker.name.clone()).collect();
    rank_alike(classified, rules, &all).into_iter().flatten().collect()
}

/// Some of the workers, best first, those that suit alike together; among these the order is the one they came in.
/// Workers that are not configured come last.
pub(in crate::board) fn rank_alike(
    classified: &Classified,
    rules: &Rules,
    some: &[WorkerName],
) -> Vec<Vec<WorkerName>> {
    let key_of = |name: &WorkerName| rules.worker(name).map(|worker| key(classified, &rules.catalog, worker));
    let mut ranked: Vec<(Option<Key>, &WorkerName)> = some.iter().map(|name| (key_of(name), name)).collect();
    // Stable: the order they came in decides what is left open.
    ranked.sort_by_key(|(key, _)| (key.is_none(), *key));
    let mut alike: Vec<(Option<Key>, Vec<WorkerName>)> = Vec::new();
    for (key, name) in ranked {
        match alike.last_mut().filter(|(known, _)| *known == key) {
            Some((_, group)) => group.push(name.clone()),
            None => alike.push((key, vec![name.clone()])),
        }
    }
    alike.into_iter().map(|(_, group)| group).collect()
}

/// Those of some workers that a name or a pattern means, the best match first.
pub(in crate::board) fn matching(pattern: &str, rules: &Rules, some: &[WorkerName]) -> Vec<WorkerName> {
    let means = |name: &&WorkerName| rules.worker(name).is_some_and(|worker| matches(pattern, worker));
    let mut meant: Vec<&WorkerName> = some.iter().filter(means).collect();
    let just_so = |name: &WorkerName| {
        name.as_str().eq_ignore_ascii_case(pattern)
            || rules.worker(name).is_some_and(|worker| worker.model.eq_ignore_ascii_case(pattern))
    };
    meant.sort_by_key(|name| !just_so(name));
    meant.into_iter().cloned().collect()
}

/// What is compared, in this order; smaller is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// 0 when the worker's settings name the role.
    role: u8,
    /// Places in the orders of preference.
    preferred: [usize; 3],
    /// Strengths that do not match.
    strengths: u8,
    /// 1 when its tier is weaker than the kind should have.
    weak: u8,
    /// Higher tiers first where that is wanted.
    price: u8,
}

fn key(classified: &Classified, catalog: &Catalog, worker: &WorkerRule) -> Key {
    let kind = catalog.kind(classified.kind.as_str());
    let category = classified.category.as_deref().and_then(|name| catalog.category(name));
    let role = catalog.role(classified.role.as_str());
    // The kind's own role says nothing beyond the kind; one that was named does.
    let forced = role.filter(|(name, _)| classified.role_named || kind.is_none_or(|kind| kind.role != *name));
    // Behind a role's own workers come those of the role that stands in for it.
    let stand_in =
        |role: &RoleEntry| role.fallback.as_ref().and_then(|name| catalog.role(name)).map(|(_, role)| &role.workers);
    let order = |role: &RoleEntry| -> Vec<String> {
        role.workers.iter().chain(stand_in(role).into_iter().flatten()).cloned().collect()
    };
    let by_role = forced.map_or(0, |(_, role)| place(&order(role), worker));
    let by_kind = kind.map_or(0, |kind| place(&kind.workers, worker));
    let by_category = category.map_or(0, |category| place(&category.workers, worker));
    let category_first = forced.is_none() && category.is_some() && kind.is_some_and(|kind| kind.by_category);
    let names_role =
        |name: &str| name == classified.role.as_str() || catalog.role_named(name) == Some(classified.role.as_str());
    let cheap = classified.mode == Mode::Simple || kind.is_some_and(|kind| kind.cheap);
    let suits = worker.strengths.iter().any(|strength| {
        let strength = strength.to_lowercase();
        strength == classified.kind.as_str()
            || classified.category.as_deref() == Some(strength.as_str())
            || kind.is_some_and(|kind| kind.words.contains_key(&strength))
            || category.is_some_and(|category| category.words.contains_key(&strength))
    });
    Key {
        role: u8::from(!worker.roles.iter().any(|role| names_role(role.as_str()))),
        preferred: if category_first { [by_role, by_category, by_kind] } else { [by_role, by_kind, by_category] },
        strengths: u8::from(!suits),
        weak: u8::from(kind.is_some_and(|kind| worker.tier > kind.tier)),
        price: if cheap { 5_u8.saturating_sub(worker.tier) } else { 0 },
    }
}

/// A worker's place in an order of preference: that of the longest pattern that matches it, so that `gpt-5-codex` before
/// or behind `gpt-5` means what it says, and of two in one place first the one that is called just so. One that no
/// pattern matches comes after all.
fn place(patterns: &[String], worker: &WorkerRule) -> usize {
    let matching = patterns.iter().enumerate().filter(|(_, pattern)| matches(pattern, worker));
    let longest = matching.max_by_key(|(at, pattern)| (pattern.len(), patterns.len() - at));
    longest.map_or(2 * patterns.len(), |(at, pattern)| {
        let just_so = [worker.name.as_str(), &worker.model].iter().any(|name| name.eq_ignore_ascii_case(pattern));
        2 * at + usize::from(!just_so)
    })
}

/// Whether a pattern means a worker: its name or its model's, or the beginning of either up to the end of a word, or its
/// family. `*` stands for anything.
fn matches(pattern: &str, worker: &WorkerRule) -> bool {
    let pattern = pattern.to_lowercase();
    let model = worker.model.to_lowercase();
    let bare = model.rsplit('/').next().unwrap_or(&model);
    worker.family.eq_ignore_ascii_case(&pattern)
        || begins(&pattern, &worker.name.as_str().to_lowercase())
        || begins(&pattern, bare)
}

fn begins(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    let (last, next) = (pattern.chars().next_back(), rest.chars().next());
    match (last, next) {
        (Some(last), Some(next)) => {
            !(last.is_ascii_digit() && next.is_ascii_digit() || last.is_alphabetic() && next.is_alphabetic())
        }
        _ => true,
    }
}
