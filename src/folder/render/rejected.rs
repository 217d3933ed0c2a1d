//! `rejected/<name>.why.md`: what could not be accepted, for the person who has to mend it.

use crate::board::{Reason, Timestamp};
use crate::folder::ink::Ink;

/// How every such page begins; a file that begins otherwise is somebody else's.
pub(crate) const BEGINNING: &str = "# Not accepted: ";

/// The page. `name` is the file's name as dropped, `stands` its name in `rejected/`, or `None` when it is gone.
pub(crate) fn why(ink: &Ink, name: &str, stands: Option<&str>, at: Timestamp, reason: &Reason) -> String {
    let place = reason.line.map_or_else(|| "the file as a whole".to_owned(), |line| format!("line {line}"));
    let next = match stands {
        Some(stands) => format!(
            "Mend {} in this folder and move it back to `tasks/`. It is taken as soon as it stands there. Nothing of it was deleted.",
            ink.code(stands)
        ),
        None => format!(
            "The file was changed or moved away before it could be set aside. If {} stands in `tasks/`, it is looked at anew; \
             otherwise drop it again once it is mended.",
            ink.code(name)
        ),
    };
    let mend = if reason.mend.trim().is_empty() {
        "see the format of task files in the README of `tasks/`".to_owned()
    } else {
        ink.line(&reason.mend)
    };
    format!(
        "{BEGINNING}{file}\n\n- **What is wrong**: {what}\n- **Where**: {place}\n- **How to mend it**: {mend}\n- **What to do next**: {next}\n\n\
         Looked at {at}.\n",
        file = ink.code(name),
        what = ink.line(&reason.what),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_can_act_on_it() {
        let reason = Reason { what: "unknown key `priorty`".into(), line: Some(3), mend: "write `priority`".into() };
        let page = why(&Ink::default(), "bad.md", Some("bad-2.md"), Timestamp(0), &reason);
        assert_eq!(
            page,
            "# Not accepted: `bad.md`\n\n- **What is wrong**: unknown key `priorty`\n- **Where**: line 3\n- **How to mend it**: write `priority`\n\
             - **What to do next**: Mend `bad-2.md` in this folder and move it back to `tasks/`. It is taken as soon as it stands there. Nothing of it was deleted.\n\n\
             Looked at 1970-01-01T00:00:00Z.\n"
        );
    }
}
