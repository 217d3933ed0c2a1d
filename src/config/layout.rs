//! Where everything in a workspace is: finding its root and naming its paths. It creates nothing.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::environment::Environment;
use super::layers::{self, Loaded, Sources};
use super::problem::Error;
use super::settings::Workspace;

/// Longest path of a Unix socket that every system we run on takes, in bytes (the smallest bound is 104 with the end mark).
const SOCKET_PATH_BYTES_MAX: usize = 103;

/// The file that marks a workspace.
pub const SETTINGS_FILE: &str = "synod.toml";
/// The folder that marks a workspace too, where there is no settings file.
const COORDINATION_DIR: &str = "AI_COORDINATION";

/// The paths of one workspace, all absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The workspace's folder, without symbolic links.
    pub root: PathBuf,
    /// Its `synod.toml`, which may be absent.
    pub settings_file: PathBuf,
    /// The shared folder, `AI_COORDINATION`.
    pub coordination: PathBuf,
    /// The memory files.
    pub memories: PathBuf,
    /// Where task files are dropped.
    pub tasks: PathBuf,
    /// Tasks being worked on.
    pub active: PathBuf,
    /// Tasks that are done.
    pub done: PathBuf,
    /// Tasks that failed or were cancelled.
    pub failed: PathBuf,
    /// Files that could not be accepted, with the reason.
    pub rejected: PathBuf,
    /// One file per worker and task.
    pub sessions: PathBuf,
    /// What each model said, a folder per task.
    pub outputs: PathBuf,
    /// The decisions.
    pub decisions: PathBuf,
    /// The logs.
    pub communication: PathBuf,
    /// The handoff log, for people.
    pub handoff_log: PathBuf,
    /// The message log, for tools.
    pub message_log: PathBuf,
    /// The daemon's own folder, `.synod`.
    pub dot_synod: PathBuf,
    /// The journal's database.
    pub store: PathBuf,
    /// Large texts by content.
    pub blobs: PathBuf,
    /// The full-text index of the memories; it can be thrown away.
    pub search_index: PathBuf,
    /// Output of running CLI calls.
    pub spool: PathBuf,
    /// Git worktrees of workers.
    pub worktrees: PathBuf,
    /// The daemon's socket: in `.synod`, or elsewhere when that path would be too long for a socket.
    pub socket: PathBuf,
    /// The bearer token of the HTTP face.
    pub token: PathBuf,
    /// The lock that keeps a second daemon away; it holds the first one's pid.
    pub lock: PathBuf,
    /// What the daemon says when it runs in the background.
    pub daemon_log: PathBuf,
}

impl Layout {
    /// The folder of the workspace that holds `start`: `start` itself or the nearest one above with a `synod.toml`
    /// file or an `AI_COORDINATION` folder.
    ///
    /// # Errors
    /// [`Error::NoWorkspace`] when there is none.
    pub fn find_root(start: &Path) -> Result<PathBuf, Error> {
        // Symbolic links are resolved first, so that one workspace has one name and one socket.
        let start = start.canonicalize().map_err(|source| Error::Read { path: start.to_owned(), source })?;
        start
            .ancestors()
            .find(|folder| folder.join(SETTINGS_FILE).is_file() || folder.join(COORDINATION_DIR).is_dir())
            .map(Path::to_owned)
            .ok_or(Error::NoWorkspace { start })
    }

    /// Finds the workspace that holds `start`, with the shipped folder names. [`open`] minds the settings.
    ///
    /// # Errors
    /// [`Error::NoWorkspace`] when there is none.
    pub fn find(start: &Path, environment: &Environment) -> Result<Self, Error> {
        Ok(Self::new(&Self::find_root(start)?, &layers::defaults().0.workspace, environment))
    }

    /// The paths below `root`, with the folder names of the settings.
    #[must_use]
    pub fn new(root: &Path, workspace: &Workspace, environment: &Environment) -> Self {
        let coordination = root.join(&workspace.coordination);
        let tasks = coordination.join("tasks");
        let communication = coordination.join("communication");
        let dot_synod = root.join(".synod");
        Self {
            root: root.to_owned(),
            settings_file: root.join(SETTINGS_FILE),
            memories: root.join(&workspace.memories),
            active: tasks.join("active"),
            done: tasks.join("done"),
            failed: tasks.join("failed"),
            rejected: tasks.join("rejected"),
            tasks,
            sessions: coordination.join("sessions"),
            outputs: coordination.join("outputs"),
            decisions: coordination.join("decisions"),
            handoff_log: communication.join("INTERCOMMUNICATION_LOG.md"),
            message_log: communication.join("model_messages.log"),
            communication,
            coordination,
            store: dot_synod.join("store"),
            blobs: dot_synod.join("blobs"),
            search_index: dot_synod.join("search.db"),
            spool: dot_synod.join("spool"),
            worktrees: dot_synod.join("worktrees"),
            socket: socket(root, &dot_synod, environment),
            token: dot_synod.join("token"),
            lock: dot_synod.join("daemon.lock"),
            daemon_log: dot_synod.join("daemon.log"),
            dot_synod,
        }
    }

    /// The socket's own folder when it is not in `.synod`. Whoever binds there makes it with mode 0700 and refuses it
    /// when another user owns it, because its parent may be writable by all.
    #[must_use]
    pub fn socket_dir(&self) -> Option<&Path> {
        self.socket.parent().filter(|folder| *folder != self.dot_synod)
    }

    /// The folders a workspace consists of, parents first.
    #[must_use]
    pub fn folders(&self) -> [&Path; 14] {
        [
            &self.coordination,
            &self.tasks,
            &self.active,
            &self.done,
            &self.failed,
            &self.rejected,
            &self.sessions,
            &self.outputs,
            &self.decisions,
            &self.communication,
            &self.memories,
            &self.dot_synod,
            &self.blobs,
            &self.spool,
        ]
    }
}

/// `.synod/synod.sock`, or a short path made from the root's hash: below `$XDG_RUNTIME_DIR`, else below `/tmp`.
/// Daemon and command line come to the same path because both begin with the resolved root.
fn socket(root: &Path, dot_synod: &Path, environment: &Environment) -> PathBuf {
    let fits = |path: &PathBuf| path.as_os_str().len() <= SOCKET_PATH_BYTES_MAX;
    let near = dot_synod.join("synod.sock");
    if fits(&near) {
        return near;
    }
    let digest = Sha256::digest(root.as_os_str().as_bytes());
    let hash: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let runtime = environment.get("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    runtime
        .map(|folder| folder.join(format!("synod-{hash}/synod.sock")))
        .filter(fits)
        .unwrap_or_else(|| PathBuf::from(format!("/tmp/synod-{}-{hash}/synod.sock", environment.user_id())))
}

/// Finds the workspace that holds `start` and loads its settings from every layer.
///
/// # Errors
/// [`Error::NoWorkspace`], or whatever [`load`](super::load) finds wrong.
pub fn open(start: &Path, environment: &Environment, flags: &[String]) -> Result<(Layout, Loaded), Error> {
    let root = Layout::find_root(start)?;
    let loaded = layers::load(&Sources {
        user_file: environment.user_settings(),
        workspace_file: Some(root.join(SETTINGS_FILE)),
        environment: Some(environment),
        flags: flags.to_vec(),
    })?;
    let layout = Layout::new(&root, &loaded.settings.workspace, environment);
    Ok((layout, loaded))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;

    fn layout(root: &str, environment: &Environment) -> Layout {
        Layout::new(Path::new(root), &layers::defaults().0.workspace, environment)
    }

    #[test]
    fn the_workspace_is_found_from_below_by_either_mark() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let deep = root.join("a/b/c");
        std::fs::create_dir_all(&deep).unwrap();
        assert!(matches!(Layout::find_root(&deep), Err(Error::NoWorkspace { .. })));
        std::fs::create_dir(root.join("AI_COORDINATION")).unwrap();
        assert_eq!(Layout::find_root(&deep).unwrap(), root);
        // The nearest mark wins, whichever it is.
        std::fs::write(root.join("a/b/synod.toml"), "").unwrap();
        assert_eq!(Layout::find_root(&deep).unwrap(), root.join("a/b"));
    }

    #[test]
    fn a_link_to_the_workspace_leads_to_the_same_root() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("real");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("synod.toml"), "").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&root, &link).unwrap();
        assert_eq!(Layout::find_root(&link).unwrap(), root);
    }

    #[test]
    fn settings_name_the_folders() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("synod.toml"), "[workspace]\nmemories = '.serena/memories'").unwrap();
        let environment = Environment::of([("HOME", "/nowhere")]);
        let (layout, _) = open(folder.path(), &environment, &[]).unwrap();
        assert_eq!(layout.memories, layout.root.join(".serena/memories"));
        assert_eq!(layout.active, layout.root.join("AI_COORDINATION/tasks/active"));
    }

    #[test]
    fn a_long_root_gets_a_short_socket_of_its_own() {
        let none = Environment::default();
        assert_eq!(layout("/w", &none).socket, Path::new("/w/.synod/synod.sock"));
        assert_eq!(layout("/w", &none).socket_dir(), None);
        let (one, two) = (format!("/{}/1", "x".repeat(120)), format!("/{}/2", "x".repeat(120)));
        let far = layout(&one, &none).socket;
        assert!(far.starts_with("/tmp") && far.as_os_str().len() <= SOCKET_PATH_BYTES_MAX, "{far:?}");
        assert_ne!(far, layout(&two, &none).socket);
        assert!(layout(&one, &none).socket_dir().is_some());
        let runtime = Environment::of([("XDG_RUNTIME_DIR", "/run/user/1000")]);
        assert!(layout(&one, &runtime).socket.starts_with("/run/user/1000"));
        let useless = Environment::of([("XDG_RUNTIME_DIR", format!("/{}", "y".repeat(120)))]);
        assert!(layout(&one, &useless).socket.starts_with("/tmp"));
    }
}
