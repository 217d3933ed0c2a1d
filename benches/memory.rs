//! The shared memory over MCP, as an agent sees it: reads, durable writes, lists and searches through `synod mcp` and over
//! HTTP, beside a server that does nothing, beside one durable write, and beside other memory servers where they are installed.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and fails loudly")]
#![expect(clippy::disallowed_methods, reason = "the servers under measurement are processes of their own")]

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "each bench uses its own part of the support")]
mod support;

use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::daemon::Daemon;
use support::figures::{Samples, Table};
use support::mcp::{Http, Piped, Server, echo};
use support::options::Options;
use support::scratch::Scratch;

/// How this program is told to be the server that does nothing.
const ECHO: &str = "--echo-server";
/// Memories in the list.
const MEMORIES: usize = 2000;
/// Names that are written and read in turn.
const NAMES: usize = 100;
/// Calls a second that Serena answers one after the other: it looks for work ten times a second.
const SERENA_READS_PER_S: f64 = 10.0;
/// Calls to servers that are much slower.
const SLOW_ROUNDS: usize = 20;

fn main() {
    if std::env::args().any(|arg| arg == ECHO) {
        return echo();
    }
    let options = Options::read();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut table = Table::default();
    let port = free_port();
    let scratch = Scratch::new(&format!(
        "[http]\nlisten = \"127.0.0.1:{port}\"\n[workers.one]\nprovider = \"command\"\ncommand = [\"true\"]\n"
    ));
    let daemon = runtime.block_on(Daemon::start(&scratch));
    ours(&options, &scratch, port, &daemon, &mut table);
    runtime.block_on(daemon.end());
    others(&mut table);
    table.print("memory");
}

/// A port that nobody listens on at this moment.
fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

fn name(number: usize) -> String {
    format!("bench/group-{:02}/note-{number}", number % 20)
}

/// 1 KiB that was never written before.
fn text(number: usize) -> String {
    let mut text = format!("# Note {number}\n\nIt holds word{number} and more.\n");
    text.push_str(&"x".repeat(1024 - text.len()));
    text
}

fn ours(options: &Options, scratch: &Scratch, port: u16, daemon: &Daemon, table: &mut Table) {
    let mut nothing = Piped::start(Command::new(std::env::current_exe().unwrap()).arg(ECHO));
    let mut bridge = Piped::start(&mut bridge_command(scratch.root()));
    let token = std::fs::read_to_string(scratch.root().join(".synod/token")).unwrap();
    for number in 0..MEMORIES {
        bridge.call("write_memory", json!({ "memory_name": name(number), "content": text(number) }));
    }
    let rounds = options.rounds(500, 5000);
    let kib = text(0);
    let floor = repeated(rounds, |_| nothing.call("echo", json!({ "text": kib })).0);
    table.note("floor: a server that echoes 1 KiB, over pipes", floor.shown());
    let ping = repeated(rounds, |_| bridge.ask("ping", json!({})).0);
    table.note("the daemon's answer to a ping over stdio", ping.shown());
    // No text is written twice: it would be no new revision.
    let mut written = MEMORIES..;
    let mut face = |face: &str, server: &mut dyn Server, table: &mut Table| {
        reads(options, face, server, table);
        writes(options, face, server, scratch, &mut written, table);
        looks(options, face, server, table);
    };
    face("stdio", &mut bridge, table);
    // Not before: a connection that is idle for long is closed, and a slow machine takes long.
    face("HTTP", &mut Http::connect(port, token.trim()), table);
    starts(options, scratch, table);
    let (resident, small) = (daemon.process().resident_mib(), bridge.process().resident_mib());
    table.goal("resident: the daemon", format!("{resident:.1} MiB"), "<= 30 MB", resident * 1.048_576 <= 30.0);
    table.note("resident: the bridge", format!("{small:.1} MiB"));
}

fn bridge_command(root: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_synod"));
    command.arg("-C").arg(root).arg("mcp");
    command
}

fn repeated(rounds: usize, mut each: impl FnMut(usize) -> Duration) -> Samples {
    let mut samples = Samples::default();
    (0..rounds).for_each(|number| samples.push(each(number)));
    samples
}

fn reads(options: &Options, face: &str, server: &mut dyn Server, table: &mut Table) {
    let rounds = options.rounds(500, 5000);
    let start = Instant::now();
    let samples =
        repeated(rounds, |number| server.call("read_memory", json!({ "memory_name": name(number % NAMES) })).0);
    let per_second = rounds as f64 / start.elapsed().as_secs_f64();
    table.goal(&format!("read of 1 KiB, {face}"), samples.shown(), "p50 <= 0.1 ms", samples.p50() <= 0.1);
    let (goal, least) = ("500 x Serena's", 500.0 * SERENA_READS_PER_S);
    table.goal(&format!("reads one after the other, {face}"), format!("{per_second:.0}/s"), goal, per_second >= least);
}

/// Durable writes, each beside a durable write of the machine: under load the two would otherwise not be comparable.
fn writes(
    options: &Options,
    face: &str,
    server: &mut dyn Server,
    scratch: &Scratch,
    written: &mut impl Iterator<Item = usize>,
    table: &mut Table,
) {
    let path = scratch.root().join(format!("floor-{face}"));
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    let (mut floor, mut samples) = (Samples::default(), Samples::default());
    for number in 0..options.rounds(200, 1000) {
        let text = text(written.next().unwrap());
        let start = Instant::now();
        file.write_all(text.as_bytes()).unwrap();
        file.sync_data().unwrap();
        floor.push(start.elapsed());
        let arguments = json!({ "memory_name": name(number % NAMES), "content": text });
        samples.push(server.call("write_memory", arguments).0);
    }
    table.note(&format!("floor: append 1 KiB and fdatasync, beside {face}"), floor.shown());
    let ratio = samples.p50() / floor.p50();
    let measured = format!("{}, {ratio:.1} x", samples.shown());
    table.goal(&format!("durable write of 1 KiB, {face}"), measured, "p50 <= 2 x the floor", ratio <= 2.0);
}

fn looks(options: &Options, face: &str, server: &mut dyn Server, table: &mut Table) {
    let rounds = options.rounds(20, 100);
    let mut listed = Value::Null;
    let samples = repeated(rounds, |_| {
        let (took, result) = server.call("list_memories", json!({}));
        listed = result;
        took
    });
    let names = listed["content"][0]["text"].as_str().unwrap().matches("note-").count();
    assert_eq!(names, MEMORIES);
    table.goal(&format!("list of {MEMORIES}, {face}"), samples.shown(), "p50 <= 5 ms", samples.p50() <= 5.0);
    let search = |number: usize| server.call("search_memories", json!({ "query": format!("word{number}") })).0;
    table.note(&format!("search among {MEMORIES}, {face}"), repeated(rounds, search).shown());
}

fn starts(options: &Options, scratch: &Scratch, table: &mut Table) {
    let rounds = options.rounds(10, 50);
    let samples = repeated(rounds, |_| Piped::start(&mut bridge_command(scratch.root())).opened_after);
    table.goal("bridge: start to first reply", samples.shown(), "p50 <= 50 ms", samples.p50() <= 50.0);
}

/// Where `tests/run.sh` puts the peers.
fn peers() -> PathBuf {
    let told = std::env::var_os("SYNOD_TEST_PEERS").map(PathBuf::from);
    told.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers"))
}

fn others(table: &mut Table) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let serena = peers().join("serena/bin/serena");
    if serena.exists() {
        beside_serena(&serena, folder.path(), table);
    } else {
        table.note("Serena", "not installed: SYNOD_TEST_SERENA=1 tests/peers/install.sh");
    }
    let server_memory = peers().join("server-memory/node_modules/.bin/mcp-server-memory");
    if server_memory.exists() {
        beside_server_memory(&server_memory, folder.path(), table);
    } else {
        table.note("server-memory", "not installed: SYNOD_TEST_SERENA=1 tests/peers/install.sh");
    }
}

fn beside_serena(program: &Path, folder: &Path, table: &mut Table) {
    let put = |path: &str, text: &str| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put(
        "home/serena_config.yml",
        "agent_interface: tools\nweb_dashboard: False\ngui_log_window: False\nprojects: []\n",
    );
    put("project/.serena/project.yml", "project_name: bench\nlanguage_servers: []\n");
    (0..MEMORIES).for_each(|number| put(&format!("project/.serena/memories/{}.md", name(number)), &text(number)));
    let mut command = Command::new(program);
    command.args(["start-mcp-server", "--context", "ide", "--project"]).arg(folder.join("project"));
    command.env("HOME", folder.join("home")).env("SERENA_HOME", folder.join("home"));
    let mut server = Piped::start(&mut command);
    let read = |number| json!({ "memory_name": name(number % NAMES) });
    let write = |number| json!({ "memory_name": name(number % NAMES), "content": text(number + MEMORIES) });
    server.call("read_memory", read(0));
    table.note("Serena: start to first reply", format!("{:.0} ms", server.opened_after.as_secs_f64() * 1e3));
    let mut row = |what: &str, each: &mut dyn FnMut(usize) -> Duration| {
        table.note(&format!("Serena: {what}"), repeated(SLOW_ROUNDS, each).shown());
    };
    row("read of 1 KiB", &mut |number| server.call("read_memory", read(number)).0);
    row("write of 1 KiB, not flushed", &mut |number| server.call("write_memory", write(number)).0);
    row("list of 2000", &mut |_| server.call("list_memories", json!({})).0);
    table.note("Serena: resident", format!("{:.1} MiB", server.process().resident_mib()));
}

fn beside_server_memory(program: &Path, folder: &Path, table: &mut Table) {
    let mut command = Command::new(program);
    command.env("MEMORY_FILE_PATH", folder.join("graph.jsonl"));
    let mut server = Piped::start(&mut command);
    let entity = |number| json!({ "name": name(number), "entityType": "note", "observations": [text(number)] });
    let entities: Vec<Value> = (0..MEMORIES).map(entity).collect();
    server.call("create_entities", json!({ "entities": entities }));
    table.note("server-memory: start to first reply", format!("{:.0} ms", server.opened_after.as_secs_f64() * 1e3));
    let mut row = |what: &str, each: &mut dyn FnMut(usize) -> Duration| {
        table.note(&format!("server-memory: {what}"), repeated(SLOW_ROUNDS * 5, each).shown());
    };
    row("read of 1 KiB among 2000", &mut |number| server.call("open_nodes", json!({ "names": [name(number)] })).0);
    row("write of 1 KiB among 2000, not flushed", &mut |number| {
        server.call("create_entities", json!({ "entities": [entity(number + MEMORIES)] })).0
    });
    row("list of 2000", &mut |_| server.call("read_graph", json!({})).0);
    table.note("server-memory: resident", format!("{:.1} MiB", server.process().resident_mib()));
}
