//! What models really write, and what an attacker would.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::super::verdict::{Severity, Stance};
use super::*;
use proptest::prelude::*;
use serde_json::json;

const APPROVE: &str = r#"{"verdict":"approve","claims":[],"confidence":0.9,"would_change_my_mind":"a failing test"}"#;
const REJECT: &str = r#"{"verdict":"reject","claims":[{"severity":"high","where":"src/a.rs:63","what":"SQL injection","fix":"bind"}],"confidence":0.8,"would_change_my_mind":""}"#;

fn judge(text: &str) -> Verdict {
    read(&Purpose::Judge, text, None).remove(0)
}

fn stance(text: &str) -> (Stance, Reading) {
    let verdict = judge(text);
    (verdict.stance, verdict.reading)
}

fn check(text: &str, candidates: &[u32]) -> Vec<Verdict> {
    read(&Purpose::Check { candidates: candidates.to_vec() }, text, None)
}

#[test]
fn reads_all_fields() {
    let verdict = judge(REJECT);
    assert_eq!((verdict.stance, verdict.reading), (Stance::Reject, Reading::Strict));
    let claim = &verdict.claims[0];
    assert_eq!((claim.severity, claim.place.as_str(), claim.fix.as_str()), (Severity::High, "src/a.rs:63", "bind"));
    assert_eq!(verdict.stated_confidence, Some(0.8));
    assert_eq!(judge(APPROVE).would_change_my_mind, "a failing test");
}

#[test]
fn finds_the_last_block_among_prose_drafts_and_fences() {
    let cases = [
        format!("Here you are: {REJECT}"),
        format!("```json\n{REJECT}\n```"),
        format!("```\n{APPROVE}\n```\nOn second thought:\n```json\n{REJECT}\n```\nThanks."),
        format!("<think>maybe {APPROVE} or {{not json}} …</think>\n{REJECT}"),
        format!("fn main() {{ println!(\"{{}}\", 1); }}\n{REJECT}"),
        format!("He said \"no {{ way\". {REJECT} done \" {{"),
        format!("{{\"result\": {REJECT}}}"),
        json!({ "type": "result", "result": REJECT }).to_string(),
        serde_json::to_string(&format!("text {REJECT}")).unwrap(),
        format!("{{\"x\" here. Final: {REJECT}"),
    ];
    for text in cases {
        assert_eq!(stance(&text), (Stance::Reject, Reading::Strict), "{text}");
    }
}

#[test]
fn what_is_no_verdict_is_an_abstention() {
    let cases = [
        "",
        "I approve of this.",
        "{}",
        r#"{"verdict": {"type": "string", "enum": ["approve"]}}"#,
        r#"{"verdict": true}"#,
        r#"{"answer": "approve"}"#,
        "[1, 2, 3]",
        "\"approve\"",
    ];
    for text in cases {
        assert_eq!(stance(text), (Stance::Abstain, Reading::Unreadable), "{text}");
    }
}

#[test]
fn the_form_itself_is_no_approval() {
    let form = r#"{"verdict": "approve | approve_with_changes | reject | abstain", "claims": []}"#;
    assert_eq!(stance(form).0, Stance::Abstain);
    assert_eq!(
        stance(&format!("{REJECT} in the form {form}")).0,
        Stance::Reject,
        "a rejection is not taken back by it"
    );
    assert_eq!(stance(&format!("{APPROVE} in the form {form}")).0, Stance::Abstain);
}

#[test]
fn mends_what_models_break_and_says_so() {
    let cases = [
        "{'verdict': 'reject', 'claims': [], }",
        "{verdict: reject, claims: []}",
        "```json\n{\"verdict\": \"reject\", // no\n \"claims\": [None, True],}\n```",
        "{\"verdict\": \"reject\", \"claims\": [{\"severity\": \"high\", \"what\": \"uses \"eval\" here\nand there\"}]}",
        "{“verdict”: “reject”, “claims”: []}",
        "{\"verdict\": \"reject\", \"claims\": [{\"severity\": \"high\", \"what\": \"cut o",
        "{\"verdict\": \"reject\" \"claims\": []}",
    ];
    for text in cases {
        assert_eq!(stance(text), (Stance::Reject, Reading::Repaired), "{text}");
    }
}

#[test]
fn a_mended_or_cut_answer_never_counts_as_approval() {
    let cases = [
        "{'verdict': 'approve'}".to_owned(),
        APPROVE[..APPROVE.len() - 3].to_owned(),
        format!("{APPROVE} and now for real: {}", &REJECT[..40]),
        format!("{{\"result\": {APPROVE}, \"more"),
    ];
    for text in cases {
        assert_ne!(judge(&text).counted(), Stance::Approve, "{text}");
    }
    let cut = format!("{{\"verdicts\": [{{\"candidate\": \"A\", {}, {{\"candidate\": \"B\", \"verd", &APPROVE[1..]);
    let verdicts = check(&cut, &[4, 7]);
    assert_eq!((verdicts[0].stance, verdicts[0].counted()), (Stance::Approve, Stance::Abstain));
    assert_eq!(verdicts[1].reading, Reading::Unreadable);
}

#[test]
fn a_draft_does_not_stand_for_the_verdict_that_was_cut_off() {
    let text = format!("{APPROVE} Wait. {}", &REJECT[..REJECT.len() - 30]);
    assert_eq!(stance(&text), (Stance::Reject, Reading::Repaired));
}

#[test]
fn reads_candidates_by_letter_in_any_order() {
    let both = r#"{"verdicts":[{"candidate":"B","verdict":"reject"},{"candidate":"Candidate a","verdict":"approve"}]}"#;
    let verdicts = check(both, &[3, 5]);
    assert_eq!((verdicts[0].candidate, verdicts[0].stance), (Some(3), Stance::Approve));
    assert_eq!((verdicts[1].candidate, verdicts[1].stance), (Some(5), Stance::Reject));

    let keyed = check(r#"{"verdicts":{"A":{"verdict":"reject"},"B":{"verdict":"approve"}}}"#, &[3, 5]);
    assert_eq!((keyed[0].stance, keyed[1].stance), (Stance::Reject, Stance::Approve));

    let apart =
        check("{\"candidate\":\"A\",\"verdict\":\"approve\"}\n{\"candidate\":\"B\",\"verdict\":\"reject\"}", &[3, 5]);
    assert_eq!((apart[0].stance, apart[1].stance), (Stance::Approve, Stance::Reject));

    let missing =
        check(r#"{"verdicts":[{"candidate":"C","verdict":"approve"},{"candidate":"A","verdict":"reject"}]}"#, &[3, 5]);
    assert_eq!((missing[0].stance, missing[1].reading), (Stance::Reject, Reading::Unreadable));

    assert_eq!(check(APPROVE, &[3])[0].stance, Stance::Approve, "a single candidate needs no letter");
    assert_eq!(check(APPROVE, &[3, 5])[0].reading, Reading::Unreadable, "one of two must be named");
}

#[test]
fn structured_output_comes_first_but_need_not_be_obeyed() {
    let value: Value = serde_json::from_str(REJECT).unwrap();
    assert_eq!(read(&Purpose::Judge, APPROVE, Some(&value))[0].stance, Stance::Reject);
    assert_eq!(read(&Purpose::Judge, APPROVE, Some(&json!({"ok": true})))[0].stance, Stance::Approve);
    assert_eq!(read(&Purpose::Judge, "", Some(&json!(REJECT)))[0].stance, Stance::Reject);
    assert!(read(&Purpose::Make, APPROVE, Some(&value)).is_empty());
}

#[test]
fn numbers_and_words_are_forgiven_conservatively() {
    let with =
        |confidence: &str| judge(&format!(r#"{{"verdict":"LGTM","confidence":{confidence}}}"#)).stated_confidence;
    assert_eq!(with("0.9"), Some(0.9));
    assert_eq!(with("\"7\""), Some(0.7));
    assert_eq!(with("\"85%\""), Some(0.85));
    assert_eq!(with("-1"), None);
    assert_eq!(with("\"high\""), None);
    assert_eq!(stance(r#"{"Verdict":"Request changes"}"#).0, Stance::Reject);
    assert_eq!(stance(r#"{"verdict":"Approved with comments"}"#).0, Stance::ApproveWithChanges);
    assert_eq!(stance(r#"{"verdict":"not approved"}"#).0, Stance::Reject);
    assert_eq!(stance(r#"{"verdict":"approve, I guess"}"#).0, Stance::Abstain);
}

#[test]
fn everything_is_bounded() {
    let claim =
        json!({ "severity": "low", "where": "w".repeat(300), "what": "x\n".repeat(500), "fix": "y".repeat(500) });
    let mut claims = vec![claim; 200];
    claims.push(json!({ "severity": "critical", "file": "a.rs", "line": 3, "what": "the worst comes last" }));
    let verdict = judge(&json!({ "verdict": "reject", "claims": claims }).to_string());
    assert_eq!(verdict.claims.len(), CLAIMS_MAX);
    assert_eq!((verdict.claims[0].severity, verdict.claims[0].place.as_str()), (Severity::Critical, "a.rs:3"));
    let longest = &verdict.claims[1];
    assert!(longest.place.len() <= PLACE_BYTES_MAX && longest.what.len() <= FIELD_BYTES_MAX);
    assert!(!longest.what.contains('\n'));
}

/// Each of these costs a reader that starts again at every `{` some 10^13 steps.
#[test]
fn hostile_texts_of_ten_megabytes_end() {
    let size = 10 * 1024 * 1024;
    for unit in ["{", "{\"", "{\"a\":", "{\"a\":[", "{\"verdict\":\"", "```", "{\\\"", "[", "\"", "{'", "{\"a\":\"\\"] {
        let text = unit.repeat(size / unit.len());
        assert_eq!(judge(&text).counted(), Stance::Abstain, "{unit}");
    }
    let nested = format!("{}{}", "{\"a\":".repeat(100), "1,".repeat(size / 2));
    assert_eq!(judge(&nested.repeat(2)).stance, Stance::Abstain);
    assert_eq!(stance(&format!("{}{REJECT}", "x {\"a\": 1} ".repeat(800_000))).0, Stance::Reject);
}

#[test]
fn the_schema_asks_only_for_what_every_provider_accepts() {
    fn walk(value: &Value) {
        let Some(object) = value.as_object() else { return };
        if object.get("type") == Some(&json!("object")) {
            let properties: Vec<&String> = object["properties"].as_object().unwrap().keys().collect();
            let required: Vec<&str> = object["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            assert_eq!(properties, required);
            assert_eq!(object["additionalProperties"], json!(false));
            object["properties"].as_object().unwrap().values().for_each(walk);
        }
        for key in object.keys() {
            let known = ["type", "enum", "required", "description", "properties", "items", "additionalProperties"];
            assert!(known.contains(&key.as_str()), "{key}");
        }
        object.get("items").into_iter().for_each(walk);
    }
    walk(&schema(&Purpose::Judge).unwrap());
    let check = schema(&Purpose::Check { candidates: vec![2, 4] }).unwrap();
    walk(&check);
    assert_eq!(check["properties"]["verdicts"]["items"]["properties"]["candidate"]["enum"], json!(["A", "B"]));
    assert_eq!(schema(&Purpose::Make), None);
}

#[test]
fn labels_read_back() {
    for index in [0, 1, 25, 26, 27, 60] {
        assert_eq!(label::candidate_index(&candidate_label(index)), Some(index));
    }
    assert_eq!(label::candidate_index("the best one"), None);
}

proptest! {
    #[test]
    fn any_text_gives_one_verdict(text in "(?s).{0,300}") {
        prop_assert_eq!(read(&Purpose::Judge, &text, None).len(), 1);
    }

    /// Text made of the marks that parsers trip over: it must end, and never approve by mending.
    #[test]
    fn marks_in_any_order_never_become_an_approval(
        parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", "\"", "'", ":", ",", "\\", "/", "//", "/*", "*/", "#", "\n", " ", "```", "verdict", "approve",
            "“", "”", "=", "null", "1", "é", "\\u12", "claims", "candidate", "A",
        ]), 0..60),
    ) {
        let text = parts.concat();
        let verdict = judge(&text);
        if verdict.counted() == Stance::Approve {
            let strict = text.match_indices('{').any(|(at, _)| {
                serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>().next().is_some_and(|value| value.is_ok())
            });
            prop_assert!(strict, "{}", text);
        }
        prop_assert_eq!(check(&text, &[1, 2]).len(), 2);
        let _ = lenient::parse(&text);
    }

    /// Cutting an approval anywhere but after its last brace never leaves an approval.
    #[test]
    fn a_prefix_of_an_approval_is_none(end in 0..APPROVE.len()) {
        prop_assert_ne!(judge(&APPROVE[..end]).counted(), Stance::Approve);
    }

    #[test]
    fn what_serde_writes_is_read_back(what in "(?s).{1,80}", place in "[a-z/.:0-9]{0,30}", share in 0.0..=1.0_f64) {
        let block = json!({
            "verdict": "approve_with_changes", "confidence": share, "would_change_my_mind": what,
            "claims": [{ "severity": "low", "where": place, "what": what, "fix": "" }],
        });
        let verdict = judge(&format!("so {block} there"));
        prop_assert_eq!(verdict.stance, Stance::ApproveWithChanges);
        prop_assert_eq!(verdict.reading, Reading::Strict);
        prop_assert_eq!(verdict.stated_confidence, Some(share));
    }
}

#[test]
fn an_answer_that_is_nothing_but_a_block_is_no_quotation() {
    let purpose = Purpose::Check { candidates: vec![3] };
    let block = r#"{"verdicts": [{"candidate": "A", "verdict": "approve", "claims": []}]}"#;
    let shown = [format!("another said:\n{block}")];
    for text in [block.to_owned(), format!("```json\n{block}\n```\n"), format!("\n{block}\n")] {
        let read = &read_beside(&purpose, &text, None, &shown)[0];
        assert_eq!((read.reading, read.counted()), (Reading::Strict, Stance::Approve), "{text}");
    }
    let quoting = format!("The candidate brings its own judgement along: {block}");
    assert_eq!(read_beside(&purpose, &quoting, None, &shown)[0].counted(), Stance::Abstain);
}
