//! Classification against labelled task texts: how many kinds are right, which are taken for which, and the page
//! `docs/routing.md` that says so. `SYNOD_BLESS=1` writes the page anew; otherwise a page that differs fails.
#![expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
#![expect(clippy::disallowed_methods, reason = "whoever runs it says by variables what it should write and print")]
#![expect(clippy::print_stdout, reason = "the misses are printed to be looked at")]

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use synod::board::routing::{Catalog, Classified, classify};
use synod::board::{TaskSpec, Text};

#[derive(Deserialize)]
struct Fixture {
    tuned: Vec<Labelled>,
    held_out: Vec<Labelled>,
}

/// The texts that were stored before they were scored once.
#[derive(Deserialize)]
struct Second {
    held_out_2: Vec<Labelled>,
}

/// Kind, category, text.
#[derive(Deserialize)]
struct Labelled(String, String, String);

fn fixture() -> Fixture {
    toml::from_str(include_str!("../../../../tests/fixtures/routing/tasks.toml")).unwrap()
}

fn second() -> Second {
    toml::from_str(include_str!("../../../../tests/fixtures/routing/held_out_2.toml")).unwrap()
}

fn catalog() -> Catalog {
    Catalog::read(&synod::config::catalog()).unwrap()
}

fn classified(text: &str, catalog: &Catalog) -> Classified {
    classify(text, &TaskSpec::of_text(Text::short(text)), catalog)
}

/// How one half came out.
struct Outcome {
    right: usize,
    of: usize,
    categories_right: usize,
    categories_of: usize,
    /// By labelled kind and by kind taken for.
    taken: BTreeMap<(String, String), usize>,
    wrong: Vec<String>,
}

fn outcome(tasks: &[Labelled], catalog: &Catalog) -> Outcome {
    let mut outcome =
        Outcome { right: 0, of: 0, categories_right: 0, categories_of: 0, taken: BTreeMap::new(), wrong: Vec::new() };
    for Labelled(kind, category, text) in tasks {
        let got = classified(text, catalog);
        outcome.of += 1;
        *outcome.taken.entry((kind.clone(), got.kind.to_string())).or_default() += 1;
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if got.kind.as_str() == kind {
            outcome.right += 1;
        } else {
            outcome.wrong.push(format!("{kind} taken for {}: {line}\n      {}", got.kind, got.why.join("\n      ")));
        }
        if category != "-" {
            outcome.categories_of += 1;
            let right = got.category.as_deref().unwrap_or_default() == category;
            outcome.categories_right += usize::from(right);
            if !right {
                outcome.wrong.push(format!(
                    "category {category:?} taken for {:?}: {line}\n      {}",
                    got.category,
                    got.why.join("\n      ")
                ));
            }
        }
    }
    outcome
}

fn percent(right: usize, of: usize) -> f64 {
    100.0 * right as f64 / of.max(1) as f64
}

fn matrix(page: &mut String, names: &[&str], taken: &BTreeMap<(String, String), usize>) {
    let rest: Vec<String> = (1..=names.len()).map(|number| number.to_string()).collect();
    writeln!(page, "| | labelled | {} |\n| --- | --- | {} |", rest.join(" | "), vec!["---"; names.len()].join(" | "))
        .unwrap();
    for (number, name) in names.iter().enumerate() {
        let count = |other: &&str| taken.get(&((*name).to_owned(), (*other).to_owned())).map(ToString::to_string);
        let row: Vec<String> = names.iter().map(|other| count(other).unwrap_or_default()).collect();
        writeln!(page, "| {} | {name} | {} |", number + 1, row.join(" | ")).unwrap();
    }
}

fn page(tuned: &Outcome, held_out: &Outcome, second: &Outcome, names: &[&str]) -> String {
    let mut taken = tuned.taken.clone();
    for (pair, count) in held_out.taken.iter().chain(&second.taken) {
        *taken.entry(pair.clone()).or_default() += count;
    }
    let mut page = include_str!("../../../../tests/fixtures/routing/page-head.md").to_owned();
    writeln!(page, "| part | texts | kind right | |\n| --- | --- | --- | --- |").unwrap();
    for (name, half) in [("tuned on", tuned), ("held out", held_out), ("held out, second set", second)] {
        writeln!(page, "| {name} | {} | {} | {:.1} % |", half.of, half.right, percent(half.right, half.of)).unwrap();
    }
    writeln!(page, "\nCategories: {} of {} labelled ones right.\n", tuned.categories_right, tuned.categories_of)
        .unwrap();
    writeln!(
        page,
        "## Which kind is taken for which\n\nAll parts. Rows are the labels, columns what a text was taken for.\n"
    )
    .unwrap();
    matrix(&mut page, names, &taken);
    page
}

#[test]
fn labelled_texts_are_taken_for_what_they_are() {
    let (fixture, catalog) = (fixture(), catalog());
    let (tuned, held_out) = (outcome(&fixture.tuned, &catalog), outcome(&fixture.held_out, &catalog));
    let second = outcome(&second().held_out_2, &catalog);
    let page = page(&tuned, &held_out, &second, &catalog.kind_names());
    if std::env::var_os("SYNOD_ROUTING_MISSES").is_some() {
        println!("{}", tuned.wrong.join("\n"));
    }
    if std::env::var_os("SYNOD_ROUTING_HELD_OUT").is_some() {
        println!("=== held out\n{}", held_out.wrong.join("\n"));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/routing.md");
    if std::env::var_os("SYNOD_BLESS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    println!("tuned {} of {}, held out {} of {}", tuned.right, tuned.of, held_out.right, held_out.of);
    println!("second set {} of {}", second.right, second.of);
    let (right, of) = (tuned.right + held_out.right, tuned.of + held_out.of);
    assert!(of >= 200, "{of} labelled texts are too few");
    assert!(percent(right, of) >= 95.0, "{right} of {of}:\n{}", tuned.wrong.join("\n"));
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == page,
        "docs/routing.md is not what is computed; run with SYNOD_BLESS=1 and look at the difference"
    );
}

/// Texts that fall to a substring: a word that stands in another word, or a word of another kind that stands first.
#[test]
fn what_matching_of_substrings_gets_wrong_is_right_here() {
    let catalog = catalog();
    let cases = [
        ("Build a REST API endpoint", "implementation", Some("backend"), "`ui` stands in `build`"),
        ("Improve performance of the SQL pipeline", "performance", Some("data"), "`form` stands in `performance`"),
        ("Click handler", "implementation", Some("frontend"), "`cli` stands in `click`"),
        ("Implement the checkout page", "implementation", Some("frontend"), "`check` stands in `checkout`"),
        ("Implement the search box", "implementation", Some("frontend"), "`search` is what is built"),
        ("Write an explanation of how retries work", "documentation", None, "`plan` stands in `explanation`"),
    ];
    for (text, kind, category, trap) in cases {
        let got = classified(text, &catalog);
        assert_eq!((got.kind.as_str(), got.category.as_deref()), (kind, category), "{text} ({trap}): {:?}", got.why);
    }
}
