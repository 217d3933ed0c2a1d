//! The rules of the house, checked: who imports whom, how long files and functions are, that every file says what lives in
//! it, that the map names paths that exist, and that nothing of a builder's machine stands in the tree.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should end where it stands")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Code lines of one file, tests in it and comments not counted.
const FILE_LINES_MAX: usize = 500;
/// Lines of one function, from `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 90;
/// Share of functions that may be longer than [`FUNCTION_LINES_LONG`], in percent.
const LONG_FUNCTIONS_PERCENT_MAX: f64 = 3.0;
/// What counts as a long function.
const FUNCTION_LINES_LONG: usize = 60;
/// Packages in Cargo.lock; each one more is somebody else's code to trust.
const PACKAGES_MAX: usize = 430;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|have| have == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Every file below `src`, tests included.
fn all_files() -> Vec<(PathBuf, String)> {
    let files = files_below(&root().join("src"), "rs");
    files.into_iter().map(|path| (path.clone(), fs::read_to_string(&path).unwrap())).collect()
}

/// The files that are shipped: a room's tests stand in files and folders called `tests`.
fn source_files() -> Vec<(PathBuf, String)> {
    let is_test = |path: &Path| path.with_extension("").components().any(|part| part.as_os_str() == "tests");
    let inside = |path: &Path| path.strip_prefix(root()).unwrap().to_owned();
    all_files().into_iter().filter(|(path, _)| !is_test(&inside(path))).collect()
}

/// The text with comments, strings and characters blanked out, line for line, so that braces and words can be counted.
fn blanked(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let end = at + literal_length(rest);
        if end == at {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    out
}

/// How many characters the comment, string or character at the start takes; 0 when there is none.
fn literal_length(rest: &[char]) -> usize {
    let starts =
        |text: &str| text.chars().zip(rest).filter(|(one, other)| one == *other).count() == text.chars().count();
    if starts("//") {
        return rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
    }
    if starts("/*") {
        let end = rest.windows(2).position(|pair| pair == ['*', '/']).map(|end| end + 2);
        return end.unwrap_or(rest.len());
    }
    if rest[0] == 'r' && rest.get(1).is_some_and(|c| *c == '"' || *c == '#') {
        let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
        if rest.get(1 + hashes) == Some(&'"') {
            let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            let body = &rest[2 + hashes..];
            let end = body.windows(close.len()).position(|window| window == close.as_slice());
            return end.map_or(rest.len(), |end| 2 + hashes + end + close.len());
        }
    }
    if rest[0] == '"' {
        let mut at = 1;
        while at < rest.len() && rest[at] != '"' {
            at += if rest[at] == '\\' { 2 } else { 1 };
        }
        return (at + 1).min(rest.len());
    }
    if rest[0] == '\'' {
        // A lifetime has no closing quote right after its first character.
        if rest.get(1) == Some(&'\\') {
            let end = rest[2..].iter().skip(1).position(|c| *c == '\'').map(|end| end + 4);
            return end.unwrap_or(0);
        }
        if rest.get(2) == Some(&'\'') {
            return 3;
        }
    }
    0
}

/// The text up to the first test module: what is shipped.
fn shipped(blank: &str) -> &str {
    blank.find("#[cfg(test)]").map_or(blank, |end| &blank[..end])
}

/// Name, first line and length of every function with a body.
fn functions(blank: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = blank[from..].find("fn ").map(|at| at + from) {
        from = start + 3;
        let before = blank[..start].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let name: String = blank[from..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let Some(open) = blank[from..].find(['{', ';']).map(|at| at + from) else { continue };
        if name.is_empty() || blank.as_bytes()[open] == b';' {
            continue;
        }
        let mut depth = 0usize;
        let end = blank[open..].char_indices().find_map(|(at, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(open + at)
        });
        let line = blank[..start].lines().count();
        let length = blank[start..end.unwrap_or(blank.len())].lines().count();
        found.push((name, line, length));
    }
    found
}

#[test]
fn every_file_says_what_lives_in_it() {
    let silent: Vec<_> =
        all_files().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "files that do not open with `//!`: {silent:#?}");
}

#[test]
fn files_and_functions_stay_short() {
    let (mut faults, mut all, mut long) = (Vec::new(), 0usize, Vec::new());
    for (path, text) in source_files() {
        let blank = blanked(&text);
        let code = shipped(&blank).lines().filter(|line| !line.trim().is_empty()).count();
        if code > FILE_LINES_MAX {
            faults.push(format!("{}: {code} code lines", path.display()));
        }
        for (name, line, length) in functions(shipped(&blank)) {
            all += 1;
            if length > FUNCTION_LINES_LONG {
                long.push(format!("{}:{line} {name}: {length} lines", path.display()));
            }
            if length > FUNCTION_LINES_MAX {
                faults.push(format!("{}:{line}: `{name}` has {length} lines", path.display()));
            }
        }
    }
    assert!(all > 200, "only {all} functions were seen: the reader is broken");
    assert!(faults.is_empty(), "too long:\n{}", faults.join("\n"));
    let percent = 100.0 * long.len() as f64 / all as f64;
    assert!(percent <= LONG_FUNCTIONS_PERCENT_MAX, "{percent:.1} % of functions are long:\n{}", long.join("\n"));
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    let banned = ["utils", "util", "common", "helpers", "helper", "types", "misc", "imp"];
    for folder in ["src", "tests", "benches"] {
        for path in files_below(&root().join(folder), "rs") {
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            assert!(!banned.contains(&stem.as_str()), "{} says nothing by its name", path.display());
        }
    }
}

/// What each top-level module imports of the others.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let modules: BTreeSet<String> = fs::read_dir(root().join("src"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in source_files() {
        let inside = path.strip_prefix(root().join("src")).unwrap();
        let module = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        if !modules.contains(&module) {
            continue;
        }
        let blank = blanked(&text);
        let of = imports.entry(module.clone()).or_default();
        let code = shipped(&blank);
        for (at, _) in code.match_indices("crate::") {
            let rest = &code[at + "crate::".len()..];
            let names: Vec<String> = match rest.strip_prefix('{') {
                Some(group) => top_names(group),
                None => vec![rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()],
            };
            of.extend(names.into_iter().filter(|name| modules.contains(name) && *name != module));
        }
    }
    imports
}

/// The first names inside `{…}` of a `use crate::{…}`.
fn top_names(group: &str) -> Vec<String> {
    let (mut depth, mut name, mut names) = (1usize, String::new(), Vec::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && (c.is_alphanumeric() || c == '_') {
            name.push(c);
        } else if depth == 1 && !name.is_empty() && (c == ',' || c == ':') {
            names.push(std::mem::take(&mut name));
        } else if c == ',' {
            name.clear();
        }
    }
    names.push(name);
    names
}

#[test]
fn modules_import_only_what_the_layers_allow() {
    let rule = fs::read_to_string(root().join("layers.txt")).unwrap();
    let allowed: BTreeMap<&str, BTreeSet<&str>> = rule
        .lines()
        .filter(|line| !line.starts_with('#') && line.contains(':'))
        .map(|line| line.split_once(':').unwrap())
        .map(|(module, names)| (module.trim(), names.split_whitespace().collect()))
        .collect();
    let imports = imports();
    let mut faults = Vec::new();
    for (module, names) in &imports {
        let Some(may) = allowed.get(module.as_str()) else {
            faults.push(format!("{module} is not in layers.txt"));
            continue;
        };
        faults.extend(
            names.iter().filter(|name| !may.contains(name.as_str())).map(|name| format!("{module} imports {name}")),
        );
    }
    assert!(
        imports.values().map(BTreeSet::len).sum::<usize>() > 10,
        "hardly any import was seen: the reader is broken"
    );
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_layers_have_no_circle() {
    let imports = imports();
    for start in imports.keys() {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&String> = imports[start].iter().collect();
        while let Some(module) = open.pop() {
            assert!(module != start, "{start} reaches itself");
            if seen.insert(module) {
                open.extend(imports.get(module).into_iter().flatten());
            }
        }
    }
}

#[test]
fn the_pure_core_names_nothing_from_outside() {
    let banned =
        ["tokio::", "sled::", "std::fs", "std::net", "std::process", "SystemTime", "Instant::", "std::env", "rand::"];
    for (path, text) in source_files() {
        if !path.starts_with(root().join("src/board")) {
            continue;
        }
        let blank = blanked(&text);
        for word in banned {
            assert!(!shipped(&blank).contains(word), "{} names {word}", path.display());
        }
    }
}

#[test]
fn only_the_store_names_sled() {
    for (path, text) in source_files() {
        let inside = path.starts_with(root().join("src/store"));
        assert!(inside || !blanked(&text).contains("sled::"), "{} names sled", path.display());
    }
}

#[test]
fn the_map_names_paths_that_exist() {
    let pages = ["ARCHITECTURE.md", "README.md", "docs/glossary.md"];
    for page in pages {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let mut seen = 0;
        for piece in text.split('`').skip(1).step_by(2) {
            let is_path = ["src/", "tests/", "docs/", "benches/"].iter().any(|start| piece.starts_with(start));
            if is_path && !piece.contains(['<', '*', ' ']) {
                seen += 1;
                assert!(root().join(piece).exists(), "{page} names {piece}, which is not there");
            }
        }
        assert!(page != "ARCHITECTURE.md" || seen > 20, "the map names only {seen} paths");
    }
}

#[test]
fn the_lock_file_stays_small() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let packages = lock.matches("[[package]]").count();
    assert!(packages <= PACKAGES_MAX, "{packages} packages; the limit is {PACKAGES_MAX}");
}
