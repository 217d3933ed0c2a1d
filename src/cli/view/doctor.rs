//! What the doctor found.

use crate::app::{Finding, Standing};
use std::fmt::Write;

/// A line for each finding, and below it what to do about it.
pub(in crate::cli) fn findings(findings: &[Finding]) -> String {
    let widest = findings.iter().map(|finding| finding.name.chars().count()).max().unwrap_or(0);
    findings.iter().fold(String::new(), |mut text, finding| {
        let mark = match finding.standing {
            Standing::Ok => "ok  ",
            Standing::Warning => "note",
            Standing::Failed => "FAIL",
        };
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{mark}  {:<widest$}  {}", finding.name, finding.what.trim_end());
        if !finding.mend.is_empty() {
            let _ = writeln!(text, "      {:<widest$}  to mend: {}", "", finding.mend.trim_end());
        }
        text
    })
}
