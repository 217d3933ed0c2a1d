//! A task's text as words: where sentences, clauses and list items begin, and which words are quoted or code. Fenced code
//! is left out. Only a bounded part is read, so that the longest text costs no more than a short one.

/// How many bytes are read whole; of what follows, headings only.
const HEAD_BYTES: usize = 8 * 1024;

/// How many headings after the head are read, and how far they are looked for.
const LATER_HEADINGS: usize = 40;
const HEADINGS_WITHIN_BYTES: usize = 256 * 1024;

/// What stands between a word and the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(super) enum Gap {
    /// Nothing but space.
    None,
    /// A comma, a dash, a bracket.
    Clause,
    /// The end of a sentence.
    Sentence,
    /// A list item begins.
    Item,
    /// A heading begins.
    Heading,
}

impl Gap {
    /// Whether a sentence ends here.
    pub(super) fn ends_sentence(self) -> bool {
        self >= Self::Sentence
    }
}

/// What a word stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// The person's own words.
    Plain,
    /// Between quotation marks.
    Quoted,
    /// Code, a path, an identifier, an address.
    Code,
}

/// A word, in lower case.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    /// The word.
    pub(super) word: String,
    /// What stands before it.
    pub(super) gap: Gap,
    /// What it stands in.
    pub(super) stands: Stands,
    /// Whether a hyphen or the like joins it to the word before ("add-ons").
    pub(super) joined: bool,
}

/// Reads title and text.
pub(super) fn tokens(title: Option<&str>, text: &str) -> Vec<Token> {
    let mut reader = Reader { tokens: Vec::new(), gap: Gap::Sentence, quote: None, fenced: false, behind: false };
    if let Some(title) = title {
        reader.line(title);
        reader.gap = Gap::Sentence;
    }
    let head = super::super::text::cut(text, HEAD_BYTES);
    for line in head.lines() {
        reader.line(line);
    }
    reader.quote = None;
    let rest = super::super::text::cut(&text[head.len()..], HEADINGS_WITHIN_BYTES);
    // The first piece is the end of a line that was cut; it is no heading.
    let headings = rest.lines().skip(1).filter(|line| heading(line).is_some());
    for line in headings.take(LATER_HEADINGS) {
        reader.fenced = false;
        reader.line(line);
    }
    let mut tokens = reader.tokens;
    // A task that is quoted whole is the person's own words after all.
    if tokens.iter().all(|token| token.stands != Stands::Plain) {
        tokens.iter_mut().filter(|token| token.stands == Stands::Quoted).for_each(|token| token.stands = Stands::Plain);
    }
    tokens
}

/// The text of a list item, without its marker and box.
pub(super) fn item(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = if (1..=3).contains(&digits) {
        line[digits..].strip_prefix(['.', ')'])?
    } else {
        line.strip_prefix(['-', '*', '+', '•'])?
    };
    let rest = rest.strip_prefix([' ', '\t'])?.trim_start();
    let unboxed = ["[ ]", "[x]", "[X]"].iter().find_map(|mark| rest.strip_prefix(mark));
    Some(unboxed.unwrap_or(rest).trim_start())
}

fn heading(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches('#');
    (rest.len() < line.len() && rest.starts_with(' ')).then(|| rest.trim())
}

struct Reader {
    tokens: Vec<Token>,
    gap: Gap,
    /// The mark that ends the quotation we are in.
    quote: Option<char>,
    fenced: bool,
    /// Whether the last line was a paragraph's, so that this one may continue it.
    behind: bool,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            self.fenced = !self.fenced;
            self.end_paragraph();
        } else if self.fenced {
        } else if trimmed.is_empty() {
            self.end_paragraph();
        } else if let Some(rest) = heading(trimmed) {
            self.end_paragraph();
            self.gap = Gap::Heading;
            self.words(rest);
            self.end_paragraph();
        } else if let Some(rest) = item(trimmed) {
            self.end_paragraph();
            self.gap = Gap::Item;
            self.words(rest);
            self.behind = true;
        } else if let Some(rest) = trimmed.strip_prefix('>') {
            self.end_paragraph();
            self.quote = Some('\n');
            self.words(rest);
            self.end_paragraph();
        } else {
            // A line that begins with a capital begins a sentence; others continue the line before.
            if self.behind && trimmed.starts_with(char::is_uppercase) && self.quote.is_none() {
                self.gap = Gap::Sentence;
            }
            self.words(trimmed);
            self.behind = true;
        }
    }

    fn end_paragraph(&mut self) {
        self.gap = Gap::Sentence;
        self.quote = None;
        self.behind = false;
    }

    fn words(&mut self, line: &str) {
        for chunk in line.split_whitespace() {
            self.chunk(chunk);
        }
    }

    /// What stands between two spaces: opening marks, a core, closing marks.
    fn chunk(&mut self, chunk: &str) {
        if chunk.chars().all(|c| !c.is_alphanumeric() && c != '`' && c != '"') {
            if chunk.contains(['-', '–', '—', '(', '→', '/', '|', '…']) {
                self.gap = if self.gap == Gap::None { Gap::Clause } else { self.gap };
            }
            return;
        }
        let mut core = chunk;
        while let Some(first) =
            core.chars().next().filter(|c| !c.is_alphanumeric() && !['/', '.', '~', '@', '_'].contains(c))
        {
            if first == '(' && self.gap == Gap::None {
                self.gap = Gap::Clause;
            }
            if self.quote.is_none() {
                self.quote = closing(first).filter(|_| core.len() > first.len_utf8());
            } else if self.quote == Some(first) {
                self.quote = None;
            }
            core = &core[first.len_utf8()..];
        }
        let end = core.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '/' && c != '_').len();
        let (core, tail) = core.split_at(end);
        self.core(core);
        self.tail(core, tail);
    }

    fn tail(&mut self, core: &str, tail: &str) {
        for mark in tail.chars() {
            if self.quote == Some(mark) {
                self.quote = None;
            } else if mark == '`' && self.quote.is_none() {
                self.quote = Some('`');
            }
        }
        if ["e.g", "i.e", "etc", "vs", "eg", "ie"].contains(&core.to_lowercase().as_str()) {
            return;
        }
        if tail.contains(['.', '!', '?', ';', ':', '。', '？']) {
            self.gap = Gap::Sentence;
        } else if tail.contains([',', ')', '—', '–']) && self.gap == Gap::None {
            self.gap = Gap::Clause;
        }
    }

    fn core(&mut self, core: &str) {
        let stands = match self.quote {
            Some('`') => Stands::Code,
            Some(_) => Stands::Quoted,
            None => Stands::Plain,
        };
        if core.contains("://") {
            return;
        }
        if is_path(core) && !names_an_error(core) {
            let name = core.rsplit('/').next().unwrap_or(core);
            let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
            // README.md, CHANGELOG: files that stand for what they hold.
            let named = stem.len() > 3 && stem.chars().all(|c| c.is_uppercase());
            self.split(core.strip_suffix(name).unwrap_or_default(), Stands::Code);
            self.split(stem, if named { stands } else { Stands::Code });
            if !named {
                self.split(extension, if is_picture(extension) { stands } else { Stands::Code });
            }
        } else if names_an_error(core) {
            // What went wrong is what the person tells, however it is written.
            self.push("exception", stands, false);
        } else if is_identifier(core) {
            self.split(core, Stands::Code);
        } else {
            self.split(core, stands);
        }
    }

    /// Words of letters and digits. "don't" and "let's" stay whole; "model's" is "model".
    fn split(&mut self, core: &str, stands: Stands) {
        let lower = core.to_lowercase().replace('’', "'");
        if lower == "c++" || lower == "c#" {
            return self.push(&lower, stands, false);
        }
        let mut joined = false;
        for piece in lower.split(|c: char| !c.is_alphanumeric() && c != '\'') {
            let piece = piece.trim_matches('\'');
            let whole = piece.ends_with("n't") || piece == "let's";
            let word = if whole { piece } else { piece.split('\'').next().unwrap_or(piece) };
            if !word.is_empty() {
                self.push(word, stands, joined);
                joined = true;
            }
        }
    }

    fn push(&mut self, word: &str, stands: Stands, joined: bool) {
        self.tokens.push(Token { word: word.to_owned(), gap: self.gap, stands, joined });
        self.gap = Gap::None;
    }
}

fn closing(mark: char) -> Option<char> {
    match mark {
        '"' => Some('"'),
        '\'' => Some('\''),
        '“' | '„' => Some('”'),
        '‘' => Some('’'),
        '«' => Some('»'),
        '`' => Some('`'),
        _ => None,
    }
}

/// A path, or a file's name. "CI/CD", "and/or", "read/write" are none.
fn is_path(core: &str) -> bool {
    let slashes = core.matches('/').count();
    let extension = core.rsplit_once('.');
    let file = extension.is_some_and(|(stem, end)| {
        stem.chars().any(char::is_alphabetic)
            && (1..=5).contains(&end.len())
            && end.starts_with(|c: char| c.is_ascii_alphabetic())
            && end.chars().all(|c| c.is_ascii_alphanumeric())
            && !core.contains("..")
    });
    file || slashes >= 2
        || core.starts_with(['/', '~'])
        || core.starts_with("./")
        || (slashes > 0 && core.ends_with('/'))
}

fn is_picture(extension: &str) -> bool {
    ["png", "jpg", "jpeg", "gif", "webp", "bmp", "heic"].contains(&extension.to_lowercase().as_str())
}

/// `TypeError`, `java.lang.NoSuchMethodError`, `IndexOutOfBoundsException`.
fn names_an_error(core: &str) -> bool {
    let stem = core.strip_suffix("Error").or_else(|| core.strip_suffix("Exception"));
    stem.is_some_and(|stem| {
        stem.chars().count() > 1 && stem.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '_')
    })
}

fn is_identifier(core: &str) -> bool {
    let mut letters = core.chars().zip(core.chars().skip(1));
    core.contains(['_', '=', '$', '<', '{', '@'])
        || core.contains("::")
        || core.contains("()")
        || letters.any(|(one, two)| one.is_lowercase() && two.is_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, Gap, Stands)> {
        tokens(None, text).into_iter().map(|token| (token.word, token.gap, token.stands)).collect()
    }

    fn words(text: &str, stands: Stands) -> Vec<String> {
        read(text).into_iter().filter(|token| token.2 == stands).map(|token| token.0).collect()
    }

    #[test]
    fn quoted_words_and_code_are_told_apart() {
        assert_eq!(words("Rename \"Review now\" to 'Check' please", Stands::Quoted), ["review", "now", "check"]);
        assert_eq!(words("Rename “Review now” to «Check»", Stands::Plain), ["rename", "to"]);
        assert_eq!(
            words("Move `run tests` out of src/test/run.rs", Stands::Code),
            ["run", "tests", "src", "test", "run", "rs"]
        );
        assert_eq!(words("the user's don't", Stands::Plain), ["the", "user", "don't"]);
        assert_eq!(words("CI/CD and read/write", Stands::Plain), ["ci", "cd", "and", "read", "write"]);
    }

    #[test]
    fn fenced_code_is_left_out() {
        assert_eq!(words("Fix\n```rust\nlet review = 1;\n```\nthis", Stands::Plain), ["fix", "this"]);
    }

    #[test]
    fn sentences_clauses_and_items_are_seen() {
        let gaps = |text: &str| read(text).into_iter().map(|token| token.1).collect::<Vec<_>>();
        assert_eq!(gaps("one, two. Three"), [Gap::Sentence, Gap::Clause, Gap::Sentence]);
        assert_eq!(
            gaps("one\ntwo\nThree\n- four\n# five"),
            [Gap::Sentence, Gap::None, Gap::Sentence, Gap::Item, Gap::Heading]
        );
    }

    #[test]
    fn a_long_text_is_read_in_part() {
        let text = format!("{}\n## Security\n{}", "word ".repeat(20_000), "x ".repeat(400_000));
        let read = tokens(None, &text);
        assert!(read.len() < 2_000, "{}", read.len());
        assert_eq!(read.last().map(|token| token.word.as_str()), Some("security"));
    }
}
