//! Reading what `strace -f -xx -y` wrote: the calls that change files, in the order in which they ended.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// One call of the traced process that succeeded. Lines count from 0.
pub(crate) struct Call {
    /// The line on which it began.
    pub(crate) began: usize,
    /// The line on which it ended.
    pub(crate) ended: usize,
    pub(crate) what: What,
}

/// What a call did.
pub(crate) enum What {
    Open {
        path: PathBuf,
        fd: u64,
        create: bool,
        truncate: bool,
    },
    /// At a place of its own, or (`None`) where the descriptor stands.
    Write {
        path: PathBuf,
        fd: u64,
        at: Option<u64>,
        bytes: Vec<u8>,
    },
    Seek {
        fd: u64,
        to: u64,
    },
    Resize {
        path: PathBuf,
        bytes: u64,
    },
    Sync {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    MakeFolder {
        path: PathBuf,
    },
    /// Something written to standard output.
    Said {
        text: String,
    },
}

/// The calls that matter. `sync_file_range` is not among them: it promises nothing about the file's length or the drive's own
/// cache, and so nothing at all.
pub(crate) const CALLS: &str = "openat,write,pwrite64,lseek,ftruncate,fsync,fdatasync,syncfs,sync,rename,renameat,\
    renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,writev,pwritev,pwritev2,link,linkat,creat,open,fallocate";

/// Reads a whole trace.
pub(crate) fn read(trace: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut begun: HashMap<&str, (usize, &str)> = HashMap::new();
    for (line, text) in trace.lines().enumerate() {
        let Some((pid, text)) = text.split_once(' ') else { continue };
        let text = text.trim_start();
        if let Some(beginning) = text.strip_suffix(" <unfinished ...>") {
            begun.insert(pid, (line, beginning));
        } else if let Some((_, rest)) = text.split_once(" resumed>") {
            let Some((began, beginning)) = begun.remove(pid) else { continue };
            calls.extend(call(began, line, &format!("{beginning}{rest}")));
        } else {
            calls.extend(call(line, line, text));
        }
    }
    calls
}

/// The line on which the call that said `text` began.
fn call(began: usize, ended: usize, text: &str) -> Option<Call> {
    let (name, rest) = text.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(" = ")?;
    // strace lines results up with blanks.
    let arguments = arguments.trim_end().strip_suffix(')')?;
    let arguments: Vec<&str> = arguments.split(", ").collect();
    let result_number = || result.split(['<', ' ']).next()?.parse::<u64>().ok();
    let returned = result_number()?;
    let what = match name {
        "openat" => What::Open {
            path: joined(arguments[0], arguments[1])?,
            fd: returned,
            create: arguments[2].contains("O_CREAT"),
            truncate: arguments[2].contains("O_TRUNC"),
        },
        "write" if number(arguments[0]) == Some(1) => {
            What::Said { text: String::from_utf8_lossy(&bytes(arguments[1])?).into_owned() }
        }
        "write" => What::Write {
            path: path_of(arguments[0])?,
            fd: number(arguments[0])?,
            at: None,
            bytes: taken(arguments[1], returned)?,
        },
        "pwrite64" => What::Write {
            path: path_of(arguments[0])?,
            fd: number(arguments[0])?,
            at: Some(arguments[3].parse().ok()?),
            bytes: taken(arguments[1], returned)?,
        },
        "lseek" => What::Seek { fd: number(arguments[0])?, to: returned },
        "ftruncate" => What::Resize { path: path_of(arguments[0])?, bytes: arguments[1].parse().ok()? },
        "fsync" | "fdatasync" => What::Sync { path: path_of(arguments[0])? },
        "rename" => What::Rename { from: plain(arguments[0])?, to: plain(arguments[1])? },
        "renameat" | "renameat2" => {
            What::Rename { from: joined(arguments[0], arguments[1])?, to: joined(arguments[2], arguments[3])? }
        }
        "unlink" | "rmdir" => What::Remove { path: plain(arguments[0])? },
        "unlinkat" => What::Remove { path: joined(arguments[0], arguments[1])? },
        "mkdir" => What::MakeFolder { path: plain(arguments[0])? },
        "mkdirat" => What::MakeFolder { path: joined(arguments[0], arguments[1])? },
        // Anything else would make the rebuilt image wrong without anybody noticing.
        other => panic!("the trace holds a call that the simulation does not know: {other}"),
    };
    Some(Call { began, ended, what })
}

/// The number of a descriptor argument: `5</path>`.
fn number(argument: &str) -> Option<u64> {
    argument.split('<').next()?.parse().ok()
}

/// The path of a descriptor argument.
fn path_of(argument: &str) -> Option<PathBuf> {
    let (_, path) = argument.split_once('<')?;
    text(path.strip_suffix('>')?).map(PathBuf::from)
}

/// A path argument by itself.
fn plain(argument: &str) -> Option<PathBuf> {
    String::from_utf8(bytes(argument)?).ok().map(PathBuf::from)
}

/// A path argument seen from a folder's descriptor.
fn joined(folder: &str, argument: &str) -> Option<PathBuf> {
    let path = plain(argument)?;
    Some(if path.is_absolute() { path } else { path_of(folder).unwrap_or_else(|| Path::new("/").into()).join(path) })
}

/// The bytes that a write took.
fn taken(argument: &str, returned: u64) -> Option<Vec<u8>> {
    let mut bytes = bytes(argument)?;
    assert!(bytes.len() as u64 >= returned, "strace cut a write short");
    bytes.truncate(returned as usize);
    Some(bytes)
}

/// A string argument in hex: `"\x61\x62"`.
fn bytes(argument: &str) -> Option<Vec<u8>> {
    unhex(argument.strip_prefix('"')?.strip_suffix('"')?)
}

fn text(hex: &str) -> Option<String> {
    String::from_utf8(unhex(hex)?).ok()
}

fn unhex(hex: &str) -> Option<Vec<u8>> {
    hex.as_bytes()
        .chunks(4)
        .map(|part| u8::from_str_radix(std::str::from_utf8(part.get(2..4)?).ok()?, 16).ok())
        .collect()
}
