//! How much a text's words speak for each kind and for each category.

use super::clauses::{self, Act, Clause, Place};
use super::grammar;
use super::lexicon::{Cue, Form, Found, Lexicon, Sense};
use super::tokens::{Gap, Stands, Token};

/// Factors of a word's weight in the request that comes first.
const LEAD_VERB: f64 = 3.0;
const LEAD_HEAD: f64 = 2.0;
const LEAD_BESIDE: f64 = 1.2;
const LEAD_PURPOSE: f64 = 0.8;
const LEAD_BEHIND: f64 = 0.5;
/// In a first clause that has no verb the noun phrase stands for it ("Security review of the login code").
const TITLE_HEAD: f64 = 3.0;
const TITLE_BESIDE: f64 = 1.8;
const TITLE_BEHIND: f64 = 0.8;
/// In later requests; each further one counts less.
const NEXT_VERB: f64 = 1.0;
const NEXT_HEAD: f64 = 0.8;
const NEXT_BEHIND: f64 = 0.4;
/// In clauses that ask for nothing: before the first request, and after it.
const TOLD_BEFORE: f64 = 0.7;
const TOLD_AFTER: f64 = 0.3;
/// What is left of a light verb's weight when a pronoun is its object, and what was told before says what is meant.
const LIGHT_BESIDE_PRONOUN: f64 = 0.6;
/// In clauses that give the background, in list items, under later headings.
const BACKGROUND: f64 = 0.3;
const ITEM: f64 = 0.5;
/// Words that are not the person's own.
const QUOTED: f64 = 0.15;
const CODE: f64 = 0.1;
/// What is left of a light verb's weight when its object says what is wanted.
const LIGHT_BESIDE_OBJECT: f64 = 0.25;
/// What is left of an asking verb's weight when another word of the clause says what is wanted.
const ASK_BESIDE_OTHER: f64 = 0.35;
/// What is left of either when it is no clause's first verb.
const INNER: f64 = 0.5;
/// An object says what is wanted from this weight on.
const TELLING: f64 = 1.5;

/// One word that counted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Count {
    /// For which kind or category, by its place in the catalog.
    pub(super) entry: usize,
    /// The cue.
    pub(super) phrase: String,
    /// How much.
    pub(super) amount: f64,
    /// Whether it was the first request's verb.
    pub(super) leads: bool,
}

/// The sum per entry.
pub(super) fn sums(counts: &[Count], entries: usize) -> Vec<f64> {
    let mut sums = vec![0.0; entries];
    for count in counts {
        if let Some(sum) = sums.get_mut(count.entry) {
            *sum += count.amount;
        }
    }
    sums
}

/// The place of the highest sum above zero; of equals the first.
pub(super) fn highest(sums: &[f64]) -> Option<usize> {
    let best = sums.iter().copied().fold(0.0, f64::max);
    sums.iter().position(|sum| *sum > 0.0 && *sum >= best)
}

/// What the words say of the kind.
pub(super) fn kinds(tokens: &[Token], lexicon: &Lexicon) -> Vec<Count> {
    let clauses = clauses::clauses(tokens, lexicon);
    let denied = clauses::denied(tokens);
    let lead = lead(&clauses, &denied);
    let mut scan = Scan { tokens, lexicon, denied: &denied, counts: Vec::new() };
    let refers = lead
        .and_then(|lead| clauses.get(lead))
        .is_some_and(|lead| lead.verb.is_some() && lead.object.0 == lead.object.1);
    let mut requests = 0;
    for (index, clause) in clauses.iter().enumerate() {
        let rank = match (Some(index) == lead, clause.act) {
            (true, _) => Rank::Lead,
            (false, Act::Request) => Rank::Next { after: requests },
            (false, Act::Statement) => match lead.is_some_and(|lead| index < lead) {
                true if refers => Rank::Meant,
                before => Rank::Told { before },
            },
            (false, Act::Background) => Rank::Background,
        };
        if matches!(rank, Rank::Next { .. }) {
            requests += 1;
        }
        scan.clause(clause, rank);
    }
    repeated(scan.counts)
}

/// What the words say of the category: wherever they stand, code and quotations included, first clauses more.
pub(super) fn categories(tokens: &[Token], lexicon: &Lexicon) -> Vec<Count> {
    let denied = clauses::denied(tokens);
    let mut counts = Vec::new();
    let (mut at, mut sentence) = (0, 0);
    while at < tokens.len() {
        sentence += usize::from(tokens[at].gap.ends_sentence() && at > 0);
        let Some(found) = lexicon.at(tokens, at) else {
            at += 1;
            continue;
        };
        let stands = if tokens[at].stands == Stands::Plain { 1.0 } else { 0.4 };
        let place = if sentence == 0 { 1.0 } else { 0.5 };
        let denied = if denied[at] { 0.0 } else { 1.0 };
        counts.extend(found.cue.senses.iter().map(|sense| Count {
            entry: sense.entry,
            phrase: found.cue.phrase.clone(),
            amount: sense.weight * stands * place * denied,
            leads: false,
        }));
        at += found.length;
    }
    repeated(counts)
}

/// The clause that counts most: the first request with a verb that is not denied, else the first that is no background.
fn lead(clauses: &[Clause], denied: &[bool]) -> Option<usize> {
    let stands =
        |clause: &Clause| !denied.get(clause.verb.map_or(clause.from, |verb| verb.0)).is_some_and(|denied| *denied);
    let asks = |clause: &Clause| clause.act == Act::Request && stands(clause);
    let verb = clauses.iter().position(|clause| asks(clause) && clause.verb.is_some());
    let other = clauses.iter().position(asks);
    let said = || clauses.iter().position(|clause| clause.act != Act::Background && clause.from < clause.to);
    match (verb, other) {
        (Some(verb), Some(other)) => Some(verb.min(other)),
        (one, two) => one.or(two).or_else(said).or(Some(0)),
    }
}

/// Where a clause stands among the others.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rank {
    Lead,
    Next {
        after: i32,
    },
    Told {
        before: bool,
    },
    /// Told before a request whose object is a pronoun.
    Meant,
    Background,
}

struct Scan<'a> {
    tokens: &'a [Token],
    lexicon: &'a Lexicon,
    denied: &'a [bool],
    counts: Vec<Count>,
}

impl Scan<'_> {
    fn clause(&mut self, clause: &Clause, rank: Rank) {
        let mut at = clause.from;
        while at < clause.to {
            let Some(found) = self.lexicon.at(self.tokens, at) else {
                at += 1;
                continue;
            };
            if !self.denied[at] {
                self.cue(clause, rank, at, &found);
            }
            at += found.length;
        }
    }

    fn cue(&mut self, clause: &Clause, rank: Rank, at: usize, found: &Found<'_>) {
        let place = clause.place(at, found.length, self.tokens);
        let as_verb = place == Place::Verb || self.is_licensed_verb(at, found.cue);
        let open = clause.verb.is_none() || clause.is_question(self.tokens);
        let placed =
            factor(rank, place, clause, open) * self.trust(at) * if clause.gap == Gap::Item { ITEM } else { 1.0 };
        for sense in self.senses(found.cue, as_verb) {
            let light = match sense.form {
                Form::Light | Form::Ask if place != Place::Verb => INNER,
                Form::Light => self.light(clause, sense.entry),
                Form::Ask => self.asking(clause, at, sense.entry),
                Form::Verb | Form::Word => 1.0,
            };
            let amount = sense.weight * placed * light;
            if amount > 0.0 {
                let leads = rank == Rank::Lead && place == Place::Verb;
                self.counts.push(Count { entry: sense.entry, phrase: found.cue.phrase.clone(), amount, leads });
            }
        }
    }

    /// The senses that fit the form the cue is used in.
    fn senses(&self, cue: &Cue, as_verb: bool) -> Vec<Sense> {
        let fits = |sense: &&Sense| (sense.form == Form::Word) != as_verb;
        let fitting: Vec<Sense> = cue.senses.iter().filter(fits).copied().collect();
        // A verb cue that stands as a noun says nothing; a noun that stands as a verb still names its matter.
        // A phrase of several words says the same in any place.
        let same = fitting.is_empty() && (as_verb || cue.words() > 1);
        if same { cue.senses.clone() } else { fitting }
    }

    /// Whether a cue that is no clause's first verb is a verb all the same: "…, which should be refactored to …".
    fn is_licensed_verb(&self, at: usize, cue: &Cue) -> bool {
        let before = at.checked_sub(1).map(|before| self.tokens[before].word.as_str());
        cue.is_verb() && before.is_some_and(grammar::licenses_verb)
    }

    fn trust(&self, at: usize) -> f64 {
        match self.tokens[at].stands {
            Stands::Plain => 1.0,
            Stands::Quoted => QUOTED,
            Stands::Code => CODE,
        }
    }

    /// "Are there any …" asks for a check, unless it is "… vulnerabilities".
    fn asking(&self, clause: &Clause, verb: usize, entry: usize) -> f64 {
        let tells = |at: usize| {
            let found = self.lexicon.at(self.tokens, at)?;
            let other = found.cue.senses.iter().filter(|sense| sense.form == Form::Word && sense.entry != entry);
            Some(other.fold(0.0, |most, sense| sense.weight.max(most)) >= TELLING)
        };
        let own = |at: usize| self.tokens[at].stands == Stands::Plain && !self.denied[at];
        let told = (verb + 1..clause.to).any(|at| own(at) && tells(at) == Some(true));
        if told { ASK_BESIDE_OTHER } else { 1.0 }
    }

    /// "Write tests" is about tests: the verb counts in full only where its object says nothing else.
    fn light(&self, clause: &Clause, entry: usize) -> f64 {
        let (from, to) = clause.object;
        if from == to {
            return LIGHT_BESIDE_PRONOUN;
        }
        let mut at = from;
        while at < to {
            let Some(found) = self.lexicon.at(self.tokens, at) else {
                at += 1;
                continue;
            };
            if at + found.length >= to {
                let other = found.cue.heaviest(Form::Word).filter(|sense| sense.entry != entry);
                let telling = other.is_some_and(|sense| sense.weight >= TELLING) && !self.denied[at];
                return if telling { LIGHT_BESIDE_OBJECT } else { 1.0 };
            }
            at += found.length;
        }
        1.0
    }
}

fn factor(rank: Rank, place: Place, clause: &Clause, open: bool) -> f64 {
    match rank {
        Rank::Lead => match place {
            Place::Verb => LEAD_VERB,
            Place::Head if clause.verb.is_none() => TITLE_HEAD,
            Place::Beside if clause.verb.is_none() => TITLE_BESIDE,
            Place::Purpose | Place::Behind if open => TITLE_BEHIND,
            Place::Head => LEAD_HEAD,
            Place::Beside => LEAD_BESIDE,
            Place::Purpose => LEAD_PURPOSE,
            Place::Behind => LEAD_BEHIND,
        },
        Rank::Next { after } => {
            let place = match place {
                Place::Verb => NEXT_VERB,
                Place::Head => NEXT_HEAD,
                Place::Beside | Place::Purpose | Place::Behind => NEXT_BEHIND,
            };
            place / (1.0 + 0.5 * f64::from(after))
        }
        Rank::Meant => match place {
            Place::Head => LEAD_HEAD,
            Place::Verb | Place::Beside => LEAD_BESIDE,
            Place::Purpose | Place::Behind => LEAD_BEHIND,
        },
        Rank::Told { before: true } => TOLD_BEFORE,
        Rank::Told { before: false } => TOLD_AFTER,
        Rank::Background => BACKGROUND,
    }
}

/// A cue that comes again counts half as much each time, so that a long text is not a vote of its most frequent word.
fn repeated(mut counts: Vec<Count>) -> Vec<Count> {
    counts.sort_by(|one, other| {
        let by_cue = (one.entry, &one.phrase).cmp(&(other.entry, &other.phrase));
        by_cue.then(other.amount.total_cmp(&one.amount))
    });
    let mut times = 0;
    for index in 1..counts.len() {
        let same = counts[index].entry == counts[index - 1].entry && counts[index].phrase == counts[index - 1].phrase;
        times = if same { times + 1 } else { 0 };
        counts[index].amount *= 0.5_f64.powi(times);
    }
    counts.retain(|count| count.amount > 0.005);
    counts
}
