//! The shape of a text: its clauses, which of them ask for something, with which verb, and what each word is in its
//! clause (verb, head of the object, beside it, behind a preposition), denied or not.

use super::grammar;
use super::lexicon::{Found, Lexicon};
use super::tokens::{Gap, Token};

/// What a clause does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Asks for something.
    Request,
    /// Says something.
    Statement,
    /// Says under what condition, or after what.
    Background,
}

/// A clause: the words `from..to`.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    /// Its first word.
    pub(super) from: usize,
    /// The word after its last.
    pub(super) to: usize,
    /// What stands before it.
    pub(super) gap: Gap,
    /// What it does.
    pub(super) act: Act,
    /// Its verb: where, and how many words.
    pub(super) verb: Option<(usize, usize)>,
    /// The noun phrase that its verb is about, or that it opens with. Empty when there is only a pronoun ("write it").
    pub(super) object: (usize, usize),
}

/// What a word is in its clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The verb of a request.
    Verb,
    /// The last word of the object.
    Head,
    /// Before the head.
    Beside,
    /// Behind "for": what a judging request looks for.
    Purpose,
    /// Behind another preposition, or elsewhere.
    Behind,
}

impl Clause {
    /// What the words `at..at + length` are.
    pub(super) fn place(&self, at: usize, length: usize, tokens: &[Token]) -> Place {
        let (from, to) = self.object;
        if self.verb.is_some_and(|(verb, _)| verb == at) {
            Place::Verb
        } else if at < to && at + length > from {
            if at + length >= to { Place::Head } else { Place::Beside }
        } else if tokens[self.from..at]
            .iter()
            .rev()
            .find(|token| grammar::ends_noun_phrase(&token.word))
            .is_some_and(|token| token.word == "for")
        {
            Place::Purpose
        } else {
            Place::Behind
        }
    }

    /// Whether it opens like a question; then any of its words may say what is asked about.
    pub(super) fn is_question(&self, tokens: &[Token]) -> bool {
        tokens.get(self.from).is_some_and(|token| grammar::asks(&token.word) || grammar::is_question_word(&token.word))
    }
}

/// Cuts a text into clauses and reads each.
pub(super) fn clauses(tokens: &[Token], verbs: &Lexicon) -> Vec<Clause> {
    let mut starts: Vec<usize> = Vec::new();
    for at in 0..tokens.len() {
        let joins = at > 0 && ["and", "then", "but"].contains(&tokens[at - 1].word.as_str());
        if at == 0 || tokens[at].gap != Gap::None || (joins && verb_at(tokens, at, verbs).is_some()) {
            starts.push(at);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([tokens.len()]);
    starts.iter().zip(ends).map(|(from, to)| clause(tokens, *from, to, verbs)).collect()
}

fn clause(tokens: &[Token], from: usize, to: usize, verbs: &Lexicon) -> Clause {
    let gap = tokens[from].gap;
    let word = |at: usize| tokens[..to].get(at).map_or("", |token| token.word.as_str());
    // A phrase of several words may begin like a background ("as a user i want").
    let phrase = verbs.at(tokens, from).filter(|found| found.cue.is_verb() && found.cue.words() > 1);
    let opened = from
        + (from..to)
            .take_while(|at| grammar::is_opening(word(*at)) && verbs_phrase(tokens, *at, verbs).is_none())
            .count();
    let start = if phrase.is_some() || grammar::asks(word(from)) { from } else { opened };
    // "There is no …" states a lack; what is lacking is what the clause is about.
    let there =
        (start..to).take_while(|at| ["there", "is", "are", "no", "isn't", "aren't"].contains(&word(*at))).count();
    let start = if word(start) == "there" { start + there } else { start };
    let wanted = (from..start).any(|at| !grammar::is_weak_opening(word(at)));
    let named = start > from && grammar::is_determiner(word(start - 1));
    let verb = phrase.or_else(|| verb_at(tokens, start, verbs)).filter(|_| start < to && (!named || phrase.is_some()));
    let verb = verb.map(|found| (start, found.length.min(to - start)));
    let opening: Vec<&str> = (from..to.min(from + 4)).map(word).collect();
    let told = grammar::opens_background(word(from)) || grammar::tells_intention(&opening);
    let act = if phrase.is_none() && told {
        Act::Background
    } else if verb.is_some() || wanted {
        Act::Request
    } else {
        Act::Statement
    };
    let verb = verb.filter(|_| act == Act::Request);
    let begins = verb.map_or(start, |(at, length)| at + length);
    Clause { from, to, gap, act, verb, object: object(tokens, begins, to) }
}

/// A verb phrase of several words.
fn verbs_phrase<'a>(tokens: &[Token], at: usize, verbs: &'a Lexicon) -> Option<Found<'a>> {
    verbs.at(tokens, at).filter(|found| found.cue.is_verb() && found.cue.words() > 1)
}

/// The verb at the start of a request: in its base form or in -ing, and not the subject of a statement.
fn verb_at<'a>(tokens: &[Token], at: usize, verbs: &'a Lexicon) -> Option<Found<'a>> {
    let found = verbs.at(tokens, at).filter(|found| found.cue.is_verb())?;
    if found.cue.words() > 1 {
        return Some(found);
    }
    if tokens.get(at + 1).is_some_and(|token| token.joined) {
        return None;
    }
    let word = tokens.get(at)?.word.as_str();
    let base = found.cue.phrase == word || word.ends_with("ing");
    let american = word.ends_with("ise") && found.cue.phrase.ends_with("ize");
    for token in tokens.iter().skip(at + 1).take(3) {
        if token.gap != Gap::None || grammar::is_determiner(&token.word) {
            break;
        }
        if grammar::is_finite(&token.word) {
            return None;
        }
        if grammar::ends_noun_phrase(&token.word) {
            break;
        }
    }
    (base || american).then_some(found)
}

/// The noun phrase from `at` on.
fn object(tokens: &[Token], at: usize, to: usize) -> (usize, usize) {
    let from = (at..to)
        .find(|index| !grammar::is_determiner(&tokens[*index].word) && tokens[*index].word != "there")
        .unwrap_or(to);
    let end = (from..to).find(|index| {
        let word = tokens[*index].word.as_str();
        let holds = |before: usize| grammar::holds_another(&tokens[before].word);
        if word == "of" && index.checked_sub(1).is_some_and(holds) {
            return false;
        }
        let held = *index > from && tokens[index - 1].word == "of" && grammar::is_determiner(word);
        grammar::ends_noun_phrase(word) || (grammar::is_determiner(word) && *index > from && !held)
    });
    (from, end.unwrap_or(to))
}

/// Which words are denied: from a negation to the end of its clause, to a "but", or as far as it reaches.
pub(super) fn denied(tokens: &[Token]) -> Vec<bool> {
    let words: Vec<&str> = tokens.iter().map(|token| token.word.as_str()).collect();
    let mut denied = vec![false; words.len()];
    let mut left = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        let listed = token.gap == Gap::Clause && tokens.get(at).is_some_and(|token| token.word == "or");
        if (token.gap != Gap::None && !listed) || grammar::ends_negation(&token.word) {
            left = 0;
        }
        denied[at] = left > 0;
        left = left.saturating_sub(1);
        if grammar::denies(&words, at) {
            left = grammar::NEGATION_REACH;
        }
    }
    denied
}
