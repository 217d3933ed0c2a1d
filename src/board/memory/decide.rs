//! What an act on a memory makes true, or why it is refused. It compares hashes and revisions; no text is read.

use super::input::{MemoryAct, MemoryRefusal, Rewrite};
use super::name::MemoryName;
use super::rules::MemoryRules;
use super::state::{Memories, Standing};
use super::{Hashed, MemoryChange};
use crate::board::event::Event;
use crate::board::time::Timestamp;
use std::collections::BTreeSet;

/// How many names that do not stand are kept for each that may: taken away, or only leased.
const GONE_FOR_EACH: usize = 4;

/// What an act makes true.
///
/// # Errors
/// Why it is refused.
pub(in crate::board) fn decide(
    memories: &Memories,
    rules: &MemoryRules,
    at: Timestamp,
    by: String,
    act: MemoryAct,
) -> Result<Vec<Event>, MemoryRefusal> {
    let bus = Bus { memories, rules, at, by };
    match act {
        MemoryAct::Write { name, content, if_revision, change } => bus.write(name, content, if_revision, change),
        MemoryAct::Delete { name, if_revision } => bus.delete(name, if_revision),
        MemoryAct::Rename { from, to, if_revision, rewrites } => bus.rename(from, to, if_revision, rewrites),
        MemoryAct::Found { name, content, known, moved_from } => bus.found(name, content, known, moved_from),
        MemoryAct::Gone { name, known } => bus.gone(name, known),
        MemoryAct::Lease { name, until } => bus.lease(name, until),
    }
}

/// The bus as an act finds it.
struct Bus<'a> {
    memories: &'a Memories,
    rules: &'a MemoryRules,
    at: Timestamp,
    by: String,
}

impl Bus<'_> {
    fn write(
        &self,
        name: MemoryName,
        content: Hashed,
        if_revision: Option<u64>,
        change: MemoryChange,
    ) -> Result<Vec<Event>, MemoryRefusal> {
        self.writable(&name)?;
        self.at_revision(&name, if_revision)?;
        self.fits(&name, &content)?;
        if self.holds(&name, &content) {
            return Ok(Vec::new());
        }
        self.room_for(&name)?;
        Ok(vec![self.revise(name, change, Some(content))])
    }

    fn delete(&self, name: MemoryName, if_revision: Option<u64>) -> Result<Vec<Event>, MemoryRefusal> {
        self.writable(&name)?;
        self.standing(&name)?;
        self.at_revision(&name, if_revision)?;
        Ok(vec![self.revise(name, MemoryChange::Deleted, None)])
    }

    fn rename(
        &self,
        from: MemoryName,
        to: MemoryName,
        if_revision: u64,
        rewrites: Vec<Rewrite>,
    ) -> Result<Vec<Event>, MemoryRefusal> {
        self.writable(&from)?;
        self.writable(&to)?;
        let mut content = self.standing(&from)?.content.clone();
        if self.memories.stands_at(&to) > 0 {
            return Err(MemoryRefusal::Exists { name: to });
        }
        self.at_revision(&from, Some(if_revision))?;

        let mut rewritten = Vec::new();
        let mut seen = BTreeSet::new();
        for Rewrite { name, if_revision, content: new } in rewrites {
            self.writable(&name)?;
            self.fits(&name, &new)?;
            self.standing(&name)?;
            self.at_revision(&name, Some(if_revision))?;
            if !seen.insert(name.clone()) {
                // The second text was made from a revision that the first replaces.
                return Err(MemoryRefusal::Stale { name, stands: if_revision + 1, asked: if_revision });
            }
            if name == from {
                content = new;
            } else if !self.holds(&name, &new) {
                rewritten.push(self.revise(name, MemoryChange::Written, Some(new)));
            }
        }
        let mut events = vec![
            self.revise(from.clone(), MemoryChange::RenamedTo { name: to.clone() }, None),
            self.revise(to, MemoryChange::RenamedFrom { name: from }, Some(content)),
        ];
        events.append(&mut rewritten);
        Ok(events)
    }

    fn found(
        &self,
        name: MemoryName,
        content: Hashed,
        known: Option<u64>,
        moved_from: Option<MemoryName>,
    ) -> Result<Vec<Event>, MemoryRefusal> {
        self.visible(&name)?;
        self.fits(&name, &content)?;
        let moved_from = moved_from.filter(|from| *from != name && self.holds(from, &content));
        let mut events = Vec::new();
        if let Some(from) = &moved_from {
            let change = MemoryChange::RenamedTo { name: name.clone() };
            events.push(self.revise(from.clone(), change, None));
        }
        if self.holds(&name, &content) {
            return Ok(events);
        }
        let (newest, stands) = self.memories.get(&name).map_or((0, 0), |memory| (memory.revision, memory.stands_at()));
        // The folder had seen the newest revision, or had nothing and the bus stands at nothing.
        let is_next = known == Some(newest) || (known.is_none() && stands == 0);
        let change = match moved_from {
            _ if !is_next => MemoryChange::Conflicted { with: newest },
            Some(from) => MemoryChange::RenamedFrom { name: from },
            None => MemoryChange::Written,
        };
        // A memory that moves takes no further room.
        if events.is_empty() {
            self.room_for(&name)?;
        }
        events.push(self.revise(name, change, Some(content)));
        Ok(events)
    }

    fn gone(&self, name: MemoryName, known: Option<u64>) -> Result<Vec<Event>, MemoryRefusal> {
        self.visible(&name)?;
        match self.memories.stands_at(&name) {
            0 => Ok(Vec::new()),
            stands if known == Some(stands) => Ok(vec![self.revise(name, MemoryChange::Deleted, None)]),
            stands => Err(MemoryRefusal::Stale { name, stands, asked: known.unwrap_or(0) }),
        }
    }

    fn lease(&self, name: MemoryName, until: Option<Timestamp>) -> Result<Vec<Event>, MemoryRefusal> {
        self.visible(&name)?;
        let held = self.memories.get(&name).and_then(|memory| memory.lease_at(self.at));
        if let Some(lease) = held.filter(|lease| lease.by != self.by) {
            return Err(MemoryRefusal::Leased { name, by: lease.by.clone(), until: lease.until });
        }
        let longest = self.at.after(self.rules.lease_max);
        let until = until.filter(|until| *until > self.at).map(|until| until.min(longest));
        if held.map(|lease| lease.until) == until {
            return Ok(Vec::new());
        }
        self.room_for_lease(&name)?;
        Ok(vec![Event::MemoryLeased { at: self.at, name, by: self.by.clone(), until }])
    }

    /// The next revision of a memory.
    fn revise(&self, name: MemoryName, change: MemoryChange, content: Option<Hashed>) -> Event {
        let revision = self.memories.get(&name).map_or(0, |memory| memory.revision) + 1;
        Event::MemoryRevised { at: self.at, name, revision, change, content, by: self.by.clone() }
    }

    /// Whether this text stands under the name.
    fn holds(&self, name: &MemoryName, content: &Hashed) -> bool {
        self.memories.standing(name).is_some_and(|standing| standing.content.hash == content.hash)
    }

    fn standing(&self, name: &MemoryName) -> Result<&Standing, MemoryRefusal> {
        self.memories.standing(name).ok_or_else(|| MemoryRefusal::Missing { name: name.clone() })
    }

    /// Not one of Synod's own pages, and not ignored.
    fn visible(&self, name: &MemoryName) -> Result<(), MemoryRefusal> {
        if name.is_own_page() {
            return Err(MemoryRefusal::Own { name: name.clone() });
        }
        match self.rules.ignored.fitting(name) {
            Some(pattern) => Err(MemoryRefusal::Ignored { name: name.clone(), pattern: pattern.to_owned() }),
            None => Ok(()),
        }
    }

    fn writable(&self, name: &MemoryName) -> Result<(), MemoryRefusal> {
        self.visible(name)?;
        match self.rules.read_only.fitting(name) {
            Some(pattern) => Err(MemoryRefusal::ReadOnly { name: name.clone(), pattern: pattern.to_owned() }),
            None => Ok(()),
        }
    }

    fn at_revision(&self, name: &MemoryName, asked: Option<u64>) -> Result<(), MemoryRefusal> {
        let stands = self.memories.stands_at(name);
        match asked.filter(|asked| *asked != stands) {
            Some(asked) => Err(MemoryRefusal::Stale { name: name.clone(), stands, asked }),
            None => Ok(()),
        }
    }

    fn fits(&self, name: &MemoryName, content: &Hashed) -> Result<(), MemoryRefusal> {
        let (bytes, bytes_max) = (content.text.bytes(), self.rules.text_bytes_max);
        if bytes > bytes_max {
            return Err(MemoryRefusal::TooLarge { name: name.clone(), bytes, bytes_max });
        }
        Ok(())
    }

    /// Whether one more may stand.
    fn room_for(&self, name: &MemoryName) -> Result<(), MemoryRefusal> {
        let count = self.memories.len();
        if count >= self.rules.memories_max && self.memories.stands_at(name) == 0 {
            return Err(MemoryRefusal::TooMany { count });
        }
        self.room_for_lease(name)
    }

    /// Whether one more name may be known.
    fn room_for_lease(&self, name: &MemoryName) -> Result<(), MemoryRefusal> {
        let count = self.memories.by_name().len();
        let names_max = self.rules.memories_max.saturating_mul(1 + GONE_FOR_EACH);
        if count >= names_max && self.memories.get(name).is_none() {
            return Err(MemoryRefusal::TooMany { count });
        }
        Ok(())
    }
}
