//! What is found, in which order, and how it is shown.

use super::{Bench, names, query};
use crate::search::{Error, Query};
use proptest::prelude::*;

#[test]
fn all_words_must_occur_whatever_their_case_and_accents() {
    let bench = Bench::of(&[
        ("design/auth", "The Login keeps a refresh token."),
        ("design/cache", "A token of the café."),
        ("notes", "Nothing about it."),
    ]);
    assert_eq!(bench.names("TOKEN login"), ["design/auth"]);
    assert_eq!(bench.names("cafe"), ["design/cache"]);
    assert_eq!(bench.names("cafe\u{301}"), ["design/cache"]);
    assert_eq!(bench.names("token -login"), ["design/cache"]);
    assert_eq!(bench.names("\"refresh token\""), ["design/auth"]);
    assert_eq!(bench.names("\"token refresh\""), Vec::<String>::new());
    assert_eq!(bench.names("refr*"), ["design/auth"]);
    assert_eq!(bench.names("refr"), Vec::<String>::new());
    assert_eq!(bench.names("name:token"), Vec::<String>::new(), "no column can be named");
}

#[test]
fn a_word_in_the_name_outweighs_the_text() {
    let bench = Bench::of(&[
        ("a-long-talk", "cache cache cache, and the cache again"),
        ("design/cache", "How we keep things."),
        ("other", "unrelated"),
    ]);
    let hits = bench.search("cache").hits;
    assert_eq!(hits[0].name, "design/cache");
    assert!(hits[0].score > hits[1].score && hits[1].score > 0.0, "{hits:?}");
    assert_eq!(hits[0].snippet, "How we keep things.", "a find in the name shows how the text begins");
}

#[test]
fn the_newest_text_stands_and_a_removed_one_is_gone() {
    let bench = Bench::of(&[("a", "old words")]);
    bench.put("a", 2, "new words");
    assert_eq!(bench.names("old"), Vec::<String>::new());
    let hit = bench.search("new").hits.remove(0);
    assert_eq!((hit.revision, hit.snippet.as_str()), (2, "«new» words"));
    bench.remove("a");
    bench.remove("never-there");
    assert_eq!(bench.names("words"), Vec::<String>::new());
    bench.put("a", 4, "back");
    assert_eq!(bench.search("back").hits[0].revision, 4);
}

#[test]
fn a_topic_is_a_folder_and_not_a_beginning() {
    let bench =
        Bench::of(&[("design", "x"), ("design/a", "x"), ("design/a/b", "x"), ("design-old/a", "x"), ("z", "x")]);
    let below = |topic| {
        let mut found = names(&bench.index.search(&Query { topic: Some(topic), ..query("x") }).unwrap());
        found.sort();
        found
    };
    assert_eq!(below("design"), ["design", "design/a", "design/a/b"]);
    assert_eq!(below("design/"), ["design", "design/a", "design/a/b"]);
    assert_eq!(below("design/a"), ["design/a", "design/a/b"]);
    assert_eq!(below("Design"), Vec::<String>::new());
    assert_eq!(below("").len(), 5);
}

#[test]
fn pages_follow_each_other_without_gap_or_repetition() {
    let bench = Bench::of(&[]);
    for n in 0..25 {
        bench.put(&format!("m{n:02}"), 1, "the same text");
    }
    let mut all = Vec::new();
    loop {
        let page = bench.index.search(&Query { offset: all.len() as u64, limit: 10, ..query("same") }).unwrap();
        all.extend(names(&page));
        if !page.more {
            break;
        }
    }
    let expected: Vec<String> = (0..25).map(|n| format!("m{n:02}")).collect();
    assert_eq!(all, expected);
}

#[test]
fn scripts_without_spaces_are_found_by_any_part() {
    let bench = Bench::of(&[
        ("ja", "東京都の設計メモを読む。"),
        ("zh", "用户登录时检查令牌。"),
        ("ko", "로그인에서 토큰을 확인한다."),
        ("th", "ระบบเข้าสู่ระบบใช้โทเค็น"),
        ("hi", "प्रमाणीकरण की योजना"),
        ("设计/认证", "a Latin text"),
    ]);
    for (typed, name) in [
        ("設計", "ja"),
        ("東", "ja"),
        ("メモを読む", "ja"),
        ("登录", "zh"),
        ("检查 用户", "zh"),
        ("토큰", "ko"),
        ("โทเค็น", "th"),
        ("योजना", "hi"),
        ("认证", "设计/认证"),
        ("Latin -登录", "设计/认证"),
    ] {
        assert_eq!(bench.names(typed), [name], "{typed}");
    }
    assert_eq!(bench.names("京東"), Vec::<String>::new(), "the order counts");
    assert_eq!(bench.search("設計").hits[0].snippet, "東京都の«設計»メモを読む。");
}

#[test]
fn a_passage_is_bounded_whatever_the_text() {
    let text = format!("{} needle {}", "long".repeat(100_000), "-".repeat(100_000));
    let bench = Bench::of(&[("a", &text)]);
    let snippet = &bench.search("needle").hits[0].snippet;
    assert!(snippet.contains("«needle»") && snippet.chars().count() <= 310, "{} characters", snippet.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever a person types is a search or a plain refusal, never an error of the database.
    #[test]
    fn nothing_typed_is_a_syntax_error(
        typed in prop_oneof![
            "\\PC{0,60}",
            any::<String>(),
            "([\"*^+(){}:,.'\\\\-]|AND|OR|NOT|NEAR| |a|é|東|\u{0}){0,40}",
        ],
        text in "\\PC{0,80}",
    ) {
        thread_local!(static BENCH: Bench = Bench::of(&[("a/b", "a AND b NOT c: some text, 東京"), ("c", "é")]));
        BENCH.with(|bench| {
            bench.put("random", 1, &text);
            for topic in [None, Some(typed.as_str())] {
                match bench.index.search(&Query { topic, ..query(&typed) }) {
                    Ok(_) | Err(Error::Query(_)) => {}
                    Err(error) => panic!("{typed:?}: {error}"),
                }
            }
        });
    }
}
