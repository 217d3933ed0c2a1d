//! Serena itself, beside Synod: random sequences of calls go to both, and the texts of both must be the same, save for holes
//! that have a name here. Then both work on one folder. Serena is heavy and slow, so this runs only when it is asked for:
//!
//! ```sh
//! SYNOD_TEST_SERENA=2000 tests/run.sh --only-tests
//! ```
//!
//! Without the variable the tests say that they proved nothing. `SYNOD_TEST_SERENA_SEED` is the first seed, and
//! `SYNOD_TEST_SERENA_SESSIONS` how many of each server work side by side.

use super::sequences::{Call, sequence};
use super::wire::{Answer, Client, Daemon, SETTINGS, eventually};
use crate::it::harness::Workspace;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use unicode_normalization::UnicodeNormalization;

/// How many sessions work side by side when nobody says.
const SESSIONS: u64 = 4;
/// How many differences are shown.
const SHOWN_MAX: usize = 40;

#[expect(clippy::disallowed_methods, reason = "what to do is asked for by whoever runs the tests")]
fn asked(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The program, where it is asked for and installed.
fn serena() -> Option<(PathBuf, u64)> {
    let Some(count) = asked("SYNOD_TEST_SERENA").filter(|count| *count > 0) else {
        println!("SKIPPED PEER: serena: set SYNOD_TEST_SERENA to the number of sequences to compare (2000)");
        return None;
    };
    #[expect(clippy::disallowed_methods, reason = "where the peers stand is told by the script that installed them")]
    let peers = std::env::var_os("SYNOD_TEST_PEERS").map(PathBuf::from);
    let program = peers.unwrap_or_default().join("serena/bin/serena");
    assert!(
        program.exists(),
        "{} is not there; tests/run.sh installs it when SYNOD_TEST_SERENA is set",
        program.display()
    );
    Some((program, count))
}

/// What both servers are told about folders that only can be read, or are not to be seen.
const PROJECT: &str = "project_name: beside\nlanguage_servers: []\nread_only_memory_patterns: [\"frozen/.*\"]\nignored_memory_patterns: [\"_archive/.*\"]\n";

/// A project, and a home that holds no settings but these.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Self { folder };
        project.put(
            "home/serena_config.yml",
            "agent_interface: tools\nweb_dashboard: False\ngui_log_window: False\nlog_level: 50\nprojects: []\n",
        );
        project.put("project/.serena/project.yml", PROJECT);
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn put(&self, path: &str, text: &str) {
        put(&self.path(path), text);
    }

    /// Memories as they are before the first call.
    fn begin_anew(&self) {
        for folder in ["project/.serena/memories", "home/memories"] {
            let _ = std::fs::remove_dir_all(self.path(folder));
        }
        fixed(&self.path("project/.serena/memories"));
    }

    #[expect(clippy::disallowed_methods, reason = "the peer is a process of its own")]
    fn serve(&self, program: &Path, root: &Path) -> Client {
        let mut command = Command::new(program);
        command.args(["start-mcp-server", "--context", "ide", "--project"]).arg(root);
        command.env("HOME", self.path("home")).env("SERENA_HOME", self.path("home")).stderr(Stdio::null());
        Client::start(command, "beside")
    }
}

fn put(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Memories that no tool can change.
fn fixed(memories: &Path) {
    put(&memories.join("frozen/a.md"), "ice");
    put(&memories.join("_archive/a.md"), "dust");
}

/// Synod in a workspace that knows the same rules.
struct Ours {
    client: Client,
    _daemon: Daemon,
    workspace: Workspace,
}

impl Ours {
    fn start(settings: &str) -> Self {
        let rules = "[memory]\nread_only = [\"frozen/**\"]\nignored = [\"_archive/**\"]\n";
        let workspace = Workspace::with_workers(&["one"], &format!("{SETTINGS}{settings}{rules}"));
        let daemon = Daemon::start(&workspace);
        let client = Client::bridge(&workspace, "beside");
        Self { client, _daemon: daemon, workspace }
    }

    /// Takes every memory away that can be taken away.
    fn begin_anew(&mut self) {
        for name in names(&self.client.call("list_memories", json!({})).well().text, "memories") {
            self.client.call("delete_memory", json!({ "memory_name": format!("mem:{name}.md") })).well();
        }
    }
}

/// The names in the text of a list.
fn names(list: &str, key: &str) -> Vec<String> {
    let list: Value = serde_json::from_str(list).unwrap();
    list[key].as_array().into_iter().flatten().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// Why the answers to this call may differ, if they may.
fn hole(call: &Call, theirs: &str) -> Option<&'static str> {
    let given = |field: &str| call.arguments[field].as_str().unwrap_or_default();
    let spelt = [given("memory_name"), given("old_name"), given("new_name")];
    if call.tool == "list_memories" && !theirs.nfc().eq(theirs.chars()) {
        return Some("a name is one name, and stands in one place, in whatever form its accents are written");
    }
    if theirs.contains("[Errno ") {
        return Some("Serena shows the folders of the machine, and which step of its own failed");
    }
    if call.tool == "list_memories" && given("topic").split('/').any(|part| part == "..") {
        return Some("a topic leads out of Serena's folder");
    }
    if given("topic").starts_with('/') && call.tool == "list_memories" {
        return Some("a topic leads out of Serena's folder");
    }
    let to = if call.tool == "write_memory" { given("memory_name") } else { given("new_name") };
    if to.contains(char::is_control) {
        return Some("characters that no line can show are not taken into names");
    }
    if call.arguments.as_object().is_some_and(|given| given.values().any(Value::is_null)) {
        return Some("null for what may be left out means that it is left out");
    }
    if call.tool == "rename_memory" && theirs.contains("'_archive/a' matches an ignored") {
        return Some("of two names that are both wrong, the other one may be told of first");
    }
    if theirs.contains("look-behind requires fixed-width pattern") {
        return Some("more expressions are understood");
    }
    if spelt.iter().any(|name| name.split('/').any(|part| part == ".")) {
        return Some("`.` parts hide a name from Serena's patterns, and make two memories of one file");
    }
    None
}

/// The same in what no program depends on: the version in a link.
fn comparable(text: &str) -> String {
    let mut rest = text;
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once("errors.pydantic.dev/") {
        out.push_str(before);
        rest = after.split_once("/v/").map_or("", |(_, kind)| kind);
    }
    out + rest
}

/// How one call differs; `None`: not at all, or as it may.
fn difference(call: &Call, theirs: &Answer, ours: &Answer) -> Option<String> {
    let same = comparable(&theirs.text) == comparable(&ours.text) && theirs.is_error == ours.is_error;
    if same || hole(call, &theirs.text).is_some() {
        return None;
    }
    let shown = |answer: &Answer| format!("{}{:?}", if answer.is_error { "error " } else { "" }, answer.text);
    Some(format!("{} {}\n    serena: {}\n    synod:  {}", call.tool, call.arguments, shown(theirs), shown(ours)))
}

/// Whether from here on the two hold different things because of a hole, so that nothing is left to compare.
fn parted(call: &Call, theirs: &Answer, ours: &Answer) -> bool {
    (theirs.text != ours.text || theirs.is_error != ours.is_error)
        && call.tool != "list_memories"
        && hole(call, &theirs.text).is_some()
        && !(theirs.is_error && ours.is_error)
}

/// Makes the calls of a seed on both sides; the first difference. Counts the calls that were compared.
fn compare(seed: u64, theirs: &mut Client, ours: &mut Client, compared: &AtomicUsize) -> Option<String> {
    let calls = sequence(seed);
    for (at, call) in calls.iter().enumerate() {
        let said = theirs.call(call.tool, call.arguments.clone());
        let says = ours.call(call.tool, call.arguments.clone());
        compared.fetch_add(1, Ordering::Relaxed);
        if let Some(difference) = difference(call, &said, &says) {
            let before: Vec<String> =
                calls[..at].iter().map(|call| format!("    {} {}\n", call.tool, call.arguments)).collect();
            return Some(format!("seed {seed}, call {at}: {difference}\n  after\n{}", before.concat()));
        }
        if parted(call, &said, &says) {
            return None;
        }
    }
    None
}

/// What the sessions share.
struct Shared {
    next: AtomicU64,
    end: u64,
    compared: AtomicUsize,
    agreed: AtomicUsize,
    differences: Mutex<Vec<String>>,
}

fn session(program: &Path, shared: &Shared) {
    let project = Project::new();
    project.begin_anew();
    let mut theirs = project.serve(program, &project.path("project"));
    let mut ours = Ours::start("");
    fixed(&ours.workspace.root().join("memories"));
    let read_only = |list: Answer| names(&list.text, "read_only_memories") == ["frozen/a"];
    eventually("Synod has seen the files", || read_only(ours.client.call("list_memories", json!({}))));
    loop {
        let seed = shared.next.fetch_add(1, Ordering::Relaxed);
        if seed >= shared.end {
            return;
        }
        project.begin_anew();
        ours.begin_anew();
        match compare(seed, &mut theirs, &mut ours.client, &shared.compared) {
            None => {
                shared.agreed.fetch_add(1, Ordering::Relaxed);
            }
            Some(difference) => {
                eprintln!("{difference}");
                shared.differences.lock().unwrap().push(difference);
            }
        }
    }
}

#[test]
fn random_sequences_get_the_same_answers_from_both() {
    let Some((program, count)) = serena() else { return };
    let start = asked("SYNOD_TEST_SERENA_SEED").unwrap_or(1);
    let sessions = asked("SYNOD_TEST_SERENA_SESSIONS").unwrap_or(SESSIONS).min(count);
    let shared = Shared {
        next: AtomicU64::new(start),
        end: start + count,
        compared: AtomicUsize::new(0),
        agreed: AtomicUsize::new(0),
        differences: Mutex::default(),
    };
    std::thread::scope(|scope| {
        for _ in 0..sessions {
            scope.spawn(|| session(&program, &shared));
        }
    });
    let (agreed, compared) = (shared.agreed.into_inner(), shared.compared.into_inner());
    println!("{agreed} of {count} sequences agree, {compared} calls");
    let differences = shared.differences.into_inner().unwrap();
    let shown: Vec<&str> = differences.iter().take(SHOWN_MAX).map(String::as_str).collect();
    assert!(
        differences.is_empty(),
        "{} of {count} sequences differ; one alone: SYNOD_TEST_SERENA=1 SYNOD_TEST_SERENA_SEED=<seed>\n{}",
        differences.len(),
        shown.join("\n")
    );
    assert_eq!(agreed as u64, count);
}

#[test]
fn both_work_on_one_folder_and_see_each_other() {
    let Some((program, _)) = serena() else { return };
    let project = Project::new();
    let mut ours = Ours::start("[workspace]\nmemories = \".serena/memories\"\n");
    let root = ours.workspace.root().to_owned();
    put(&root.join(".serena/project.yml"), PROJECT);
    let mut theirs = project.serve(&program, &root);
    let text = |client: &mut Client, name: &str| client.call("read_memory", json!({ "memory_name": name })).text;
    let write = |client: &mut Client, name: &str, text: &str| {
        client.call("write_memory", json!({ "memory_name": name, "content": text })).well();
    };
    // What either writes, the other reads; Serena has only the file, which follows the bus a moment later.
    write(&mut ours.client, "shared/ours", "by synod");
    eventually("Serena reads it", || text(&mut theirs, "shared/ours") == "by synod");
    write(&mut theirs, "shared/theirs", "by serena");
    assert_eq!(text(&mut ours.client, "shared/theirs"), "by serena");
    // In turns over each other's text: every version stays in the history.
    for round in 0..10 {
        write(&mut ours.client, "turns", &format!("synod {round}"));
        eventually("Serena reads it", || text(&mut theirs, "turns") == format!("synod {round}"));
        let edit = json!({ "memory_name": "turns", "needle": "synod", "repl": "serena", "mode": "literal" });
        theirs.call("edit_memory", edit).well();
        assert_eq!(text(&mut ours.client, "turns"), format!("serena {round}"));
    }
    let revisions = ours.client.call("memory_history", json!({ "memory_name": "turns" })).well().structured;
    let by: Vec<&str> =
        revisions["revisions"].as_array().unwrap().iter().map(|row| row["by"].as_str().unwrap()).collect();
    assert_eq!(by, ["file", "beside"].repeat(10));
    // Renamed and taken away by either.
    theirs.call("rename_memory", json!({ "old_name": "shared/ours", "new_name": "moved/ours" })).well();
    assert_eq!(text(&mut ours.client, "moved/ours"), "by synod");
    eventually("the old name is gone", || text(&mut ours.client, "shared/ours").contains("not found"));
    ours.client.call("rename_memory", json!({ "old_name": "shared/theirs", "new_name": "moved/theirs" })).well();
    eventually("Serena sees the new name", || text(&mut theirs, "moved/theirs") == "by serena");
    theirs.call("delete_memory", json!({ "memory_name": "moved/ours" })).well();
    eventually("it is gone", || text(&mut ours.client, "moved/ours").contains("not found"));
    // Both at once, each under its own names.
    std::thread::scope(|scope| {
        scope.spawn(|| (0..40).for_each(|n| write(&mut theirs, &format!("both/s{n}"), &format!("s {n}"))));
        (0..400).for_each(|n| write(&mut ours.client, &format!("both/o{n}"), &format!("o {n}")));
    });
    let list = |client: &mut Client| {
        let list = client.call("list_memories", json!({})).well().text;
        let all = names(&list, "memories").into_iter().filter(|name| !name.starts_with("orchestration/"));
        all.collect::<Vec<_>>()
    };
    eventually("both list the same", || list(&mut theirs) == list(&mut ours.client));
    assert_eq!(list(&mut ours.client).iter().filter(|name| name.starts_with("both/")).count(), 440);
    for n in 0..40 {
        assert_eq!(text(&mut ours.client, &format!("both/s{n}")), format!("s {n}"));
        assert_eq!(text(&mut theirs, &format!("both/o{}", n * 10)), format!("o {}", n * 10));
    }
}
