//! JSON into the tree. The parser knows no lines, so it is fed byte by byte through a reader that counts them.

use super::tree::{DEPTH_MAX, Entry, Node, Value, reason};
use crate::board::Reason;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;
use std::io::Read;

/// Reads a JSON document.
///
/// # Errors
/// Where it is not JSON, or nested too deeply.
pub(super) fn read(text: &str) -> Result<Node, Reason> {
    let line = Cell::new(1);
    let source = Counted { rest: text.as_bytes(), breaks: 0, line: &line };
    let mut json = serde_json::Deserializer::from_reader(source);
    let seed = Seed { line: &line, depth: 0 };
    let node = seed.deserialize(&mut json).and_then(|node| json.end().map(|()| node));
    node.map_err(|error| {
        let message = error.to_string();
        let what = message.rsplit_once(" at line ").map_or(message.as_str(), |(what, _)| what).to_owned();
        // The parser has read one byte ahead, and names the next line when that byte was a line's end.
        let line = u32::try_from(error.line()).map_or(line.get(), |named| named.min(line.get()));
        reason(
            line,
            format!("the file is not valid JSON: {what}"),
            "correct the JSON near that line; a JSON checker shows the place",
        )
    })
}

/// Hands out bytes and keeps the line of the last one that is no white space: that is where the parser is, since it looks
/// at most one byte ahead.
struct Counted<'a> {
    rest: &'a [u8],
    breaks: u32,
    line: &'a Cell<u32>,
}

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let (Some((byte, rest)), Some(slot)) = (self.rest.split_first(), into.first_mut()) else { return Ok(0) };
        *slot = *byte;
        self.rest = rest;
        if *byte == b'\n' {
            self.breaks += 1;
        } else if !byte.is_ascii_whitespace() {
            self.line.set(self.breaks + 1);
        }
        Ok(1)
    }
}

/// Builds one node, knowing where the parser is and how deep.
#[derive(Clone, Copy)]
struct Seed<'a> {
    line: &'a Cell<u32>,
    depth: usize,
}

impl Seed<'_> {
    fn node<E>(self, value: Value) -> Result<Node, E> {
        Ok(Node { line: self.line.get(), value })
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom(format_args!("lists and maps are nested more than {DEPTH_MAX} deep")));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        self.node(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        self.node(Value::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        self.node(Value::Whole(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        self.node(Value::Whole(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        self.node(Value::Real(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        self.node(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let (line, inner) = (self.line.get(), self.deeper::<A::Error>()?);
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Node { line, value: Value::List(list) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let (line, inner) = (self.line.get(), self.deeper::<A::Error>()?);
        let mut map = Vec::new();
        while let Some(key) = items.next_key::<String>()? {
            let line = self.line.get();
            let value = items.next_value_seed(inner)?;
            map.push(Entry { key, line, value });
        }
        Ok(Node { line, value: Value::Map(map) })
    }
}
