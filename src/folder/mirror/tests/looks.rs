//! Looking at one file now, from another thread than the mirror's.

use super::super::Look;
use super::*;

#[test]
fn a_look_sees_what_no_event_has_told_yet() {
    let bench = Bench::new(&[("a.md", "1")]);
    let glance = bench.glance();
    assert_eq!(glance.look(&name("a")), Look::Same);
    assert_eq!(glance.look(&name("none")), Look::Same);
    bench.put("a.md", "22");
    bench.put("x/new.md", "n");
    for _ in 0..2 {
        assert!(matches!(glance.look(&name("a")), Look::Changed(found) if found.text == "22"));
        assert!(matches!(glance.look(&name("x/new")), Look::Changed(found) if found.text == "n"));
    }
    bench.put("a.md", "");
    assert_eq!(glance.look(&name("a")), Look::Away);
    fs::remove_file(bench.path("a.md")).unwrap();
    assert_eq!(glance.look(&name("a")), Look::Away);
}

#[test]
fn an_edit_of_the_same_length_in_the_same_step_of_time_is_seen() {
    let mut bench = Bench::new(&[("a.md", "0")]);
    for n in 1..50 {
        let text = (n % 10).to_string();
        bench.put("a.md", &text);
        bench.until("the edit", |bench| {
            bench.texts["a"] == text
                || matches!(bench.glance().look(&name("a")), Look::Changed(found) if found.text == text)
        });
    }
}

#[test]
fn a_page_is_read_from_its_file() {
    let bench = Bench::new(&[("orchestration/history/2026-01-01-t/progress.md", "done"), ("a.md", "1")]);
    let glance = bench.glance();
    let page = glance.read_page(&name("orchestration/history/2026-01-01-t/progress")).unwrap();
    assert_eq!(page.map(|page| page.text).as_deref(), Some("done"));
    assert_eq!(glance.read_page(&name("orchestration/history/none")).unwrap(), None);
    assert_eq!(glance.read_page(&name("a")).unwrap(), None);
    let listed = glance.list("orchestration/", None, 10).unwrap();
    assert_eq!((listed.names.len(), listed.more), (1, false));
}

#[test]
fn what_could_not_be_taken_in_is_handed_out_again() {
    let mut bench = Bench::new(&[("a.md", "1")]);
    bench.put("a.md", "2");
    bench.holds(&[("a", "2")]);
    bench.told.clear();
    bench.mirror.doubt(&name("a"));
    bench.until("it again", |bench| bench.found() == [("a", "2")]);
}
