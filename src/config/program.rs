//! Finding the program of a CLI worker: on PATH, by path, and behind Codex's wrapper the native program itself.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::problem::Error;
use super::provider::Provider;
use super::worker::Worker;

/// The program that runs a CLI worker: `program` of its settings, the first word of `command`, or the provider's own.
///
/// # Errors
/// [`Error::NoProgram`] when it is not there or cannot be run.
pub fn worker_program(worker: &Worker, environment: &Environment) -> Result<PathBuf, Error> {
    let named = worker.program.as_deref().or_else(|| worker.command.first().map(Path::new));
    let Some(wanted) = named.or_else(|| worker.provider.program().map(Path::new)) else {
        let hint = format!("provider {} runs no program", worker.provider.as_str());
        return Err(Error::NoProgram { program: String::new(), hint });
    };
    let found = find(wanted, environment).ok_or_else(|| Error::NoProgram {
        program: wanted.display().to_string(),
        hint: "install it, put it on PATH, or give its path as `program` of the worker".to_owned(),
    })?;
    Ok(if worker.provider == Provider::Codex { native_codex(&found).unwrap_or(found) } else { found })
}

/// A program by name on PATH, or by path from the current folder or `~/`; none when it cannot be run.
#[must_use]
pub fn find(wanted: &Path, environment: &Environment) -> Option<PathBuf> {
    if let Ok(below_home) = wanted.strip_prefix("~") {
        return Some(environment.home()?.join(below_home)).filter(|path| runs(path));
    }
    if wanted.components().count() > 1 {
        return Some(environment.current_dir().join(wanted)).filter(|path| runs(path));
    }
    // An empty or relative folder on PATH means the current one, which a task could have written to: not looked at.
    std::env::split_paths(environment.get("PATH")?)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(wanted))
        .find(|path| runs(path))
}

/// Whether a path is a file that somebody may run.
fn runs(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// The native program that Codex's npm package brings. Its node wrapper starts more slowly, and a hard kill of the
/// wrapper alone leaves the agent running, so the native one is preferred. None when `found` is no such wrapper.
fn native_codex(found: &Path) -> Option<PathBuf> {
    let script = found.canonicalize().ok().filter(|path| path.extension().is_some_and(|end| end == "js"))?;
    let package = script.parent()?.parent()?;
    let (short, triple) = platform()?;
    let inside = format!("vendor/{triple}/bin/codex");
    [
        package.join(format!("node_modules/@openai/codex-{short}")).join(&inside),
        package.parent()?.join(format!("codex-{short}")).join(&inside),
        package.join(&inside),
        package.join(format!("vendor/{triple}/codex/codex")),
    ]
    .into_iter()
    .find(|path| runs(path))
}

/// This machine as npm packages and as compilers call it.
fn platform() -> Option<(&'static str, &'static str)> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some(("linux-x64", "x86_64-unknown-linux-musl")),
        ("linux", "aarch64") => Some(("linux-arm64", "aarch64-unknown-linux-musl")),
        ("macos", "x86_64") => Some(("darwin-x64", "x86_64-apple-darwin")),
        ("macos", "aarch64") => Some(("darwin-arm64", "aarch64-apple-darwin")),
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may stop where it stands")]
mod tests {
    use super::*;

    fn program(path: &Path, mode: u32) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_first_runnable_file_on_path_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        program(&one.join("claude"), 0o644);
        program(&two.join("claude"), 0o755);
        let path = std::env::join_paths([&one, &two]).unwrap();
        let environment = Environment::of([("PATH", path)]);
        assert_eq!(find(Path::new("claude"), &environment), Some(two.join("claude")));
        assert_eq!(find(Path::new("codex"), &environment), None);
    }

    #[test]
    fn relative_folders_on_path_are_not_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        program(&folder.path().join("claude"), 0o755);
        let environment = Environment::of([("PATH", ":.")]).at(folder.path());
        assert_eq!(find(Path::new("claude"), &environment), None);
        assert_eq!(find(Path::new("./claude"), &environment), Some(folder.path().join("./claude")));
    }

    #[test]
    fn behind_the_wrapper_of_codex_the_native_program_is_found() {
        let Some((short, triple)) = platform() else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let wrapper = root.join("lib/node_modules/@openai/codex/bin/codex.js");
        program(&wrapper, 0o755);
        std::fs::create_dir(root.join("bin")).unwrap();
        std::os::unix::fs::symlink(&wrapper, root.join("bin/codex")).unwrap();
        let environment = Environment::of([("PATH", root.join("bin"))]);
        let worker = Worker::new("codex", Provider::Codex, None);
        assert_eq!(worker_program(&worker, &environment).unwrap(), root.join("bin/codex"));
        let native = root.join(format!("lib/node_modules/@openai/codex-{short}/vendor/{triple}/bin/codex"));
        program(&native, 0o755);
        assert_eq!(worker_program(&worker, &environment).unwrap(), native);
    }

    #[test]
    fn a_missing_program_says_what_to_do() {
        let mut worker = Worker::new("mine", Provider::ClaudeCode, None);
        worker.program = Some("/nowhere/claude".into());
        let error = worker_program(&worker, &Environment::default()).unwrap_err().to_string();
        assert!(error.contains("/nowhere/claude") && error.contains("`program`"), "{error}");
    }

    #[test]
    fn home_and_ones_own_command_are_minded() {
        let folder = tempfile::tempdir().unwrap();
        program(&folder.path().join("bin/ask"), 0o755);
        let environment = Environment::of([("HOME", folder.path())]);
        assert_eq!(find(Path::new("~/bin/ask"), &environment), Some(folder.path().join("bin/ask")));
        let mut worker = Worker::new("mine", Provider::Command, None);
        worker.command = vec![folder.path().join("bin/ask").display().to_string(), "--now".into()];
        assert_eq!(worker_program(&worker, &environment).unwrap(), folder.path().join("bin/ask"));
        assert!(worker_program(&Worker::new("person", Provider::Human, None), &environment).is_err());
    }
}
