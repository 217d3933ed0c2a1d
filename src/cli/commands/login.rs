//! `synod login`: a person logs in at the server of a worker.

use crate::api::{Reply, Request};
use crate::app::{self, Login, Place};
use crate::cli::exit::Exit;
use crate::cli::report::Failure;
use crate::cli::session::Session;
use crate::config;
use serde_json::json;
use std::time::Duration;

/// How long the browser may take where nothing is said.
const WAIT: &str = "5m";

/// Log in at the server of a worker
///
/// For a worker with `provider = "mcp"` and a `url` whose server wants a login (OAuth). The address to open is printed, and opened
/// in your browser where there is one; the browser comes back to a port on this machine. The login is kept below .synod/, readable
/// by you alone, and renewed as long as the server allows.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  synod login house\n  synod login house --no-browser     only print the address\n  synod login house --again          as somebody else, or with other rights\n\nOn a machine without a browser, open the address on yours and bring the port over:\n  ssh -L PORT:127.0.0.1:PORT HOST    with the `redirect_port` of the settings"
)]
pub(in crate::cli) struct Args {
    /// Which worker
    worker: String,
    /// Also when the worker is let in as things are
    #[arg(long)]
    again: bool,
    /// Only print the address
    #[arg(long)]
    no_browser: bool,
    /// How long to wait for the browser, such as 90s or 10m
    #[arg(long, value_name = "DURATION", value_parser = config::parse_duration, default_value = WAIT)]
    timeout: Duration,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let place = session.place()?;
    let name = &args.worker;
    let became = |became: &str, granted: &[String]| json!({ "worker": name, "became": became, "rights": granted });
    let waiting = match Box::pin(app::login(&place, name, args.again)).await? {
        Login::NotNeeded => {
            session.out.put(&became("not_needed", &[]), || format!("{name} is let in as things are"))?;
            return Ok(Exit::Ok);
        }
        Login::Done => {
            session.out.put(&became("logged_in", &[]), || format!("{name} is logged in"))?;
            return Ok(Exit::Ok);
        }
        Login::Waiting(waiting) => waiting,
    };
    session.out.say(&format!("open this address and log in:\n\n  {}\n", waiting.address()));
    if !args.no_browser && app::open_browser(&place, waiting.address()) {
        session.out.say("(your browser was told to)");
    }
    let granted = waiting.finish(name, args.timeout).await.map_err(app::Error::from)?;
    if is_blocked(&place, name).await {
        session.out.say(&format!("the daemon has blocked {name} meanwhile; start it anew: synod down, synod up"));
    }
    session.out.put(&became("logged_in", &granted), || match granted.as_slice() {
        [] => format!("{name} is logged in"),
        granted => format!("{name} is logged in, with the rights {}", granted.join(" ")),
    })?;
    Ok(Exit::Ok)
}

/// Whether a daemon runs that no longer asks the worker.
async fn is_blocked(place: &Place, name: &str) -> bool {
    let Ok(Some(handle)) = app::connect(place).await else { return false };
    let Ok(Reply::Workers { workers }) = handle.ask(Request::Workers).await else { return false };
    workers.iter().any(|worker| worker.name == *name && worker.standing.starts_with("blocked"))
}

#[cfg(test)]
mod tests {
    use crate::cli::args::Cli;
    use clap::Parser;

    #[test]
    fn a_login_is_of_one_worker_and_waits_for_a_while() {
        for line in [vec!["synod", "login"], vec!["synod", "login", "w", "--timeout", "soon"]] {
            assert!(Cli::try_parse_from(&line).is_err(), "{line:?}");
        }
        assert!(Cli::try_parse_from(["synod", "login", "w", "--again", "--no-browser", "--timeout", "90s"]).is_ok());
    }
}
