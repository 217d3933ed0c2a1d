//! What answering about memories needs besides the loop, and the rows and refusals that several requests share.

use super::held::HeldFiles;
use super::searching::Searcher;
use super::shelf::{Copied, Shelf};
use crate::api::{Error, LeaseView, MemoryRow};
use crate::board::Timestamp;
use crate::board::memory::{Lease, MemoryName, MemoryRefusal, MemoryRules, NameFault, Topic};
use crate::folder::mirror::{Found, Glance, Look};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Who wrote Synod's own pages.
pub(super) const OWN_AUTHOR: &str = "synod";

/// How long who asks waits for the folder's first look to end. A folder that takes longer is answered from what is known.
const FIRST_LOOK_WAIT_MAX: Duration = Duration::from_secs(10);

/// Nanoseconds in a millisecond, the unit of moments.
const NANOSECONDS_PER_MILLISECOND: i128 = 1_000_000;

/// Where memories are found.
#[derive(Clone)]
pub(in crate::daemon) struct Desk {
    /// What stands.
    pub(in crate::daemon) shelf: Shelf,
    /// What may be read and written.
    pub(in crate::daemon) rules: Arc<MemoryRules>,
    /// The folder; `None`: there is none to look at.
    pub(in crate::daemon) files: Option<Files>,
    /// The index; `None`: nothing is searched.
    pub(in crate::daemon) searcher: Option<Searcher>,
    /// Most rows in one page.
    pub(in crate::daemon) page_items_max: usize,
}

/// The memories' files.
#[derive(Clone)]
pub(in crate::daemon) struct Files {
    /// To look at them.
    pub(in crate::daemon) glance: Glance,
    /// What has been seen to of what they hold.
    pub(in crate::daemon) held: HeldFiles,
    /// Rings once everything that the folder held at the start has been taken in.
    pub(in crate::daemon) looked: CancellationToken,
}

impl Desk {
    /// Waits until the folder was looked at once, so that nobody is told that a memory is missing which somebody wrote while
    /// no daemon ran.
    pub(super) async fn looked(&self) {
        let Some(files) = self.files.as_ref().filter(|files| !files.looked.is_cancelled()) else { return };
        if tokio::time::timeout(FIRST_LOOK_WAIT_MAX, files.looked.cancelled()).await.is_err() {
            tracing::warn!("the memories folder is still being read; what is known so far is answered");
        }
    }

    /// The name that a spelling means, if it is one that may be read.
    pub(super) fn name(&self, spelling: &str) -> Result<MemoryName, Error> {
        let name = MemoryName::parse(spelling).map_err(|fault| misspelt(&fault))?;
        match self.rules.ignored.fitting(&name) {
            Some(pattern) => Err(refused(&MemoryRefusal::Ignored { name: name.clone(), pattern: pattern.to_owned() })),
            None => Ok(name),
        }
    }

    /// The topic that a spelling means; none: everything.
    pub(super) fn topic(spelling: Option<&str>) -> Result<Topic, Error> {
        spelling.map(Topic::parse).transpose().map(Option::unwrap_or_default).map_err(|fault| misspelt(&fault))
    }

    /// A memory's text for a prompt: what stands, which may be a moment ahead of its file. `None`: it must be read from the
    /// folder, which may be a moment ahead of what stands.
    pub(in crate::daemon) fn for_prompt(&self, spelling: &str) -> Option<String> {
        let name = self.name(spelling).ok()?;
        let copied = self.shelf.get(&name)?;
        let stands = &copied.standing.content.hash;
        if let Some(Files { glance, held, .. }) = &self.files {
            let is_ahead = |hash: &String| hash != stands && !held.has_seen(&name, hash);
            if matches!(glance.look(&name), Look::Changed(_)) || glance.known(&name).as_ref().is_some_and(is_ahead) {
                return None;
            }
        }
        let text = self.shelf.text(&copied.standing.content.text);
        text.inspect_err(|error| tracing::error!(%name, %error, "a memory cannot be read"))
            .ok()
            .map(|text| text.to_string())
    }

    /// How many rows a page has for who asked for so many.
    pub(super) fn page_rows(&self, limit: Option<usize>) -> usize {
        limit.unwrap_or(usize::MAX).clamp(1, self.page_items_max)
    }

    /// The row of a memory.
    pub(super) fn row(&self, name: &MemoryName, copied: &Copied, now: Timestamp) -> MemoryRow {
        let standing = &copied.standing;
        MemoryRow {
            name: name.as_str().to_owned(),
            revision: copied.revision,
            hash: standing.content.hash.clone(),
            bytes: standing.content.text.bytes(),
            by: standing.by.clone(),
            at: standing.at,
            read_only: self.rules.read_only.fitting(name).is_some(),
            lease: copied.lease_at(now).map(lease_view),
        }
    }
}

/// The row of one of Synod's own pages.
pub(super) fn page_row(page: &Found) -> MemoryRow {
    let written = i64::try_from(page.stamp.modified / NANOSECONDS_PER_MILLISECOND).unwrap_or(0);
    MemoryRow {
        name: page.name.as_str().to_owned(),
        revision: 0,
        hash: page.hash.clone(),
        bytes: page.text.len() as u64,
        by: OWN_AUTHOR.to_owned(),
        at: Timestamp(written),
        read_only: true,
        lease: None,
    }
}

pub(super) fn lease_view(lease: &Lease) -> LeaseView {
    LeaseView { by: lease.by.clone(), until: lease.until }
}

/// A spelling that is no name.
fn misspelt(fault: &NameFault) -> Error {
    refused(&MemoryRefusal::Name(fault.clone()))
}

/// There is no such memory.
pub(super) fn missing(name: &MemoryName) -> Error {
    refused(&MemoryRefusal::Missing { name: name.clone() })
}

/// A refusal with what to do about it.
pub(in crate::daemon) fn refused(refusal: &MemoryRefusal) -> Error {
    let error = Error::from(refusal);
    let hint = match refusal {
        MemoryRefusal::Missing { .. } => "see the names with: synod memory list".to_owned(),
        MemoryRefusal::Exists { name } => format!("take another name, or delete {name} first"),
        MemoryRefusal::Stale { stands: 0, .. } => "no revision of it stands now: somebody took it away".to_owned(),
        MemoryRefusal::Stale { stands, .. } => format!("read it again, and name revision {stands}"),
        MemoryRefusal::ReadOnly { .. } => "memory.read_only in synod.toml says which are; for .serena/memories, read_only_memory_patterns in .serena/project.yml too".to_owned(),
        MemoryRefusal::Own { .. } => {
            "of a task's pages only orchestration/current-task/ID/shared-context can be written".to_owned()
        }
        MemoryRefusal::Leased { .. } => "wait until it lapses; writing is possible all the same".to_owned(),
        MemoryRefusal::Ignored { .. } => "memory.ignored in synod.toml says which are; for .serena/memories, ignored_memory_patterns in .serena/project.yml too".to_owned(),
        MemoryRefusal::TooLarge { .. } => "split it, or raise limits.memory_bytes_max in synod.toml".to_owned(),
        MemoryRefusal::TooMany { .. } => "delete some that are no longer needed".to_owned(),
        MemoryRefusal::Name(_) => "names are like design/auth".to_owned(),
    };
    error.hint(hint)
}
