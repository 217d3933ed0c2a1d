//! `decisions/<id>.md` and the memories of a decision: every branch, with the exact text.

use super::{failed, ink, issue, quiet_decision, vote, worker};
use crate::board::decision::Recommendation;
use crate::board::decision::{ClassPosterior, IssueStatus, Tokens};
use crate::board::verdict::Reading;
use crate::board::{Decision, Priority, Severity, Stance};
use crate::folder::render::decision::{json, page};
use crate::folder::render::decision_memory::{conflicts, consensus, decisions};

fn rendered(decision: &Decision, answer: &str) -> String {
    page(&ink(), decision, answer, 1000)
}

#[test]
fn a_quiet_decision_is_its_recommendation_its_cost_and_its_answer() {
    assert_eq!(
        rendered(&quiet_decision(), "Done.\n"),
        "# fix-login: proceed\n\n\
         The verdict is **approve** with confidence 0.75; 0.70 is needed at priority normal. 1 answer is worth 1.0 independent votes.\n\n\
         ## Cost and time\n\n- $0.0000 for 0 tokens in and 0 out\n- 3.2 s in 1 attempt\n- Kind `quick-fix`, mode simple\n\n\
         ## Answer\n\n```markdown\nDone.\n```\n"
    );
}

#[test]
fn each_recommendation_and_verdict_has_its_words() {
    for (recommendation, title) in [
        (Recommendation::Proceed, "# fix-login: proceed\n"),
        (Recommendation::ProceedWithCaution, "# fix-login: proceed with caution\n"),
        (Recommendation::ReviewRequired, "# fix-login: review required\n"),
        (Recommendation::ConflictResolutionNeeded, "# fix-login: conflict resolution needed\n"),
    ] {
        let text = rendered(&Decision { recommendation, ..quiet_decision() }, "");
        assert!(text.starts_with(title), "{text}");
    }
    for (verdict, words) in [
        (Stance::Approve, "The verdict is **approve** with"),
        (Stance::ApproveWithChanges, "The verdict is **approve with changes** with"),
        (Stance::Reject, "The verdict is **reject** with"),
        (Stance::Abstain, "The verdict is **abstain** with"),
    ] {
        let text = rendered(&Decision { verdict, ..quiet_decision() }, "");
        assert!(text.contains(words), "{text}");
    }
    for (priority, word) in [
        (Priority::Low, "low"),
        (Priority::Normal, "normal"),
        (Priority::High, "high"),
        (Priority::Critical, "critical"),
    ] {
        let text = rendered(&Decision { priority, ..quiet_decision() }, "");
        assert!(text.contains(&format!("is needed at priority {word}.")), "{text}");
    }
}

#[test]
fn the_number_of_answers_and_the_conflict_are_said() {
    for (model_count, has_conflict, sentence) in [
        (0, false, "0 answers are worth 2.3 independent votes.\n"),
        (1, false, "1 answer is worth 2.3 independent votes.\n"),
        (4, false, "4 answers are worth 2.3 independent votes.\n"),
        (4, true, "4 answers are worth 2.3 independent votes; **they contradict each other**.\n"),
    ] {
        let text = rendered(&Decision { model_count, has_conflict, effective_votes: 2.34, ..quiet_decision() }, "");
        assert!(text.contains(sentence), "{text}");
    }
}

#[test]
fn a_person_is_told_why_and_how_to_answer() {
    let how = "\nWhile it stands in `tasks/active/` it waits for you: answer with a file `fix-login.approve`, or `fix-login.reject` with the reason in it, beside this one.\n";
    for (reasons, sentence) in [
        (vec![], "**A person should look**."),
        (vec!["priority is critical"], "**A person should look**: priority is critical."),
        (vec!["one", "<b>two</b>\nlines"], "**A person should look**: one; &lt;b>two&lt;/b> lines."),
    ] {
        let review_reasons = reasons.into_iter().map(str::to_owned).collect();
        let text = rendered(&Decision { needs_human_review: true, review_reasons, ..quiet_decision() }, "");
        assert!(text.contains(&format!("\n\n{sentence}{how}")), "{text}");
    }
    let unasked = Decision { review_reasons: vec!["kept to itself".to_owned()], ..quiet_decision() };
    assert!(!rendered(&unasked, "").contains("kept to itself"));
}

#[test]
fn the_reasoning_is_one_harmless_paragraph() {
    for (reasoning, paragraph) in [
        ("Two of three agree.", "\n\nTwo of three agree.\n\n## Cost"),
        ("  \n ", "votes.\n\n## Cost"),
        ("# forged\n\n## Votes", "\n\n\\# forged ## Votes\n\n## Cost"),
        ("a\n---\nb", "\n\na --- b\n\n## Cost"),
    ] {
        let text = rendered(&Decision { reasoning: reasoning.to_owned(), ..quiet_decision() }, "");
        assert!(text.contains(paragraph), "{text}");
    }
}

#[test]
fn issues_stand_by_severity_with_place_status_and_mend() {
    let issues = vec![
        issue(Severity::Low, "", "naming", "", &["grok"], IssueStatus::Claimed),
        issue(Severity::Critical, "a.rs:1", "key in `log`", "mask it", &["a", "b"], IssueStatus::Confirmed),
        issue(Severity::Medium, "a`b.rs", "slow", "", &[], IssueStatus::Refuted),
        issue(Severity::Critical, "", "# heading", "> quote\n# x", &["c"], IssueStatus::Claimed),
    ];
    let text = rendered(&Decision { issues, ..quiet_decision() }, "");
    let section = text.split("\n## Issues\n").nth(1).unwrap().split("\n## Cost").next().unwrap();
    assert_eq!(
        section,
        "\n### Critical\n\n- `a.rs:1`: key in `log` **Confirmed.** (a, b)\n  - To mend it: mask it\n\
         - \\# heading (c)\n  - To mend it: > quote # x\n\
         \n### Medium\n\n- `a'b.rs`: slow **Refuted.** ()\n\
         \n### Low\n\n- naming (grok)\n"
    );
}

#[test]
fn who_disagreed_is_named_with_votes_and_issues() {
    let dissent = |votes, issues| {
        let decision = Decision { dissenters: vec![worker("grok"), worker("a_b")], votes, issues, ..quiet_decision() };
        let text = rendered(&decision, "");
        let section = text.split("\n## Who disagreed, and why\n\n").nth(1).unwrap();
        section.split("\n## ").next().unwrap().to_owned()
    };
    assert_eq!(
        dissent(vec![], vec![]),
        "- **grok**: no vote\n  - It named no issue.\n- **a_b**: no vote\n  - It named no issue.\n"
    );
    let mut second = vote("grok", Stance::ApproveWithChanges);
    second.candidate = Some(2);
    second.reading = Reading::Repaired;
    let votes = vec![vote("grok", Stance::Reject), second, vote("claude", Stance::Approve)];
    let issues = vec![
        issue(Severity::High, "a.rs", "leak", "", &["grok", "claude"], IssueStatus::Claimed),
        issue(Severity::Low, "", "typo", "", &["a_b"], IssueStatus::Claimed),
    ];
    assert_eq!(
        dissent(votes, issues),
        "- **grok**: reject, approve with changes on candidate 2 (mended JSON)\n  - high: leak\n\
         - **a_b**: no vote\n  - low: typo\n"
    );
}

#[test]
fn the_vote_table_has_a_row_for_each_vote_and_no_extra_column() {
    let mut told = vote("cl|aude", Stance::Reject);
    (told.stated_confidence, told.pivotal, told.family_discount) = (Some(0.905), true, 0.5);
    let posteriors = vec![
        ClassPosterior { class: "approve_with_changes".to_owned(), posterior: 0.125 },
        ClassPosterior { class: "reject".to_owned(), posterior: 0.875 },
    ];
    let votes = vec![told, vote("gemini", Stance::Abstain)];
    let text = rendered(&Decision { votes: votes.clone(), posteriors, ..quiet_decision() }, "");
    let section = text.split("\n## Votes\n\n").nth(1).unwrap().split("\n## ").next().unwrap();
    assert_eq!(
        section,
        "| worker | verdict | weight | family | family share | says of itself | pivotal |\n\
         | --- | --- | ---: | --- | ---: | ---: | --- |\n\
         | cl&#124;aude | reject | 1.25 | cl&#124;aude-family | 0.50 | 0.91 | yes |\n\
         | gemini | abstain | 1.25 | gemini-family | 1.00 | - | no |\n\
         \nProbabilities: approve with changes 0.12, reject 0.88.\n"
    );
    assert!(!rendered(&Decision { votes, ..quiet_decision() }, "").contains("Probabilities"));
}

#[test]
fn who_gave_nothing_is_named_with_the_error_and_the_time() {
    let failed_workers = vec![failed("codex", "timeout", 60.0), failed("gpt", "401\n# no key", 125.4)];
    let text = rendered(&Decision { failed_workers, ..quiet_decision() }, "");
    assert!(
        text.contains("\n## Gave nothing\n\n- codex: timeout after 60.0 s\n- gpt: 401 # no key after 2 min 5 s\n\n## "),
        "{text}"
    );
}

#[test]
fn cost_time_and_attempts_are_counted() {
    let tokens = Tokens { input: 1_234_567, output: 1 };
    for (cost_usd, duration_s, attempts, facts) in [
        (12.5, 90.0, 2, "- $12.5000 for 1,234,567 tokens in and 1 out\n- 1 min 30 s in 2 attempts\n"),
        (0.00005, 89.94, 1, "- $0.0001 for 1,234,567 tokens in and 1 out\n- 89.9 s in 1 attempt\n"),
        (0.0, 0.0, 0, "- $0.0000 for 1,234,567 tokens in and 1 out\n- 0.0 s in 0 attempts\n"),
    ] {
        let text = rendered(&Decision { cost_usd, duration_s, attempts, tokens, ..quiet_decision() }, "");
        assert!(text.contains(facts), "{text}");
    }
}

#[test]
fn the_answer_says_whose_it_is_or_that_there_is_none() {
    for (by, attempt, answer, end) in [
        (None, None, "", "\n## Answer\n\nThere is none.\n"),
        (Some("claude"), None, "x", "\n## Answer of claude\n\n```markdown\nx\n```\n"),
        (None, Some(3), "x", "\n## Answer (attempt 3)\n\n```markdown\nx\n```\n"),
        (Some("cl<b>"), Some(12), "", "\n## Answer of cl&lt;b> (attempt 12)\n\nThere is none.\n"),
    ] {
        let decision = Decision { answer_by: by.map(worker), answer_attempt: attempt, ..quiet_decision() };
        let text = rendered(&decision, answer);
        assert!(text.ends_with(end), "{text}");
    }
}

#[test]
fn an_answer_on_a_page_keeps_to_its_limit_exactly() {
    for (bytes, missing) in
        [(999, None), (1000, None), (1001, Some("[… 1 more bytes]")), (3000, Some("[… 2,000 more bytes]"))]
    {
        let text = rendered(&quiet_decision(), &"x".repeat(bytes));
        assert_eq!(text.contains(" more bytes]"), missing.is_some(), "{bytes}");
        assert!(missing.is_none_or(|missing| text.ends_with(&format!("x\n{missing}\n```\n"))), "{text}");
    }
}

#[test]
fn the_json_holds_the_answer_whole_and_no_key() {
    let mut decision = quiet_decision();
    decision.reasoning = format!("said {}", super::KEY);
    decision.failed_workers = vec![failed("codex", super::KEY, 1.0)];
    let value = json(&ink(), &decision, &"é".repeat(100_000));
    assert_eq!(value["answer"].as_str().unwrap().len(), 200_000);
    assert_eq!(
        (value["reasoning"].as_str(), value["failed_workers"][0]["error"].as_str()),
        (Some("said [masked]"), Some("[masked]"))
    );
    assert_eq!(value["recommendation"], "proceed");
    assert!(value.get("answer_by").is_none());
}

#[test]
fn the_consensus_memory_has_reasons_only_where_there_are_some() {
    let head = "# Consensus: fix-login\n\nRecommendation: **proceed**\n\nThe verdict is **approve** with confidence 0.75; \
                0.70 is needed at priority normal. 1 answer is worth 1.0 independent votes.\n\n";
    let mut decision = Decision { reasoning: "Nobody checked it.".to_owned(), ..quiet_decision() };
    assert_eq!(consensus(&ink(), &decision), format!("{head}Nobody checked it.\n"));
    decision.review_reasons = vec!["nobody checked it".to_owned(), "# x".to_owned()];
    let reasons = "\nA person should look:\n\n- nobody checked it\n- \\# x\n";
    assert_eq!(consensus(&ink(), &decision), format!("{head}Nobody checked it.\n{reasons}"));
}

#[test]
fn the_conflict_memory_tells_a_conflict_from_a_minority() {
    let minority = Decision { dissenters: vec![worker("grok")], ..quiet_decision() };
    let conflict = Decision { has_conflict: true, ..quiet_decision() };
    assert_eq!(conflicts(&ink(), &quiet_decision()), "# Conflicts: fix-login\n\nNone.\n");
    assert_eq!(conflicts(&ink(), &minority), "# Conflicts: fix-login\n\n- **grok**: no vote\n  - It named no issue.\n");
    assert_eq!(conflicts(&ink(), &conflict), "# Conflicts: fix-login\n\nThe answers contradict each other.\n\n");
}

#[test]
fn the_decision_memory_has_only_what_there_is_and_keeps_to_its_bound() {
    let head = "# Decisions: fix-login\n\nRecommendation: **proceed**\n";
    assert_eq!(decisions(&ink(), &quiet_decision(), "", 5000), head);
    let mut decision = Decision { dissenters: vec![worker("a"), worker("b")], ..quiet_decision() };
    decision.issues = vec![issue(Severity::High, "a.rs", "leak", "", &["a"], IssueStatus::Claimed)];
    assert_eq!(
        decisions(&ink(), &decision, "Yes.", 5000),
        format!("{head}\nAgainst: a, b\n\n## Issues\n\n- `a.rs`: leak (a)\n\n## Answer\n\n```markdown\nYes.\n```\n")
    );
    for bytes_max in [10, 100, 2000, 2500, 4000] {
        let memory = decisions(&ink(), &decision, &"é".repeat(9000), bytes_max);
        assert!(memory.len() <= bytes_max, "{} of {bytes_max}", memory.len());
    }
}
