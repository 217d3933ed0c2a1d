//! The fenced blocks of an answer, each with the path that it is headed by: in the fence's own line, or in the line above.

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The path it is headed by.
    pub(super) path: Option<String>,
    /// What stands between the fences.
    pub(super) text: String,
}

/// The blocks, in order. One that is not closed ends with the answer.
pub(super) fn blocks(answer: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut above = "";
    let mut lines = answer.lines();
    while let Some(line) = lines.next() {
        let Some((fence, info)) = opening(line) else {
            if !line.trim().is_empty() {
                above = line;
            }
            continue;
        };
        let mut text = String::new();
        for inner in lines.by_ref() {
            if closes(inner, fence) {
                break;
            }
            text.push_str(inner);
            text.push('\n');
        }
        blocks.push(Block { path: path_of(info).or_else(|| heading(above)), text });
        above = "";
    }
    blocks
}

/// The fence and what stands behind it.
fn opening(line: &str) -> Option<(&str, &str)> {
    let line =
        line.strip_prefix("   ").or_else(|| line.strip_prefix("  ")).or_else(|| line.strip_prefix(' ')).unwrap_or(line);
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let count = line.chars().take_while(|c| *c == mark).count();
    let (fence, info) = line.split_at(count);
    // Backticks behind the fence: it is code within a line.
    (count >= 3 && !(mark == '`' && info.contains('`'))).then_some((fence, info.trim()))
}

fn closes(line: &str, fence: &str) -> bool {
    let line = line.trim_end();
    line.len() >= fence.len() && line.starts_with(fence) && line.chars().all(|c| fence.starts_with(c))
}

/// The path in a fence's line: `rust:src/a.rs`, `rust src/a.rs`, `path=src/a.rs`, `title="src/a.rs"`, `src/a.rs`.
fn path_of(info: &str) -> Option<String> {
    let words = info.split_whitespace().flat_map(|word| {
        let value = word.split_once('=').map(|(_, value)| value);
        let behind = word.split_once(':').map(|(_, path)| path);
        [value, behind, Some(word)]
    });
    words
        .flatten()
        .map(|word| word.trim_matches(['"', '\'', '{', '}', ',']))
        .find(|word| is_path(word))
        .map(str::to_owned)
}

/// The path in a line above a block, where the line is little else: `**src/a.rs**`, `### src/a.rs`, `File: src/a.rs`, a path
/// between backticks.
fn heading(line: &str) -> Option<String> {
    let line = line.trim();
    let ticked = line.split('`').nth(1).filter(|inner| is_path(inner));
    if let Some(path) = ticked {
        return Some(path.to_owned());
    }
    let bare = line.trim_matches(['*', '#', ':', ' ', '_', '"']);
    let bare = ["File:", "file:", "Path:", "path:", "Filename:"]
        .iter()
        .find_map(|word| bare.strip_prefix(word))
        .unwrap_or(bare);
    let bare = bare.trim_matches(['*', ' ', ':']);
    is_path(bare).then(|| bare.to_owned())
}

/// Whether a word reads as the path of a file: no blanks, and a folder or an ending in it.
fn is_path(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').is_some_and(|(stem, end)| {
        (!stem.is_empty() || name.starts_with('.')) && !end.is_empty() && end.chars().all(char::is_alphanumeric)
    });
    let known = ["Makefile", "Dockerfile", "LICENSE", "justfile", "README", "Cargo.lock"].contains(&name);
    let clean = !word.contains(char::is_whitespace) && !word.contains(['<', '>', '|', '*', '(', ')', '`', '"']);
    clean && !word.contains("://") && !name.is_empty() && (ending || known)
}
