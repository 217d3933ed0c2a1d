//! Putting a patch on the user's own files, or taking it off: whole or not at all, without touching the index, the history or
//! anything else of the repository. Which patch, is the board's and the person's business.

use super::{Error, Inner};
use crate::board::text::cut;

/// Files that a refusal names.
const NAMED_MAX: usize = 10;

/// Why a patch was not put in place. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// There are changes that are not committed.
    #[error("{count} file(s) have changes that are not committed: {named}")]
    Dirty {
        /// How many.
        count: usize,
        /// Some of them.
        named: String,
    },
    /// It does not fit on the files as they are.
    #[error("the patch does not fit on the files as they are now: {said}")]
    Conflict {
        /// Which files, and where.
        said: String,
    },
    /// It stands there already; taken off, it is not there.
    #[error("{}", if *.reverted { "the patch is not there, so it cannot be taken off" } else { "the patch stands there already" })]
    Nothing {
        /// Whether it was to be taken off.
        reverted: bool,
    },
    /// The files could not be looked at.
    #[error(transparent)]
    Other(#[from] Error),
}

impl Inner {
    /// Puts a patch on the user's files.
    pub(super) fn place(&self, patch: &str, allow_dirty: bool, revert: bool) -> Result<(), PlaceError> {
        let repository = self.repository()?;
        let top = repository.as_ref().map_or(&self.root, |(repository, _)| &repository.top);
        let git = self.users_git(top)?;
        let git = if repository.is_some() { git } else { git.alone() };
        let with = |more: &[&'static str]| {
            let mut args = vec!["apply", "--whitespace=nowarn"];
            args.extend(more);
            args.push("-");
            args
        };
        let (forth, back): (&[&str], &[&str]) = if revert { (&["--reverse"], &[]) } else { (&[], &["--reverse"]) };
        let fits = |more: &[&'static str]| -> Result<Option<String>, Error> {
            let args = with(&[more, &["--check"]].concat());
            let said = git.ask(&args, patch.as_bytes(), 1 << 16)?;
            Ok((said.code != 0).then_some(said.complaint))
        };
        if let Some(said) = fits(forth)? {
            if fits(back)?.is_none() {
                return Err(PlaceError::Nothing { reverted: revert });
            }
            let said: Vec<&str> = said.lines().map(|line| line.trim_start_matches("error: ")).take(NAMED_MAX).collect();
            return Err(PlaceError::Conflict { said: cut(&said.join("; "), 2000).to_owned() });
        }
        if let Some((repository, _)) = repository.as_ref().filter(|_| !allow_dirty && !revert) {
            let changed = self.changed(repository, false)?;
            if !changed.is_empty() {
                let named: Vec<&str> = changed.iter().map(String::as_str).take(NAMED_MAX).collect();
                return Err(PlaceError::Dirty { count: changed.len(), named: named.join(", ") });
            }
        }
        git.feed(&with(forth), patch.as_bytes())?;
        Ok(())
    }
}
