//! A parser for what models write when they mean JSON: single or curly quotes, bare keys, Python's words, comments,
//! missing and trailing commas, quotes and line breaks inside strings, an end that was cut off.
//!
//! The published repair crates were tried first; on hostile text they loop for ever or exhaust the stack, which no caller
//! can guard against. This one reads each character at most twice, nests at most [`DEPTH_MAX`] deep, and always ends:
//! every turn of every loop moves on or returns.

use serde_json::{Map, Number, Value};

/// Deepest nesting that is read.
const DEPTH_MAX: u32 = 16;

/// Reads the value that begins `text`; what follows it is ignored. `None` when there is none or it nests too deep.
pub(in crate::board) fn parse(text: &str) -> Option<Value> {
    Parser { rest: text }.value(DEPTH_MAX)
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    /// Passes over white space and comments.
    fn skip_blank(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            let end = if self.rest.starts_with("//") || self.rest.starts_with('#') {
                self.rest.find('\n')
            } else if self.rest.starts_with("/*") {
                self.rest.find("*/").map(|at| at + 2)
            } else {
                return;
            };
            self.rest = end.map_or("", |end| &self.rest[end..]);
        }
    }

    fn value(&mut self, depth: u32) -> Option<Value> {
        self.skip_blank();
        match self.peek()? {
            '{' => self.object(depth.checked_sub(1)?),
            '[' => self.array(depth.checked_sub(1)?),
            quote if is_quote(quote) => Some(Value::String(self.string())),
            _ => Some(self.word()),
        }
    }

    fn object(&mut self, depth: u32) -> Option<Value> {
        let mut map = Map::new();
        self.take();
        loop {
            self.skip_blank();
            match self.peek() {
                None => return Some(Value::Object(map)),
                Some('}') => {
                    self.take();
                    return Some(Value::Object(map));
                }
                // The bracket of an enclosing array: this object's brace is missing.
                Some(']') => return Some(Value::Object(map)),
                Some(',') => {
                    self.take();
                }
                Some(_) => self.member(&mut map, depth)?,
            }
        }
    }

    fn member(&mut self, map: &mut Map<String, Value>, depth: u32) -> Option<()> {
        let key = match self.peek() {
            Some(quote) if is_quote(quote) => self.string(),
            _ => self.bare(),
        };
        self.skip_blank();
        if self.peek() == Some(':') || self.peek() == Some('=') {
            self.take();
            self.skip_blank();
            // A member cut off after its colon says nothing.
            if !matches!(self.peek(), None | Some(',' | '}' | ']')) {
                let value = self.value(depth)?;
                map.insert(key, value);
            }
        } else if key.is_empty() {
            self.take();
        }
        Some(())
    }

    fn array(&mut self, depth: u32) -> Option<Value> {
        let mut items = Vec::new();
        self.take();
        loop {
            self.skip_blank();
            match self.peek() {
                None | Some('}') => return Some(Value::Array(items)),
                Some(']') => {
                    self.take();
                    return Some(Value::Array(items));
                }
                Some(',' | ':') => {
                    self.take();
                }
                Some(_) => {
                    let before = self.rest.len();
                    items.push(self.value(depth)?);
                    if self.rest.len() == before {
                        self.take();
                    }
                }
            }
        }
    }

    /// A quoted string. A quote ends it when what follows could follow a string; else it belongs to the text.
    fn string(&mut self) -> String {
        let Some(open) = self.take() else { return String::new() };
        let mut text = String::new();
        while let Some(c) = self.take() {
            if c == '\\' {
                self.escape(&mut text);
            } else if closes(open, c) && self.string_may_end() {
                break;
            } else {
                text.push(c);
            }
        }
        text
    }

    fn string_may_end(&self) -> bool {
        matches!(self.rest.trim_start().chars().next(), None | Some(',' | ':' | '}' | ']' | '/' | '#' | '"'))
            || self.rest.trim_start_matches([' ', '\t']).starts_with(['\n', '\r'])
    }

    fn escape(&mut self, text: &mut String) {
        match self.take() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('u') => {
                let digits = self.rest.get(..4);
                let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                if let Some(code) = code {
                    self.rest = &self.rest[4..];
                    text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
            }
            Some(c) => text.push(c),
            None => {}
        }
    }

    /// Characters up to the next mark of JSON or the end of the line.
    fn bare(&mut self) -> String {
        let end = self.rest.find([',', ':', '=', '{', '}', '[', ']', '\n', '\r', '"']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.trim().to_owned()
    }

    fn word(&mut self) -> Value {
        let word = self.bare();
        match word.as_str() {
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            "null" | "None" | "undefined" | "NaN" | "" => Value::Null,
            text => match text.parse::<f64>().ok().and_then(Number::from_f64) {
                Some(number) => Value::Number(number),
                None => Value::String(word),
            },
        }
    }
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '“' | '”' | '‘' | '’')
}

fn closes(open: char, c: char) -> bool {
    match open {
        '“' | '”' => matches!(c, '“' | '”' | '"'),
        '‘' | '’' => matches!(c, '‘' | '’' | '\''),
        _ => c == open,
    }
}
