//! What a prompt says at its end about the answer: the result alone, or a verdict in its exact form. Reading that form is
//! `verdict_reader`'s business.

use super::super::attempt::Purpose;
use super::super::verdict::Claim;
use super::super::verdict_reader::candidate_label;
use super::fence::fenced;

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

const PLAN: &str = "\
Lay out the steps. Each step is one piece of work that one worker can do with what its `needs` gave it. Steps that do not
need each other run at once, so name as needs only what a step truly builds on. Roles: planner, architect, implementer,
executor, reviewer, security, critic, researcher, optimizer, tester, documenter, chair. Give your reasons briefly, then end
with one JSON object of exactly this form, in a fenced block, as the last thing you write.

```json
{\"steps\": [{\"id\": \"short-name\", \"role\": \"implementer\", \"do\": \"what exactly is to be done, and how one sees that it is done\", \"needs\": [\"id of an earlier step\"]}],
 \"checkpoint_every\": 5}
```

An id is made of letters, digits, - and _. Needs must not run in a circle. The last steps make the result.
";

const RECOVERY: &str = "\
A step of the plan has failed; what was tried and what went wrong stands above. Find another way to what the step should
have brought about: smaller pieces, another order, another role. What your last steps give takes the place of what the
failed step should have given. Steps of the plan that are done may stand among the needs.
";

const REVIEW: &str = "\
Say whether the plan is on track, from what its steps gave. `continue`: go on. `retry`: the failed steps should be tried
again. `replan`: what is left should be planned anew. Give your reasons briefly, then end with one JSON object of exactly
this form, in a fenced block, as the last thing you write.

```json
{\"status\": \"on_track | needs_adjustment\", \"action\": \"continue | retry | replan\", \"why\": \"one or two sentences\"}
```
";

const TRY: &str = "\
Several workers have judged this. One or a few of them claim a fault that the others did not name. Do not judge the whole:
find out whether this one claim is true.

";

const PROOF: &str = "\
Show it or refute it. To show it, give a way to see it: a command, run from the root of the workspace, with what it prints; or
the lines, quoted word for word, and the path by which the fault is reached. To refute it, say what prevents it and quote the
lines that do. That it sounds likely, or that nobody else saw it, is neither. Where the material does not settle it, it is
`undecided`. Give your reasons briefly, then end with one JSON object of exactly this form, in a fenced block, as the last
thing you write.

```json
{\"claim\": \"the claim in your own words\", \"status\": \"confirmed | refuted | undecided\", \"why\": \"what shows it or refutes it\",
 \"reproduction\": {\"command\": \"a command, or empty\", \"observed\": \"what it prints, or the lines that show it\"}}
```
";

/// A claim as a worker is told it.
fn told(claim: &Claim) -> String {
    let place = if claim.place.is_empty() { String::new() } else { format!(" at {}", claim.place) };
    format!("{} severity{place}: {}", claim.severity.as_str(), claim.what)
}

const AGAIN: &str = "\
You were asked this before, and so were others; the answers contradict each other. They stand above, without names and in no
particular order; your own is marked. Look into what the others saw and you did not, in the material itself: that several
say a thing does not make it so, and that you said it does not either. Then judge anew. You may keep your verdict or change
it; if you change it, say what convinced you. What you answer now takes the place of your answer so far, so write it whole:
name again every claim that you hold to. One that you do not name again is withdrawn.

";

/// What was wrong with the answer given before.
fn again(error: Option<&str>) -> String {
    error.map_or_else(String::new, |error| {
        format!("The plan you gave before could not be used. What was wrong with it:\n\n{}\n", fenced(error))
    })
}

/// The last section of a prompt.
pub(super) fn answer_form(purpose: &Purpose) -> String {
    match purpose {
        Purpose::Make | Purpose::Synthesize => {
            "Give the result itself, whole, ready to be used. Other workers may judge it without knowing who made it, \
             so do not say who you are.\n"
                .to_owned()
        }
        Purpose::Plan { error } => format!("{}{PLAN}", again(error.as_deref())),
        Purpose::Recover { error, .. } => format!("{}{RECOVERY}\n{PLAN}", again(error.as_deref())),
        Purpose::Review { .. } => REVIEW.to_owned(),
        Purpose::Prove { claim, .. } => format!("{TRY}{}\n{PROOF}", fenced(&told(claim))),
        Purpose::Reconsider { first, .. } => format!("{AGAIN}{}", answer_form(first)),
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
