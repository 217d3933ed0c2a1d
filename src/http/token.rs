//! The token of the TCP port: made on the first start, kept in a file that only the user can read, compared without
//! telling by the time it takes how much of a guess was right.

use rustix::fs::OFlags;
use rustix::process::geteuid;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use subtle::ConstantTimeEq;

/// Random bytes of a token: 256 bits, written as 64 hexadecimal digits.
const TOKEN_BYTES: usize = 32;

/// Shortest token that is taken from a file somebody wrote, in characters.
const TOKEN_CHARS_MIN: usize = 32;

/// Longest token that is taken from a file, in characters.
const TOKEN_CHARS_MAX: usize = 512;

/// The user alone may read the file.
const FILE_MODE: u32 = 0o600;

/// What a request over TCP must show. It is never printed.
#[derive(Clone)]
pub struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file belongs to somebody else, or is no file.
    #[error("{} is no file of your own; remove it, and a token is made at the next start", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// The file holds something else.
    #[error(
        "{} holds no token (one line of {TOKEN_CHARS_MIN} to {TOKEN_CHARS_MAX} letters, digits or -._~+/=); remove it, and one is made at the next start",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("the token {}: {source}; check the permissions of its folder", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Token {
    /// Reads the token from its file, which is made with a new one when it is not there.
    ///
    /// # Errors
    /// [`TokenError`], which says what to do.
    pub fn at(path: &Path) -> Result<Self, TokenError> {
        let failed = |source| TokenError::Io { path: path.to_owned(), source };
        match Self::read(path) {
            Err(TokenError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                make(path).map_err(failed)?;
                Self::read(path)
            }
            other => other,
        }
    }

    /// Whether this is the token. Takes as long for any guess of the same length.
    pub(super) fn is(&self, shown: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(shown).into()
    }

    fn read(path: &Path) -> Result<Self, TokenError> {
        let failed = |source| TokenError::Io { path: path.to_owned(), source };
        // A link would lead to a file that somebody else chose; a pipe must not hold up the start.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let opened = std::fs::OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
        let file = opened.map_err(|source| match source.raw_os_error() {
            Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => {
                TokenError::NotOurs { path: path.to_owned() }
            }
            _ => failed(source),
        })?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() || metadata.uid() != geteuid().as_raw() {
            return Err(TokenError::NotOurs { path: path.to_owned() });
        }
        if metadata.mode() & 0o077 != 0 {
            file.set_permissions(PermissionsExt::from_mode(FILE_MODE)).map_err(failed)?;
            tracing::warn!(
                path = %path.display(),
                "others could read the token; it is closed to them now. Remove the file to have a new token made"
            );
        }
        let mut text = String::new();
        let most = TOKEN_CHARS_MAX as u64 + 2;
        match file.take(most).read_to_string(&mut text) {
            Err(error) if error.kind() != io::ErrorKind::InvalidData => return Err(failed(error)),
            Ok(_) | Err(_) => {}
        }
        let text = text.trim_end();
        let sound = (TOKEN_CHARS_MIN..=TOKEN_CHARS_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte));
        if sound { Ok(Self(text.to_owned())) } else { Err(TokenError::Unreadable { path: path.to_owned() }) }
    }
}

/// Makes a token's file. It gets its name only when it is whole, so that a crash leaves none behind rather than half of one.
fn make(path: &Path) -> io::Result<()> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let unfinished = path.with_extension("tmp");
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)
}
