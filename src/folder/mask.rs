//! Keeps keys out of everything that is written: the configured ones by value, others by their shape.
//! Shapes are matched by hand, in one pass, so that a text of many megabytes costs a walk over its bytes.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::borrow::Cow;

/// What stands in the place of a key.
pub(crate) const MASKED: &str = "[masked]";

/// A configured key shorter than this, in bytes, is not looked for: it would blank out ordinary words.
const KEY_BYTES_MIN: usize = 6;

/// How keys of known services begin, and how many key characters at least must follow.
const SHAPES: [(&[u8], usize); 26] = [
    (b"sk-", 17),
    (b"sk_live_", 10),
    (b"sk_test_", 10),
    (b"rk_live_", 10),
    (b"ghp_", 16),
    (b"gho_", 16),
    (b"ghu_", 16),
    (b"ghs_", 16),
    (b"ghr_", 16),
    (b"github_pat_", 16),
    (b"glpat-", 16),
    (b"gsk_", 16),
    (b"hf_", 16),
    (b"npm_", 30),
    (b"pypi-", 40),
    (b"AKIA", 16),
    (b"ASIA", 16),
    (b"AIza", 26),
    (b"xai-", 16),
    (b"xoxa-", 10),
    (b"xoxb-", 10),
    (b"xoxp-", 10),
    (b"xoxr-", 10),
    (b"xoxs-", 10),
    (b"ya29.", 20),
    (b"pplx-", 16),
];

/// Finds keys and puts [`MASKED`] in their place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Masker {
    secrets: Vec<SecretString>,
}

impl Masker {
    /// Knows the configured keys; the longest is looked for first, so that one that holds another goes whole.
    pub(crate) fn new(secrets: Vec<SecretString>) -> Self {
        let mut secrets: Vec<_> =
            secrets.into_iter().filter(|secret| secret.expose_secret().len() >= KEY_BYTES_MIN).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        Self { secrets }
    }

    /// The text without keys.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in &self.secrets {
            if text.contains(secret.expose_secret()) {
                text = Cow::Owned(text.replace(secret.expose_secret(), MASKED));
            }
        }
        for secret in &self.secrets {
            if let Some(masked) = mask_torn(&text, secret.expose_secret()) {
                text = Cow::Owned(masked);
            }
        }
        match mask_shapes(&text) {
            Some(masked) => Cow::Owned(masked),
            None => text,
        }
    }

    /// Masks every text in a JSON value, names of members too, and cuts each to `bytes_max`.
    pub(crate) fn value(&self, value: &mut Value, bytes_max: usize) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(masked) = self.text(text) {
                    *text = masked;
                }
                if text.len() > bytes_max {
                    *text = format!("{} […]", crate::board::text::cut(text, bytes_max));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item, bytes_max)),
            Value::Object(members) => {
                if members.keys().any(|name| matches!(self.text(name), Cow::Owned(_))) {
                    let taken = std::mem::take(members);
                    *members = taken.into_iter().map(|(name, item)| (self.text(&name).into_owned(), item)).collect();
                }
                members.values_mut().for_each(|item| self.value(item, bytes_max));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// The text with every beginning of a key masked that breaks off where a word ends; `None` when there is none. Heads,
/// titles and fields are cut before they come here, and the cut may go through a key.
fn mask_torn(text: &str, key: &str) -> Option<String> {
    let least = key.get(..KEY_BYTES_MIN)?;
    let mut masked: Option<String> = None;
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = text[at..].find(least) {
        let start = at + found;
        let length = key.bytes().zip(text[start..].bytes()).take_while(|(one, other)| one == other).count();
        at = start + length.max(1);
        while !text.is_char_boundary(at) {
            at += 1;
        }
        let breaks_off =
            text[at..].chars().next().is_none_or(|c| c.is_whitespace() || matches!(c, '…' | '[' | ')' | ';'));
        if breaks_off {
            let out = masked.get_or_insert_with(String::new);
            out.push_str(&text[copied..start]);
            out.push_str(MASKED);
            copied = at;
        }
    }
    if let Some(out) = masked.as_mut() {
        out.push_str(&text[copied..]);
    }
    masked
}

/// The text without anything that has the shape of a key, whoever's it is: for messages that are told before a page is written.
pub fn without_keys(text: String) -> String {
    mask_shapes(&text).unwrap_or(text)
}

/// The text with every known shape masked; `None` when there is none.
fn mask_shapes(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut masked: Option<String> = None;
    let (mut copied, mut at) = (0, 0);
    while at < bytes.len() {
        let begins = matches!(
            bytes[at],
            b's' | b'r' | b'g' | b'h' | b'n' | b'p' | b'A' | b'x' | b'y' | b'B' | b'b' | b'e' | b'-'
        );
        let Some((keep, length)) = begins.then(|| secret_at(bytes, at)).flatten() else {
            at += 1;
            continue;
        };
        let out = masked.get_or_insert_with(|| String::with_capacity(text.len()));
        out.push_str(&text[copied..at + keep]);
        out.push_str(MASKED);
        at += length;
        copied = at;
    }
    if let Some(out) = masked.as_mut() {
        out.push_str(&text[copied..]);
    }
    masked
}

/// The secret that begins at `at`: how many of its first bytes may stay (`Bearer `), and its whole length.
/// Both ends lie on ASCII bytes, so the text may be cut there.
fn secret_at(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let rest = &bytes[at..];
    if rest[0] == b'-' {
        return private_key(rest).map(|length| (0, length));
    }
    if within_word(&bytes[..at]) {
        return None;
    }
    if rest.len() >= 7 && rest[..7].eq_ignore_ascii_case(b"bearer ") {
        return bearer(rest);
    }
    if rest.starts_with(b"eyJ") {
        return web_token(rest).map(|length| (0, length));
    }
    SHAPES.iter().find_map(|(prefix, least)| {
        let tail = rest.strip_prefix(*prefix)?;
        let length = run(tail, is_key_byte);
        (length >= *least).then_some((0, prefix.len() + length))
    })
}

/// Whether what comes next goes on with a word. Behind an escape of JSON (`\n`) or what colours a terminal it does not,
/// though a letter stands there.
fn within_word(before: &[u8]) -> bool {
    match before {
        [.., b'-'] | [] => false,
        [.., b'\\', b'n' | b'r' | b't'] => false,
        [colour @ .., b'm'] => {
            let head = colour.len() - colour.iter().rev().take_while(|byte| matches!(byte, b'0'..=b'9' | b';')).count();
            !colour[..head].ends_with(b"\x1b[")
        }
        [.., last] => is_key_byte(*last),
    }
}

/// `Bearer` and a token with a digit in it; prose about bearers of something has none.
fn bearer(rest: &[u8]) -> Option<(usize, usize)> {
    let token = &rest[7..];
    let length = run(token, |byte| is_key_byte(byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'='));
    let real = length >= 16 && token[..length].iter().any(u8::is_ascii_digit);
    real.then_some((7, 7 + length))
}

/// A JSON web token: three parts in base64url, the first of which begins with `{"`.
fn web_token(rest: &[u8]) -> Option<usize> {
    let first = run(rest, is_key_byte);
    let second = rest.get(first).filter(|byte| **byte == b'.').map(|_| run(&rest[first + 1..], is_key_byte))?;
    let end = first + 1 + second;
    let third = rest.get(end).filter(|byte| **byte == b'.').map_or(0, |_| 1 + run(&rest[end + 1..], is_key_byte));
    (first >= 10 && second >= 10).then_some(end + third)
}

/// A private key block, up to its end line; one that was cut short, as far as it looks like base64.
fn private_key(rest: &[u8]) -> Option<usize> {
    let title = rest.strip_prefix(b"-----BEGIN ")?;
    let words = run(title, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ');
    let head = 11 + words + 5;
    if !title[..words].ends_with(b"PRIVATE KEY") || rest.get(11 + words..head) != Some(b"-----") {
        return None;
    }
    let body = run(&rest[head..], |byte| byte.is_ascii_alphanumeric() || b"+/=\r\n \t:,-\\".contains(&byte));
    let block = &rest[head..head + body];
    let ends = block.windows(9).position(|window| window == b"-----END ");
    let end = ends.map_or(body, |at| {
        let close = run(&block[at + 9..], |byte| byte != b'-');
        at + 9 + close + run(&block[at + 9 + close..], |byte| byte == b'-').min(5)
    });
    Some(head + end)
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn run(bytes: &[u8], fits: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !fits(*byte)).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(text: &str) -> String {
        Masker::new(vec![SecretString::from("hunter2-is-it"), SecretString::from("abc")]).text(text).into_owned()
    }

    #[test]
    fn configured_keys_and_known_shapes_are_masked() {
        assert_eq!(mask("x hunter2-is-it y abc"), "x [masked] y abc");
        for key in [
            "sk-ant-api03-aaaaaaaaaaaaaaaaaaaa",
            "ghp_0123456789abcdefghij",
            "github_pat_11AAAAAAA0123456789",
            "AKIAIOSFODNN7EXAMPLE",
            "xai-0123456789abcdef0123",
            "AIzaSyA0123456789012345678901234567890",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
        ] {
            assert_eq!(mask(&format!("a {key}, b")), "a [masked], b");
            assert_eq!(mask(&format!("KEY={key}")), "KEY=[masked]");
            assert_eq!(mask(key), "[masked]");
        }
        assert_eq!(mask("Authorization: Bearer abc.DEF-0123456789/x="), "Authorization: Bearer [masked]");
    }

    #[test]
    fn private_keys_are_masked_whole_and_when_cut_short() {
        let block = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow==\nabc\n-----END RSA PRIVATE KEY-----\nafter";
        assert_eq!(mask(block), "[masked]\nafter");
        assert_eq!(mask("-----BEGIN PRIVATE KEY-----\nMIIE"), "[masked]");
        assert_eq!(mask("-----BEGIN CERTIFICATE-----"), "-----BEGIN CERTIFICATE-----");
    }

    #[test]
    fn ordinary_words_stay() {
        for text in [
            "task-list-of-the-whole-project",
            "sk-learn",
            "bearer of good news and more",
            "AKIA",
            "é eyJ",
            "- a",
            "--",
            "x.sk-",
        ] {
            assert_eq!(mask(text), text);
        }
    }

    #[test]
    fn json_is_masked_in_values_and_names() {
        let mut value = serde_json::json!({"hunter2-is-it": ["hunter2-is-it", {"n": 1, "long": "äöü"}]});
        Masker::new(vec![SecretString::from("hunter2-is-it")]).value(&mut value, 8);
        assert_eq!(value, serde_json::json!({"[masked]": ["[masked]", {"n": 1, "long": "äöü"}]}));
        Masker::default().value(&mut value, 3);
        assert_eq!(value["[masked]"][1]["long"], "ä […]");
    }
}
