//! What every command is given: where to work, how to speak, who asks.

use super::args::Global;
use super::out::Out;
use super::report::Failure;
use crate::app::{self, Options, Place};
use crate::config::Environment;
use std::path::{Path, PathBuf};
use tracing_subscriber::EnvFilter;

/// The variable that sets the filter of messages, for hunting a fault.
const LOG_VARIABLE: &str = "SYNOD_LOG";

/// Columns of a terminal that nobody knows.
const COLUMNS: usize = 80;

/// Variables that glibc's allocator reads.
const ALLOCATOR_VARIABLES: [&str; 5] =
    ["MALLOC_ARENA_MAX", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"];

/// One run of the program.
#[derive(Debug)]
pub(super) struct Session {
    /// How to speak.
    pub(super) out: Out,
    options: Options,
    environment: Environment,
}

impl Session {
    /// A session as the global flags want it. A daemon says more of what it does than a short command.
    pub(super) fn new(global: &Global, daemon: bool) -> Self {
        let environment = Environment::capture();
        // https://no-color.org: any value but the empty one.
        let plain =
            global.no_color || environment.get("NO_COLOR").is_some() || environment.text("TERM") == Some("dumb");
        let out = Out::new(global.json, global.quiet, plain);
        let filter = environment.text(LOG_VARIABLE).unwrap_or(filter(global, daemon));
        let messages = tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(out.colours());
        // Only a second call in one process fails, and then the first one's choice stands.
        let _ = messages.with_env_filter(filtered(filter)).with_target(false).try_init();
        let options = Options { start: global.dir.clone(), flags: global.set.clone() };
        Self { out, options, environment }
    }

    /// Where the workspace is searched from, and the settings given as flags.
    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// The workspace with its settings.
    ///
    /// # Errors
    /// When there is none, or its settings are not valid.
    pub(super) fn place(&self) -> Result<Place, Failure> {
        Ok(app::workspace(&self.options)?)
    }

    /// A path as the person meant it: from the folder the program was started in, also with `-C`.
    pub(super) fn path(&self, path: &Path) -> PathBuf {
        self.environment.current_dir().join(path)
    }

    /// How many columns the person sees: those of the terminal, or what COLUMNS says; 80 when nobody knows.
    pub(super) fn columns(&self) -> usize {
        let terminal = rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| usize::from(size.ws_col));
        let said = || self.environment.text("COLUMNS").and_then(|columns| columns.trim().parse().ok());
        terminal.filter(|columns| *columns > 0).or_else(said).unwrap_or(COLUMNS)
    }

    /// Whether whoever started this process has said how its memory is to be kept, be it this program itself.
    pub(super) fn is_told_of_memory(&self) -> bool {
        ALLOCATOR_VARIABLES.iter().any(|name| self.environment.get(name).is_some())
    }

    /// Who asks, for the log.
    pub(super) fn by(&self) -> String {
        self.environment.text("USER").map_or_else(|| "cli".to_owned(), |user| format!("{user} (cli)"))
    }
}

/// The library that logs in tells codes in its messages for hunting faults: those are not to be had, whatever the filter says.
/// And that a connection to an MCP server came to nothing is told by the worker whose it was, in better words.
fn filtered(filter: &str) -> EnvFilter {
    let quieter = ["rmcp::transport::auth=error", "rmcp::transport::worker=off"];
    quieter.iter().filter_map(|directive| directive.parse().ok()).fold(EnvFilter::new(filter), EnvFilter::add_directive)
}

fn filter(global: &Global, daemon: bool) -> &'static str {
    match (global.quiet, global.verbose, daemon) {
        (true, ..) => "error",
        (false, 0, false) => "warn",
        (false, 0, true) | (false, 1, _) => "warn,synod=info",
        (false, 2, _) => "info,synod=debug",
        (false, ..) => "debug,synod=trace",
    }
}
