//! `communication/model_messages.log`: one JSON line per event, for tools. Each line begins with the event's number.

use super::append::{Form, Standing};
use super::ink::json_visible;
use super::mask::Masker;
use crate::board::Seq;
use serde_json::{Map, Value};

/// The file's name in `communication/`.
pub(crate) const NAME: &str = "model_messages.log";

/// The form of its lines.
#[derive(Debug)]
pub(crate) struct Messages {
    /// Takes keys out of every text.
    pub(crate) mask: Masker,
    /// Longest text within a line, in bytes.
    pub(crate) text_bytes_max: usize,
}

/// The number that a line of ours begins with.
fn number(line: &[u8]) -> Option<u64> {
    let rest = line.strip_prefix(b"{\"seq\":")?;
    let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

fn is_json(line: &[u8]) -> bool {
    serde_json::from_slice::<Value>(line).is_ok()
}

impl Form for Messages {
    type Item = Value;

    fn opening(&self) -> &'static str {
        ""
    }

    fn closing(&self) -> &'static str {
        "\n"
    }

    fn find_end(&self, bytes: &[u8]) -> Standing {
        let mut standing = Standing::default();
        let mut end = bytes.len();
        for line in bytes.split_inclusive(|byte| *byte == b'\n').rev() {
            let start = end - line.len();
            let bare = line.strip_suffix(b"\n").unwrap_or(line);
            let whole = bare.len() < line.len() || is_json(bare);
            if let Some(seq) = number(bare).filter(|_| whole) {
                if standing.last == 0 {
                    standing = Standing { last: seq, end: start + bare.len(), ..Standing::default() };
                }
                if seq != standing.last {
                    standing.bounded = true;
                    break;
                }
                standing.same += 1;
            }
            end = start;
        }
        standing
    }

    fn entry(&self, seq: Seq, item: &Value, _link: &str) -> (String, String) {
        let mut line = Map::new();
        line.insert("seq".to_owned(), seq.0.into());
        match item {
            Value::Object(members) => {
                let others = members.iter().filter(|(name, _)| *name != "seq");
                line.extend(others.map(|(name, value)| (name.clone(), value.clone())));
            }
            other => {
                line.insert("message".to_owned(), other.clone());
            }
        }
        let mut line = Value::Object(line);
        self.mask.value(&mut line, self.text_bytes_max);
        (json_visible(line.to_string()), String::new())
    }

    fn is_torn(&self, end: &[u8]) -> bool {
        !end.is_empty() && !is_json(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn form() -> Messages {
        Messages { mask: Masker::default(), text_bytes_max: 100 }
    }

    #[test]
    fn the_number_comes_first_and_cannot_be_forged() {
        let (line, _) = form().entry(Seq(7), &json!({"at": "t", "seq": 9, "event": "x\n{\"seq\":99}"}), "");
        assert_eq!(line, r#"{"seq":7,"at":"t","event":"x\n{\"seq\":99}"}"#);
        assert_eq!(form().entry(Seq(1), &json!("text"), "").0, r#"{"seq":1,"message":"text"}"#);
    }

    #[test]
    fn the_end_is_the_last_whole_line_with_a_number() {
        let bytes = b"{\"seq\":1}\n{\"seq\":2,\"a\":1}\n{\"seq\":2}\nnote\n{\"seq\":3,\"a";
        let standing = form().find_end(bytes);
        assert_eq!((standing.last, standing.same, standing.bounded), (2, 2, true));
        assert_eq!(&bytes[standing.end..], b"\nnote\n{\"seq\":3,\"a");
        assert_eq!(form().find_end(b"{\"seq\":5}").last, 5);
    }
}
