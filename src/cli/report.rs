//! Errors as a person reads them: what, why, what to do. The only place that chooses an exit code for an error.

use super::exit::Exit;
use super::out::Out;
use crate::{api, app};
use std::error::Error as _;
use std::io;

/// Why the program ends without having done what it was asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    exit: Exit,
    /// One word for programs, as in the API's problems.
    kind: String,
    what: String,
    /// The errors behind it, outermost first.
    causes: Vec<String>,
    hint: String,
}

impl Failure {
    /// A failure with nothing to do about it.
    pub(super) fn new(exit: Exit, what: impl Into<String>) -> Self {
        let kind = match exit {
            Exit::Ok => "ok",
            Exit::Failed => "failed",
            Exit::Usage => "invalid",
            Exit::NeedsPerson => "needs_person",
            Exit::NoWorker => "no_worker",
            Exit::TimedOut => "timed_out",
        };
        Self { exit, kind: kind.to_owned(), what: what.into(), causes: Vec::new(), hint: String::new() }
    }

    /// A mistake on the command line.
    pub(super) fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// A file that could not be read or written.
    pub(super) fn file(doing: &str, path: &std::path::Path, error: &io::Error) -> Self {
        Self::new(Exit::Failed, format!("cannot {doing} {}: {error}", path.display()))
    }

    /// The same failure with what to do.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Tells the person, or the program when it asked for JSON, and gives the exit code.
    pub(super) fn report(&self, out: &Out) -> Exit {
        if self.exit != Exit::Ok {
            out.complain(&if out.is_json() { self.json() } else { self.text(out.colours()) });
        }
        self.exit
    }

    fn text(&self, colours: bool) -> String {
        let (error, hint) =
            if colours { ("\u{1b}[1;31merror:\u{1b}[0m", "\u{1b}[1;32mhint:\u{1b}[0m") } else { ("error:", "hint:") };
        let mut lines = vec![format!("{error} {}", self.what)];
        lines.extend(self.causes.iter().map(|cause| format!("  because: {cause}")));
        if !self.hint.is_empty() {
            lines.push(format!("{hint} {}", self.hint));
        }
        lines.join("\n")
    }

    fn json(&self) -> String {
        let Self { kind, what, causes, hint, .. } = self;
        serde_json::json!({ "error": { "kind": kind, "what": what, "causes": causes, "hint": hint } }).to_string()
    }
}

impl From<api::Error> for Failure {
    fn from(error: api::Error) -> Self {
        let exit = match error.kind {
            api::ErrorKind::Invalid => Exit::Usage,
            api::ErrorKind::NoWorker => Exit::NoWorker,
            api::ErrorKind::NotFound
            | api::ErrorKind::Conflict
            | api::ErrorKind::Busy
            | api::ErrorKind::Stopping
            | api::ErrorKind::Unreachable
            | api::ErrorKind::Internal => Exit::Failed,
        };
        let kind = serde_json::to_value(error.kind).ok().and_then(|kind| Some(kind.as_str()?.to_owned()));
        Self { kind: kind.unwrap_or_default(), ..Self::new(exit, error.what).hint(error.hint) }
    }
}

impl From<app::Error> for Failure {
    fn from(error: app::Error) -> Self {
        if let app::Error::Api(error) = error {
            return error.into();
        }
        let exit = match error.kind() {
            app::Kind::Usage => Exit::Usage,
            app::Kind::NoWorker => Exit::NoWorker,
            app::Kind::Failed => Exit::Failed,
        };
        let what = error.to_string();
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Most of our errors quote their cause already; saying it twice helps nobody.
            if !what.contains(&text) {
                causes.push(text);
            }
            cause = error.source();
        }
        Self { causes, ..Self::new(exit, what).hint(error.hint()) }
    }
}

/// An error of stdout. A reader that has seen enough (`synod log | head`) is no failure.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Exit::Ok, "nobody reads the output any more"),
            _ => Self::new(Exit::Failed, format!("the output could not be written: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_why_and_what_to_do() {
        let failure =
            Failure { causes: vec!["the disk is full".into()], ..Failure::usage("cannot keep x").hint("make room") };
        assert_eq!(failure.text(false), "error: cannot keep x\n  because: the disk is full\nhint: make room");
        assert_eq!(Failure::usage("no").text(false), "error: no");
        assert!(failure.text(true).contains("\u{1b}[1;31merror:\u{1b}[0m cannot keep x"));
    }

    #[test]
    fn a_program_gets_the_same_as_json() {
        let error = api::Error::new(api::ErrorKind::NotFound, "no task is called x").hint("see: synod tasks");
        assert_eq!(
            Failure::from(error).json(),
            r#"{"error":{"kind":"not_found","what":"no task is called x","causes":[],"hint":"see: synod tasks"}}"#
        );
    }

    #[test]
    fn each_kind_of_error_has_its_exit_code() {
        let exit = |kind| Failure::from(api::Error::new(kind, "x")).exit;
        assert_eq!(exit(api::ErrorKind::Invalid), Exit::Usage);
        assert_eq!(exit(api::ErrorKind::NoWorker), Exit::NoWorker);
        assert_eq!(exit(api::ErrorKind::NotFound), Exit::Failed);
        assert_eq!(exit(api::ErrorKind::Unreachable), Exit::Failed);
        let settings = app::Error::Settings { what: "x".into() };
        assert_eq!(Failure::from(settings).exit, Exit::Usage);
        let worker = Failure::from(app::Error::NoWorker { ways: vec!["install one".into()] });
        assert_eq!(worker.exit, Exit::NoWorker);
        assert!(worker.hint.contains("install one") && worker.hint.contains("synod demo"));
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::BrokenPipe)).exit, Exit::Ok);
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::StorageFull)).exit, Exit::Failed);
    }

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        let source = io::Error::other("no room");
        let failure = Failure::from(app::Error::File { path: "a/b".into(), source });
        assert_eq!((failure.what.as_str(), failure.causes.len()), ("a/b: no room", 0));
    }
}
