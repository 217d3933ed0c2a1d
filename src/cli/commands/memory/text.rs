//! `synod memory write` and `edit`: what gives a memory another text.

use super::{Author, Bus};
use crate::api::{EditMode, LeaseView, Reply, Request};
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

/// Make a memory, or give it a new text; what stood before stays in its history
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod memory write design/auth \"Tokens live for an hour.\"\n  synod memory write design/auth --file notes.md\n  git log -5 | synod memory write notes/recent -\n  synod memory write todo - --if-revision 0 < todo.md     only if there is none yet"
)]
pub(in crate::cli) struct WriteArgs {
    /// The memory's name; slashes make folders
    name: String,
    /// Its text, exactly; - or nothing: from stdin
    #[arg(allow_hyphen_values = true)]
    text: Option<String>,
    /// Take the text from this file
    #[arg(long, short, value_name = "FILE", conflicts_with = "text")]
    file: Option<PathBuf>,
    /// Only if this revision stands; 0: only if there is no such memory
    #[arg(long, value_name = "N")]
    if_revision: Option<u64>,
    #[command(flatten)]
    author: Author,
}

/// Replace a passage of a memory
///
/// Where it stands more than once, nothing is changed unless --all is given.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod memory edit todo --needle '- [ ] tests' --replacement '- [x] tests'\n  synod memory edit design/auth --regex --needle 'expires in \\d+ s' --replacement 'expires in 60 s' --all"
)]
pub(in crate::cli) struct EditArgs {
    /// The memory's name
    name: String,
    /// What is looked for
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    needle: String,
    /// What stands there afterwards
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    replacement: String,
    /// The needle is a regular expression: . matches line ends, ^ and $ match at lines, $!1 in the replacement is group 1
    #[arg(long)]
    regex: bool,
    /// Replace every occurrence
    #[arg(long)]
    all: bool,
    /// Only if this revision stands
    #[arg(long, value_name = "N")]
    if_revision: Option<u64>,
    #[command(flatten)]
    author: Author,
}

pub(super) async fn write(bus: &Bus<'_>, args: WriteArgs) -> Result<Exit, Failure> {
    let text = given(bus, &args)?;
    let by = args.author.of(bus.session);
    let request = Request::MemoryWrite { name: args.name.clone(), text, if_revision: args.if_revision, by };
    let reply = bus.ask(&args.name, request).await?;
    let Reply::MemoryWritten { name, revision, created, lease, .. } = &reply else {
        return Err(crate::cli::commands::unexpected());
    };
    bus.session.out.put(&reply, || written(name, *revision, *created))?;
    warn(bus, name, lease.as_ref());
    Ok(Exit::Ok)
}

/// What became of a text that was written. What is written to the inbox of tasks becomes no revision.
fn written(name: &str, revision: u64, created: bool) -> String {
    match (revision, created) {
        (0, _) => format!("handed in {name} as a task; follow it with: synod tasks"),
        (_, true) => format!("made {name} (revision {revision})"),
        (_, false) => format!("wrote {name} (revision {revision})"),
    }
}

pub(super) async fn edit(bus: &Bus<'_>, args: EditArgs) -> Result<Exit, Failure> {
    let EditArgs { name, needle, replacement, regex, all, if_revision, author } = args;
    let mode = if regex { EditMode::Regex } else { EditMode::Literal };
    let by = author.of(bus.session);
    let request = Request::MemoryEdit { name: name.clone(), needle, replacement, mode, all, if_revision, by };
    let reply = bus.ask(&name, request).await?;
    let Reply::MemoryWritten { name, revision, replaced, lease, .. } = &reply else {
        return Err(crate::cli::commands::unexpected());
    };
    let passages = if *replaced == 1 { "passage" } else { "passages" };
    bus.session.out.put(&reply, || format!("replaced {replaced} {passages} in {name} (revision {revision})"))?;
    warn(bus, name, lease.as_ref());
    Ok(Exit::Ok)
}

/// A lease keeps nobody from writing, but who writes should know.
fn warn(bus: &Bus<'_>, name: &str, lease: Option<&LeaseView>) {
    if let Some(LeaseView { by, until }) = lease {
        bus.session.out.say(&format!("note: {by} works on {name} until {until}"));
    }
}

/// The text from where the command line says.
fn given(bus: &Bus<'_>, args: &WriteArgs) -> Result<String, Failure> {
    match (&args.file, args.text.as_deref()) {
        (Some(file), _) => {
            let path = bus.session.path(file);
            let open = std::fs::File::open(&path).map_err(|error| Failure::file("read", &path, &error))?;
            bounded(open, &path, bus.bytes_max)
        }
        (None, Some("-")) => bounded(std::io::stdin().lock(), Path::new("stdin"), bus.bytes_max),
        (None, Some(text)) => bounded(text.as_bytes(), Path::new("the text"), bus.bytes_max),
        // A person at a terminal would wait for a prompt that never comes.
        (None, None) if std::io::stdin().is_terminal() => {
            Err(Failure::usage("there is no text").hint("give it as an argument, with --file FILE, or on stdin with -"))
        }
        (None, None) => bounded(std::io::stdin().lock(), Path::new("stdin"), bus.bytes_max),
    }
}

/// Reads a text of at most `bytes_max` bytes.
pub(super) fn bounded(from: impl Read, path: &Path, bytes_max: usize) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    from.take(limit).read_to_end(&mut bytes).map_err(|error| Failure::file("read", path, &error))?;
    if bytes.len() > bytes_max {
        return Err(Failure::usage(format!("{} is longer than a memory may be ({bytes_max} bytes)", path.display()))
            .hint("split it into several memories, or raise limits.memory_bytes_max"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::usage(format!("{} is not UTF-8 text (byte {at})", path.display())).hint("save it as UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn a_task_from_the_inbox_is_not_told_as_a_memory_that_was_made() {
        let told = written("orchestration/inbox/hello", 0, true);
        assert_eq!(told, "handed in orchestration/inbox/hello as a task; follow it with: synod tasks");
        assert_eq!(
            (written("a", 1, true).as_str(), written("a", 2, false).as_str()),
            ("made a (revision 1)", "wrote a (revision 2)")
        );
    }
}
