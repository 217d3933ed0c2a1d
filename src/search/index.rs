//! The index itself: memories in and out, and searching. One connection writes, one reads, each behind a lock; a search sees
//! the last whole batch and does not wait for the one being written.

use super::error::Error;
use super::opening::{self, Opened};
use super::query;
use super::segment::segmented;
use super::snippet;
use crate::board::{MemoryName, Seq};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, named_params, params};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How much more a word counts in a memory's name than in its text.
const NAME_WEIGHT: f64 = 8.0;

/// A change of the index.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// This text stands under this name.
    Put {
        /// The memory.
        name: &'a MemoryName,
        /// The revision that stands; 0 for pages that have none.
        revision: u64,
        /// Its text, whole.
        text: &'a str,
    },
    /// No text stands under this name.
    Remove {
        /// The memory.
        name: &'a MemoryName,
    },
}

/// A search.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// What a person typed: all words must occur; `"a phrase"`, `begin*`, `-not`.
    pub text: &'a str,
    /// Only below this folder, or the memory of this very name.
    pub topic: Option<&'a str>,
    /// How many hits to pass over.
    pub offset: u64,
    /// At most so many hits. The asker bounds it.
    pub limit: usize,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hits {
    /// Best first.
    pub hits: Vec<Hit>,
    /// There are more behind these.
    pub more: bool,
}

/// One memory that a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Its name.
    pub name: String,
    /// The revision that was searched.
    pub revision: u64,
    /// A passage of its text around the find, at most some 300 characters in one line, the found words between `«` and `»`.
    pub snippet: String,
    /// How well it fits (BM25, negated): higher is better. Comparable within one search only.
    pub score: f64,
}

/// The full-text index of the memories.
#[derive(Debug)]
pub struct Index {
    path: PathBuf,
    /// Closed before the writer: the last one to close folds the write-ahead log into the file, which a reader cannot.
    reader: Mutex<Connection>,
    writer: Mutex<Connection>,
}

impl Index {
    /// Opens the index in this file, or makes it. A damaged or foreign file is removed and made anew; `cursor` is 0 then.
    ///
    /// # Errors
    /// When the file can neither be used nor replaced.
    pub fn open(path: &Path) -> Result<Opened, Error> {
        opening::open(path)
    }

    pub(super) fn new(path: &Path, writer: Connection, reader: Connection) -> Self {
        Self { path: path.to_owned(), writer: Mutex::new(writer), reader: Mutex::new(reader) }
    }

    /// Takes in changes in their order, and says with them that everything up to `cursor` is in: both or neither.
    ///
    /// # Errors
    /// When nothing of it was taken in.
    pub fn apply(&self, entries: &[Entry<'_>], cursor: Seq) -> Result<(), Error> {
        let mut writer = lock(&self.writer);
        let applied = (|| {
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for entry in entries {
                match *entry {
                    Entry::Put { name, revision, text } => put(&transaction, name, revision, text)?,
                    Entry::Remove { name } => remove(&transaction, name)?,
                }
            }
            let cursor = i64::try_from(cursor.0).unwrap_or(i64::MAX);
            transaction.prepare("UPDATE cursor SET seq = ?1")?.execute([cursor])?;
            transaction.commit()
        })();
        applied.map_err(|error| Error::sqlite(&self.path, "write", error))
    }

    /// Searches. Works from any thread, also while a batch is being written.
    ///
    /// # Errors
    /// [`Error::Query`] when what was typed is no search; else when the file cannot be read.
    pub fn search(&self, query: &Query<'_>) -> Result<Hits, Error> {
        let expression = query::expression(query.text)?;
        let reader = lock(&self.reader);
        found(&reader, &expression, query).map_err(|error| Error::sqlite(&self.path, "search", error))
    }

    /// Throws everything away, after [`Error::Damaged`]. The index is empty then, its cursor 0, and wants everything that
    /// stands.
    ///
    /// # Errors
    /// When the file cannot be removed or made again.
    pub fn start_over(&self) -> Result<(), Error> {
        let (mut writer, mut reader) = (lock(&self.writer), lock(&self.reader));
        opening::remove(&self.path)?;
        let (fresh, _) = opening::connect(&self.path)?;
        *writer = fresh.writer.into_inner().unwrap_or_else(PoisonError::into_inner);
        *reader = fresh.reader.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(())
    }
}

/// SQLite rolls back what a panic interrupted, so a poisoned connection is as good as another.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn put(transaction: &Transaction<'_>, name: &MemoryName, revision: u64, text: &str) -> rusqlite::Result<()> {
    let revision = i64::try_from(revision).unwrap_or(i64::MAX);
    let id: i64 = transaction
        .prepare(
            "INSERT INTO memory (name, revision) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET revision = excluded.revision RETURNING id",
        )?
        .query_row(params![name.as_str(), revision], |row| row.get(0))?;
    transaction.prepare("INSERT OR REPLACE INTO words (rowid, name, body) VALUES (?1, ?2, ?3)")?.execute(params![
        id,
        segmented(name.as_str()),
        segmented(text)
    ])?;
    Ok(())
}

fn remove(transaction: &Transaction<'_>, name: &MemoryName) -> rusqlite::Result<()> {
    let id: Option<i64> = transaction
        .prepare("DELETE FROM memory WHERE name = ?1 RETURNING id")?
        .query_row([name.as_str()], |row| row.get(0))
        .optional()?;
    if let Some(id) = id {
        transaction.prepare("DELETE FROM words WHERE rowid = ?1")?.execute([id])?;
    }
    Ok(())
}

/// A memory that fits, before its passage is looked for.
struct Ranked {
    id: i64,
    name: String,
    revision: i64,
    score: f64,
}

/// First the best are found, then their passages: SQLite would otherwise make a passage of every memory that fits.
fn found(reader: &Connection, expression: &str, query: &Query<'_>) -> rusqlite::Result<Hits> {
    // Both statements see the same batch.
    let snapshot = reader.unchecked_transaction()?;
    let mut ranked = ranked(&snapshot, expression, query)?;
    let more = ranked.len() > query.limit;
    ranked.truncate(query.limit);
    let mut passage =
        snapshot.prepare("SELECT snippet(words, 1, ?3, ?4, ?5, ?6) FROM words WHERE words MATCH ?1 AND rowid = ?2")?;
    let marks = (snippet::OPEN, snippet::CLOSE, snippet::ELLIPSIS);
    let mut hits = Vec::with_capacity(ranked.len());
    for Ranked { id, name, revision, score } in ranked {
        let passage: String = passage
            .query_row(params![expression, id, marks.0, marks.1, marks.2, snippet::WORDS_MAX], |row| row.get(0))?;
        let revision = u64::try_from(revision).unwrap_or(0);
        hits.push(Hit { name, revision, snippet: snippet::tidied(&passage), score });
    }
    Ok(Hits { hits, more })
}

/// The best memories that fit, and one more than asked for where there is one.
fn ranked(snapshot: &Transaction<'_>, expression: &str, query: &Query<'_>) -> rusqlite::Result<Vec<Ranked>> {
    let topic = query.topic.map(|topic| topic.trim_end_matches('/')).filter(|topic| !topic.is_empty());
    let limit = i64::try_from(query.limit.saturating_add(1)).unwrap_or(i64::MAX);
    let offset = i64::try_from(query.offset).unwrap_or(i64::MAX);
    // '0' is the character behind '/': the names between are those below the folder.
    let mut statement = snapshot.prepare(
        "SELECT memory.id, memory.name, memory.revision, -bm25(words, :weight, 1.0) AS score
         FROM words JOIN memory ON memory.id = words.rowid
         WHERE words MATCH :expression
           AND (:topic IS NULL OR memory.name = :topic
                OR (memory.name >= :topic || '/' AND memory.name < :topic || '0'))
         ORDER BY score DESC, memory.name LIMIT :limit OFFSET :offset",
    )?;
    let rows = statement.query_map(
        named_params! {
            ":weight": NAME_WEIGHT, ":expression": expression, ":topic": topic, ":limit": limit, ":offset": offset,
        },
        |row| Ok(Ranked { id: row.get(0)?, name: row.get(1)?, revision: row.get(2)?, score: row.get(3)? }),
    )?;
    rows.collect()
}
