//! `synod demo`: the real engine at work on composed answers, in a scratch workspace that is left to be looked at.

use super::wait::now;
use crate::api::{NewTask, Reply, Request, TaskId};
use crate::app::{self, Demo, Engage, Engine, Pace, Place};
use crate::cli::exit::Exit;
use crate::cli::follow::{self, Follow};
use crate::cli::interrupts::Interrupts;
use crate::cli::reach::until_ended;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use std::path::{Path, PathBuf};

/// How fast the calls of the cassette are played: fast enough not to bore, slow enough to see that they run side by side.
const PACE: Pace = Pace::Scaled(0.2);

/// See Synod work without a model, a key or a network: three workers play a review of a small program
///
/// Their answers come from a cassette that ships with Synod and was composed for the demo, not recorded from the models that
/// the workers are named after. Everything else is the real thing: routing, the calls side by
/// side, the vote, the files. It all stands in a scratch workspace that is yours to look at and to delete.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  synod demo\n  synod demo ~/synod-demo     into a folder of your choice")]
pub(in crate::cli) struct Args {
    /// An empty or new folder for it; else one below the system's temporary folder
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Play the answers at once
    #[arg(long)]
    fast: bool,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let demo = app::demo(args.folder.map(|folder| session.path(&folder)))?;
    let place = app::workspace(&demo.options)?;
    session.out.say("This is a demo: no model is called. Three workers review src/login.py with answers that were composed for it.\n");
    let mut interrupts = Interrupts::catch()?;
    let pace = if args.fast { Pace::Instant } else { PACE };
    let mut engine = Engine::start(&place, Engage { pace, ..Engage::default() }).await?;
    let carried = carry(session, &engine, &demo, &mut interrupts).await;
    engine.stop(false).await;
    let closed = until_ended(&mut engine, &session.out, &mut interrupts, true).await;
    let (task, exit) = carried?;
    closed?;
    session.out.say(&what_is_left(&place, &task));
    // The decision may well advise to look; the demo itself has done what it should.
    Ok(if exit == Exit::NeedsPerson { Exit::Ok } else { exit })
}

async fn carry(
    session: &Session,
    engine: &Engine,
    demo: &Demo,
    interrupts: &mut Interrupts,
) -> Result<(TaskId, Exit), Failure> {
    let handle = engine.handle();
    let after = now(&handle).await?;
    let file = Path::new(demo.name);
    let part = |part: Option<&std::ffi::OsStr>| part.map(|text| text.to_string_lossy().into_owned());
    let new = NewTask {
        name: part(file.file_stem()),
        content: demo.task.to_owned(),
        format: part(file.extension()),
        by: session.by(),
        ..NewTask::default()
    };
    let Reply::Accepted { task } = handle.ask(Request::Submit(Box::new(new))).await? else {
        return Err(super::unexpected());
    };
    let exit =
        follow::follow(session, &handle, Follow { task: task.clone(), after, timeout: None }, interrupts).await?;
    Ok((task, exit))
}

/// Where to look, and what to do next.
fn what_is_left(place: &Place, task: &TaskId) -> String {
    let layout = &place.layout;
    let root = layout.root.display();
    let path = |path: PathBuf| path.strip_prefix(&layout.root).unwrap_or(&path).display().to_string();
    let decision = path(layout.decisions.join(format!("{task}.md")));
    let outputs = path(layout.outputs.join(task.as_str()));
    let log = path(layout.handoff_log.clone());
    format!(
        "\nNo model was called, and no model gave these answers: they were composed for the demo. What the run left is in {root}:\n  {decision:<55} the decision, for people (.json: for programs)\n  {outputs:<55} what each worker said, whole\n  {log:<55} who handed what to whom\n\nGo on with:\n  synod -C {root} why {task}\n  synod doctor          which models are on this machine (in a workspace: synod init)"
    )
}
