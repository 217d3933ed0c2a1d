//! `synod up`: the daemon, here or in the background.

use crate::api::{Handle, Reply, Request, Status};
use crate::app::{self, Engage, Engine, Place};
use crate::cli::exit::Exit;
use crate::cli::interrupts::Interrupts;
use crate::cli::reach::until_ended;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a daemon in the background may take until it answers; replaying a long journal takes a while.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(30);
/// Pause between two looks for it.
const LOOK_PAUSE: Duration = Duration::from_millis(30);
/// How many lines of the daemon's log are shown when it did not come up.
const LOG_LINES: usize = 8;

/// Start the daemon: it takes every task file dropped into AI_COORDINATION/tasks/
///
/// It runs here until Ctrl-C (running calls may finish, a second Ctrl-C ends them), or in the background with --detach.
/// What was open when the last daemon ended, however it ended, goes on.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod up                    in this terminal\n  synod up --detach           in the background; its messages go to .synod/daemon.log\n  synod up --set limits.max_concurrent_calls=2"
)]
pub(in crate::cli) struct Args {
    /// Go into the background, and return once the daemon takes work
    #[arg(short, long)]
    pub(in crate::cli) detach: bool,
    /// Write every model call to this cassette file, to be replayed later
    #[arg(long, value_name = "FILE", conflicts_with = "detach")]
    record: Option<PathBuf>,
    /// Kill the process right after this journal append (for crash tests)
    #[arg(long, hide = true, value_name = "N")]
    crash_after_append: Option<u64>,
}

/// Said when no model was found.
const WORKERLESS: &str = "no model was found: memories, MCP and HTTP are served, and tasks wait until there is one; see what was \
looked for with: synod doctor";

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let place = session.place()?;
    if args.detach {
        return detach(session, &place).await;
    }
    let mut interrupts = Interrupts::catch()?;
    let engage = Engage {
        intake: true,
        socket: true,
        port: true,
        workerless: true,
        record: args.record.map(|path| session.path(&path)),
        crash_after_append: args.crash_after_append,
        ..Engage::default()
    };
    let mut engine = Engine::start(&place, engage).await?;
    ready(session, &place, &engine.handle()).await?;
    until_ended(&mut engine, &session.out, &mut interrupts, false).await?;
    session.out.say("ended");
    Ok(Exit::Ok)
}

async fn detach(session: &Session, place: &Place) -> Result<Exit, Failure> {
    if let Some(handle) = app::connect(place).await? {
        session.out.say("a daemon serves this workspace already");
        return ready(session, place, &handle).await;
    }
    let pid = app::detach(place, &session.options().flags)?;
    match tokio::time::timeout(ANSWER_WAIT_MAX, answering(place, pid)).await {
        Ok(Ok(Some(handle))) => ready(session, place, &handle).await,
        Ok(Err(failure)) => Err(failure),
        Ok(Ok(None)) => Err(not_up(place, "ended before it took work")),
        Err(_) => Err(not_up(place, &format!("(process {pid}) did not answer within {} s", ANSWER_WAIT_MAX.as_secs()))),
    }
}

/// Waits until the daemon answers; `None`: its process is gone.
async fn answering(place: &Place, pid: u32) -> Result<Option<Handle>, Failure> {
    loop {
        if let Some(handle) = app::connect(place).await? {
            return Ok(Some(handle));
        }
        if app::is_gone(pid) {
            return Ok(None);
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

fn not_up(place: &Place, what: &str) -> Failure {
    let log = &place.layout.daemon_log;
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n  ");
    Failure::new(Exit::Failed, format!("the daemon {what}; the end of its log:\n  {last}"))
        .hint(format!("the whole log is {}; to see it happen, start it here with: synod up", log.display()))
}

/// Says that work is taken.
async fn ready(session: &Session, place: &Place, handle: &Handle) -> Result<Exit, Failure> {
    let Reply::Status(status) = handle.ask(Request::Status).await? else { return Err(super::unexpected()) };
    session.out.put(&Reply::Status(status.clone()), || line(&status, &place.layout.tasks))?;
    if place.workers().is_empty() {
        session.out.say(WORKERLESS);
    }
    if let Some(trouble) = &status.trouble {
        session.out.say(&format!("it takes no work yet: {trouble}"));
    }
    Ok(Exit::Ok)
}

fn line(status: &Status, tasks: &Path) -> String {
    let open = match status.open_tasks {
        0 => String::new(),
        1 => ", 1 open task goes on".to_owned(),
        many => format!(", {many} open tasks go on"),
    };
    format!("ready: drop task files into {} (process {}{open})", tasks.display(), status.pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_line_says_where_to_drop_and_what_goes_on() {
        let mut status = Status {
            pid: 7,
            version: String::new(),
            workspace: String::new(),
            open_tasks: 0,
            phases: Default::default(),
            running_calls: 0,
            seq: crate::api::Seq(0),
            published: crate::api::Seq(0),
            listen: None,
            trouble: None,
        };
        let tasks = Path::new("/w/AI_COORDINATION/tasks");
        assert_eq!(line(&status, tasks), "ready: drop task files into /w/AI_COORDINATION/tasks (process 7)");
        status.open_tasks = 2;
        assert!(line(&status, tasks).ends_with("(process 7, 2 open tasks go on)"));
    }
}
