//! Keys by value and by shape: every known shape, its shortest form, and near misses that must stay.

use super::ink;
use crate::folder::mask::Masker;
use secrecy::SecretString;
use serde_json::json;

/// How a key of a known service begins, and the fewest characters that must follow.
const SHAPES: [(&str, usize); 26] = [
    ("sk-", 17),
    ("sk_live_", 10),
    ("sk_test_", 10),
    ("rk_live_", 10),
    ("ghp_", 16),
    ("gho_", 16),
    ("ghu_", 16),
    ("ghs_", 16),
    ("ghr_", 16),
    ("github_pat_", 16),
    ("glpat-", 16),
    ("gsk_", 16),
    ("hf_", 16),
    ("npm_", 30),
    ("pypi-", 40),
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 26),
    ("xai-", 16),
    ("xoxa-", 10),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("ya29.", 20),
    ("pplx-", 16),
];

fn masked(text: &str) -> String {
    Masker::default().text(text).into_owned()
}

#[test]
fn every_shape_is_masked_from_its_shortest_form_on_wherever_it_stands() {
    for (prefix, least) in SHAPES {
        for length in [least, least + 1, least + 60] {
            let key = format!("{prefix}{}", "A1b2".repeat(40).get(..length).unwrap());
            for (before, after) in [
                ("", ""),
                (" ", " "),
                ("KEY=", "\n"),
                ("\"", "\""),
                ("(", ")"),
                ("é", "é"),
                ("x-api-key: ", ", next"),
                ("https://u:", "@host"),
                ("\n", "\r\n"),
                ("`", "`"),
                ("{\\\"key\\\":\\\"", "\\\"}"),
                ("line\\n", "\\n"),
                ("\u{1b}[31m", "\u{1b}[0m"),
                ("\u{1b}[1;31m", " "),
            ] {
                let text = format!("{before}{key}{after}");
                assert_eq!(masked(&text), format!("{before}[masked]{after}"), "{text:?}");
            }
        }
    }
}

#[test]
fn near_misses_of_every_shape_stay() {
    for (prefix, least) in SHAPES {
        let body = "A1b2".repeat(40);
        let short = format!("{prefix}{} end", &body[..least - 1]);
        assert_eq!(masked(&short), short, "one character too short");
        let within = format!("word{prefix}{}", &body[..least]);
        assert_eq!(masked(&within), within, "the end of a longer word");
        let broken = format!("{prefix}{} {}", &body[..least / 2], &body[..least / 2]);
        assert_eq!(masked(&broken), broken, "a blank in between");
    }
}

#[test]
fn words_that_only_look_like_keys_stay() {
    for text in [
        "risk-assessment-of-the-login-page",
        "the disk-usage-report-of-last-week",
        "task-list-of-the-whole-project-2026",
        "sk-learn and scikit",
        "Bearer of good news and of many more words",
        "bearer tokens-are-not-to-be-logged-anywhere",
        "Bearer short1",
        "eyJ",
        "eyJhbGciOi.short",
        "eyJhbGciOiJIUzI1NiJ9",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "-----BEGIN PRIVATE KEY----",
        "---",
        "ghp_",
        "AKIAlower",
        "npm_install-something",
        "hf_transfer",
        "item sk_live_",
    ] {
        assert_eq!(masked(text), text);
    }
}

#[test]
fn bearer_tokens_and_web_tokens_keep_the_words_around_them() {
    for (text, wanted) in [
        ("Authorization: Bearer abcdefghijklmno1", "Authorization: Bearer [masked]"),
        ("authorization: bearer abcdefghijklmno1;", "authorization: bearer [masked];"),
        ("BEARER a.b~c+d/e=f1234567 end", "BEARER [masked] end"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.c2ln end", "[masked] end"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx end", "[masked] end"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx. End", "[masked] End"),
        ("token=eyJhbGciOiJI.eyJzdWIiOiIx.x&y", "token=[masked]&y"),
    ] {
        assert_eq!(masked(text), wanted, "{text:?}");
    }
}

#[test]
fn private_keys_go_from_their_first_to_their_last_line() {
    for kind in ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", "DSA "] {
        let whole = format!("a\n-----BEGIN {kind}PRIVATE KEY-----\nMIIEow==\n+/x\n-----END {kind}PRIVATE KEY-----\nb");
        assert_eq!(masked(&whole), "a\n[masked]\nb", "{kind}");
        let cut = format!("a -----BEGIN {kind}PRIVATE KEY-----\nMIIEow");
        assert_eq!(masked(&cut), "a [masked]", "{kind}");
        let quoted =
            format!("{{\"k\":\"-----BEGIN {kind}PRIVATE KEY-----\\nMIIE\\n-----END {kind}PRIVATE KEY-----\\n\"}}");
        assert_eq!(masked(&quoted), "{\"k\":\"[masked]\\n\"}", "{kind}");
    }
}

#[test]
fn several_keys_in_a_text_go_all() {
    let text = "a ghp_0123456789abcdef b sk-ant-api03-0123456789abcdef c AKIAIOSFODNN7EXAMPLE";
    assert_eq!(masked(text), "a [masked] b [masked] c [masked]");
    assert_eq!(masked("ghp_0123456789abcdef,ghp_0123456789abcdeg"), "[masked],[masked]");
}

#[test]
fn a_configured_key_goes_whole_also_when_another_stands_in_it() {
    let masker = Masker::new(["short-1", "short-1-and-longer", "tiny", ""].map(SecretString::from).to_vec());
    assert_eq!(masker.text("a short-1-and-longer b short-1 c"), "a [masked] b [masked] c");
    assert_eq!(masker.text("tiny words stay"), "tiny words stay", "a key of four bytes is none");
    assert_eq!(masker.text("nothing to hide"), "nothing to hide");
}

#[test]
fn every_text_of_a_json_value_is_masked_and_cut() {
    let mut value = json!({
        "plain": 1, "none": null, "flag": true, "real": 1.5,
        "deep": [{"hunter2-is-the-key": "x hunter2-is-the-key y"}, ["hunter2-is-the-key"]],
        "long": "0123456789",
    });
    ink().mask.value(&mut value, 20);
    let wanted = json!({
        "plain": 1, "none": null, "flag": true, "real": 1.5,
        "deep": [{"[masked]": "x [masked] y"}, ["[masked]"]],
        "long": "0123456789",
    });
    assert_eq!(value, wanted);
    ink().mask.value(&mut value, 9);
    assert_eq!(value["long"], "012345678 […]");
    assert_eq!(value["deep"][1][0], "[masked]", "eight bytes fit");
}
