//! Running git so that nothing a model wrote can make it run something else: no hooks, no watchers, no filters or drivers of
//! other people's settings, an environment of its own. What it is run for is in the files beside.

use super::Error;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Settings that outrank every file.
const HARMLESS: [&str; 7] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=true",
    "core.fileMode=true",
    "gc.auto=0",
    "protocol.allow=never",
    "advice.detachedHead=false",
];

/// Most that is kept of what git complains.
const COMPLAINT_BYTES_MAX: u64 = 16 * 1024;

/// Most that git may say where nobody set a smaller limit: names of files, mostly.
pub(super) const SAID_BYTES_MAX: usize = 256 << 20;

/// How git is run.
#[derive(Clone, Debug)]
pub(super) struct Git {
    program: PathBuf,
    path: OsString,
    /// Where it is run.
    folder: PathBuf,
    /// The repository and the files, where they are not to be looked for.
    own: Option<(PathBuf, PathBuf)>,
    /// The home whose settings count: only with the user's own files.
    home: Option<PathBuf>,
    /// Above this folder no repository is looked for.
    ceiling: Option<PathBuf>,
}

/// What git said.
pub(super) struct Said {
    pub(super) code: i32,
    pub(super) out: Vec<u8>,
    pub(super) complaint: String,
    /// Whether it said more than it might.
    pub(super) cut: bool,
}

impl Git {
    /// Over the user's repository and files, with the user's settings, as far as they only say how files are written.
    pub(super) fn of_user(program: &Path, path: &OsStr, home: Option<&Path>, folder: &Path) -> Self {
        let home = home.map(Path::to_owned);
        Self {
            program: program.to_owned(),
            path: path.to_owned(),
            folder: folder.to_owned(),
            own: None,
            home,
            ceiling: None,
        }
    }

    /// Over a repository of ours and a tree, with no settings but that repository's, which we wrote.
    pub(super) fn of_own(program: &Path, path: &OsStr, repository: &Path, tree: &Path) -> Self {
        let own = Some((repository.to_owned(), tree.to_owned()));
        let ceiling = tree.parent().map(Path::to_owned);
        Self { program: program.to_owned(), path: path.to_owned(), folder: tree.to_owned(), own, home: None, ceiling }
    }

    /// The same, finding no repository above the folder.
    pub(super) fn alone(mut self) -> Self {
        self.ceiling = self.folder.parent().map(Path::to_owned);
        self
    }

    /// What it says when it ends well.
    pub(super) fn run(&self, args: &[&str]) -> Result<Vec<u8>, Error> {
        self.feed(args, &[])
    }

    /// The same, told something.
    pub(super) fn feed(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>, Error> {
        let said = self.ask(args, input, SAID_BYTES_MAX)?;
        if said.code == 0 && !said.cut { Ok(said.out) } else { Err(Error::git(args, &said.complaint)) }
    }

    /// The same as one line of text.
    pub(super) fn line(&self, args: &[&str]) -> Result<String, Error> {
        let out = self.run(args)?;
        Ok(String::from_utf8_lossy(&out).trim_end_matches('\n').to_owned())
    }

    /// Whatever it says, at most so many bytes of it.
    pub(super) fn ask(&self, args: &[&str], input: &[u8], bytes_max: usize) -> Result<Said, Error> {
        let failed = |source| Error::NoGit { program: self.program.clone(), source };
        let mut child = self.command(args).spawn().map_err(failed)?;
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed(std::io::Error::other("it has no pipes")));
        };
        let (mut out, mut complaint) = (Vec::new(), Vec::new());
        let cut = std::thread::scope(|scope| {
            // One that does not read what it is told has its reasons; it says so by its exit code.
            scope.spawn(move || drop(stdin.write_all(input)));
            scope.spawn(|| stderr.take(COMPLAINT_BYTES_MAX).read_to_end(&mut complaint));
            let mut stdout = stdout.take(bytes_max as u64 + 1);
            // What cannot be read is missing from the output, and the exit code tells.
            let _ = stdout.read_to_end(&mut out);
            let cut = out.len() > bytes_max;
            if cut {
                out.truncate(bytes_max);
                child.kill().ok();
            }
            cut
        });
        let status = child.wait().map_err(failed)?;
        let complaint = String::from_utf8_lossy(&complaint).trim().to_owned();
        Ok(Said { code: status.code().unwrap_or(-1), out, complaint, cut })
    }

    #[expect(clippy::disallowed_methods, reason = "this room is the one that starts processes")]
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder).env_clear().env("PATH", &self.path).env("LC_ALL", "C");
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_LAZY_FETCH", "1");
        match &self.home {
            Some(home) => command.env("HOME", home),
            None => command
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .env("GIT_ATTR_NOSYSTEM", "1"),
        };
        if let Some((repository, tree)) = &self.own {
            command.env("GIT_DIR", repository).env("GIT_WORK_TREE", tree);
        }
        if let Some(ceiling) = &self.ceiling {
            command.env("GIT_CEILING_DIRECTORIES", ceiling);
        }
        for setting in HARMLESS {
            command.args(["-c", setting]);
        }
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}
