//! Where the program works: the workspace, its settings with all layers, and the environment it was started in.

use super::error::Error;
use crate::api::{ErrorKind, Handle, Request};
use crate::config::{self, Discovery, Environment, Layout, Loaded, Worker};
use crate::folder::mirror::Roots;
use crate::{folder, http};
use indexmap::IndexMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What the command line says about where to work.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The folder to search the workspace from; `None`: the current one.
    pub start: Option<PathBuf>,
    /// Settings given as flags, `key=value` each.
    pub flags: Vec<String>,
}

/// A workspace with its settings.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its paths.
    pub layout: Layout,
    /// Its settings, with where each came from.
    pub loaded: Loaded,
    /// What the process was started with.
    pub environment: Environment,
}

impl Place {
    /// The configured workers, or those that were found when none are configured.
    pub fn workers(&self) -> IndexMap<String, Worker> {
        let configured = &self.loaded.settings.workers;
        if configured.is_empty() { self.discovery().workers() } else { configured.clone() }
    }

    /// The folders whose files are memories.
    pub(super) fn memory_roots(&self) -> Roots {
        let global = self.environment.global_memories(&self.loaded.settings.memory);
        Roots { memories: self.layout.memories.clone(), global }
    }

    /// What can be found on this machine without being configured.
    pub fn discovery(&self) -> Discovery {
        config::discover(&self.environment, &self.loaded.settings.catalog)
    }
}

/// Finds the workspace and reads its settings.
///
/// # Errors
/// When there is none, or its settings are not valid.
pub fn workspace(options: &Options) -> Result<Place, Error> {
    let environment = Environment::capture();
    let start = options.start.clone().unwrap_or_else(|| environment.current_dir().to_owned());
    let (layout, loaded) = config::open(&start, &environment, &options.flags)?;
    Ok(Place { layout, loaded, environment })
}

/// Makes a workspace of the folder, or completes one. Nothing that is there is changed.
///
/// # Errors
/// When a folder or file cannot be made.
pub fn init(options: &Options) -> Result<folder::workspace::Made, Error> {
    let environment = Environment::capture();
    let root = options.start.clone().unwrap_or_else(|| environment.current_dir().to_owned());
    // Settings that are there already say how the folders are called.
    if !root.join(config::SETTINGS_FILE).is_file() {
        let coordination = root.join(config::Settings::default().workspace.coordination);
        std::fs::create_dir_all(&coordination)
            .map_err(|source| Error::File { path: coordination.display().to_string(), source })?;
    }
    let (layout, _) = config::open(&root, &environment, &options.flags)?;
    Ok(folder::workspace::init(&root, &layout.coordination, &layout.memories)?)
}

/// The settings file of the workspace that holds the folder; of the folder itself where there is no workspace yet. Whether the
/// file is there and valid is not looked at.
pub fn settings_file(options: &Options) -> PathBuf {
    let environment = Environment::capture();
    let start = options.start.clone().unwrap_or_else(|| environment.current_dir().to_owned());
    Layout::find_root(&start).unwrap_or(start).join(config::SETTINGS_FILE)
}

/// Writes a settings file, whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write_settings(path: &Path, text: &str) -> Result<(), Error> {
    // A link stays one, and what it leads to is replaced.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let fresh = path.with_extension(format!("toml.{}.tmp", std::process::id()));
    let written = || {
        let mut file = std::fs::File::create(&fresh)?;
        if let Ok(old) = std::fs::metadata(&path) {
            file.set_permissions(old.permissions())?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, &path)
    };
    written().map_err(|source| {
        // What was begun is of no use; that it stays behind is the lesser trouble.
        let _ = std::fs::remove_file(&fresh);
        Error::File { path: path.display().to_string(), source }
    })
}

/// A way to the daemon that serves the workspace, when one answers.
///
/// # Errors
/// When something answers that is not a daemon of this workspace.
pub async fn connect(place: &Place) -> Result<Option<Handle>, Error> {
    if !place.layout.socket.exists() {
        return Ok(None);
    }
    let handle = match http::Client::connect(&place.layout.socket).await {
        Ok(client) => Handle::new(client),
        Err(error) if error.kind == ErrorKind::Unreachable => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match handle.ask(Request::Status).await {
        Ok(_) => Ok(Some(handle)),
        Err(error) if error.kind == ErrorKind::Unreachable => Ok(None),
        Err(error) => Err(error.into()),
    }
}
