//! The names of memories as agents spell them, and the texts with which a bad one is refused.

use super::fault::Refused;

/// Longest name of a file, in bytes, on the file systems we know.
const FILE_NAME_BYTES_MAX: usize = 255;

/// The name without one leading `mem:` and one closing `.md`: how answers call the memory.
pub(super) fn shown(spelling: &str) -> &str {
    let name = spelling.strip_prefix("mem:").unwrap_or(spelling);
    name.strip_suffix(".md").unwrap_or(name)
}

/// Makes sure that the spelling can be a name.
///
/// # Errors
/// What Serena's tools say of it.
pub(super) fn check(spelling: &str) -> Result<(), Refused> {
    let name = shown(spelling);
    if name.split('/').any(|part| part == "..") {
        return Err(Refused::value(format!("Memory name cannot contain '..' segments. Got: {name}")));
    }
    if name.split('/').any(str::is_empty) {
        let says = "Memory name cannot be absolute or contain empty path segments. Got:";
        return Err(Refused::value(format!("{says} {name}")));
    }
    if name == "global" {
        let says = "Bare \"global\" is not a valid memory name. Use \"global/<name>\" to address a global memory.";
        return Err(Refused::value(says));
    }
    Ok(())
}

/// Whether no memory can have the name because of characters that no line of a list or a log can show. Serena writes such
/// files; to look for one of them is not a mistake in its eyes.
pub(super) fn names_nothing(spelling: &str) -> bool {
    spelling.chars().any(char::is_control)
}

/// Makes sure that a file can have the name. The error names the memory and not, as Serena's does, the folders of the machine.
///
/// # Errors
/// What Python says of such a file name.
pub(super) fn check_file(spelling: &str) -> Result<(), Refused> {
    if spelling.contains('\0') {
        return Err(Refused::value("embedded null byte"));
    }
    let name = shown(spelling);
    let parts = name.split('/').count();
    let too_long = |(at, part): (usize, &str)| {
        let ending = if at + 1 == parts { ".md".len() } else { 0 };
        part.len() + ending > FILE_NAME_BYTES_MAX
    };
    if name.split('/').enumerate().any(too_long) { Err(Refused::too_long(name)) } else { Ok(()) }
}
