//! The memories' files and the bus, both written at random while the daemon is killed with SIGKILL at random moments: in the end
//! both sides agree, and every text that was acknowledged, or that somebody else's writing took out of a file, is in the history.
//!
//! `SYNOD_TORTURE_ROUNDS` says how often the daemon is started and killed, `SYNOD_TORTURE_SEED` which random numbers are drawn.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should end where it stands")]
#![expect(clippy::disallowed_methods, reason = "the test starts and kills the daemon")]

use crate::it::harness::Workspace;
use rustix::fs::{CWD, RenameFlags};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use synod::api::{EditMode, ErrorKind, Handle, Reply, Request};
use synod::http::Client;

/// Rounds where nothing else is said.
const ROUNDS: u64 = 8;
const PATIENCE: Duration = Duration::from_secs(120);
/// Few, so that both sides meet often.
const NAMES: [&str; 6] = ["a", "b", "deep/a", "deep/b", "deep/er/a", "x/y"];

/// Random numbers (splitmix64), the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (number ^ (number >> 31)) % bound
    }

    fn name(&mut self) -> &'static str {
        NAMES[usize::try_from(self.below(NAMES.len() as u64)).unwrap()]
    }
}

/// What must be in the history in the end, and what makes texts unlike each other.
#[derive(Default)]
struct Book {
    owed: Mutex<BTreeSet<String>>,
    number: AtomicU64,
}

impl Book {
    /// A text that nobody wrote before; some are longer than what travels inside events.
    fn text(&self, who: &str, chance: &mut Chance) -> String {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let filling = "filling ".repeat(usize::try_from(chance.below(2) * 300).unwrap());
        format!("{who} wrote text {number}\n{filling}\n")
    }

    fn owe(&self, text: String) {
        self.owed.lock().unwrap().insert(text);
    }
}

/// A person with an editor. What each file holds of theirs is remembered: a text that they replace themselves is owed to nobody.
struct Person {
    memories: PathBuf,
    mine: BTreeMap<String, String>,
    chance: Chance,
    book: Arc<Book>,
}

impl Person {
    fn file(&self, name: &str) -> PathBuf {
        self.memories.join(format!("{name}.md"))
    }

    /// Before the person touches a file: if it no longer holds what they put there, somebody else took that out.
    fn look(&mut self, name: &str) {
        if let Some(text) = self.mine.remove(name)
            && fs::read_to_string(self.file(name)).ok().as_ref() != Some(&text)
        {
            self.book.owe(text);
        }
    }

    fn act(&mut self) {
        let name = self.chance.name();
        let path = self.file(name);
        self.look(name);
        match self.chance.below(8) {
            0 => drop(fs::remove_file(&path)),
            1 => {
                let to = self.chance.name();
                self.look(to);
                let text = fs::read_to_string(&path).ok();
                let _ = fs::create_dir_all(self.file(to).parent().unwrap());
                let moved = rustix::fs::renameat_with(CWD, &path, CWD, self.file(to), RenameFlags::NOREPLACE);
                if let (Ok(()), Some(text)) = (moved, text) {
                    // It may have been replaced just before it was moved.
                    let held = fs::read_to_string(self.file(to)).ok();
                    self.mine.extend((held.as_ref() == Some(&text)).then(|| (to.to_owned(), text)));
                }
            }
            _ => {
                let text = self.book.text("a person", &mut self.chance);
                let draft = self.memories.join(".draft");
                let _ = fs::create_dir_all(path.parent().unwrap());
                fs::write(&draft, &text).unwrap();
                // The folder may have been removed again as empty.
                if fs::rename(&draft, &path).is_ok() {
                    self.mine.insert(name.to_owned(), text);
                }
            }
        }
    }

    /// In the end what still lies in the files is owed too.
    fn finish(mut self) {
        for (name, text) in std::mem::take(&mut self.mine) {
            drop(name);
            self.book.owe(text);
        }
    }
}

/// An agent on the bus, until nobody answers any more.
async fn agent(handle: Handle, book: Arc<Book>, mut chance: Chance) {
    loop {
        let name = chance.name().to_owned();
        let by = "agent".to_owned();
        let text = book.text("an agent", &mut chance);
        let request = match chance.below(10) {
            0 => Request::MemoryDelete { name, if_revision: None, by },
            1 => Request::MemoryRename { from: name, to: chance.name().to_owned(), by },
            2 | 3 => Request::MemoryEdit {
                name,
                needle: "wrote".to_owned(),
                replacement: "had written".to_owned(),
                mode: EditMode::Literal,
                all: true,
                if_revision: None,
                by,
            },
            _ => Request::MemoryWrite { name, text: text.clone(), if_revision: None, by },
        };
        let writes = matches!(request, Request::MemoryWrite { .. });
        match handle.ask(request).await {
            Ok(_) if writes => book.owe(text),
            Ok(_) => {}
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::Busy) => {}
            Err(_) => return,
        }
        tokio::time::sleep(Duration::from_millis(chance.below(8))).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "the test starts the product as a process")]
fn start(workspace: &Workspace) -> Child {
    let home = workspace.root().join("home");
    fs::create_dir_all(&home).unwrap();
    let log = fs::OpenOptions::new().create(true).append(true).open(workspace.root().join("daemon.err")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_synod"));
    command.arg("-C").arg(workspace.root()).arg("up");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", home);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().unwrap()
}

async fn connected(workspace: &Workspace, child: &mut Child) -> Handle {
    let socket = workspace.place().layout.socket.clone();
    let start = Instant::now();
    loop {
        if let Ok(client) = Client::connect(&socket).await {
            let handle = Handle::new(client);
            if handle.ask(Request::Status).await.is_ok() {
                return handle;
            }
        }
        let said = || fs::read_to_string(workspace.root().join("daemon.err")).unwrap_or_default();
        assert!(child.try_wait().unwrap().is_none(), "the daemon ended by itself:\n{}", said());
        assert!(start.elapsed() < PATIENCE, "the daemon does not answer:\n{}", said());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What stands on the bus, by name.
async fn on_the_bus(handle: &Handle) -> BTreeMap<String, String> {
    let mut stands = BTreeMap::new();
    for name in NAMES {
        match handle.ask(Request::MemoryRead { name: name.to_owned(), revision: None }).await {
            Ok(Reply::Memory { text, .. }) => drop(stands.insert(name.to_owned(), text)),
            Err(error) if error.kind == ErrorKind::NotFound => {}
            other => panic!("{name} cannot be read: {other:?}"),
        }
    }
    stands
}

/// What lies in the files, by name; nothing else may lie there but the page that a new workspace has.
fn in_files(memories: &Path) -> BTreeMap<String, String> {
    let mut held = BTreeMap::new();
    let mut folders = vec![memories.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_none_or(|name| name != ".draft" && name != "README.md") {
                let name = path.strip_prefix(memories).unwrap().to_string_lossy().into_owned();
                let name = name.strip_suffix(".md").map(str::to_owned).unwrap_or(name);
                held.extend(fs::read_to_string(&path).ok().map(|text| (name, text)));
            }
        }
    }
    held
}

/// Every text that any of the memories ever had.
async fn lived(handle: &Handle) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    for name in NAMES {
        let mut before = None;
        loop {
            let request = Request::MemoryHistory { name: name.to_owned(), before, limit: None };
            let Ok(Reply::MemoryHistory { revisions, next, .. }) = handle.ask(request).await else { break };
            for row in revisions.iter().filter(|row| row.hash.is_some()) {
                let request = Request::MemoryRead { name: name.to_owned(), revision: Some(row.revision) };
                match handle.ask(request).await {
                    Ok(Reply::Memory { text, .. }) => drop(texts.insert(text)),
                    other => panic!("revision {} of {name} cannot be read: {other:?}", row.revision),
                }
            }
            before = next;
            if before.is_none() {
                break;
            }
        }
    }
    texts
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_agree_and_no_text_is_lost_however_often_the_daemon_is_killed() {
    let seed = setting("SYNOD_TORTURE_SEED", 20_261_121);
    let settings = "[http]\nlisten = 'off'\n[limits]\nmemory_rescan_interval = '2s'\n[workers.nobody]\nprovider = 'command'\ncommand = ['true']\n";
    let workspace = Workspace::new(settings);
    let memories = workspace.root().join("memories");
    let book = Arc::new(Book::default());
    let mut chance = Chance(seed);
    let (mine, own) = (BTreeMap::new(), Chance(chance.below(u64::MAX)));
    let mut person = Person { memories: memories.clone(), mine, chance: own, book: Arc::clone(&book) };
    for _ in 0..setting("SYNOD_TORTURE_ROUNDS", ROUNDS) {
        let mut child = start(&workspace);
        let handle = connected(&workspace, &mut child).await;
        let agents: Vec<_> = (0..2)
            .map(|_| tokio::spawn(agent(handle.clone(), Arc::clone(&book), Chance(chance.below(u64::MAX)))))
            .collect();
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let editing = tokio::task::spawn_blocking(move || {
            while !told.load(Ordering::Acquire) {
                person.act();
                let pause = person.chance.below(12);
                std::thread::sleep(Duration::from_millis(pause));
            }
            person
        });
        tokio::time::sleep(Duration::from_millis(100 + chance.below(1200))).await;
        child.kill().unwrap();
        child.wait().unwrap();
        over.store(true, Ordering::Release);
        person = editing.await.unwrap();
        for agent in agents {
            agent.await.unwrap();
        }
        // Some edits fall into the time while nobody looks.
        for _ in 0..chance.below(4) {
            person.act();
        }
    }
    person.finish();
    let mut child = start(&workspace);
    let handle = connected(&workspace, &mut child).await;
    let begun = Instant::now();
    loop {
        let (stands, held) = (on_the_bus(&handle).await, in_files(&memories));
        if stands == held && on_the_bus(&handle).await == stands {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "seed {seed}: the bus has\n{stands:#?}\nthe files hold\n{held:#?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let lived = lived(&handle).await;
    let owed = book.owed.lock().unwrap().clone();
    let lost: Vec<&String> = owed.difference(&lived).collect();
    assert!(owed.len() > 20, "too little was written to mean anything: {}", owed.len());
    assert!(lost.is_empty(), "seed {seed}: {} of {} texts are lost: {lost:?}", lost.len(), owed.len());
    handle.ask(Request::Shutdown { hard: true }).await.unwrap();
    child.wait().unwrap();
}
