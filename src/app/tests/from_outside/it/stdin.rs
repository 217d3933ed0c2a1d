//! What a real program gets of a prompt through the binary and its shim: the same bytes, whatever they
//! begin with or hold; only NUL is left out, which no program takes as text.

use super::harness::Workspace;
use indexmap::IndexMap;
use std::fs;
use std::path::Path;
use std::time::Duration;
use synod::board::{AttemptKey, TaskId, WorkerName};
use synod::config::{Environment, Provider, Settings, Worker};
use synod::worker::replay::Pace;
use synod::worker::{Call, Roster, RosterParts, ShimProgram};
use tokio_util::sync::CancellationToken;

/// The binary as the shim of a call.
fn shim() -> ShimProgram {
    ShimProgram {
        program: env!("CARGO_BIN_EXE_synod").into(),
        args: vec!["shim".to_owned()],
        env: Vec::new(),
        standby_max: 1,
    }
}

fn roster(folder: &Path, script: &str) -> Roster {
    let mut worker = Worker::new("copier", Provider::Command, None);
    worker.command = ["sh", "-c", script].map(str::to_owned).to_vec();
    Roster::new(RosterParts {
        workers: &IndexMap::from([("copier".to_owned(), worker)]),
        environment: &Environment::capture(),
        limits: &Settings::default().limits,
        spool: folder.join("spool"),
        homes: folder.join("homes"),
        shim: shim(),
        pace: Pace::Instant,
        recorder: None,
    })
}

/// Runs the binary in a workspace until it ends.
#[expect(clippy::disallowed_methods, reason = "the binary is what is tested")]
fn synod(root: &Path, args: &[&str]) -> std::process::Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_synod")).arg("-C").arg(root).args(args).output().unwrap()
}

fn workspace(script: &str) -> Workspace {
    let script = serde_json::to_string(script).unwrap();
    Workspace::new(&format!("[workers.copier]\nprovider = \"command\"\ncommand = [\"sh\", \"-c\", {script}]\n"))
}

#[test]
fn a_task_reaches_a_program_whole_through_the_binary() {
    let million = "-1 MiB of text\n".repeat(65_000);
    for text in [
        "-rf is dangerous",
        "/etc/passwd is a file",
        "@file is a word",
        "Write a text with a zero \0 byte in it, which is text all the same.",
        &million,
    ] {
        let workspace = workspace("cat > got; printf 'Done.'");
        fs::write(workspace.root().join("task.txt"), text).unwrap();
        let output = synod(workspace.root(), &["run", "--json", workspace.root().join("task.txt").to_str().unwrap()]);
        assert!(output.status.success(), "{text:.20}: {}", String::from_utf8_lossy(&output.stderr));
        let got = fs::read(workspace.root().join("got")).unwrap();
        let text = text.trim_end().replace('\0', "");
        let text = text.as_bytes();
        assert!(got.windows(text.len()).any(|window| window == text), "{:.3000}", String::from_utf8_lossy(&got));
        assert!(!got.starts_with(&text[..1]), "no prompt begins with words that somebody else chose");
    }
}

#[test]
fn bytes_that_are_no_text_become_text_and_stop_nothing() {
    let workspace = workspace("cat > /dev/null; printf 'Good \\377\\376 and \\303 bad \\000 \\033[31mred.'");
    fs::write(workspace.root().join("task.txt"), "Say something.\n").unwrap();
    let output = synod(workspace.root(), &["run", workspace.root().join("task.txt").to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let verified = synod(workspace.root(), &["log", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let folder = workspace.names("outputs").pop().unwrap();
    let name = workspace.names(&format!("outputs/{folder}")).pop().unwrap();
    let page = workspace.read(&format!("outputs/{folder}/{name}"));
    assert!(page.contains("Good \u{fffd}") && page.contains("red.") && !page.contains('\u{1b}'), "{page}");
}

#[tokio::test]
async fn a_prompt_reaches_a_program_byte_for_byte() {
    let million = "1 MiB of text\n".repeat(75_000);
    let prompts = [
        "-rf /",
        "--help",
        "/etc/passwd",
        "@file",
        "@/etc/passwd",
        "a\0b\0",
        "-",
        "$(touch x)`touch x`;|&\n",
        "\r\n\u{feff}é",
        "",
        &million,
    ];
    for (number, prompt) in prompts.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let roster = roster(folder.path(), "cat > got; printf ok");
        let call = Call {
            key: AttemptKey { task: TaskId::slug("copy"), number: u32::try_from(number).unwrap() },
            system: None,
            prompt: prompt.to_owned(),
            schema: None,
            time_left: Duration::from_secs(60),
            session: None,
            history: Vec::new(),
            images: Vec::new(),
            wishes: Default::default(),
            ceiling: Default::default(),
            own_tree: None,
            folder: folder.path().to_owned(),
        };
        let reply = roster.call(&WorkerName::new("copier"), call, CancellationToken::new()).await.unwrap();
        assert_eq!(reply.text.trim(), "ok");
        assert!(fs::read(folder.path().join("got")).unwrap() == prompt.replace('\0', "").as_bytes(), "{prompt:.40}");
        assert!(!folder.path().join("x").exists());
    }
}
