//! The part of `explain` about what was tried, and about further rounds: who changed its verdict, and which way.

use super::super::decision::{Decision, Evidence};
use super::super::verdict::Stance;
use std::fmt::Write;

/// The section; nothing where there was one round only.
pub(super) fn rounds(out: &mut String, decision: &Decision) -> std::fmt::Result {
    for round in &decision.rounds {
        writeln!(out, "## Round {}\n", round.round)?;
        let on = round.candidate.map_or_else(String::new, |number| format!(" on candidate {number}"));
        writeln!(
            out,
            "Each was asked once more{on}, with the others' answers before it and no names: {}.\n",
            round.why
        )?;
        writeln!(out, "| worker | before | after | counts since |")?;
        writeln!(out, "| --- | --- | --- | --- |")?;
        for answer in &round.answers {
            let after = answer.after.map_or("no answer", Stance::as_str);
            let counts = if answer.changed { answer.after.unwrap_or(answer.before) } else { answer.before };
            let before = answer.before.as_str();
            writeln!(out, "| {} | {before} | {after} | {} |", answer.worker, counts.as_str())?;
        }
        writeln!(
            out,
            "\nWho gives no verdict that counts keeps the one it had. The votes above are those that count now.\n"
        )?;
    }
    Ok(())
}

/// The section on what was tried; nothing where nothing was.
pub(super) fn evidence(out: &mut String, decision: &Decision) -> std::fmt::Result {
    if decision.evidence.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Evidence\n\nWhat was tried outranks votes.\n")?;
    for evidence in &decision.evidence {
        writeln!(out, "- {}", super::evidence::sentence(evidence))?;
        if let Evidence::Proof { why, reproduction, .. } = evidence {
            if !why.is_empty() {
                writeln!(out, "  - {why}")?;
            }
            if let Some(shown) = reproduction {
                writeln!(
                    out,
                    "  - to see it again (nobody has run this): `{}` gives {}",
                    shown.command, shown.observed
                )?;
            }
        }
    }
    writeln!(out)
}
