//! `synod run`: hands in a task and follows it to its decision, with a daemon or without.

use super::act::NO_DAEMON;
use super::wait::now;
use crate::api::{Handle, Kind, Mode, NewTask, Overrides, Priority, Reply, Request, Role, TaskId, WorkerName};
use crate::app::{self, Engage, Place};
use crate::cli::exit::Exit;
use crate::cli::follow::{self, Follow};
use crate::cli::interrupts::Interrupts;
use crate::cli::reach::Reached;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use crate::cli::words;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Hand in a task, wait for it, and print the decision
///
/// TEXT is what is to be done, in plain words. A FILE is a task file: its name ends in .md, .txt, .json, .yaml, .yml or
/// .toml and it exists; flags outrank what it says. `-` reads the text from stdin.
///
/// A running daemon carries the task out. Without one this command does, and ends with the task; Ctrl-C then lets running
/// calls finish, a second Ctrl-C ends them, and the task goes on with the next daemon.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod run \"Review src/login.py for security issues\" --context 'src/*.py'\n  synod run tasks/review-auth.md --priority high\n  synod run \"Which of the two designs?\" --models claude,gemini --timeout 5m\n  git diff | synod run - --kind code-review --json | jq -r .answer"
)]
pub(in crate::cli) struct Args {
    /// What is to be done, or a task file
    #[arg(value_name = "TEXT|FILE")]
    pub(in crate::cli) what: String,
    /// How much it matters; critical asks every worker and waits for you
    #[arg(long, value_parser = words::priority())]
    priority: Option<Priority>,
    /// How many take part
    #[arg(long, value_parser = words::mode())]
    mode: Option<Mode>,
    /// One role instead of a team, such as reviewer
    #[arg(long, value_name = "ROLE", value_parser = |text: &str| Ok::<_, String>(Role::new(text)))]
    role: Option<Role>,
    /// These workers instead of the routed ones, separated by commas
    #[arg(long, value_name = "WORKER", value_delimiter = ',', value_parser = |text: &str| Ok::<_, String>(WorkerName::new(text)))]
    models: Vec<WorkerName>,
    /// What sort of task it is, such as security-review; else its words say
    #[arg(long, value_name = "KIND", value_parser = |text: &str| Ok::<_, String>(Kind::new(text)))]
    kind: Option<Kind>,
    /// The steps of this pipeline, such as feature, bugfix or review
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// The members of this team, such as quick, standard, complex or core
    #[arg(long, value_name = "NAME", conflicts_with = "pipeline")]
    team: Option<String>,
    /// Files for the workers to read, as a glob from the workspace's folder; may be given again
    #[arg(long, value_name = "GLOB")]
    context: Vec<String>,
    /// A specification file, from the workspace's folder
    #[arg(long, value_name = "FILE")]
    spec: Option<String>,
    /// Ask anew, also where an identical call has been answered before
    #[arg(long)]
    no_cache: bool,
    /// Hand it in and return; the id is printed
    #[arg(long, conflicts_with_all = ["record", "timeout"])]
    no_wait: bool,
    /// Write every model call to this cassette file, to be replayed later (needs that no daemon runs)
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Wait at most so long, such as 90s or 10m; the task itself goes on
    #[arg(long, value_name = "TIME", value_parser = words::duration)]
    timeout: Option<Duration>,
    /// Kill the process right after this journal append (for crash tests)
    #[arg(long, hide = true, value_name = "N")]
    crash_after_append: Option<u64>,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let place = session.place()?;
    let bytes_max = place.loaded.settings.limits.task_bytes_max;
    see_spec(&place, &args)?;
    let new = handed_in(session, &args, bytes_max)?;
    if args.no_wait {
        return hand_in_only(session, &place, new).await;
    }
    let mut interrupts = Interrupts::catch()?;
    let reached = open(session, &place, &args).await?;
    let carried = carry(session, &reached, new, args.timeout, &mut interrupts).await;
    let closed = reached.close_working(&session.out, &mut interrupts).await;
    let exit = carried?;
    closed?;
    Ok(exit)
}

/// A daemon, or the engine that this command carries; others reach it over the socket meanwhile.
async fn open(session: &Session, place: &Place, args: &Args) -> Result<Reached, Failure> {
    if args.record.is_some() && app::connect(place).await?.is_some() {
        return Err(Failure::usage("calls are recorded by the process that makes them, and a daemon is running")
            .hint("end it first: synod down; or start it with: synod up --record FILE"));
    }
    let engage = Engage {
        socket: true,
        record: args.record.as_deref().map(|path| session.path(path)),
        crash_after_append: args.crash_after_append,
        ..Engage::default()
    };
    Reached::open(place, engage).await
}

/// Hands the task in and follows it.
async fn carry(
    session: &Session,
    reached: &Reached,
    new: NewTask,
    timeout: Option<Duration>,
    interrupts: &mut Interrupts,
) -> Result<Exit, Failure> {
    let handle = reached.handle();
    // Taken before the task is handed in, so that no notice of it is missed.
    let after = now(&handle).await?;
    let task = submit(&handle, new).await?;
    follow::follow(session, &handle, Follow { task, after, timeout }, interrupts).await
}

async fn hand_in_only(session: &Session, place: &Place, new: NewTask) -> Result<Exit, Failure> {
    let reached = Reached::to_ask(place).await?;
    let daemon = reached.is_daemon();
    let submitted = submit(&reached.handle(), new).await;
    let closed = reached.close().await;
    let task = submitted?;
    closed?;
    session.out.put(&Reply::Accepted { task: task.clone() }, || task.to_string())?;
    session.out.say(&if daemon { format!("follow it with: synod wait {task}") } else { NO_DAEMON.to_owned() });
    Ok(Exit::Ok)
}

async fn submit(handle: &Handle, new: NewTask) -> Result<TaskId, Failure> {
    match handle.ask(Request::Submit(Box::new(new))).await? {
        Reply::Accepted { task } => Ok(task),
        _ => Err(super::unexpected()),
    }
}

/// Models would be paid to work without the specification that they were meant to follow.
fn see_spec(place: &Place, args: &Args) -> Result<(), Failure> {
    let Some(spec) = &args.spec else { return Ok(()) };
    let path = place.layout.root.join(spec);
    if path.exists() {
        return Ok(());
    }
    Err(Failure::usage(format!("there is no specification {}", path.display()))
        .hint("--spec is written from the workspace's folder"))
}

/// The task as it is handed in.
fn handed_in(session: &Session, args: &Args, bytes_max: usize) -> Result<NewTask, Failure> {
    let overrides = Overrides {
        kind: args.kind.clone(),
        priority: args.priority,
        mode: args.mode,
        role: args.role.clone(),
        models: args.models.clone(),
        pipeline: args.pipeline.clone(),
        team: args.team.clone(),
        context: args.context.clone(),
        spec: args.spec.clone(),
        no_cache: args.no_cache,
        ..Overrides::default()
    };
    let new = NewTask { overrides, by: session.by(), ..NewTask::default() };
    if args.what == "-" {
        return Ok(NewTask { content: read(std::io::stdin().lock(), Path::new("stdin"), bytes_max)?, ..new });
    }
    let path = session.path(Path::new(&args.what));
    match words::task_ending(&path) {
        Some(ending) if path.is_file() => {
            let file = std::fs::File::open(&path).map_err(|error| Failure::file("read", &path, &error))?;
            let content = read(file, &path, bytes_max)?;
            let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            Ok(NewTask { name, content, format: Some(ending), ..new })
        }
        // Most likely a slip of the pen, and calling models about it would cost money.
        Some(_) if !args.what.contains(char::is_whitespace) => {
            Err(Failure::usage(format!("there is no file {}", path.display()))
                .hint("to hand in just these words as a task: echo WORDS | synod run -"))
        }
        Some(_) | None => Ok(NewTask { content: args.what.clone(), ..new }),
    }
}

/// Reads a text of at most `bytes_max` bytes.
fn read(from: impl Read, path: &Path, bytes_max: usize) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    from.take(limit).read_to_end(&mut bytes).map_err(|error| Failure::file("read", path, &error))?;
    if bytes.len() > bytes_max {
        return Err(Failure::usage(format!("{} is longer than a task may be ({bytes_max} bytes)", path.display()))
            .hint("name files with --context instead, or raise limits.task_bytes_max"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::usage(format!("{} is not UTF-8 text (byte {at})", path.display())).hint("save it as UTF-8")
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;
    use crate::cli::args::{Cli, Command};
    use clap::Parser;

    fn taken(line: &[&str]) -> Result<NewTask, Failure> {
        let cli = Cli::try_parse_from([&["synod", "run"], line].concat()).unwrap();
        let session = Session::new(&cli.global, false);
        let Command::Run(args) = cli.command else { return Err(Failure::usage("another command")) };
        handed_in(&session, &args, 100)
    }

    #[test]
    fn words_are_a_task_and_flags_stand_beside_them() {
        let new =
            taken(&["Review it", "--priority", "high", "--models", "a,b", "--context", "src/*", "--context", "x"]);
        let new = new.unwrap();
        assert_eq!((new.content.as_str(), new.format, new.name), ("Review it", None, None));
        assert_eq!(new.overrides.priority, Some(Priority::High));
        assert_eq!(new.overrides.models, [WorkerName::new("a"), WorkerName::new("b")]);
        assert_eq!(new.overrides.context, ["src/*", "x"]);
    }

    #[test]
    fn a_file_is_a_task_file_when_it_is_there_and_ends_like_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let new = taken(&[&file("review-auth.md", b"Look")]).unwrap();
        assert_eq!(
            (new.content.as_str(), new.format.as_deref(), new.name.as_deref()),
            ("Look", Some("md"), Some("review-auth"))
        );
        // A program named on the command line is words, not a task.
        let other = file("login.py", b"x");
        assert_eq!(taken(&[&other]).unwrap().content, other);

        let absent = taken(&["taks.md"]).unwrap_err();
        assert!(format!("{absent:?}").contains("there is no file"), "{absent:?}");
        assert_eq!(taken(&["look at task.md"]).unwrap().content, "look at task.md");

        assert!(format!("{:?}", taken(&[&file("long.md", &[b'x'; 101])])).contains("limits.task_bytes_max"));
        assert!(format!("{:?}", taken(&[&file("odd.md", b"ab\xff")])).contains("byte 2"));
    }
}
