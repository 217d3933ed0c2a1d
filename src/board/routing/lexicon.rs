//! Cues ready to be looked up: each phrase with what it speaks for, found by its first word.

use super::inflection::bases;
use super::tokens::Token;
use std::collections::BTreeMap;

/// How many words `*` in a phrase may stand for.
const GAP_MAX: usize = 6;

/// Words that a gap does not reach beyond.
const STOPS: &[&str] = &["and", "or", "then", "but", "that", "which", "so", "because"];

/// How a word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As the verb of a request.
    Verb,
    /// As the verb of a request whose object says nothing ("write", "create").
    Light,
    /// As the verb of a request, or the opening of a question, where the rest of the clause says nothing ("is there").
    Ask,
    /// Anywhere.
    Word,
}

/// One thing that a phrase speaks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sense {
    /// The kind or category, by its place in the catalog.
    pub(super) entry: usize,
    /// How much.
    pub(super) weight: f64,
    /// As what.
    pub(super) form: Form,
}

/// A phrase and all it speaks for.
#[derive(Clone, Debug)]
pub(super) struct Cue {
    /// As the catalog writes it.
    pub(super) phrase: String,
    words: Vec<String>,
    /// What it speaks for, in catalog order.
    pub(super) senses: Vec<Sense>,
}

impl Cue {
    /// The heaviest weight among the senses of a form.
    pub(super) fn heaviest(&self, form: Form) -> Option<Sense> {
        let senses = self.senses.iter().filter(|sense| sense.form == form).copied();
        // `rev`, because the last of equals wins and catalog order decides ties.
        senses.rev().max_by(|one, other| one.weight.total_cmp(&other.weight))
    }

    /// Whether it may be the verb of a request.
    pub(super) fn is_verb(&self) -> bool {
        self.senses.iter().any(|sense| sense.form != Form::Word)
    }

    /// How many words it has, gaps not counted.
    pub(super) fn words(&self) -> usize {
        self.words.iter().filter(|word| *word != "*").count()
    }
}

/// A cue found in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    /// Which.
    pub(super) cue: &'a Cue,
    /// How many words of the text it takes up. One with a gap takes up its first word, so that the gap is read too.
    pub(super) length: usize,
}

/// All cues of the kinds, or of the categories.
#[derive(Clone, Debug, Default)]
pub(super) struct Lexicon {
    by_first: BTreeMap<String, Vec<Cue>>,
}

impl Lexicon {
    /// Adds what `phrase` speaks for.
    pub(super) fn add(&mut self, phrase: &str, sense: Sense) {
        let words: Vec<String> = phrase
            .split(|c: char| !c.is_alphanumeric() && !"*'".contains(c))
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let Some(first) = words.first() else { return };
        let cues = self.by_first.entry(first.clone()).or_default();
        match cues.iter_mut().find(|cue| cue.words == words) {
            Some(cue) => cue.senses.push(sense),
            None => cues.push(Cue { phrase: words.join(" "), words, senses: vec![sense] }),
        }
    }

    /// The longest cue that begins at `at`. The word as written goes before the words it may be an inflection of.
    pub(super) fn at(&self, tokens: &[Token], at: usize) -> Option<Found<'_>> {
        let mut best: Option<Found<'_>> = None;
        for base in bases(&tokens.get(at)?.word) {
            for cue in self.by_first.get(&base).into_iter().flatten() {
                let Some(length) = reach(&cue.words[1..], tokens, at + 1) else { continue };
                let gapless = cue.words.len() == cue.words();
                if !gapless && self.is_taken(cue, tokens, at + length) {
                    continue;
                }
                let found = Found { cue, length: if gapless { length + 1 } else { 1 } };
                // Of phrases with as many words the one without a gap goes first.
                let better = |other: Found<'_>| (cue.words(), found.length) > (other.cue.words(), other.length);
                if best.is_none_or(better) {
                    best = Some(found);
                }
            }
        }
        best
    }
}

impl Lexicon {
    /// Whether the word that a phrase with a gap ends on begins a longer phrase that speaks for something else: "implement a
    /// test data generator" implements no test.
    fn is_taken(&self, by: &Cue, tokens: &[Token], last: usize) -> bool {
        let Some(token) = tokens.get(last) else { return false };
        let longer = |cue: &&Cue| {
            cue.words.len() > 1 && cue.words.len() == cue.words() && reach(&cue.words[1..], tokens, last + 1).is_some()
        };
        let cues = bases(&token.word).into_iter().filter_map(|base| self.by_first.get(&base)).flatten();
        let longest = cues.filter(longer).max_by_key(|cue| cue.words());
        let same = |cue: &Cue| cue.senses.iter().any(|sense| by.senses.iter().any(|other| other.entry == sense.entry));
        longest.is_some_and(|cue| !same(cue))
    }
}

/// How many tokens from `at` on the rest of a phrase takes up, when it stands there.
fn reach(rest: &[String], tokens: &[Token], at: usize) -> Option<usize> {
    let Some((word, rest)) = rest.split_first() else { return Some(0) };
    if word == "*" {
        let stops = |gap: &usize| tokens.get(at + gap).is_none_or(|token| STOPS.contains(&token.word.as_str()));
        let gaps = (0..=GAP_MAX).take_while(|gap| *gap == 0 || !stops(&(gap - 1)));
        return gaps.filter_map(|gap| Some(gap + reach(rest, tokens, at + gap)?)).next();
    }
    let token = tokens.get(at).filter(|token| !token.gap.ends_sentence())?;
    bases(&token.word).contains(word).then(|| reach(rest, tokens, at + 1)).flatten().map(|length| length + 1)
}
