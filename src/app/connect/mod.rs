//! `synod connect`: puts Synod's MCP server into the settings of a program that people work in, and takes it out again. Here
//! stands the course of it; what each program wants is in `client`, how a file's text is changed in `json` and `toml`, how a
//! file is read and written in `file`.
//!
//! Nothing else in a file is touched: what is there is parsed, changed and written back with its comments, order and
//! indentation. The token of the HTTP face never stands in such a file, only the name of a variable that holds it.

mod client;
mod edit;
mod error;
mod file;
mod json;
#[cfg(test)]
mod tests;
mod toml;

pub use client::{Client, Scope};
pub(super) use error::Error;

use super::place::Place;
use crate::config::{Environment, Listen};
use client::{Server, Target};
use file::File;
use std::path::{Path, PathBuf};

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Register the server.
    Write,
    /// Show the entry and where it belongs, and look at no file.
    Print,
    /// Take the server out again.
    Remove,
}

/// Whom to connect, and how.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The program.
    pub client: Client,
    /// In whose settings.
    pub scope: Scope,
    /// By HTTP, instead of by starting `synod mcp`.
    pub http: bool,
    /// The name under which the server is registered.
    pub name: String,
    /// What to do.
    pub what: What,
    /// Write nothing: only say what would become of the file.
    pub dry: bool,
}

/// What became of a settings file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// It was not there, and is now.
    Made,
    /// It says something else now.
    Changed,
    /// It said so already.
    Unchanged,
    /// It was there only for Synod, and is gone.
    FileRemoved,
    /// Nothing: the entry is for pasting.
    Paste,
}

/// What was done, or would be.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Connected {
    /// The file; `None`: there is none to write.
    pub path: Option<PathBuf>,
    /// What became of it.
    pub became: Became,
    /// It was only looked at.
    pub dry: bool,
    /// Where the file's text from before the first change was kept, when that was now.
    pub backup: Option<PathBuf>,
    /// The lines that differ, `-` and `+` before them.
    pub difference: String,
    /// The entry by itself, as a whole file of its own would hold it.
    pub snippet: String,
    /// What the person still has to do or know.
    pub notes: Vec<String>,
}

/// Connects a program to this workspace, or disconnects it.
///
/// # Errors
/// When the file cannot be read, understood or written, or another server has the name. The file is as it was then.
pub fn connect(place: &Place, wish: &Wish) -> Result<Connected, Error> {
    let program = std::env::current_exe().map_err(|source| Error::Program { source })?;
    let http = &place.loaded.settings.http;
    let address = match http.listen {
        Listen::Tcp(address) => Some(address),
        Listen::Off => None,
    };
    let server = Server { program, root: place.layout.root.clone(), token: place.layout.token.clone(), address };
    carry_out(wish, &server, &place.environment)
}

fn carry_out(wish: &Wish, server: &Server, environment: &Environment) -> Result<Connected, Error> {
    client::check_name(&wish.name)?;
    let target = Target::of(wish, server, environment)?;
    let Some(path) = target.path.clone().filter(|_| wish.what != What::Print) else {
        return Ok(Connected {
            path: target.path.clone(),
            became: Became::Paste,
            dry: true,
            backup: None,
            difference: String::new(),
            snippet: target.snippet(),
            notes: target.notes,
        });
    };
    let file = File::read(&path)?;
    let unreadable = |why| Error::Unreadable { path: file.path.clone(), why };
    let present = target.format.get(&file.text, &wish.name).map_err(unreadable)?;
    if present.as_ref().is_some_and(|present| !server.is_ours(present)) {
        return Err(Error::Taken { path: file.path.clone(), name: wish.name.clone() });
    }
    match wish.what {
        What::Write | What::Print => {
            let after = target.put(&file.text, present).map_err(unreadable)?;
            let mut notes = target.notes.clone();
            notes.extend(server.other_workspace(&file.text, &target));
            finish(file, Some(after), wish, &target, notes)
        }
        What::Remove => {
            let (after, exact) = match present {
                None => (file.text.clone(), false),
                Some(_) => taken_out(&file, &target).map_err(unreadable)?,
            };
            let nothing_else = !exact && file.backup().is_none() && target.format.is_empty(&after);
            let after = (!nothing_else || !file.existed).then_some(after);
            let mut connected = finish(file.clone(), after, wish, &target, Vec::new())?;
            if exact && !wish.dry {
                file.forget_backup()?;
                connected.notes.push("the file is what it was before Synod, byte for byte".to_owned());
            } else if let (Some(backup), true) = (file.backup(), connected.became == Became::Changed) {
                connected.notes.push(format!("the file's text from before Synod is still in {}", backup.display()));
            }
            Ok(connected)
        }
    }
}

/// The text without the entry, and whether it is that of the backup: when the backup with the entry put in gives what stands
/// now, nobody else has changed the file, and it becomes again what it was to the byte.
fn taken_out(file: &File, target: &Target) -> Result<(String, bool), String> {
    if let Some(before) = file.backup_text()
        && target.format.get(&before, &target.name)?.is_none()
        && let Some(value) = target.format.get(&file.text, &target.name)?
        && target.format.put(&before, &target.name, &value, target.input.as_ref())? == file.text
    {
        return Ok((before, true));
    }
    Ok((target.format.remove(&file.text, &target.name, client::INPUT_ID)?, false))
}

/// Writes what must be written; `after` is `None` when the file goes.
fn finish(
    file: File,
    after: Option<String>,
    wish: &Wish,
    target: &Target,
    notes: Vec<String>,
) -> Result<Connected, Error> {
    let became = match &after {
        None => Became::FileRemoved,
        Some(after) if *after == file.text => Became::Unchanged,
        Some(_) if !file.existed => Became::Made,
        Some(_) => Became::Changed,
    };
    let difference = edit::difference(&file.text, after.as_deref().unwrap_or_default());
    let backup = if wish.dry {
        None
    } else {
        match (&after, became) {
            (None, _) => file.remove(wish.scope == Scope::Project)?,
            (_, Became::Unchanged) => None,
            (Some(after), _) => file.write(after, wish)?,
        }
    };
    let dry = wish.dry;
    Ok(Connected { path: Some(file.path), became, dry, backup, difference, snippet: target.snippet(), notes })
}

/// A path as text.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
