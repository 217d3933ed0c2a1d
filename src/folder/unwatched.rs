//! Why folders cannot be watched, in words that a person can act on. What is done without watching is said by who watches.

/// The reason, with the setting to raise where there is one. Told without the path, so that the same trouble with each of
/// several folders is the same text.
pub(in crate::folder) fn why(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "the system's limit of watches is reached; raise it with sysctl fs.inotify.max_user_watches=524288"
                .to_owned()
        }
        notify::ErrorKind::Io(io) if io.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error()) => {
            "the system's limit of watchers is reached; raise it with sysctl fs.inotify.max_user_instances=512"
                .to_owned()
        }
        notify::ErrorKind::Io(io) => format!("{io}; the folder's file system may not support it"),
        other => format!("{other:?}; the folder's file system may not support it"),
    }
}
