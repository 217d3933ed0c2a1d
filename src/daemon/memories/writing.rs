//! Requests that change memories. What stands is read from the shelf, the new text is made here, and the loop takes it only
//! if nobody was quicker; then it is made anew from what stands by then.

use super::desk::{lease_view, missing, refused};
use super::held::Held;
use super::shelf::Copied;
use crate::api::{EditMode, Error, ErrorKind, LeaseView, MemoryFault, NewTask, Overrides, Reply};
use crate::board::memory::{
    Edit, EditFault, Hashed, MemoryAct, MemoryChange, MemoryName, MemoryRefusal, Rewrite, edit, references,
};
use crate::board::text::INLINE_BYTES_MAX;
use crate::board::{Refusal, Text};
use crate::daemon::incoming::{Acted, Incoming, Query};
use crate::daemon::local::{LocalBoard, fingerprint, gone, internal, refused as refused_input};
use crate::folder::mirror::Found;
use crate::store::Revision;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// How often an edit or a rename is made anew because somebody was quicker. Each time, somebody else's change came through.
const TRIES_MAX: usize = 200;

/// Who is named where the asker named nobody.
const NOBODY: &str = "local";

/// The author of what was found in the folder.
pub(in crate::daemon) const FILE: &str = "file";

/// An edit as it was asked for.
#[derive(Clone, Debug)]
pub(in crate::daemon) struct Passage {
    pub(in crate::daemon) needle: String,
    pub(in crate::daemon) replacement: String,
    pub(in crate::daemon) mode: EditMode,
    pub(in crate::daemon) all: bool,
}

impl LocalBoard {
    pub(in crate::daemon) async fn memory_write(
        &self,
        name: &str,
        text: String,
        if_revision: Option<u64>,
        by: String,
    ) -> Result<Reply, Error> {
        let name = self.memories.name(name)?;
        if let Some(task) = name.inbox_name() {
            return self.memory_task(&name, task, text, by).await;
        }
        self.writable(&name, text.len())?;
        self.take_in(&name).await?;
        self.not_stale(&name, if_revision)?;
        let content = self.hashed(text).await?;
        let act = MemoryAct::Write { name, content, if_revision, change: MemoryChange::Written };
        let acted = self.act(by, act).await?.map_err(|refusal| refused(&refusal))?;
        Ok(self.written(acted, 1))
    }

    pub(in crate::daemon) async fn memory_edit(
        &self,
        name: &str,
        passage: Passage,
        if_revision: Option<u64>,
        by: String,
    ) -> Result<Reply, Error> {
        let name = self.memories.name(name)?;
        self.writable(&name, 0)?;
        self.take_in(&name).await?;
        for _ in 0..TRIES_MAX {
            let copied = self.stands(&name, if_revision)?;
            let text = self.text(&copied.standing.content)?;
            let (text, replaced) = self.edited(&name, text, passage.clone()).await?;
            let content = self.hashed(text).await?;
            let act = MemoryAct::Write {
                name: name.clone(),
                content,
                if_revision: Some(copied.revision),
                change: MemoryChange::Written,
            };
            match self.act(by.clone(), act).await? {
                Ok(acted) => return Ok(self.written(acted, replaced)),
                Err(MemoryRefusal::Stale { .. }) if if_revision.is_none() => {}
                Err(refusal) => return Err(refused(&refusal)),
            }
        }
        Err(contended(&name))
    }

    pub(in crate::daemon) async fn memory_delete(
        &self,
        name: &str,
        if_revision: Option<u64>,
        by: String,
    ) -> Result<Reply, Error> {
        let name = self.memories.name(name)?;
        self.writable(&name, 0)?;
        self.take_in(&name).await?;
        let act = MemoryAct::Delete { name, if_revision };
        let acted = self.act(by, act).await?.map_err(|refusal| refused(&refusal))?;
        Ok(Reply::MemoryDeleted { name: acted.name.as_str().to_owned(), revision: acted.revision })
    }

    pub(in crate::daemon) async fn memory_rename(&self, from: &str, to: &str, by: String) -> Result<Reply, Error> {
        let (from, to) = (self.memories.name(from)?, self.memories.name(to)?);
        for name in [&from, &to] {
            self.writable(name, 0)?;
            if name.inbox_name().is_some() {
                return Err(refused(&MemoryRefusal::Own { name: name.clone() }));
            }
            self.take_in(name).await?;
        }
        for _ in 0..TRIES_MAX {
            let revision = self.stands(&from, None)?.revision;
            let rewrites = self.rewrites(&from, &to).await?;
            let rewritten = rewrites.iter().map(|rewrite| rewrite.name.as_str().to_owned()).collect();
            let act = MemoryAct::Rename { from: from.clone(), to: to.clone(), if_revision: revision, rewrites };
            match self.act(by.clone(), act).await? {
                Ok(acted) => {
                    let (from, to) = (from.as_str().to_owned(), to.as_str().to_owned());
                    return Ok(Reply::MemoryRenamed { from, to, revision: acted.revision, rewritten });
                }
                Err(MemoryRefusal::Stale { .. }) => {}
                Err(refusal) => return Err(refused(&refusal)),
            }
        }
        Err(contended(&from))
    }

    pub(in crate::daemon) async fn memory_restore(
        &self,
        name: &str,
        revision: u64,
        by: String,
    ) -> Result<Reply, Error> {
        let name = self.memories.name(name)?;
        self.writable(&name, 0)?;
        self.take_in(&name).await?;
        let content = self.revision(&name, revision).await?.content.ok_or_else(|| {
            Error::new(
                ErrorKind::Conflict,
                format!("revision {revision} of {name} has no text: it took the memory away"),
            )
            .hint(format!("see the others with: synod memory history {name}"))
        })?;
        let act = MemoryAct::Write { name, content, if_revision: None, change: MemoryChange::Restored { revision } };
        let acted = self.act(by, act).await?.map_err(|refusal| refused(&refusal))?;
        Ok(self.written(acted, 1))
    }

    pub(in crate::daemon) async fn memory_lease(&self, name: &str, by: String, for_ms: u64) -> Result<Reply, Error> {
        let name = self.memories.name(name)?;
        if by.trim().is_empty() {
            return Err(Error::new(ErrorKind::Invalid, "a lease needs somebody who holds it").hint("say who in `by`"));
        }
        let until = (for_ms > 0).then(|| self.clock.now().after(Duration::from_millis(for_ms)));
        let label = name.as_str().to_owned();
        match self.act(by.clone(), MemoryAct::Lease { name, until }).await? {
            Ok(acted) => {
                let lease = acted.lease.as_ref().map(lease_view);
                let granted = lease.as_ref().is_some_and(|lease| lease.by == by) || until.is_none();
                Ok(Reply::MemoryLeased { name: label, lease, granted })
            }
            Err(MemoryRefusal::Leased { by, until, .. }) => {
                Ok(Reply::MemoryLeased { name: label, lease: Some(LeaseView { by, until }), granted: false })
            }
            Err(refusal) => Err(refused(&refusal)),
        }
    }

    /// One revision from the store.
    pub(super) async fn revision(&self, name: &MemoryName, revision: u64) -> Result<Revision, Error> {
        let asked = (name.clone(), revision);
        let found = self.query(|reply| Query::MemoryRevision(asked.0, asked.1, reply)).await?;
        found.map_err(internal)?.ok_or_else(|| {
            let error = if self.memories.shelf.get(name).is_some() {
                Error::new(ErrorKind::NotFound, format!("{name} has no revision {revision}"))
                    .fault(MemoryFault::Missing)
            } else {
                missing(name)
            };
            error.hint(format!("see the revisions with: synod memory history {name}"))
        })
    }

    /// Tells the loop of a text that is in the folder. A refusal is no concern of who only wanted to read; the mirror comes
    /// across the text too and tells of it.
    pub(super) async fn found(&self, found: Found, known: Option<u64>) -> Result<(), Error> {
        let Found { name, text, hash, moved_from, .. } = found;
        if name.inbox_name().is_some() {
            return Ok(());
        }
        let content = self.hashed(text).await?;
        let act = MemoryAct::Found { name: name.clone(), content, known, moved_from };
        let acted = self.act(FILE.to_owned(), act).await?;
        if let (Ok(acted), Some(files)) = (acted, &self.memories.files)
            && acted.hash.as_ref() == Some(&hash)
        {
            // The mirror may see the file go before it comes across this text.
            files.held.advance(&name, Held { hash, revision: acted.revision });
        }
        Ok(())
    }

    /// What was written into the inbox is a dropped task.
    async fn memory_task(&self, name: &MemoryName, task: &str, text: String, by: String) -> Result<Reply, Error> {
        let hash = fingerprint(text.as_bytes());
        let new = NewTask {
            name: Some(task.to_owned()),
            content: text,
            format: Some("md".to_owned()),
            overrides: Overrides::default(),
            by: somebody(by),
        };
        self.submit(new).await?;
        let name = name.as_str().to_owned();
        Ok(Reply::MemoryWritten { name, revision: 0, hash, created: true, replaced: 1, lease: None })
    }

    /// Refuses at once what the loop would refuse, before a text is stored for it.
    fn writable(&self, name: &MemoryName, bytes: usize) -> Result<(), Error> {
        let (rules, bytes) = (&self.memories.rules, bytes as u64);
        let name = || name.clone();
        let refusal = if name().is_own_page() {
            MemoryRefusal::Own { name: name() }
        } else if let Some(pattern) = rules.read_only.fitting(&name()) {
            MemoryRefusal::ReadOnly { name: name(), pattern: pattern.to_owned() }
        } else if bytes > rules.text_bytes_max {
            MemoryRefusal::TooLarge { name: name(), bytes, bytes_max: rules.text_bytes_max }
        } else {
            return Ok(());
        };
        Err(refused(&refusal))
    }

    /// Refuses at once what comes too late in any case: revisions only go up. A long text would be flushed to the medium for it
    /// before the loop could say so, and that is where those who compare and write in turns spend their time.
    fn not_stale(&self, name: &MemoryName, asked: Option<u64>) -> Result<(), Error> {
        let Some((asked, copied)) = asked.zip(self.memories.shelf.get(name)) else { return Ok(()) };
        if copied.revision <= asked {
            return Ok(());
        }
        Err(refused(&MemoryRefusal::Stale { name: name.clone(), stands: copied.revision, asked }))
    }

    /// What stands, if it is the revision that was named.
    fn stands(&self, name: &MemoryName, asked: Option<u64>) -> Result<Arc<Copied>, Error> {
        let copied = self.memories.shelf.get(name).ok_or_else(|| missing(name))?;
        match asked.filter(|asked| *asked != copied.revision) {
            Some(asked) => Err(refused(&MemoryRefusal::Stale { name: name.clone(), stands: copied.revision, asked })),
            None => Ok(copied),
        }
    }

    /// Makes an edit, on a thread for blocking work: an expression may take its time.
    async fn edited(&self, name: &MemoryName, text: Arc<str>, passage: Passage) -> Result<(String, u64), Error> {
        let bytes_max = self.memories.rules.text_bytes_max;
        let regex = passage.mode == EditMode::Regex;
        let work = move || {
            let Passage { needle, replacement, all, .. } = &passage;
            edit(&text, &Edit { needle, replacement, regex, all: *all, bytes_max })
        };
        let edited = if regex { self.jobs.blocking(work).await.map_err(internal)? } else { work() };
        let edited = edited.map_err(|fault| unedited(name, &fault, bytes_max))?;
        Ok((edited.text, edited.replaced as u64))
    }

    /// The texts that refer to a memory, with their references rewritten. Read-only ones stay as they are.
    async fn rewrites(&self, from: &MemoryName, to: &MemoryName) -> Result<Vec<Rewrite>, Error> {
        let (desk, from, to) = (self.memories.clone(), from.clone(), to.clone());
        let look = move || {
            let mut found = Vec::new();
            for name in desk.shelf.names() {
                if desk.rules.read_only.fitting(&name).is_some() || desk.rules.ignored.fitting(&name).is_some() {
                    continue;
                }
                let Some(copied) = desk.shelf.get(&name) else { continue };
                let text = desk.shelf.text(&copied.standing.content.text)?;
                let new = references::rewritten(&text, &from, &to);
                found.extend(new.map(|new| (name, copied.revision, new)));
            }
            Ok::<_, crate::store::Error>(found)
        };
        let found = self.jobs.blocking(look).await.map_err(internal)?.map_err(|error| internal(error.to_string()))?;
        let mut rewrites = Vec::new();
        for (name, if_revision, text) in found {
            let content = self.hashed(text).await?;
            rewrites.push(Rewrite { name, if_revision, content });
        }
        Ok(rewrites)
    }

    /// Stores a text. Short ones travel inside events; long ones go to the disk on a thread for blocking work.
    async fn hashed(&self, text: String) -> Result<Hashed, Error> {
        let hash = fingerprint(text.as_bytes());
        if text.len() <= INLINE_BYTES_MAX {
            return Ok(Hashed { text: Text::Inline { text }, hash });
        }
        let board = self.blobs.clone();
        let stored = self.jobs.blocking(move || board.put(&text)).await.map_err(internal)?;
        let text = stored.map_err(|error| crate::daemon::local::unstored(&error))?;
        Ok(Hashed { text, hash })
    }

    /// Has the loop decide on an act.
    async fn act(&self, by: String, act: MemoryAct) -> Result<Result<Acted, MemoryRefusal>, Error> {
        let (reply, replied) = oneshot::channel();
        self.send(Incoming::Memory { act: Box::new(act), by: somebody(by), reply }).await?;
        match replied.await.map_err(|_| gone())? {
            Ok(acted) => Ok(Ok(acted)),
            Err(Refusal::Memory(refusal)) => Ok(Err(refusal)),
            Err(refusal) => Err(refused_input(refusal)),
        }
    }

    fn written(&self, acted: Acted, replaced: u64) -> Reply {
        let now = self.clock.now();
        Reply::MemoryWritten {
            name: acted.name.as_str().to_owned(),
            revision: acted.revision,
            hash: acted.hash.unwrap_or_default(),
            created: !acted.stood,
            replaced,
            lease: acted.lease.filter(|lease| lease.until > now && lease.by != acted.by).as_ref().map(lease_view),
        }
    }
}

fn somebody(by: String) -> String {
    if by.trim().is_empty() { NOBODY.to_owned() } else { by }
}

fn contended(name: &MemoryName) -> Error {
    Error::new(ErrorKind::Busy, format!("{name} is being written so often that this change found no gap"))
        .hint("try again in a moment, or take a lease so that others know of you")
}

fn unedited(name: &MemoryName, fault: &EditFault, bytes_max: u64) -> Error {
    let (kind, hint) = match fault {
        EditFault::NoMatch => (MemoryFault::NoMatch, format!("read it as it stands with: synod memory read {name}")),
        EditFault::Occurrences { count } => {
            let count = *count as u64;
            (MemoryFault::Occurrences { count }, "take more of the text around it, or replace all".to_owned())
        }
        EditFault::Ambiguous => (MemoryFault::Ambiguous, "make the expression more specific".to_owned()),
        EditFault::Expression(_) | EditFault::NoGroup { .. } | EditFault::TooManySteps => {
            (MemoryFault::Expression, "correct the expression, or look for the text as it stands".to_owned())
        }
        EditFault::TooLarge { .. } => {
            (MemoryFault::TooLarge, format!("keep it within {bytes_max} bytes, or raise limits.memory_bytes_max"))
        }
    };
    Error::new(kind.kind(), fault.to_string()).fault(kind).hint(hint)
}
