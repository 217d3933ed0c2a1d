//! One dropped file's bytes become a draft of a task, or a reason that a person can act on. Pure but for looking up
//! whether paths lead out of the workspace. Which workers, roles, kinds and pipelines exist is not known here.

mod front;
mod json;
mod keys;
mod place;
mod plan;
mod toml;
mod tree;
mod value;
mod yaml;

use self::tree::{Node, Value, reason};
use self::value::Field;
use super::Limits;
use crate::board::spec::TaskSpec;
use crate::board::text::Text;
use crate::board::{Reason, TaskId};
use std::borrow::Cow;
use std::path::Path;

/// What a task file asks, its text not yet stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What is to be done, whole.
    pub text: String,
    asked: TaskSpec,
}

impl Draft {
    /// A draft of a text and the keys beside it; the text inside `asked` does not count.
    pub fn new(text: String, asked: TaskSpec) -> Self {
        let head = Text::short(crate::board::text::cut(&text, crate::board::text::HEAD_BYTES_MAX));
        Self { text, asked: TaskSpec { text: head, ..asked } }
    }

    /// The finished specification, with the text by value or by hash.
    pub fn into_spec(self, text: Text) -> TaskSpec {
        TaskSpec { text, ..self.asked }
    }

    /// The keys beside the text. Its own `text` holds only the beginning.
    pub fn asked(&self) -> &TaskSpec {
        &self.asked
    }
}

/// The endings of task files.
pub const ENDINGS: [&str; 6] = ["md", "txt", "json", "yaml", "yml", "toml"];

/// How a task file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Markdown,
    Plain,
    Json,
    Yaml,
    Toml,
}

/// Whether a name ends like a task file.
pub fn is_task_name(name: &str) -> bool {
    format_of(name).is_some()
}

fn format_of(name: &str) -> Option<Format> {
    let (stem, ending) = name.rsplit_once('.')?;
    if stem.is_empty() {
        return None;
    }
    match ending.to_ascii_lowercase().as_str() {
        "md" => Some(Format::Markdown),
        "txt" => Some(Format::Plain),
        "json" => Some(Format::Json),
        "yaml" | "yml" => Some(Format::Yaml),
        "toml" => Some(Format::Toml),
        _ => None,
    }
}

/// What reading the keys needs to know beside the file.
struct Frame<'a> {
    root: &'a Path,
    own: TaskId,
    steps_max: usize,
}

/// Reads a dropped file. `root` is the workspace root, which no path in the file may leave.
///
/// # Errors
/// Why it is no task: what, on which line, and how to mend it.
pub fn read(name: &str, bytes: &[u8], root: &Path, limits: &Limits) -> Result<Draft, Reason> {
    let Some(format) = format_of(name) else {
        return Err(reason(
            None,
            "the file's ending is not one of a task file",
            format!("name it with one of .{}", ENDINGS.join(" .")),
        ));
    };
    if bytes.len() > limits.task_bytes_max {
        return Err(too_large(bytes.len() as u64, limits.task_bytes_max));
    }
    let text = decode(bytes)?;
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let frame = Frame { root, own: TaskId::slug(stem), steps_max: limits.plan_steps_max };
    match format {
        Format::Plain => plain(text, 1),
        Format::Markdown => markdown(text, &frame),
        Format::Json => keyed(&json::read(text)?, &frame),
        Format::Yaml => keyed(&yaml::read(text, 0)?, &frame),
        Format::Toml => keyed(&toml::read(text)?, &frame),
    }
}

/// The reason for a file over its limit.
pub(super) fn too_large(bytes: u64, bytes_max: usize) -> Reason {
    let what = format!("the file holds {bytes} bytes, which is over limits.task_bytes_max ({bytes_max})");
    reason(
        None,
        what,
        "keep the task short and name large files under context, or raise limits.task_bytes_max in synod.toml",
    )
}

/// The text of a file in UTF-8, without its byte order mark.
fn decode(bytes: &[u8]) -> Result<&str, Reason> {
    let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let zeros = bytes.iter().filter(|byte| **byte == 0).count();
    if wide || (zeros > 0 && zeros >= bytes.len() / 4) {
        return Err(reason(
            None,
            "the file is not UTF-8 text: it looks like UTF-16 or a binary file",
            "save it as UTF-8",
        ));
    }
    let text = str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        reason(
            line,
            format!("the file is not UTF-8 text: byte {at} (counted from 0) begins no character"),
            "save it as UTF-8",
        )
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// A file, or what stands below its front matter, that is all text.
fn plain(text: &str, line: u32) -> Result<Draft, Reason> {
    Ok(Draft::new(words(text, line)?, TaskSpec::of_text(Text::short(""))))
}

/// The task's words with line ends of one kind and without blank lines around them.
fn words(text: &str, line: u32) -> Result<String, Reason> {
    let text = if text.contains("\r\n") { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) };
    let trimmed = text.trim_end().trim_start_matches(['\n', '\r']);
    if trimmed.trim().is_empty() {
        return Err(reason(
            line,
            "the task is empty: no text says what is to be done",
            "write what is to be done in plain words",
        ));
    }
    Ok(trimmed.to_owned())
}

fn markdown(text: &str, frame: &Frame<'_>) -> Result<Draft, Reason> {
    let parts = front::split(text)?;
    let Some(front) = parts.front.filter(|front| !front.trim().is_empty()) else {
        return plain(parts.body, parts.body_line);
    };
    let node = yaml::read(front, 1)?;
    let entries = match &node.value {
        Value::Map(entries) => entries.as_slice(),
        Value::Null => &[],
        other => {
            let what = format!("the front matter must hold keys, but is {}", other.is_a());
            return Err(reason(node.line, what, "write it as in priority: high, or leave the front matter out"));
        }
    };
    let asked = keys::read(entries, frame)?;
    if let Some(task) = entries.iter().find(|entry| entry.key == "task") {
        return Err(reason(
            task.line,
            "the key task has no place in front matter",
            "write the text below the second ---",
        ));
    }
    Ok(Draft::new(words(parts.body, parts.body_line)?, asked))
}

/// A file that is all keys, with the text under `task`.
fn keyed(node: &Node, frame: &Frame<'_>) -> Result<Draft, Reason> {
    let entries = match &node.value {
        Value::Map(entries) => entries.as_slice(),
        other => {
            let what = format!(
                "the file must hold keys, but is {}",
                if *other == Value::Null { "empty" } else { other.is_a() }
            );
            let line = (*other != Value::Null).then_some(node.line);
            return Err(reason(line, what, "write the text under the key task, and the other keys beside it"));
        }
    };
    let asked = keys::read(entries, frame)?;
    let Some(task) = entries.iter().find(|entry| entry.key == "task") else {
        return Err(reason(None, "the key task is missing", "write what is to be done under the key task"));
    };
    let Value::Text(text) = &task.value.value else {
        return Err(Field::of("task", task)
            .text()
            .err()
            .unwrap_or_else(|| reason(task.line, "task must be text", "write text")));
    };
    Ok(Draft::new(words(text, task.line)?, asked))
}
