//! The small words of English that give a request its shape: openings, determiners, prepositions, negations. No cue of
//! any kind stands here; those are catalog data.

/// Words that may stand before the verb of a request: "please", "can you", "I want you to", "your task is to", "let's".
const OPENINGS: &[&str] = &[
    "please",
    "pls",
    "can",
    "could",
    "would",
    "will",
    "you",
    "we",
    "i",
    "want",
    "wants",
    "need",
    "needs",
    "like",
    "to",
    "let's",
    "lets",
    "let",
    "us",
    "me",
    "kindly",
    "hey",
    "hi",
    "hello",
    "now",
    "first",
    "firstly",
    "just",
    "quickly",
    "also",
    "then",
    "next",
    "finally",
    "simply",
    "help",
    "try",
    "go",
    "ahead",
    "should",
    "must",
    "have",
    "shall",
    "might",
    "may",
    "your",
    "task",
    "goal",
    "job",
    "aim",
    "objective",
    "is",
    "it",
    "nice",
    "great",
    "time",
    "todo",
    "so",
    "ok",
    "okay",
    "and",
    "love",
    "for",
    "team",
    "someone",
    "somebody",
    "request",
    "feature",
    "ticket",
    "story",
    "maybe",
    "be",
    "good",
    "i'm",
    "am",
    "looking",
    "going",
    "gonna",
    "carefully",
    "thoroughly",
    "briefly",
    "again",
    "only",
    "afterwards",
    "additionally",
    "do",
    "a",
    "give",
    "get",
    "provide",
    "send",
    "start",
    "begin",
    "by",
    "with",
    "take",
    "the",
    "here",
    "ask",
    "work",
    "on",
];

/// Openings that alone do not make a clause a request, because statements begin with them too.
const WEAK_OPENINGS: &[&str] = &[
    "the", "a", "it", "is", "so", "and", "for", "by", "with", "be", "good", "time", "great", "hello", "hi", "hey",
    "ok", "okay", "on", "now", "first", "work", "feature", "request", "task", "ticket", "story", "todo", "team",
    "here", "i", "you", "we", "your", "just", "am", "then", "also", "again", "may", "might", "can", "will", "must",
    "should", "have", "only",
];

/// Words that open a noun phrase.
const DETERMINERS: &[&str] = &[
    "the", "a", "an", "this", "that", "these", "those", "our", "my", "your", "its", "their", "some", "all", "any",
    "each", "every", "both", "whether", "if", "how", "why", "what", "which", "where", "it", "them", "me", "us",
    "another", "one",
];

/// Verbs that open a question to be answered with yes or no.
const ASKING: &[&str] = &["is", "are", "does", "did", "was", "were", "has"];

/// Words that end a noun phrase: prepositions, relatives, conjunctions, auxiliaries.
const NOUN_PHRASE_ENDS: &[&str] = &[
    "of",
    "for",
    "in",
    "on",
    "to",
    "with",
    "about",
    "from",
    "by",
    "at",
    "into",
    "onto",
    "over",
    "under",
    "between",
    "across",
    "against",
    "through",
    "that",
    "which",
    "who",
    "where",
    "when",
    "while",
    "so",
    "because",
    "if",
    "whether",
    "how",
    "why",
    "is",
    "are",
    "was",
    "were",
    "be",
    "been",
    "has",
    "have",
    "had",
    "does",
    "do",
    "did",
    "can",
    "could",
    "should",
    "would",
    "will",
    "must",
    "using",
    "via",
    "as",
    "per",
    "than",
    "after",
    "before",
    "until",
    "and",
    "or",
    "but",
    "without",
    "inside",
    "behind",
    "within",
    "it",
    "them",
    "like",
    "explaining",
    "describing",
    "covering",
    "based",
    "not",
    "then",
    "there",
    "we",
    "you",
    "i",
    "they",
    "what",
    "since",
    "during",
    "upon",
    "out",
    "up",
    "down",
    "off",
    "instead",
    "such",
    "to",
];

/// Verbs that make what stands before them a subject, so that the clause states and does not ask.
const FINITE: &[&str] = &[
    "is", "are", "was", "were", "has", "have", "had", "does", "doesn't", "do", "don't", "isn't", "aren't", "takes",
    "take", "fails", "fail", "needs", "keeps", "crashes", "returns", "works", "shows", "seems", "looks", "feels",
    "breaks", "broke", "failed", "got", "gets", "can", "can't", "cannot", "should", "must", "will", "would", "could",
    "won't", "didn't", "hangs", "loads", "became", "becomes", "went", "contains",
];

/// Words after which a verb may follow inside a clause.
const VERB_LICENCES: &[&str] = &[
    "to", "and", "or", "then", "please", "we", "i", "you", "should", "must", "can", "could", "would", "will", "just",
    "also", "let's", "us", "me", "help", "they", "it", "them",
];

/// Words that open a clause which only gives the background.
const BACKGROUNDS: &[&str] = &[
    "if",
    "when",
    "whenever",
    "after",
    "before",
    "once",
    "while",
    "because",
    "since",
    "although",
    "though",
    "given",
    "until",
    "as",
    "during",
    "following",
    "despite",
    "unless",
    "so",
    "where",
];

/// Words that deny what follows them.
const NEGATIONS: &[&str] = &[
    "not",
    "don't",
    "dont",
    "never",
    "no",
    "without",
    "avoid",
    "skip",
    "neither",
    "nor",
    "except",
    "isn't",
    "won't",
    "shouldn't",
    "doesn't",
    "didn't",
    "wouldn't",
    "aren't",
    "nicht",
    "kein",
    "keine",
    "pas",
];

/// Words that end what a negation denies.
const NEGATION_ENDS: &[&str] = &["but", "just", "only", "instead", "rather", "yet", "sondern"];

/// How many words a negation reaches at most.
pub(super) const NEGATION_REACH: usize = 7;

pub(super) fn is_opening(word: &str) -> bool {
    OPENINGS.contains(&word)
}

pub(super) fn asks(word: &str) -> bool {
    ASKING.contains(&word)
}

pub(super) fn is_question_word(word: &str) -> bool {
    ["what", "which", "where", "who", "how", "why", "when"].contains(&word)
}

pub(super) fn is_weak_opening(word: &str) -> bool {
    WEAK_OPENINGS.contains(&word)
}

pub(super) fn is_determiner(word: &str) -> bool {
    DETERMINERS.contains(&word)
}

pub(super) fn ends_noun_phrase(word: &str) -> bool {
    NOUN_PHRASE_ENDS.contains(&word)
}

pub(super) fn is_finite(word: &str) -> bool {
    FINITE.contains(&word)
}

pub(super) fn licenses_verb(word: &str) -> bool {
    VERB_LICENCES.contains(&word)
}

pub(super) fn opens_background(word: &str) -> bool {
    BACKGROUNDS.contains(&word)
}

/// Whether the word at `at` denies what follows. "There is no documentation" states a lack, and a lack is what the task is
/// about; "not only" denies nothing.
pub(super) fn denies(words: &[&str], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|index| words.get(index)).copied().unwrap_or_default();
    let after = words.get(at + 1).copied().unwrap_or_default();
    match words.get(at).copied().unwrap_or_default() {
        "no" => {
            !["is", "are", "has", "have", "with", "there's", "there", "was", "had"].contains(&before)
                && after != "longer"
        }
        "not" => after != "only" && after != "sure",
        "instead" | "rather" => after == "of" || after == "than",
        word => NEGATIONS.contains(&word),
    }
}

pub(super) fn ends_negation(word: &str) -> bool {
    NEGATION_ENDS.contains(&word)
}
