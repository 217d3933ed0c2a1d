//! Opening the index: the file is made, taken as it is, or thrown away and made anew when it is not ours or damaged.

use super::error::Error;
use super::index::Index;
use crate::board::Seq;
use rusqlite::{Connection, OpenFlags};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Says "Synod's search index" in the file's header, so that a file of somebody else is told from ours. ("synd")
const APPLICATION_ID: i32 = 0x7379_6e64;
/// The form of what is in it. Another one is made anew.
const VERSION: i32 = 1;
/// What SQLite adds to the file's name for its own files beside it.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];
/// How long one connection waits for another.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// The tables. `memory` holds what the full-text table cannot look up: a memory by its name. `unicode61` folds case and takes
/// off accents; marks count as parts of words, because in Indic scripts the vowels are marks.
const TABLES: &str = "
    CREATE TABLE memory (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL);
    CREATE VIRTUAL TABLE words USING fts5 (
        name, body, tokenize = \"unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'\"
    );
    CREATE TABLE cursor (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL);
    INSERT INTO cursor VALUES (1, 0);
";

/// An index and how far it has come.
#[derive(Debug)]
pub struct Opened {
    /// The index.
    pub index: Index,
    /// The last event whose memories are in it; 0: it is empty and wants everything that stands.
    pub cursor: Seq,
    /// Why what stood there was thrown away; `None`: it was not. For the daemon's log.
    pub thrown_away: Option<String>,
}

/// Opens the index in `path`, or makes it. What stands there and is no index of this version, or a damaged one, is removed.
///
/// # Errors
/// When the file can neither be used nor replaced.
pub(super) fn open(path: &Path) -> Result<Opened, Error> {
    let existed = path.exists();
    match connect(path) {
        Ok((index, cursor)) => Ok(Opened { index, cursor, thrown_away: None }),
        Err(error) if existed && is_useless(&error) => {
            remove(path)?;
            let (index, cursor) = connect(path)?;
            Ok(Opened { index, cursor, thrown_away: Some(error.to_string()) })
        }
        Err(error) => Err(error),
    }
}

/// Whether the file itself is at fault, and not the system around it.
fn is_useless(error: &Error) -> bool {
    match error {
        Error::Damaged { .. } => true,
        // A table or column that is not there: somebody has been at the file.
        Error::Sqlite { source, .. } => source.sqlite_error_code() == Some(rusqlite::ErrorCode::Unknown),
        Error::Query(_) | Error::Full { .. } | Error::Io { .. } => false,
    }
}

/// Removes the file and what SQLite keeps beside it.
///
/// # Errors
/// When the system refuses.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    let beside = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    for path in COMPANIONS.iter().map(|ending| beside(ending)).chain([path.to_owned()]) {
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(Error::Io { path, doing: "remove", source }),
        }
    }
    Ok(())
}

/// Opens a file that is empty or ours, with one connection to write and one to read.
pub(super) fn connect(path: &Path) -> Result<(Index, Seq), Error> {
    let writer = connection(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    let number = |name: &str| {
        writer.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(|e| Error::sqlite(path, "open", e))
    };
    let tables: i64 = writer
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|error| Error::sqlite(path, "open", error))?;
    let (id, version) = (number("application_id")?, number("user_version")?);
    match (tables, id, version) {
        (0, ..) => make(&writer).map_err(|error| Error::sqlite(path, "make", error))?,
        (_, APPLICATION_ID, VERSION) => {}
        (_, APPLICATION_ID, version) => {
            let why = format!("it has form {version}, this program writes form {VERSION}");
            return Err(Error::Damaged { path: path.to_owned(), why });
        }
        _ => return Err(Error::Damaged { path: path.to_owned(), why: "it is not Synod's".to_owned() }),
    }
    let cursor: i64 = writer
        .query_row("SELECT seq FROM cursor, (SELECT count(*) FROM memory LEFT JOIN words ON 0)", [], |row| row.get(0))
        .map_err(|error| Error::sqlite(path, "read", error))?;
    let reader = connection(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok((Index::new(path, writer, reader), Seq(u64::try_from(cursor).unwrap_or(0))))
}

/// A connection that takes little memory. With a write-ahead log in `normal` mode a commit waits for no medium and a power cut
/// leaves an older whole index with its older cursor, never a torn one; readers and the writer do not wait for each other.
fn connection(path: &Path, flags: OpenFlags) -> Result<Connection, Error> {
    let failed = |error| Error::sqlite(path, "open", error);
    // Each connection stands behind a lock of ours, so SQLite need not lock it again.
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(failed)?;
    connection.busy_timeout(BUSY_WAIT).map_err(failed)?;
    connection
        .execute_batch(
            "PRAGMA cache_size = -512; PRAGMA mmap_size = 0; PRAGMA temp_store = FILE;
             PRAGMA trusted_schema = OFF; PRAGMA soft_heap_limit = 8388608;",
        )
        .map_err(failed)?;
    if flags.contains(OpenFlags::SQLITE_OPEN_READ_WRITE) {
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 256;
                 PRAGMA journal_size_limit = 1048576;",
            )
            .map_err(failed)?;
    }
    Ok(connection)
}

/// Makes the tables in an empty file.
fn make(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "BEGIN; {TABLES} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT;"
    ))
}
