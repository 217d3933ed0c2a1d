//! A process that gives freed memory back. glibc keeps what was freed for the next need: once a large buffer has come and gone,
//! many times its size, and some for every thread. What it keeps is said by variables that it reads before a program begins.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// What glibc is told. To tell it one of them also ends its raising of the others by itself.
const TOLD: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "2"), ("MALLOC_TRIM_THRESHOLD_", "65536"), ("MALLOC_TOP_PAD_", "16384")];

/// Begins this very process again with the same arguments, its memory kept small. It returns only where that cannot be, and
/// then everything goes on as it was. Nothing may have been begun before it that does not survive.
#[expect(
    clippy::disallowed_methods,
    reason = "this room alone starts programs; here it is the same one in the same process"
)]
pub fn begin_lean() {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut args = std::env::args_os();
    let Some(called) = args.next() else { return };
    let error = Command::new(program).arg0(called).args(args).envs(TOLD).exec();
    tracing::debug!(%error, "the process was not begun again");
}
