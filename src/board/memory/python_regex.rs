//! Python's regular expressions in the engine's spelling, and Python's words for what is plainly wrong with one. Only where
//! the two differ: everything else is passed on as it stands.

/// The expression as the engine reads it.
///
/// # Errors
/// What is wrong with it, as Python says it.
pub(super) fn translate(expression: &str) -> Result<String, String> {
    let mut translation = Translation {
        chars: expression.chars().collect(),
        at: 0,
        out: String::with_capacity(expression.len() + 8),
        open: Vec::new(),
        groups: 0,
        before: Before::Nothing,
    };
    translation.run().map_err(|fault| fault.with_line(&translation.chars))?;
    Ok(translation.out)
}

/// What is wrong, and at which character.
struct Fault {
    what: String,
    at: usize,
}

impl Fault {
    /// Python names the line as well when the expression has several.
    fn with_line(&self, chars: &[char]) -> String {
        let Self { what, at } = self;
        if !chars.contains(&'\n') {
            return format!("{what} at position {at}");
        }
        let before = &chars[..(*at).min(chars.len())];
        let line = before.iter().filter(|char| **char == '\n').count() + 1;
        let column = before.iter().rev().take_while(|char| **char != '\n').count() + 1;
        format!("{what} at position {at} (line {line}, column {column})")
    }
}

/// What a quantifier would repeat.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Item,
    Repeated,
}

/// An expression on its way.
struct Translation {
    chars: Vec<char>,
    at: usize,
    out: String,
    /// Where the open groups begin.
    open: Vec<usize>,
    /// How many groups that can be referred to have begun.
    groups: usize,
    before: Before,
}

impl Translation {
    fn run(&mut self) -> Result<(), Fault> {
        while let Some(&char) = self.chars.get(self.at) {
            match char {
                '\\' => self.escape(false)?,
                '[' => self.class()?,
                '(' => self.group()?,
                ')' => self.close()?,
                '*' | '+' | '?' => self.repeat(1)?,
                '{' => match self.counted() {
                    Some(length) => self.repeat(length)?,
                    // Python takes a brace that counts nothing for itself.
                    None => self.literal("\\{"),
                },
                '|' => {
                    self.copy(1);
                    self.before = Before::Nothing;
                }
                '^' => {
                    self.copy(1);
                    self.before = Before::Nothing;
                }
                '}' => self.literal("\\}"),
                ']' => self.literal("\\]"),
                _ => {
                    self.copy(1);
                    self.before = Before::Item;
                }
            }
        }
        match self.open.last() {
            Some(&at) => Err(Fault { what: "missing ), unterminated subpattern".to_owned(), at }),
            None => Ok(()),
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn copy(&mut self, count: usize) {
        let end = (self.at + count).min(self.chars.len());
        self.out.extend(&self.chars[self.at..end]);
        self.at = end;
    }

    /// Stands for the next character.
    fn literal(&mut self, spelled: &str) {
        self.out.push_str(spelled);
        self.at += 1;
        self.before = Before::Item;
    }

    fn escape(&mut self, in_class: bool) -> Result<(), Fault> {
        let at = self.at;
        let Some(next) = self.peek(1) else {
            return Err(Fault { what: "bad escape (end of pattern)".to_owned(), at });
        };
        if !in_class && matches!(next, '1'..='9') {
            self.reference()?;
        }
        let known = if in_class { "abdDfnrsStuUvwWxN" } else { "AabBdDfnrsStuUvwWxZN" };
        if next.is_ascii_alphabetic() && !known.contains(next) {
            return Err(Fault { what: format!("bad escape \\{next}"), at });
        }
        match next {
            'Z' => self.out.push_str("\\z"),
            // A backspace in Python's sets, which the engine has no letter for.
            'b' if in_class => self.out.push_str("\\x08"),
            // The engine means the edges of a word by these.
            '<' | '>' => self.out.push(next),
            _ => self.out.extend(['\\', next]),
        }
        self.at += 2;
        self.before = Before::Item;
        Ok(())
    }

    /// Checks that a reference by number has a group to refer to. Three octal digits are a character.
    fn reference(&self) -> Result<(), Fault> {
        let digits: Vec<u32> = self.chars[self.at + 1..].iter().map_while(|char| char.to_digit(10)).take(3).collect();
        if digits.len() == 3 && digits[0] < 4 && digits.iter().all(|digit| *digit < 8) {
            return Ok(());
        }
        let number = digits.iter().take(2).fold(0, |number, digit| number * 10 + *digit as usize);
        if number <= self.groups {
            return Ok(());
        }
        Err(Fault { what: format!("invalid group reference {number}"), at: self.at + 1 })
    }

    fn class(&mut self) -> Result<(), Fault> {
        let begins = self.at;
        self.copy(1);
        if self.peek(0) == Some('^') {
            self.copy(1);
        }
        // A bracket at the beginning closes nothing.
        if self.peek(0) == Some(']') {
            self.out.push_str("\\]");
            self.at += 1;
        }
        loop {
            match self.peek(0) {
                None => return Err(Fault { what: "unterminated character set".to_owned(), at: begins }),
                Some(']') => {
                    self.copy(1);
                    self.before = Before::Item;
                    return Ok(());
                }
                Some('\\') => self.escape(true)?,
                // The engine has sets within sets, and operations on them.
                Some(char @ ('[' | '&' | '~')) => {
                    self.out.extend(['\\', char]);
                    self.at += 1;
                }
                Some(first) => match (self.peek(1), self.peek(2)) {
                    (Some('-'), Some(last)) if !matches!(last, ']' | '\\' | '[' | '&' | '~') => {
                        if last < first {
                            let what = format!("bad character range {first}-{last}");
                            return Err(Fault { what, at: self.at });
                        }
                        self.copy(3);
                    }
                    _ => self.copy(1),
                },
            }
        }
    }

    fn group(&mut self) -> Result<(), Fault> {
        let begins = self.at;
        if self.peek(1) == Some('?') && self.peek(2) == Some('#') {
            while self.peek(0).is_some_and(|char| char != ')') {
                self.at += 1;
            }
            if self.peek(0).is_none() {
                return Err(Fault { what: "missing ), unterminated comment".to_owned(), at: begins });
            }
            self.at += 1;
            return Ok(());
        }
        if self.chars[begins..].starts_with(&['(', '?', 'P', '<']) {
            self.named(begins + 4)?;
        }
        if self.peek(1) != Some('?') || (self.peek(2) == Some('P') && self.peek(3) == Some('<')) {
            self.groups += 1;
        }
        self.open.push(begins);
        // The question mark and what follows it say what sort of group it is; they repeat nothing.
        let mut length = 1;
        if self.peek(1) == Some('?') {
            length = 2;
            while self.peek(length).is_some_and(|char| !matches!(char, ')' | '(' | '\\' | '[')) && length < 3 {
                length += 1;
            }
        }
        self.copy(length);
        self.before = Before::Nothing;
        Ok(())
    }

    /// Checks a group's name, which begins at `start`: the engine takes names that are none in Python.
    fn named(&self, start: usize) -> Result<(), Fault> {
        let name: String = self.chars[start..].iter().take_while(|char| !matches!(char, '>' | ')')).collect();
        let is_closed = self.chars.get(start + name.chars().count()) == Some(&'>');
        let is_word = |char: char| char.is_alphanumeric() || char == '_';
        if name.is_empty() {
            Err(Fault { what: "missing group name".to_owned(), at: start })
        } else if !is_closed {
            Err(Fault { what: "missing >, unterminated name".to_owned(), at: start })
        } else if !name.chars().all(is_word) || name.starts_with(char::is_numeric) {
            Err(Fault { what: format!("bad character in group name '{name}'"), at: start })
        } else {
            Ok(())
        }
    }

    fn close(&mut self) -> Result<(), Fault> {
        if self.open.pop().is_none() {
            return Err(Fault { what: "unbalanced parenthesis".to_owned(), at: self.at });
        }
        self.copy(1);
        self.before = Before::Item;
        Ok(())
    }

    /// The length of `{2}`, `{2,}`, `{,3}` or `{2,3}` here.
    fn counted(&self) -> Option<usize> {
        let rest = &self.chars[self.at + 1..];
        let end = rest.iter().position(|char| *char == '}')?;
        let inside = &rest[..end];
        let commas = inside.iter().filter(|char| **char == ',').count();
        let plain = inside.iter().all(|char| char.is_ascii_digit() || *char == ',');
        (plain && commas <= 1 && inside.iter().any(char::is_ascii_digit)).then_some(end + 2)
    }

    fn repeat(&mut self, length: usize) -> Result<(), Fault> {
        match self.before {
            Before::Nothing => return Err(Fault { what: "nothing to repeat".to_owned(), at: self.at }),
            Before::Repeated => return Err(Fault { what: "multiple repeat".to_owned(), at: self.at }),
            Before::Item => {}
        }
        if self.peek(0) == Some('{') && self.peek(1) == Some(',') {
            self.out.push_str("{0");
            self.at += 1;
            self.copy(length - 1);
        } else {
            self.copy(length);
        }
        // Lazy or possessive.
        if matches!(self.peek(0), Some('?' | '+')) {
            self.copy(1);
        }
        self.before = Before::Repeated;
        Ok(())
    }
}
