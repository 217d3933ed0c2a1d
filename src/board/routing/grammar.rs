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
    "another", "one", "der", "die", "das", "den", "dem", "ein", "eine", "einen", "el", "la", "los", "las", "un", "una",
    "le", "les", "une",
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
    // Prepositions of the languages that the catalog knows verbs of.
    "für",
    "von",
    "mit",
    "aus",
    "im",
    "para",
    "pour",
    "sur",
    "dans",
    "del",
    "des",
    "du",
];

/// Nouns that hold what stands behind their "of": "the installation section of the README" is about the README.
const CONTAINERS: &[&str] = &[
    "section",
    "part",
    "chapter",
    "paragraph",
    "piece",
    "half",
    "rest",
    "list",
    "set",
    "bunch",
    "couple",
    "number",
    "kind",
    "sort",
    "version",
    "copy",
    "draft",
    "series",
    "collection",
    "beginning",
    "end",
];

/// What one says of oneself, so that what follows is told and not asked for: "I'm going to rewrite it next month".
const INTENTIONS: &[&[&str]] = &[
    &["i'm", "going", "to"],
    &["i", "am", "going", "to"],
    &["we're", "going", "to"],
    &["we", "are", "going", "to"],
    &["i'm", "about", "to"],
    &["we're", "about", "to"],
    &["we", "are", "about", "to"],
    &["i", "am", "about", "to"],
    &["i'm", "planning", "to"],
    &["we're", "planning", "to"],
    &["we", "are", "planning", "to"],
    &["we", "plan", "to"],
    &["we", "intend", "to"],
    &["i", "will"],
    &["i'll"],
    &["we'll"],
    &["we", "decided", "to"],
    &["we", "have", "decided", "to"],
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

pub(super) fn holds_another(word: &str) -> bool {
    CONTAINERS.contains(&word.strip_suffix('s').unwrap_or(word))
}

/// Whether these words open a clause that tells what somebody means to do.
pub(super) fn tells_intention(words: &[&str]) -> bool {
    INTENTIONS.iter().any(|opening| words.starts_with(opening))
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
                // What must not be is what is looked for: "check that no token leaks".
                && !["that", "sure", "whether", "if"].contains(&before)
        }
        "not" => after != "only" && after != "sure",
        "instead" | "rather" => after == "of" || after == "than",
        word => NEGATIONS.contains(&word),
    }
}

pub(super) fn ends_negation(word: &str) -> bool {
    NEGATION_ENDS.contains(&word)
}
