//! Images that a task's globs match: which files count as one, and reading them. Whether a worker sees them is not decided
//! here.

use super::tree;
use std::io::Read;
use std::path::Path;

/// Whether a file's name says that it is an image which models take.
pub(super) fn is_named_so(path: &str) -> bool {
    let name = path.to_ascii_lowercase();
    [".png", ".jpg", ".jpeg", ".webp", ".gif"].iter().any(|end| name.ends_with(end))
}

/// Reads an image of at most `bytes_max` bytes below `root`: its media type, by its first bytes, and its bytes.
///
/// # Errors
/// Why it cannot be given, as the end of a sentence.
pub fn read_image(root: &Path, path: &str, bytes_max: usize) -> Result<(&'static str, Vec<u8>), String> {
    if !tree::stays_below(root, Path::new(path)) {
        return Err("leaves the workspace through a symlink".to_owned());
    }
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    let path = root.join(path);
    // Asked before opening, so that a device or a pipe is never opened; the opened file is asked again.
    let is_file =
        |known: &std::fs::Metadata| if known.is_file() { Ok(()) } else { Err("is not a regular file".to_owned()) };
    is_file(&path.metadata().map_err(cannot)?)?;
    let file = tree::open(&path, true).map_err(cannot)?;
    is_file(&file.metadata().map_err(cannot)?)?;
    let mut bytes = Vec::new();
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() > bytes_max {
        return Err(format!("is over the limit of {bytes_max} bytes for an image"));
    }
    let media_type = media_type(&bytes).ok_or("is no PNG, JPEG, WebP or GIF, whatever its name says")?;
    Ok((media_type, bytes))
}

/// What the first bytes say, which a name may not.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should end where it stands")]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn an_image_is_known_by_its_bytes_and_kept_to_its_limit() {
        let root = tempfile::tempdir().unwrap();
        for (name, bytes, given) in [
            ("a.png", &b"\x89PNG1234"[..], Ok("image/png")),
            ("b.png", b"\xff\xd8\xff\xe0", Ok("image/jpeg")),
            ("c.webp", b"RIFF1234WEBPVP8 ", Ok("image/webp")),
            ("d.gif", b"GIF89a", Ok("image/gif")),
            ("e.png", b"#!/bin/sh", Err("is no PNG, JPEG, WebP or GIF, whatever its name says")),
            ("f.png", b"\x89PNG12345678901234567890", Err("is over the limit of 20 bytes for an image")),
        ] {
            fs::write(root.path().join(name), bytes).unwrap();
            let read = read_image(root.path(), name, 20);
            let read = read.as_ref().map(|(media_type, _)| *media_type).map_err(String::as_str);
            assert_eq!(read, given, "{name}");
        }
        std::os::unix::fs::symlink("/etc/hostname", root.path().join("g.png")).unwrap();
        assert!(read_image(root.path(), "g.png", 20).unwrap_err().contains("symlink"));
    }
}
