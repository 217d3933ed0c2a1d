//! How Python writes things, where agents and their scripts match on it: `repr`, the names of types, `json.dumps`, and what
//! `re` says of a pattern it cannot read.

use serde_json::Value;
use std::fmt::Write;

/// Longest `repr` that pydantic shows whole, in bytes.
const SHOWN_BYTES_MAX: usize = 50;

/// `repr(value)`.
pub(super) fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let pairs = fields.iter().map(|(key, value)| format!("{}: {}", quoted(key), repr(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

/// `repr` of a text: single quotes, unless only those occur in it.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {
                let _infallible = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if c.is_ascii() => out.push(c),
            c => out.push_str(&shown(c)),
        }
    }
    out.push(quote);
    out
}

/// A character, or its number where it cannot be seen.
fn shown(c: char) -> String {
    // Behind a letter, accents stand for themselves; the library knows what can be printed much as Python does.
    if format!("a{c}").escape_debug().count() == 2 {
        return c.to_string();
    }
    match u32::from(c) {
        number @ ..=0xff => format!("\\x{number:02x}"),
        number @ 0x100..=0xffff => format!("\\u{number:04x}"),
        number => format!("\\U{number:08x}"),
    }
}

/// The middle taken out of a long `repr`, as pydantic does it: 25 bytes, three dots, 24 bytes.
pub(super) fn shortened(repr: &str) -> String {
    if repr.len() <= SHOWN_BYTES_MAX {
        return repr.to_owned();
    }
    let half = SHOWN_BYTES_MAX.div_ceil(2);
    let (mut head, mut tail) = (half, repr.len() - (half - 1));
    while !repr.is_char_boundary(head) {
        head -= 1;
    }
    while !repr.is_char_boundary(tail) {
        tail += 1;
    }
    format!("{}...{}", &repr[..head], &repr[tail..])
}

/// `type(value).__name__`.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// `json.dumps(names, ensure_ascii=False)` of a list of texts.
pub(super) fn json_list(names: &[String]) -> String {
    let texts: Vec<String> = names.iter().map(|name| Value::from(name.as_str()).to_string()).collect();
    format!("[{}]", texts.join(", "))
}

/// What `re.compile` says of a pattern whose brackets do not close; `None` when that is not what is wrong with it.
pub(super) fn pattern_error(pattern: &str) -> Option<String> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut open = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 1,
            '[' => match class_end(&chars, at) {
                Some(end) => at = end,
                None => return Some(format!("unterminated character set at position {at}")),
            },
            '(' => open.push(at),
            ')' if open.pop().is_none() => return Some(format!("unbalanced parenthesis at position {at}")),
            '*' | '+' | '?' if at == 0 => return Some("nothing to repeat at position 0".to_owned()),
            _ => {}
        }
        at += 1;
    }
    open.pop().map(|at| format!("missing ), unterminated subpattern at position {at}"))
}

/// Where the character set that opens at `start` closes. A `]` right after the opening is a member.
fn class_end(chars: &[char], start: usize) -> Option<usize> {
    let mut at = start + 1;
    if chars.get(at) == Some(&'^') {
        at += 1;
    }
    let first = at;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 1,
            ']' if at > first => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_look_as_python_writes_them() {
        let value = json!({ "a": [1, 2.5, true, null], "it's": "say \"hi\"\n" });
        assert_eq!(repr(&value), r#"{'a': [1, 2.5, True, None], "it's": 'say "hi"\n'}"#);
        assert_eq!(repr(&json!("\u{feff}é e\u{301} 日 \u{2028}")), "'\\ufeffé e\u{301} 日 \\u2028'");
        assert_eq!(repr(&json!("it's \"both\" \u{1}")), "'it\\'s \"both\" \\x01'");
    }

    #[test]
    fn a_long_value_loses_its_middle() {
        let value = json!({ "memory_file_name": "old_param_name", "content": "x" });
        assert_eq!(shortened(&repr(&value)), "{'memory_file_name': 'old...m_name', 'content': 'x'}");
        assert_eq!(shortened("short"), "short");
        // Cut between letters, never inside one.
        let umlauts = shortened(&"ü".repeat(40));
        assert!(umlauts.contains("..."), "{umlauts}");
    }

    #[test]
    fn broken_patterns_are_named_as_python_names_them() {
        assert_eq!(pattern_error("(").unwrap(), "missing ), unterminated subpattern at position 0");
        assert_eq!(pattern_error(r"a\(b)").unwrap(), "unbalanced parenthesis at position 4");
        assert_eq!(pattern_error("x[a").unwrap(), "unterminated character set at position 1");
        assert_eq!(pattern_error("*a").unwrap(), "nothing to repeat at position 0");
        assert_eq!(pattern_error(r"(a[])(]|b)\)"), None);
    }
}
