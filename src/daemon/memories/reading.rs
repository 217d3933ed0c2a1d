//! Requests that read memories. None of them waits for the loop, but for those about earlier revisions, which only the store
//! has.

use super::desk::{Desk, Files, OWN_AUTHOR, missing, page_row};
use super::held::{blank, is_blank};
use crate::api::{Error, MemoryRow, Reply, RevisionRow};
use crate::board::memory::{Hashed, MemoryName, Topic};
use crate::daemon::incoming::Query;
use crate::daemon::local::{LocalBoard, fingerprint, internal};
use crate::folder::mirror::Look;

/// The folders of Synod's own pages that a list of everything shows, in their order. Those of tasks that are over must be
/// asked for.
const SHOWN: [&str; 3] = ["orchestration/coordination/", "orchestration/current-task/", "orchestration/model-outputs/"];

/// Above all of Synod's own pages.
const OWN: &str = "orchestration/";

impl LocalBoard {
    pub(in crate::daemon) async fn memory_list(
        &self,
        topic: Option<String>,
        after: Option<String>,
        limit: Option<usize>,
    ) -> Result<Reply, Error> {
        let desk = &self.memories;
        let topic = Desk::topic(topic.as_deref())?;
        let (after, limit) = (after.as_deref(), desk.page_rows(limit));
        let now = self.clock.now();
        // One more than asked for tells whether there is a further page.
        let seen = |name: &MemoryName| desk.rules.ignored.fitting(name).is_none();
        let standing = desk.shelf.page(&topic, after, limit + 1, seen);
        let mut rows: Vec<MemoryRow> = standing.iter().map(|(name, copied)| desk.row(name, copied, now)).collect();
        let last = if rows.len() > limit { rows.last().map(|row| row.name.clone()) } else { None };
        if reaches_pages(&topic, after, last.as_deref()) {
            let (desk, topic, after) = (desk.clone(), topic.clone(), after.map(str::to_owned));
            let pages = self.jobs.blocking(move || pages(&desk, &topic, after.as_deref(), limit + 1));
            rows.extend(pages.await.map_err(internal)??);
            rows.sort_by(|one, other| one.name.cmp(&other.name));
        }
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(|row| row.name.clone()) } else { None };
        Ok(Reply::Memories { memories: rows, next })
    }

    pub(in crate::daemon) async fn memory_read(&self, name: &str, revision: Option<u64>) -> Result<Reply, Error> {
        let name = self.memories.name(name)?;
        if name.is_own_page() {
            return self.own_page(&name);
        }
        self.take_in(&name).await?;
        let copied = self.memories.shelf.get(&name);
        if copied.is_none()
            && let Some(text) = self.memories.files.as_ref().and_then(|files| blank(&name, &files.glance))
        {
            return Ok(self.blank_page(&name, text));
        }
        if let Some(revision) = revision.filter(|asked| copied.as_ref().is_none_or(|copied| copied.revision != *asked))
        {
            return self.earlier(&name, revision).await;
        }
        let copied = copied.ok_or_else(|| missing(&name))?;
        let text = self.text(&copied.standing.content)?;
        Ok(Reply::Memory { row: self.memories.row(&name, &copied, self.clock.now()), text: text.to_string() })
    }

    pub(in crate::daemon) async fn memory_history(
        &self,
        name: &str,
        before: Option<u64>,
        limit: Option<usize>,
    ) -> Result<Reply, Error> {
        let name = self.memories.name(name)?;
        self.take_in(&name).await?;
        let limit = self.memories.page_rows(limit);
        let asked = (name.clone(), before, limit + 1);
        let found = self.query(|reply| Query::MemoryHistory(asked.0, asked.1, asked.2, reply)).await?;
        let mut found = found.map_err(internal)?;
        if found.is_empty() && before.is_none() {
            return Err(missing(&name));
        }
        let more = found.len() > limit;
        found.truncate(limit);
        let next = if more { found.last().map(|row| row.revision) } else { None };
        let revisions = found.into_iter().map(|row| RevisionRow {
            revision: row.revision,
            change: row.change,
            bytes: row.content.as_ref().map_or(0, |content| content.text.bytes()),
            hash: row.content.map(|content| content.hash),
            by: row.by,
            at: row.at,
        });
        Ok(Reply::MemoryHistory { name: name.as_str().to_owned(), revisions: revisions.collect(), next })
    }

    pub(super) fn text(&self, content: &Hashed) -> Result<std::sync::Arc<str>, Error> {
        self.memories.shelf.text(&content.text).map_err(|error| internal(error.to_string()))
    }

    /// Takes in what somebody wrote into the file a moment ago, so that nobody reads what is out of date or writes over what
    /// nobody has seen.
    pub(super) async fn take_in(&self, name: &MemoryName) -> Result<(), Error> {
        let Some(Files { glance, held, .. }) = &self.memories.files else { return Ok(()) };
        let known = glance.known(name);
        match glance.look(name) {
            Look::Same => {
                let stands = self.memories.shelf.get(name);
                let is_known = |hash: &String| stands.is_some_and(|stands| stands.standing.content.hash == *hash);
                if let Some(hash) = known.filter(|hash| !is_known(hash)) {
                    // Either the file is not written yet, or what it holds is on its way to the loop.
                    held.seen(name, &hash).await;
                }
                Ok(())
            }
            // Away: an editor may be about to put it back. Unfit: the mirror tells of it; what stands is not touched by it.
            Look::Away | Look::Unfit(_) => Ok(()),
            Look::Changed(found) if is_blank(name, &found.hash) => Ok(()),
            Look::Changed(found) => {
                let known = known.map(|hash| {
                    let stands = self.memories.shelf.get(name).filter(|stands| stands.standing.content.hash == hash);
                    // 0: the folder had seen another revision than the one that stands.
                    stands.map_or(0, |stands| stands.revision)
                });
                self.found(found, known).await
            }
        }
    }

    /// What a task's shared context begins with, while nobody has written in it.
    fn blank_page(&self, name: &MemoryName, text: String) -> Reply {
        let row = MemoryRow {
            name: name.as_str().to_owned(),
            revision: 0,
            hash: fingerprint(text.as_bytes()),
            bytes: text.len() as u64,
            by: OWN_AUTHOR.to_owned(),
            at: self.clock.now(),
            read_only: false,
            lease: None,
        };
        Reply::Memory { row, text }
    }

    fn own_page(&self, name: &MemoryName) -> Result<Reply, Error> {
        let files = self.memories.files.as_ref().ok_or_else(|| missing(name))?;
        let page =
            files.glance.read_page(name).map_err(|error| internal(error.to_string()))?.ok_or_else(|| missing(name))?;
        Ok(Reply::Memory { row: page_row(&page), text: page.text })
    }

    async fn earlier(&self, name: &MemoryName, revision: u64) -> Result<Reply, Error> {
        let row = self.revision(name, revision).await?;
        let Some(content) = row.content else {
            return Err(missing(name).hint(format!("revision {revision} took it away; the one before has a text")));
        };
        let text = self.text(&content)?;
        let row = MemoryRow {
            name: name.as_str().to_owned(),
            revision,
            hash: content.hash,
            bytes: content.text.bytes(),
            by: row.by,
            at: row.at,
            read_only: self.memories.rules.read_only.fitting(name).is_some(),
            lease: None,
        };
        Ok(Reply::Memory { row, text: text.to_string() })
    }
}

/// Whether some of Synod's own pages may fall into the part of the list that ends with `last` (`None`: it has no end).
fn reaches_pages(topic: &Topic, after: Option<&str>, last: Option<&str>) -> bool {
    let topic = topic.as_str();
    let fits = topic.is_empty() || format!("{topic}/").starts_with(OWN) || topic.starts_with(OWN);
    // `0` follows the slash.
    fits && after.is_none_or(|after| after < "orchestration0") && last.is_none_or(|last| last > OWN)
}

/// The rows of Synod's own pages below a topic, at most `limit`.
fn pages(desk: &Desk, topic: &Topic, after: Option<&str>, limit: usize) -> Result<Vec<MemoryRow>, Error> {
    let Some(Files { glance, .. }) = &desk.files else { return Ok(Vec::new()) };
    let belows = if topic.as_str().is_empty() { SHOWN.to_vec() } else { vec![topic.as_str()] };
    let mut rows = Vec::new();
    for below in belows {
        let mut after = after.map(str::to_owned);
        loop {
            let listed = glance.list(below, after.as_deref(), limit).map_err(|error| internal(error.to_string()))?;
            for name in listed.names.iter().filter(|name| name.is_below(topic)) {
                // One that was moved away since it was listed is not there any more.
                rows.extend(glance.read_page(name).ok().flatten().as_ref().map(page_row));
                if rows.len() >= limit {
                    return Ok(rows);
                }
            }
            after = listed.names.last().map(|name| name.as_str().to_owned());
            if !listed.more || after.is_none() {
                break;
            }
        }
    }
    Ok(rows)
}
