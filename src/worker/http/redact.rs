//! Making a provider's words fit to be shown: one short line, no key, nothing of the prompt, no page of HTML.

use crate::config::looks_like_key;
use crate::worker::Turn;

/// Longest part of a provider's message that is shown, in characters.
const SHOWN_MAX: usize = 200;
/// So many characters in common with the prompt make a message an echo of it.
const ECHO: usize = 24;

/// What must never be shown.
#[derive(Clone, Copy)]
pub(super) struct Hidden<'a> {
    /// The key in use, where there is one.
    pub(super) key: Option<&'a str>,
    /// The texts that were sent.
    pub(super) sent: [&'a str; 2],
    /// What was sent again of the conversation so far.
    pub(super) history: &'a [Turn],
}

/// The words of a provider as one line for a person; none when nothing is left that may be shown.
pub(super) fn shown(words: &str, hidden: Hidden<'_>) -> Option<String> {
    if let Some(page) = html(words) {
        return Some(page);
    }
    let line = one_line(words);
    let masked: Vec<&str> =
        line.split(' ').map(|word| if is_secret(word, hidden.key) { "[key]" } else { word }).collect();
    let line = match hidden.key.filter(|key| !key.is_empty()) {
        Some(key) => masked.join(" ").replace(key, "[key]"),
        None => masked.join(" "),
    };
    let line = shortened(&line);
    let earlier = hidden.history.iter().flat_map(|turn| [turn.prompt.as_str(), turn.answer.as_str()]);
    let echoes = hidden.sent.into_iter().chain(earlier).any(|sent| repeats(&line, sent));
    (!line.is_empty() && !echoes).then_some(line)
}

/// Controls and runs of white space become one space; what is far too long is cut before any further work.
fn one_line(words: &str) -> String {
    let head: String = words.chars().take(SHOWN_MAX * 8).collect();
    head.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or(line)),
        None => line.to_owned(),
    }
}

/// Whether a word is the key, a piece of it (providers show its first letters and stars), or has the shape of one.
fn is_secret(word: &str, key: Option<&str>) -> bool {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    let starred = word.contains("**") || (word.contains('*') && word.starts_with("sk-"));
    let piece = key.is_some_and(|key| {
        let head: String = key.chars().take(8).collect();
        head.chars().count() == 8 && word.contains(&head)
    });
    starred || piece || looks_like_key(word) || looks_like_key(bare)
}

/// Whether a line repeats what was sent: a stretch of it, or all of a short text.
fn repeats(line: &str, sent: &str) -> bool {
    let sent = one_line_whole(sent);
    if sent.chars().count() < ECHO {
        return sent.len() >= 8 && line.contains(&sent);
    }
    let starts: Vec<usize> = line.char_indices().map(|(at, _)| at).chain([line.len()]).collect();
    starts.windows(ECHO + 1).any(|window| {
        let stretch = window.first().zip(window.last()).and_then(|(from, to)| line.get(*from..*to));
        stretch.is_some_and(|stretch| sent.contains(stretch))
    })
}

fn one_line_whole(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A page of HTML in a few words: its title, where it has one.
fn html(words: &str) -> Option<String> {
    let start = words.trim_start();
    let head: String = start.chars().take(4096).collect::<String>().to_lowercase();
    if !(head.starts_with("<!doctype") || head.starts_with("<html") || head.contains("<body")) {
        return None;
    }
    let title =
        head.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map(|(title, _)| one_line(title));
    Some(match title.filter(|title| !title.is_empty()) {
        Some(title) => format!("a web page titled \"{}\"", title.chars().take(60).collect::<String>()),
        None => "a web page".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "marker-KEY-8d1f";

    fn show(words: &str) -> Option<String> {
        shown(
            words,
            Hidden {
                key: Some(KEY),
                sent: ["You are a reviewer of code.", "Please review the login code of the shop"],
                history: &[],
            },
        )
    }

    #[test]
    fn keys_and_pieces_of_keys_are_masked() {
        for words in [
            "Incorrect API key provided: marker-KEY-8d1f.",
            "bad (marker-KEY-8d1f)",
            "bad Bearer:marker-KEY-8d1f!",
            "key marker-K********8d1f",
        ] {
            let line = show(words).unwrap_or_default();
            assert!(!line.contains("marker-K") && line.contains("[key]"), "{line}");
        }
        let other = show(&format!("use {} instead", "sk-ant-0123456789abcdef0123456789")).unwrap_or_default();
        assert_eq!(other, "use [key] instead");
    }

    #[test]
    fn an_echo_of_the_prompt_is_not_shown() {
        assert_eq!(show("invalid input: 'review the login code of the\nshop'"), None);
        assert_eq!(show("the login code was wrong").as_deref(), Some("the login code was wrong"));
    }

    #[test]
    fn it_is_one_short_line() {
        assert_eq!(show("a\n\tb\u{1b}[31m").as_deref(), Some("a b [31m"));
        assert_eq!(show(&"x ".repeat(5000)).map(|line| line.chars().count()), Some(SHOWN_MAX + 1));
        assert_eq!(show(" \n "), None);
    }

    #[test]
    fn pages_are_summed_up() {
        let page = "<html><head><title>502 Bad\nGateway</title></head><body>long</body></html>";
        assert_eq!(show(page).as_deref(), Some("a web page titled \"502 bad gateway\""));
        assert_eq!(show("<html><body>gateway login page</body></html>").as_deref(), Some("a web page"));
    }
}
