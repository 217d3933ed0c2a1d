//! What Linux tells about processes under `/proc`: start times, parents, environments. Reads only.

use std::fs;
use std::path::Path;

/// Which boot this is; empty where the kernel does not say.
pub(super) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|text| text.trim().to_owned()).unwrap_or_default()
}

/// When a process started, in clock ticks since boot; `None` when there is no such process.
pub(super) fn start_ticks(pid: i32) -> Option<u64> {
    // proc(5): starttime is field 22, that is the 20th after the name.
    stat_fields(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?.nth(19)?.parse().ok()
}

/// Every process below `ancestor`, nearest first.
pub(super) fn descendants(ancestor: i32) -> Vec<i32> {
    let parents: Vec<(i32, i32)> = all().filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let mut found = vec![ancestor];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.remove(0);
    found
}

/// Every process whose environment holds exactly this `NAME=value`, this one not counted.
pub(super) fn marked(entry: &str) -> Vec<i32> {
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    let holds = |pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == entry.as_bytes())
    };
    all().filter(|pid| *pid != own).filter(holds).collect()
}

/// The numbers of all processes.
fn all() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir(Path::new("/proc")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The parent of a process that still lives; one that waits to be reaped counts as gone.
fn parent(pid: i32) -> Option<i32> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat_fields(&text)?;
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    (state != "Z" && state != "X").then_some(parent)
}

/// The fields after the name, which stands in parentheses and may hold anything, spaces and parentheses too.
fn stat_fields(text: &str) -> Option<impl Iterator<Item = &str>> {
    Some(text.get(text.rfind(')')? + 1..)?.split_ascii_whitespace())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let text = "77 (a) b (c) S 12 77 77 0";
        assert_eq!(stat_fields(text).unwrap().take(2).collect::<Vec<_>>(), ["S", "12"]);
    }

    #[test]
    fn this_process_has_a_start_time_and_a_missing_one_none() {
        assert!(start_ticks(i32::try_from(std::process::id()).unwrap()).unwrap() > 0);
        assert_eq!(start_ticks(i32::MAX), None);
        assert!(!boot_id().is_empty());
    }
}
