//! The bridge of an MCP client that speaks over standard streams: lines pass between the client and the daemon unread but for
//! their heads. It starts the daemon when none runs, and finds the next one when it went away. It loads no settings, because
//! a client starts it with every session and waits for it.

mod book;
mod lines;
mod link;

use super::detach::{is_gone, start_daemon};
use super::error::Error;
use crate::config::{Environment, Layout};
use crate::mcp;
use book::Book;
use lines::{Line, Lines};
use link::Link;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;

/// How long a daemon may take until it answers; replaying a long journal takes a while.
const START_WAIT_MAX: Duration = Duration::from_secs(30);
/// How long after a daemon of ours ended another one may still take its place.
const LOSER_WAIT_MAX: Duration = Duration::from_secs(2);
/// Pause between two looks for a daemon that is being started.
const START_PAUSE: Duration = Duration::from_millis(5);
/// Pause between two looks for a daemon that somebody else may start.
const AWAY_PAUSE: Duration = Duration::from_millis(250);
/// How long answers are waited for when the client says no more.
const LAST_ANSWERS_MAX: Duration = Duration::from_secs(2);
/// Lines that are kept while there is no daemon.
const BACKLOG_MAX: usize = 64;

/// What the bridge is given.
#[derive(Clone, Debug, Default)]
pub struct Bridge {
    /// The folder to search the workspace from; `None`: the current one.
    pub start: Option<PathBuf>,
    /// Settings for a daemon that has to be started, `key=value` each.
    pub flags: Vec<String>,
    /// The client's name as a person gave it.
    pub client: Option<String>,
}

/// How a link ended.
enum Ended {
    /// The client says no more.
    Client,
    /// The daemon went away.
    Daemon,
}

/// Carries lines between the process's standard streams and the daemon until the client says no more.
///
/// # Errors
/// When there is no workspace, or no daemon can be brought up for it.
pub async fn bridge(bridge: Bridge) -> Result<(), Error> {
    let environment = Environment::capture();
    let start = bridge.start.clone().unwrap_or_else(|| environment.current_dir().to_owned());
    let layout = Layout::find(&start, &environment)?;
    let (input, output) = mcp::stdio();
    let mut conversation = Conversation {
        layout,
        bridge,
        input: Lines::new(input, mcp::LINE_BYTES_MAX),
        output,
        book: RefCell::default(),
        backlog: VecDeque::new(),
    };
    conversation.carry().await
}

/// The conversation of one client, over one daemon after the other.
struct Conversation<R, W> {
    layout: Layout,
    bridge: Bridge,
    input: Lines<R>,
    output: W,
    book: RefCell<Book>,
    /// Lines that came while there was no daemon.
    backlog: VecDeque<Vec<u8>>,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Conversation<R, W> {
    async fn carry(&mut self) -> Result<(), Error> {
        let mut first = true;
        loop {
            let link = match self.reach(first).await {
                Ok(Some(link)) => link,
                Ok(None) => return Ok(()),
                Err(why) => {
                    self.refuse_backlog(&why.to_string()).await?;
                    if first {
                        return Err(why);
                    }
                    continue;
                }
            };
            first = false;
            match self.pass(link).await.map_err(Error::streams)? {
                Ended::Client => return Ok(()),
                Ended::Daemon => {
                    let lost = self.book.borrow_mut().lost();
                    for line in lost {
                        self.output.write_all(&line).await.map_err(Error::streams)?;
                    }
                    self.output.flush().await.map_err(Error::streams)?;
                }
            }
        }
    }

    /// A link to a daemon. One is started when `start`, or as soon as the client says something; until then it is waited for
    /// one that somebody else starts. `None`: the client says no more.
    async fn reach(&mut self, mut start: bool) -> Result<Option<Link>, Error> {
        let mut started: Option<(u32, Instant)> = None;
        let mut gone_since: Option<Instant> = None;
        loop {
            match link::open(&self.layout, self.bridge.client.as_deref()).await {
                Ok(link) => return Ok(Some(link)),
                Err(error) if error.kind() == io::ErrorKind::Other => return Err(Error::Bridge(error.to_string())),
                Err(_) => {}
            }
            match started {
                None if start => started = Some((start_daemon(&self.layout, &self.bridge.flags)?, Instant::now())),
                None => {}
                Some((pid, since)) => {
                    if is_gone(pid) {
                        gone_since.get_or_insert_with(Instant::now);
                    }
                    let lost = gone_since.is_some_and(|gone| gone.elapsed() > LOSER_WAIT_MAX);
                    if lost || since.elapsed() > START_WAIT_MAX {
                        let log = link::log_end(&self.layout.daemon_log);
                        return Err(Error::Bridge(format!("the daemon did not come up; the end of its log: {log}")));
                    }
                }
            }
            let pause = if start { START_PAUSE } else { AWAY_PAUSE };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                line = self.input.next(), if self.backlog.len() < BACKLOG_MAX => match line.map_err(Error::streams)? {
                    Line::Whole(line) => {
                        self.backlog.push_back(line);
                        start = true;
                    }
                    Line::TooLong => self.say(&book::unread(&too_long())).await?,
                    Line::End if self.backlog.is_empty() => return Ok(None),
                    // Said and gone: what was said is still passed on.
                    Line::End => tokio::time::sleep(START_PAUSE).await,
                },
            }
        }
    }

    /// Passes lines both ways until one side ends. Each way waits for itself, so neither can hold the other up.
    async fn pass(&mut self, (read, mut write): Link) -> io::Result<Ended> {
        let Self { input, output, book, backlog, .. } = self;
        let (unread, mut to_say) = tokio::sync::mpsc::channel::<Vec<u8>>(BACKLOG_MAX);
        let up = async {
            let opening = book.borrow_mut().repeat();
            for line in opening {
                write.write_all(&line).await?;
            }
            loop {
                let line = match backlog.pop_front() {
                    Some(line) => line,
                    None => match input.next().await? {
                        Line::Whole(line) => line,
                        Line::TooLong => {
                            // The other way ends only with this one.
                            let _ = unread.send(book::unread(&too_long())).await;
                            continue;
                        }
                        Line::End => break,
                    },
                };
                book.borrow_mut().sent(&line);
                write.write_all(&line).await?;
            }
            write.shutdown().await
        };
        let down = async {
            let mut lines = Lines::new(read, mcp::LINE_BYTES_MAX);
            loop {
                let line = tokio::select! {
                    line = lines.next() => line,
                    Some(line) = to_say.recv() => Ok(Line::Whole(line)),
                };
                match line {
                    Ok(Line::Whole(line)) => {
                        if book.borrow_mut().came(&line) {
                            output.write_all(&line).await?;
                            output.flush().await?;
                        }
                    }
                    Ok(Line::TooLong) => {}
                    Ok(Line::End) | Err(_) => return io::Result::Ok(()),
                }
            }
        };
        tokio::pin!(down);
        let said = tokio::select! {
            said = up => said,
            ended = &mut down => return ended.map(|()| Ended::Daemon),
        };
        if said.is_err() {
            // A daemon that takes no more may still have answers under way.
            return tokio::time::timeout(LAST_ANSWERS_MAX, down).await.unwrap_or(Ok(())).map(|()| Ended::Daemon);
        }
        if book.borrow().is_waiting() {
            tokio::time::timeout(LAST_ANSWERS_MAX, down).await.unwrap_or(Ok(()))?;
        }
        Ok(Ended::Client)
    }

    /// Tells the client why what it said meanwhile cannot be passed on.
    async fn refuse_backlog(&mut self, why: &str) -> Result<(), Error> {
        for line in std::mem::take(&mut self.backlog) {
            if let Some(line) = book::refused(&line, why) {
                self.say(&line).await?;
            }
        }
        Ok(())
    }

    async fn say(&mut self, line: &[u8]) -> Result<(), Error> {
        self.output.write_all(line).await.map_err(Error::streams)?;
        self.output.flush().await.map_err(Error::streams)
    }
}

fn too_long() -> String {
    format!("a message may have {} bytes at most", mcp::LINE_BYTES_MAX)
}
