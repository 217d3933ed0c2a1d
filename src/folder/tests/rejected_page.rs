//! `rejected/<name>.why.md`: what it says in every case.

use super::{KEY, ink};
use crate::board::{Reason, Timestamp};
use crate::folder::render::rejected::{BEGINNING, why};

fn reason(what: &str, line: Option<u32>, mend: &str) -> Reason {
    Reason { what: what.to_owned(), line, mend: mend.to_owned() }
}

#[test]
fn place_mend_and_next_step_fit_the_case() {
    let mend_here = "Mend `a.md` in this folder and move it back to `tasks/`. It is taken as soon as it stands there. Nothing of it was deleted.";
    let gone = "The file was changed or moved away before it could be set aside. If `a.md` stands in `tasks/`, it is looked at anew; otherwise drop it again once it is mended.";
    let readme = "see the format of task files in the README of `tasks/`";
    for (line, mend, stands, place, how, next) in [
        (Some(3), "write priority", Some("a.md"), "line 3", "write priority", mend_here),
        (None, "write priority", Some("a.md"), "the file as a whole", "write priority", mend_here),
        (Some(1), "", Some("a.md"), "line 1", readme, mend_here),
        (Some(1), " \n", None, "line 1", readme, gone),
        (None, "x", None, "the file as a whole", "x", gone),
    ] {
        let page = why(&ink(), "a.md", stands, Timestamp(0), &reason("there is no key priorty", line, mend));
        let wanted = format!(
            "# Not accepted: `a.md`\n\n- **What is wrong**: there is no key priorty\n- **Where**: {place}\n\
             - **How to mend it**: {how}\n- **What to do next**: {next}\n\nLooked at 1970-01-01T00:00:00Z.\n"
        );
        assert_eq!(page, wanted);
    }
}

#[test]
fn a_file_that_was_renamed_is_named_as_it_stands() {
    let page = why(&ink(), "a.md", Some("a-2.md"), Timestamp(0), &reason("x", None, "y"));
    assert!(page.starts_with("# Not accepted: `a.md`\n") && page.contains("Mend `a-2.md` in this folder"), "{page}");
}

#[test]
fn a_hostile_name_or_reason_opens_nothing_and_shows_no_key() {
    let what = format!("x\n# heading\n<!-- c --> {KEY}");
    let page = why(&ink(), "`a`\n# x.md", Some("![b]|c.md"), Timestamp(0), &reason(&what, None, &what));
    assert!(page.starts_with(BEGINNING), "{page}");
    assert!(page.starts_with("# Not accepted: `'a' # x.md`\n"), "{page}");
    assert!(page.contains("Mend `![b]/c.md` in this folder"), "{page}");
    assert_eq!(page.matches("x # heading &lt;!-- c --> [masked]").count(), 2, "{page}");
    assert!(!page.contains("\n# heading"), "{page}");
}
