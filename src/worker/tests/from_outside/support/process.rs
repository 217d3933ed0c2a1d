//! Runs a real program to its end for a test: prompt on stdin, output collected, a deadline that ends the whole group.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// `None` when the deadline passed and the group was killed.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// Whether it ended by itself with code 0.
    pub(crate) fn ok(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

/// A child in a process group of its own that is killed, group and all, when this is dropped.
pub(crate) struct Grouped(pub(crate) Child);

impl Grouped {
    pub(crate) fn spawn(command: &mut Command) -> std::io::Result<Self> {
        command.process_group(0).spawn().map(Self)
    }

    /// Ends every process of the group at once. A group that is gone already is no fault.
    pub(crate) fn kill(&mut self) {
        let id = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(group) = id {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.0.wait();
    }
}

impl Drop for Grouped {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs the command with this text on stdin. Output is complete when this returns, whether or not the program was.
pub(crate) fn run(command: &mut Command, stdin: &str, deadline: Duration) -> Finished {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut grouped = Grouped::spawn(command).unwrap_or_else(|error| panic!("start {command:?}: {error}"));
    let stdout = collect(grouped.0.stdout.take());
    let stderr = collect(grouped.0.stderr.take());
    let mut pipe = grouped.0.stdin.take().expect("stdin was asked for");
    let text = stdin.to_owned();
    // Written from a thread of its own: a program that answers before it has read everything must not block the test.
    let writer = std::thread::spawn(move || pipe.write_all(text.as_bytes()));
    let status = wait(&mut grouped.0, deadline);
    // Whatever the program left in its group would hold the pipes open.
    grouped.kill();
    let _ = writer.join();
    Finished {
        status,
        stdout: stdout.join().expect("stdout was read"),
        stderr: stderr.join().expect("stderr was read"),
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait(child: &mut Child, deadline: Duration) -> Option<ExitStatus> {
    let end = Instant::now() + deadline;
    loop {
        match child.try_wait().expect("the child can be waited for") {
            Some(status) => return Some(status),
            None if Instant::now() >= end => return None,
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

mod proof {
    //! The runner against small shell programs.

    use std::process::Command;
    use std::time::Duration;

    use super::run;

    fn shell(script: &str, stdin: &str, deadline: Duration) -> super::Finished {
        run(Command::new("/bin/sh").args(["-c", script]), stdin, deadline)
    }

    #[test]
    fn it_collects_what_the_program_says() {
        let finished = shell("cat; echo trouble >&2; exit 3", "to be echoed", Duration::from_secs(60));
        assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), ("to be echoed", "trouble\n"));
        assert_eq!((finished.ok(), finished.status.and_then(|status| status.code())), (false, Some(3)));
    }

    #[test]
    fn past_the_deadline_the_whole_group_is_ended() {
        // The pipes are held by a child of the shell too, so this returns only when both are gone.
        let finished = shell("echo begun; sleep 600 & sleep 600", "", Duration::from_millis(200));
        assert!(finished.status.is_none() && !finished.ok());
    }
}
