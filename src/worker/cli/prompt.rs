//! Making a prompt that a program takes as text and nothing else. Some of the programs treat a first `/` as a command
//! and `@path` anywhere as an order to read that file and send it; a task's text must not reach files that way.

/// The line that stands before every guarded prompt, so that no text of a task is the first thing the program sees.
const FIRST_LINE: &str = "Carry out what follows.";
/// What the model is told when at signs were escaped.
const ESCAPED_LINE: &str = "In it, \\@ stands for an at sign.";

/// Puts the system text before the prompt and removes NUL, which no program takes.
pub(crate) fn whole(system: Option<&str>, prompt: &str) -> String {
    let whole = match system {
        Some(system) => format!("{system}\n\n{prompt}"),
        None => prompt.to_owned(),
    };
    whole.replace('\0', "")
}

/// The prompt with a fixed first line, so that a `/`, `-` or `!` at its start is text.
pub(crate) fn begun(text: &str) -> String {
    format!("{FIRST_LINE}\n\n{text}")
}

/// The same with every `@` written `\@`. A visible backslash was chosen over an invisible character or a look-alike:
/// the text stays readable, copies without surprises, and the model is told what it means.
pub(crate) fn guarded(text: &str) -> String {
    if !text.contains('@') {
        return begun(text);
    }
    format!("{FIRST_LINE} {ESCAPED_LINE}\n\n{}", text.replace('@', "\\@"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_or_file_at_the_start_is_no_longer_at_the_start() {
        assert_eq!(begun("/compact"), "Carry out what follows.\n\n/compact");
        let text = guarded("@/etc/passwd and me@example.org");
        assert!(text.ends_with("\n\n\\@/etc/passwd and me\\@example.org"));
        assert!(text.starts_with("Carry out what follows. In it, \\@"));
    }

    #[test]
    fn nul_is_gone_and_the_system_text_stands_first() {
        assert_eq!(whole(Some("You review."), "a\0b"), "You review.\n\nab");
    }
}
