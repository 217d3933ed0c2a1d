//! Where text goes: data to stdout, talk to stderr. Nothing else in the program writes to either.

use super::report::Failure;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// How the program speaks.
#[derive(Clone, Debug)]
pub(super) struct Out {
    json: bool,
    quiet: bool,
    colours: bool,
    plain: bool,
    terminal: bool,
    stderr_terminal: bool,
}

impl Out {
    /// `plain`: no colours whatever stdout and stderr are.
    pub(super) fn new(json: bool, quiet: bool, plain: bool) -> Self {
        let (terminal, stderr_terminal) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Self { json, quiet, colours: stderr_terminal && !plain, plain, terminal, stderr_terminal }
    }

    /// Whether a program reads stdout.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether talk is not wanted.
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether stderr takes colours.
    pub(super) fn colours(&self) -> bool {
        self.colours
    }

    /// Whether a person watches stderr, so that lines may be drawn anew.
    pub(super) fn is_watched(&self) -> bool {
        self.stderr_terminal
    }

    /// Writes data: the value as one line of JSON, or its text for people.
    ///
    /// # Errors
    /// When stdout fails; a reader that went away is a [`Failure`] that counts as success.
    pub(super) fn put(&self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.json {
            let line = serde_json::to_string(value).map_err(io::Error::from)?;
            return self.write(&line);
        }
        let text = text();
        self.write(&if self.terminal { tame(&text) } else { text })
    }

    /// Writes data whose every byte counts. Only on a terminal is it made harmless, and its last line ended.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub(super) fn put_exactly(&self, value: &impl Serialize, text: &str) -> Result<(), Failure> {
        if self.json || self.terminal {
            return self.put(value, || text.to_owned());
        }
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        Ok(stdout.flush()?)
    }

    /// [`Self::put`] for a text with marked passages, which are shown in colour where stdout takes colours.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub(super) fn put_marked(
        &self,
        value: &impl Serialize,
        marks: (&str, &str),
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.json || !self.terminal || self.plain {
            return self.put(value, text);
        }
        self.write(&coloured(&tame(&text()), marks))
    }

    fn write(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            stdout.write_all(b"\n")?;
        }
        Ok(stdout.flush()?)
    }

    /// Says something to the person, unless they want quiet.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            self.complain(&if self.stderr_terminal { tame(text) } else { text.to_owned() });
        }
    }

    /// Says something that must be said. The text may hold our own colours.
    pub(super) fn complain(&self, text: &str) {
        // Where stderr is gone there is nobody to tell.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}

/// The marks as colours. A text that holds such marks itself only changes colour.
fn coloured(text: &str, (open, close): (&str, &str)) -> String {
    text.replace(open, "\u{1b}[1;33m").replace(close, "\u{1b}[0m")
}

/// Takes out what would command a terminal: models write the texts, and not all of them mean well.
fn tame(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::{coloured, tame};

    #[test]
    fn a_models_text_cannot_command_the_terminal() {
        assert_eq!(coloured("a «b» c", ("«", "»")), "a \u{1b}[1;33mb\u{1b}[0m c");
        assert_eq!(tame("a\u{1b}]0;title\u{7}\n\tb\r\u{9b}31mé"), "a]0;title\n\tb31mé");
    }
}
