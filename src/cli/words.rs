//! The words a person may write after a flag, read into the board's own types. Names that depend on the settings
//! (workers, roles, kinds) are only shaped here; whether they exist the daemon says.

use crate::api::{Mode, Priority, ReportBy, TASK_STATES, TaskId, VotingRule};
use crate::config;
use clap::builder::{PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use std::time::Duration;

/// The endings that make a file a task file.
const TASK_ENDINGS: [&str; 6] = ["md", "txt", "json", "yaml", "yml", "toml"];

/// Reads a priority.
pub(super) fn priority() -> impl TypedValueParser<Value = Priority> {
    PossibleValuesParser::new(Priority::ALL.map(Priority::as_str))
        .map(|word| Priority::ALL.into_iter().find(|priority| priority.as_str() == word).unwrap_or_default())
}

/// Reads a mode.
pub(super) fn mode() -> impl TypedValueParser<Value = Mode> {
    PossibleValuesParser::new(Mode::ALL.map(Mode::as_str))
        .map(|word| Mode::ALL.into_iter().find(|mode| mode.as_str() == word).unwrap_or_default())
}

/// A rule of the vote.
pub(super) fn voting_rule() -> impl TypedValueParser<Value = VotingRule> {
    PossibleValuesParser::new(VotingRule::ALL.map(VotingRule::as_str))
        .try_map(|word| VotingRule::ALL.into_iter().find(|rule| rule.as_str() == word).ok_or("there is no such rule"))
}

/// Reads from which side a report is made.
pub(super) fn side() -> impl TypedValueParser<Value = ReportBy> {
    PossibleValuesParser::new(ReportBy::ALL.map(ReportBy::as_str))
        .try_map(|word| ReportBy::ALL.into_iter().find(|by| by.as_str() == word).ok_or("there is no such side"))
}

/// Reads a task's state.
pub(super) fn state() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(TASK_STATES)
}

/// Reads how many items a list shall have.
pub(super) fn count() -> impl TypedValueParser<Value = usize> {
    RangedU64ValueParser::new().range(1..)
}

/// Reads the number of a revision.
pub(super) fn revision() -> impl TypedValueParser<Value = u64> {
    RangedU64ValueParser::new().range(1..)
}

/// Reads a duration such as `90s`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    config::parse_duration(text)
}

/// Reads a task's id; a task file's name will do, because that is what stands in a listing.
pub(super) fn task(text: &str) -> Result<TaskId, String> {
    let stem = TASK_ENDINGS.iter().find_map(|ending| text.strip_suffix(&format!(".{ending}"))).unwrap_or(text);
    TaskId::parse(stem)
        .ok_or_else(|| "an id consists of letters, digits and hyphens; see the tasks with: synod tasks".to_owned())
}

/// The ending of a path when it is that of a task file, in lower case.
pub(super) fn task_ending(path: &std::path::Path) -> Option<String> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    TASK_ENDINGS.contains(&ending.as_str()).then_some(ending)
}

/// The endings as a person reads them.
pub(super) fn task_endings() -> String {
    TASK_ENDINGS.map(|ending| format!(".{ending}")).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn an_id_may_be_written_as_its_file_is_called() {
        assert_eq!(task("review-auth.md"), task("review-auth"));
        assert!(task("../etc").is_err());
        assert!(task("").is_err());
    }

    #[test]
    fn only_task_files_are_task_files() {
        assert_eq!(task_ending(Path::new("a/b.MD")), Some("md".to_owned()));
        assert_eq!(task_ending(Path::new("a/b.rs")), None);
        assert_eq!(task_ending(Path::new("md")), None);
    }
}
