//! What a prompt says at its end about the answer: the result alone, or a verdict in its exact form. Reading that form is
//! `verdict_reader`'s business.

use super::super::attempt::Purpose;
use super::super::verdict_reader::candidate_label;

const MEANINGS: &str = "\
`approve`: good as it is. `approve_with_changes`: good once the claims are dealt with. `reject`: not good. `abstain`: you
cannot judge it; say so rather than guess. A claim is a fault that you can point at: severity `low`, `medium`, `high` or
`critical`; file and line; what is wrong; how to mend it. No faults: an empty list. `confidence` is a number from 0 to 1.
";

const FIELDS: &str = "\
\"verdict\": \"approve | approve_with_changes | reject | abstain\",
  \"claims\": [{\"severity\": \"low | medium | high | critical\", \"where\": \"path/file.ext:line\", \"what\": \"…\", \"fix\": \"…\"}],
  \"confidence\": 0.0,
  \"would_change_my_mind\": \"…\"";

/// The last section of a prompt.
pub(super) fn answer_form(purpose: &Purpose) -> String {
    match purpose {
        Purpose::Make => {
            "Give the result itself, whole, ready to be used. Other workers may judge it without knowing who made it, \
             so do not say who you are.\n"
                .to_owned()
        }
        Purpose::Judge => format!(
            "Judge the matter. Give your reasons briefly, then end with your verdict: one JSON object of exactly this \
             form, in a fenced block, as the last thing you write. An answer without it counts as an abstention.\n\n\
             ```json\n{{\n  {FIELDS}\n}}\n```\n\n{MEANINGS}"
        ),
        Purpose::Check { candidates } => {
            let labels: Vec<String> = (0..candidates.len()).map(candidate_label).collect();
            format!(
                "Judge each candidate by itself: {}. Who made them is hidden on purpose; do not guess. Give your reasons \
                 briefly, then end with one JSON object of exactly this form, in a fenced block, as the last thing you \
                 write, with one entry for each candidate. A candidate without an entry counts as an abstention.\n\n\
                 ```json\n{{\"verdicts\": [{{\n  \"candidate\": \"{}\",\n  {FIELDS}\n}}]}}\n```\n\n{MEANINGS}",
                labels.join(", "),
                labels.join(" | "),
            )
        }
    }
}
