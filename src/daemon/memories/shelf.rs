//! The shelf: a copy of the memories that stand, for everyone who reads. The loop puts each change on it after the commit and
//! before anyone is answered, so who was told of a revision finds it here. No reader waits for the loop.

use crate::board::memory::{Lease, Memories, Memory, MemoryName, Standing, Topic};
use crate::board::{Seq, Text, Timestamp};
use crate::store::{self, Blobs};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::watch;

/// The shelf. Clones share it.
#[derive(Clone, Debug)]
pub(in crate::daemon) struct Shelf(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    standing: RwLock<BTreeMap<MemoryName, Arc<Copied>>>,
    /// The last event that is on it.
    upto: watch::Sender<Seq>,
    texts: Mutex<Texts>,
    blobs: Blobs,
}

/// A memory that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::daemon) struct Copied {
    /// The revision.
    pub(in crate::daemon) revision: u64,
    /// What it is.
    pub(in crate::daemon) standing: Standing,
    lease: Option<Lease>,
}

impl Copied {
    fn of(memory: &Memory) -> Option<Self> {
        let standing = memory.standing.clone()?;
        Some(Self { revision: memory.revision, standing, lease: memory.lease.clone() })
    }

    /// Who works on it at this moment.
    pub(in crate::daemon) fn lease_at(&self, now: Timestamp) -> Option<&Lease> {
        self.lease.as_ref().filter(|lease| lease.until > now)
    }
}

impl Shelf {
    /// A shelf of what stands. `cache_bytes_max`: long texts kept at hand, all together.
    pub(in crate::daemon) fn new(memories: &Memories, upto: Seq, blobs: Blobs, cache_bytes_max: usize) -> Self {
        let copied = memories.by_name().iter();
        let standing =
            copied.filter_map(|(name, memory)| Some((name.clone(), Arc::new(Copied::of(memory)?)))).collect();
        let texts = Mutex::new(Texts { bytes_max: cache_bytes_max, ..Texts::default() });
        Self(Arc::new(Shared { standing: RwLock::new(standing), upto: watch::Sender::new(upto), texts, blobs }))
    }

    /// Puts on it how these memories stand after an event.
    pub(in crate::daemon) fn put<'a>(
        &self,
        memories: &Memories,
        names: impl Iterator<Item = &'a MemoryName>,
        upto: Seq,
    ) {
        let mut standing = self.write();
        for name in names {
            match memories.get(name).and_then(Copied::of) {
                Some(copied) => drop(standing.insert(name.clone(), Arc::new(copied))),
                None => drop(standing.remove(name)),
            }
        }
        drop(standing);
        self.0.upto.send_replace(upto);
    }

    /// The last event that is on it.
    pub(in crate::daemon) fn upto(&self) -> Seq {
        *self.0.upto.borrow()
    }

    /// A memory that stands.
    pub(in crate::daemon) fn get(&self, name: &MemoryName) -> Option<Arc<Copied>> {
        self.read().get(name).cloned()
    }

    /// Memories below a topic that may be `seen`, in the order of their names, from after a name; at most `limit`.
    pub(in crate::daemon) fn page(
        &self,
        topic: &Topic,
        after: Option<&str>,
        limit: usize,
        seen: impl Fn(&MemoryName) -> bool,
    ) -> Vec<(MemoryName, Arc<Copied>)> {
        let standing = self.read();
        // A name that is none has no place of its own in the order of names; what it would stand before is found by walking.
        let after_name = after.and_then(|after| MemoryName::parse(after).ok());
        let from = match &after_name {
            Some(after) => Bound::Excluded(after),
            None => Bound::Unbounded,
        };
        let rows = standing.range::<MemoryName, _>((from, Bound::Unbounded));
        let wanted =
            |name: &MemoryName| name.is_below(topic) && after.is_none_or(|after| name.as_str() > after) && seen(name);
        // Names below a topic do not stand together: `a`, `a-b`, `a/c`. What comes after the last possible one is not walked.
        let beyond = format!("{}0", topic.as_str());
        let last = |name: &MemoryName| !topic.as_str().is_empty() && name.as_str() >= beyond.as_str();
        rows.take_while(|(name, _)| !last(name))
            .filter(|(name, _)| wanted(name))
            .take(limit)
            .map(|(name, copied)| (name.clone(), Arc::clone(copied)))
            .collect()
    }

    /// Every name that stands.
    pub(in crate::daemon) fn names(&self) -> Vec<MemoryName> {
        self.read().keys().cloned().collect()
    }

    /// A text, whole. Long ones are read from the disk unless they are at hand.
    ///
    /// # Errors
    /// The blob is missing, damaged or cannot be read.
    pub(in crate::daemon) fn text(&self, text: &Text) -> Result<Arc<str>, store::Error> {
        let hash = match text {
            Text::Inline { text } => return Ok(Arc::from(text.as_str())),
            Text::Blob { hash, .. } => hash,
        };
        if let Some(known) = self.texts().get(hash) {
            return Ok(known);
        }
        let read: Arc<str> = Arc::from(self.0.blobs.get(text)?);
        self.texts().keep(hash.clone(), Arc::clone(&read));
        Ok(read)
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<MemoryName, Arc<Copied>>> {
        self.0.standing.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<MemoryName, Arc<Copied>>> {
        self.0.standing.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn texts(&self) -> MutexGuard<'_, Texts> {
        self.0.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Long texts at hand, by their hash: the last that were read. A text never changes under its hash, so nothing here can be
/// out of date.
#[derive(Debug, Default)]
struct Texts {
    by_hash: HashMap<String, Arc<str>>,
    /// The oldest first.
    order: VecDeque<String>,
    bytes: usize,
    bytes_max: usize,
}

impl Texts {
    fn get(&self, hash: &str) -> Option<Arc<str>> {
        self.by_hash.get(hash).cloned()
    }

    fn keep(&mut self, hash: String, text: Arc<str>) {
        // One that would push out most of the others is read anew each time.
        if text.len() > self.bytes_max / 4 || self.by_hash.contains_key(&hash) {
            return;
        }
        self.bytes += text.len();
        self.order.push_back(hash.clone());
        self.by_hash.insert(hash, text);
        while self.bytes > self.bytes_max {
            let Some(oldest) = self.order.pop_front() else { return };
            if let Some(text) = self.by_hash.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(text.len());
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;
    use crate::board::memory::{Hashed, MemoryChange};

    fn name(name: &str) -> MemoryName {
        MemoryName::parse(name).unwrap()
    }

    fn memory(text: Text) -> Memory {
        let content = Hashed { text, hash: "h".to_owned() };
        let standing = Standing { content, change: MemoryChange::Written, by: "a".to_owned(), at: Timestamp(0) };
        Memory { revision: 1, standing: Some(standing), lease: None }
    }

    fn shelf(folder: &std::path::Path, names: &[&str]) -> Shelf {
        let all = names.iter().map(|one| (name(one), memory(Text::short(*one)))).collect();
        Shelf::new(&Memories::new(all), Seq(0), Blobs::open(folder).unwrap(), 8000)
    }

    fn page(shelf: &Shelf, topic: &str, after: Option<&str>, limit: usize) -> Vec<String> {
        let page = shelf.page(&Topic::parse(topic).unwrap(), after, limit, |name| name.as_str() != "hidden");
        page.into_iter().map(|(name, _)| name.as_str().to_owned()).collect()
    }

    #[test]
    fn pages_follow_each_other_without_gaps() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path(), &["a", "a-b", "a/b", "a/c/d", "a0", "b", "hidden"]);
        assert_eq!(page(&shelf, "", None, 3), ["a", "a-b", "a/b"]);
        assert_eq!(page(&shelf, "", Some("a/b"), 9), ["a/c/d", "a0", "b"]);
        assert_eq!(page(&shelf, "a", None, 9), ["a", "a/b", "a/c/d"]);
        assert_eq!(page(&shelf, "a", Some("a"), 1), ["a/b"]);
        assert_eq!(page(&shelf, "a/", Some("a/b"), 9), ["a/c/d"]);
        assert_eq!(page(&shelf, "none", None, 9), Vec::<String>::new());
    }

    #[test]
    fn what_no_longer_stands_leaves_it() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path(), &["a", "b"]);
        let gone = Memory { revision: 2, ..Memory::default() };
        let after = Memories::new(BTreeMap::from([(name("a"), gone), (name("c"), memory(Text::short("c")))]));
        shelf.put(&after, [&name("a"), &name("c")].into_iter(), Seq(7));
        assert_eq!(page(&shelf, "", None, 9), ["b", "c"]);
        assert_eq!(shelf.upto(), Seq(7));
    }

    #[test]
    fn long_texts_are_at_hand_within_the_bound() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path(), &[]);
        let long = |number: u8| char::from(number).to_string().repeat(1500);
        let stored: Vec<Text> = (b'a'..b'k').map(|number| shelf.0.blobs.put(&long(number)).unwrap()).collect();
        for (stored, number) in stored.iter().zip(b'a'..b'k') {
            assert_eq!(&*shelf.text(stored).unwrap(), long(number));
        }
        assert!(shelf.texts().bytes <= 8000);
        assert_eq!(shelf.texts().by_hash.len(), 5);
        // The last one is served without its file.
        let last = stored.last().unwrap();
        std::fs::remove_dir_all(folder.path()).unwrap();
        assert_eq!(&*shelf.text(last).unwrap(), long(b'j'));
        assert!(shelf.text(&stored[0]).is_err());
    }
}
