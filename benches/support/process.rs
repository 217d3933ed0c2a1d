//! What the system says of a process: CPU time, memory, wake-ups. Linux only; elsewhere the figures are zero.

use std::path::PathBuf;
use std::time::Duration;

/// Ticks of `/proc/PID/stat` in a second: the same on every Linux that people run.
const TICKS_PER_SECOND: f64 = 100.0;

/// A process by its number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// This one.
    pub(crate) fn own() -> Self {
        Self(std::process::id())
    }

    fn read(self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.0)).unwrap_or_default()
    }

    /// CPU time of all its threads so far, in steps of 10 ms.
    pub(crate) fn cpu(self) -> Duration {
        let stat = self.read("stat");
        let after_name = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks: f64 =
            after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        Duration::from_secs_f64(ticks / TICKS_PER_SECOND)
    }

    /// CPU time of the threads that live now, as the scheduler counts it: fine enough for an idle process.
    pub(crate) fn scheduled(self) -> Duration {
        let first = |text: String| text.split_whitespace().next().and_then(|ns| ns.parse::<u64>().ok());
        Duration::from_nanos(self.of_threads("schedstat", first))
    }

    /// How often its threads have gone to sleep, which is how often they were woken.
    pub(crate) fn wakes(self) -> u64 {
        self.of_threads("status", |text| field(&text, "voluntary_ctxt_switches:"))
    }

    /// Resident memory in MiB.
    pub(crate) fn resident_mib(self) -> f64 {
        field(&self.read("status"), "VmRSS:").unwrap_or(0) as f64 / 1024.0
    }

    /// The most it ever had resident, in MiB.
    pub(crate) fn resident_peak_mib(self) -> f64 {
        field(&self.read("status"), "VmHWM:").unwrap_or(0) as f64 / 1024.0
    }

    fn of_threads(self, file: &str, value: impl Fn(String) -> Option<u64>) -> u64 {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.0)).into_iter().flatten().flatten();
        let texts = threads.filter_map(|thread: std::fs::DirEntry| std::fs::read_to_string(file_of(thread, file)).ok());
        texts.filter_map(value).sum()
    }
}

fn file_of(thread: std::fs::DirEntry, file: &str) -> PathBuf {
    thread.path().join(file)
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
