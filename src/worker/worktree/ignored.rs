//! The base's own rules about what is ignored, as one list. A model may write rules of its own into its tree; they are changes
//! like any other, and hide nothing.

/// One `.gitignore` of the base: the folder it stands in (empty: the top) and its text.
pub(super) struct Rules {
    pub(super) folder: String,
    pub(super) text: String,
}

/// All rules as one file that stands at the top. Later lines outrank earlier ones, so deeper folders come later.
pub(super) fn together(outermost: &str, mut rules: Vec<Rules>) -> String {
    rules.sort_by_key(|rules| {
        (rules.folder.matches('/').count() + usize::from(!rules.folder.is_empty()), rules.folder.clone())
    });
    let mut all = String::new();
    for rules in std::iter::once(&Rules { folder: String::new(), text: outermost.to_owned() }).chain(&rules) {
        for line in rules.text.lines() {
            if let Some(moved) = moved(&rules.folder, line) {
                all.push_str(&moved);
                all.push('\n');
            }
        }
    }
    all
}

/// A line of a folder's rules, as it reads at the top.
fn moved(folder: &str, line: &str) -> Option<String> {
    if line.trim().is_empty() || line.starts_with('#') {
        return None;
    }
    if folder.is_empty() {
        return Some(line.to_owned());
    }
    let (not, pattern) = line.strip_prefix('!').map_or(("", line), |pattern| ("!", pattern));
    let anchored = pattern.trim_end_matches(' ').trim_end_matches('/').contains('/');
    let folder = quoted(folder);
    let pattern = pattern.strip_prefix('/').unwrap_or(pattern);
    Some(if anchored { format!("{not}/{folder}/{pattern}") } else { format!("{not}/{folder}/**/{pattern}") })
}

/// A folder's name, none of whose letters is a pattern.
fn quoted(folder: &str) -> String {
    let mut quoted = String::new();
    for c in folder.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\' | '!' | '#' | ' ') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folders_rules_hold_below_it_and_outrank_those_above() {
        let rules = |folder: &str, text: &str| Rules { folder: folder.into(), text: text.into() };
        let all = together(
            "*.bak\n",
            vec![
                rules("a/b", "!keep.log\n/only\nx/y\nz/\n"),
                rules("", "# said\n*.log\n\ntarget/\n"),
                rules("a", "\\!odd\n"),
            ],
        );
        let lines: Vec<&str> = all.lines().collect();
        let below = ["!/a/b/**/keep.log", "/a/b/only", "/a/b/x/y", "/a/b/**/z/"];
        assert_eq!(lines, [&["*.bak", "*.log", "target/", "/a/**/\\!odd"][..], &below].concat());
    }
}
