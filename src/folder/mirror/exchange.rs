//! Putting a text into a file, and taking a file away, without ever losing what somebody else put there in between: names are
//! exchanged, and what came out is looked at. What was not expected goes back to its place.

use super::known::Hash;
use super::place::{Place, Renamed, Stands};
use super::stamp::Stamp;
use crate::folder::error::Error;

/// How often what was not expected is put back while others go on replacing the file.
const TRIES: usize = 8;

/// What became of a put or a taking away.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// Done. What was expected stands under the temporary name, to be kept for a moment; `None`: nothing stands there.
    Done(Option<(Hash, Stamp)>),
    /// Not done: something else stands there by now; look again. The texts are others' that came and went meanwhile.
    Again(Vec<(String, Hash, Stamp)>),
}

/// Puts what stands under `temporary` where nothing stands.
pub(super) fn put_new(place: &Place, temporary: &str) -> Result<Put, Error> {
    let renamed = match place.rename_new(temporary, &place.file)? {
        // Looked first, then renamed: what slips in between is lost on such a file system.
        Renamed::Unknown if place.stands(&place.file, 0) == Stands::Nothing => place.rename(temporary, &place.file)?,
        Renamed::Unknown => Renamed::Taken,
        renamed => renamed,
    };
    if renamed == Renamed::Done {
        return Ok(Put::Done(None));
    }
    place.unlink(temporary);
    Ok(Put::Again(Vec::new()))
}

/// Puts what stands under `temporary` (it has the hash `ours`) in the place of a file that holds `expected`.
pub(super) fn put_over(
    place: &Place,
    temporary: &str,
    ours: &Hash,
    expected: &Hash,
    bytes_max: usize,
) -> Result<Put, Error> {
    match place.exchange(temporary, &place.file)? {
        Renamed::Done => {}
        Renamed::Unknown => {
            // Looked at a moment ago; what slips in between is lost on such a file system.
            place.rename(temporary, &place.file)?;
            return Ok(Put::Done(None));
        }
        Renamed::Nothing | Renamed::Taken => {
            place.unlink(temporary);
            return Ok(Put::Again(Vec::new()));
        }
    }
    match place.stands(temporary, bytes_max) {
        Stands::File(hash, stamp, _) if hash == *expected => Ok(Put::Done(Some((hash, stamp)))),
        _ => Ok(Put::Again(put_back(place, temporary, ours, bytes_max)?)),
    }
}

/// Puts what came out under `temporary` back to its place, where something of the hash `ours` should stand. If others replaced
/// that one meanwhile, theirs goes back there, as the newest, and the texts before it are handed over.
fn put_back(
    place: &Place,
    temporary: &str,
    ours: &Hash,
    bytes_max: usize,
) -> Result<Vec<(String, Hash, Stamp)>, Error> {
    let mut others = Vec::new();
    for _ in 0..TRIES {
        if place.exchange(temporary, &place.file)? != Renamed::Done {
            // Removed meanwhile: what came out was the last that anybody wrote there.
            if place.rename_new(temporary, &place.file)? == Renamed::Done {
                return Ok(others);
            }
            continue;
        }
        match place.stands(temporary, bytes_max) {
            Stands::File(hash, ..) if hash == *ours => {
                place.unlink(temporary);
                return Ok(others);
            }
            // Theirs came out: it is newer than what was just put back, so it stands, and the older one is handed over.
            _ => {
                if place.exchange(temporary, &place.file)? == Renamed::Done
                    && let Stands::File(hash, stamp, Some(text)) = place.stands(temporary, bytes_max)
                {
                    others.push((text, hash, stamp));
                    place.unlink(temporary);
                }
                return Ok(others);
            }
        }
    }
    Ok(others)
}

/// Takes a file that holds `expected` away, under the name `temporary`.
pub(super) fn take_away(place: &Place, temporary: &str, expected: &Hash, bytes_max: usize) -> Result<Put, Error> {
    let away = match place.rename_new(&place.file, temporary)? {
        Renamed::Unknown => place.rename(&place.file, temporary)?,
        renamed => renamed,
    };
    if away != Renamed::Done {
        return Ok(Put::Again(Vec::new()));
    }
    match place.stands(temporary, bytes_max) {
        Stands::File(hash, stamp, _) if hash == *expected => Ok(Put::Done(Some((hash, stamp)))),
        Stands::Nothing => Ok(Put::Done(None)),
        stands => {
            if place.rename_new(temporary, &place.file)? == Renamed::Done {
                return Ok(Put::Again(Vec::new()));
            }
            // Somebody made a new file there: that one stands, and the one before it is handed over.
            let Stands::File(hash, stamp, Some(text)) = stands else { return Ok(Put::Again(Vec::new())) };
            place.unlink(temporary);
            Ok(Put::Again(vec![(text, hash, stamp)]))
        }
    }
}
