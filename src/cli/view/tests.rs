//! The exact text of each view, for replies with everything in them.
#![expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]

use super::*;
use crate::api::{Reply, Route, TaskView, WorkerRow};
use crate::app::{Finding, Standing};
use serde_json::{Value, json};

/// A task in which every optional thing is there.
fn full() -> Value {
    json!({
        "id": "review-auth", "title": "Review the login code", "state": "awaiting_person",
        "kind": "security-review", "priority": "critical", "accepted": 1_795_217_735_000_i64,
        "recommendation": "conflict_resolution_needed", "cost_usd": 0.0123,
        "mode": "complex", "why_routed": ["kind security-review 7.2: \"review\""], "waits_for": ["design-auth"],
        "steps": [
            {"id": "work", "role": "security", "needs": [], "workers": ["claude", "grok"]},
            {"id": "check", "role": "reviewer", "needs": ["work"], "workers": ["gemini"]},
        ],
        "attempts": [
            {"number": 1, "step": "work", "worker": "claude", "state": "answered", "seconds": 12.34, "cost_usd": 0.0101},
            {"number": 2, "step": "work", "worker": "grok", "state": "failed", "seconds": 60.0, "error": "timeout\nafter a minute"},
            {"number": 3, "step": "check", "worker": "gemini", "state": "running"},
        ],
        "decision": decision(),
        "answer": "It is not safe.\n\n```json\n{\"verdict\": \"reject\"}\n```\n",
    })
}

fn decision() -> Value {
    json!({
        "schema": 1, "task": "review-auth", "kind": "security-review", "mode": "complex", "priority": "critical",
        "recommendation": "conflict_resolution_needed", "verdict": "reject", "overall_confidence": 0.8712,
        "threshold": 0.9, "model_count": 3, "effective_votes": 2.26, "has_conflict": true,
        "answer": {"in": "inline", "text": "x"}, "answer_by": "claude", "answer_attempt": 1,
        "votes": [
            {"worker": "claude", "verdict": "reject", "reading": "strict", "weight": 1.5, "alpha": 16.0, "beta": 4.0,
             "family_discount": 0.8, "family": "anthropic", "stated_confidence": 0.9, "pivotal": true},
            {"worker": "gemini", "verdict": "approve_with_changes", "reading": "strict", "candidate": 1, "weight": 0.9,
             "alpha": 14.0, "beta": 6.0, "family_discount": 1.0, "family": "google", "stated_confidence": null,
             "pivotal": false},
        ],
        "posteriors": [], "dissenters": ["gemini"],
        "issues": [
            {"severity": "high", "where": "src/auth.rs:63", "what": "SQL\ninjection", "fix": "use placeholders",
             "raised_by": ["claude", "gemini"], "status": "claimed"},
            {"severity": "low", "where": "", "what": "no comment", "fix": "", "raised_by": ["claude"], "status": "claimed"},
        ],
        "reasoning": "…", "failed_workers": [{"worker": "grok", "error": "timeout", "after_s": 60.0}],
        "needs_human_review": true, "review_reasons": ["priority is critical"],
        "cost_usd": 0.0123, "tokens": {"input": 1, "output": 2}, "duration_s": 73.4, "attempts": 3
    })
}

fn view(value: Value) -> TaskView {
    serde_json::from_value(value).unwrap()
}

#[test]
fn all_of_a_task() {
    let expected = "\
task       review-auth
title      Review the login code
state      awaiting person
kind       security-review, complex mode, priority critical
accepted   2026-11-20T23:35:35Z
cost       $0.0123
waits for  design-auth
routed so, because
  kind security-review 7.2: \"review\"

STEP   ROLE      NEEDS  WORKERS
work   security  -      claude, grok
check  reviewer  work   gemini

ATTEMPT  STEP   WORKER  STATE     TIME       COST     ERROR
1        work   claude  answered  12.3 s     $0.0101
2        work   grok    failed    1 min 0 s  -        timeout after a minute
3        check  gemini  running   -          -

advice      conflict resolution needed
verdict     reject
confidence  0.87 (0.90 is needed at priority critical)
models      3, worth 2.3 independent votes
conflict    yes
dissent     gemini
spent       $0.0123 in 1 min 13 s, 3 calls
issues
  high src/auth.rs:63: SQL injection (claude, gemini)
    fix: use placeholders
  low: no comment (claude)
VOTE OF  ON          VERDICT               WEIGHT  FAMILY     PIVOTAL
claude   the matter  reject                1.20    anthropic  yes
gemini   attempt 1   approve with changes  0.90    google     no
gave nothing
  grok: timeout (after 1 min 0 s)
a person should look, because
  priority is critical

answer (claude)

It is not safe.
";
    assert_eq!(task(&view(full())), expected);
}

#[test]
fn the_end_of_a_task_begins_with_how_it_stands() {
    let first = |value: Value| conclusion(&view(value)).lines().next().unwrap().to_owned();
    assert_eq!(
        first(full()),
        "review-auth: waits for you: synod approve review-auth, or: synod reject review-auth --why \"…\""
    );
    let mut ended = full();
    ended["state"] = json!("failed");
    ended["ended"] = json!(1_795_217_795_000_i64);
    ended["ending"] = json!({"ending": "failed", "why": "no worker gave an answer"});
    assert_eq!(first(ended.clone()), "review-auth: failed: no worker gave an answer");
    assert!(task(&view(ended.clone())).contains("\nended      2026-11-20T23:36:35Z (after 1 min 0 s)\n"));
    ended["ending"] = json!({"ending": "cancelled", "by": "anna (cli)"});
    assert_eq!(first(ended.clone()), "review-auth: cancelled by anna (cli)");
    // Without decision and answer that is all there is to say.
    ended["decision"] = Value::Null;
    ended["answer"] = Value::Null;
    assert_eq!(conclusion(&view(ended)), "review-auth: cancelled by anna (cli)\n");
}

#[test]
fn the_list_of_tasks() {
    let mut row = full();
    row["title"] = json!("x".repeat(100));
    let text = tasks(&[view(row).row]);
    let expected = format!(
        "\
ID           STATE            ADVICE                      PRIORITY  KIND             ACCEPTED              COST     TITLE
review-auth  awaiting_person  conflict_resolution_needed  critical  security-review  2026-11-20T23:35:35Z  $0.0123  {}…
",
        "x".repeat(59)
    );
    assert_eq!(text, expected);
}

#[test]
fn the_workers() {
    let workers: Vec<WorkerRow> = serde_json::from_value(json!([
        {"name": "claude", "provider": "claude-code", "model": "opus", "tier": 1, "family": "anthropic",
         "standing": "ready", "running": 2},
        {"name": "gpt", "provider": "openai", "model": "gpt-5", "tier": 2, "family": "openai",
         "standing": "blocked: bad key", "running": 0},
    ]))
    .unwrap();
    assert_eq!(
        super::workers(&workers),
        "\
WORKER  PROVIDER     MODEL  TIER  FAMILY     RUNNING  STANDING
claude  claude-code  opus   1     anthropic  2        ready
gpt     openai       gpt-5  2     openai     0        blocked: bad key
"
    );
}

#[test]
fn what_a_text_is_taken_for() {
    let mut reply: Value = json!({"reply": "route", "kind": "check", "category": null, "mode": "medium",
        "workers": ["a", "b"], "why": ["because"]});
    let taken = |value: &Value| match serde_json::from_value(value.clone()).unwrap() {
        Reply::Route(found) => *found,
        other => unreachable!("{other:?}"),
    };
    let found: Route = taken(&reply);
    assert_eq!(
        route(&found, false),
        "kind      check\ncategory  none\nmode      medium\npriority  normal\nworkers   a, b\nwhy\n  because\n"
    );
    reply["workers"] = json!([]);
    reply["why"] = json!([]);
    assert_eq!(
        route(&taken(&reply), false),
        "kind      check\ncategory  none\nmode      medium\npriority  normal\nworkers   none\n"
    );
}

#[test]
fn what_the_doctor_found() {
    let finding = |name: &str, standing, what: &str, mend: &str| Finding {
        name: name.into(),
        standing,
        what: what.into(),
        mend: mend.into(),
    };
    let found = [
        finding("workspace", Standing::Ok, "/w", ""),
        finding("grok", Standing::Warning, "no program", "install it"),
        finding("gpt", Standing::Failed, "bad key", "check OPENAI_API_KEY"),
    ];
    assert_eq!(
        findings(&found),
        "\
ok    workspace  /w
note  grok       no program
                 to mend: install it
FAIL  gpt        bad key
                 to mend: check OPENAI_API_KEY
"
    );
}

#[test]
fn a_cost_that_nobody_told_is_unknown_and_not_nothing() {
    let mut value = full();
    value["cost_usd"] = json!(0.0);
    value["cost_unknown"] = json!(1);
    value["decision"]["cost_usd"] = json!(0.0);
    value["attempts"][0]["cost_usd"] = Value::Null;
    let view = view(value);
    let text = task(&view);
    assert!(text.contains("cost       unknown\n") && text.contains("12.3 s     unknown"), "{text}");
    assert!(text.contains("unknown in 1 min 13 s, 3 calls") && !text.contains("$0.0000"), "{text}");
    assert!(tasks(std::slice::from_ref(&view.row)).contains("  unknown  "));
}

#[test]
fn memories_their_hits_and_their_revisions() {
    let row = json!({"name": "design/auth", "revision": 3, "hash": "ab", "bytes": 12, "by": "file", "at": 1_795_217_735_000_i64});
    let mut other = row.clone();
    other["name"] = json!("orchestration/current-task/x/progress");
    other["revision"] = json!(0);
    other["read_only"] = json!(true);
    other["lease"] = json!({"by": "bob", "until": 1_795_217_736_000_i64});
    let rows = [row, other].map(|row| serde_json::from_value(row).unwrap());
    assert_eq!(
        memories(&rows),
        "\
NAME                                   REVISION  BYTES  BY    AT                    NOTE
design/auth                            3         12     file  2026-11-20T23:35:35Z
orchestration/current-task/x/progress  -         12     file  2026-11-20T23:35:35Z  read-only, bob works on it until 2026-11-20T23:35:36Z
"
    );
    let hits = json!([{"name": "a", "revision": 1, "snippet": "the «token»\nis", "score": 2.0},
        {"name": "b", "revision": 1, "snippet": "", "score": 1.0}]);
    assert_eq!(memory_hits(&serde_json::from_value::<Vec<_>>(hits).unwrap()), "a\n    the «token» is\nb\n");
    let history = json!([
        {"revision": 3, "change": {"did": "deleted"}, "bytes": 0, "by": "ann (cli)", "at": 1_795_217_735_000_i64},
        {"revision": 2, "change": {"did": "restored", "revision": 1}, "hash": "0123456789abcdef", "bytes": 7, "by": "mcp", "at": 1_795_217_735_000_i64},
    ]);
    assert_eq!(
        revisions(&serde_json::from_value::<Vec<_>>(history).unwrap()),
        "\
REVISION  AT                    BY         BYTES  HASH          WHAT
3         2026-11-20T23:35:35Z  ann (cli)  -      -             deleted
2         2026-11-20T23:35:35Z  mcp        7      0123456789ab  restored revision 1
"
    );
}
