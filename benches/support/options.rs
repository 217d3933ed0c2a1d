//! What the command line says: `cargo bench -- --quick`, `cargo bench --bench restart -- --tasks 1000000`.

/// How a bench is to be run.
pub(crate) struct Options {
    /// Small sizes, for a look within two minutes over all benches.
    pub(crate) quick: bool,
    pub(crate) tasks: Option<usize>,
}

impl Options {
    /// Reads the arguments. Unknown ones are left to other benches of the same command.
    pub(crate) fn read() -> Self {
        let mut options = Self { quick: false, tasks: None };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--quick" => options.quick = true,
                "--tasks" => options.tasks = args.next().and_then(|number| number.parse().ok()),
                _ => {}
            }
        }
        options
    }

    /// A size: what `--tasks` says, else the quick or the full one.
    pub(crate) fn tasks(&self, quick: usize, full: usize) -> usize {
        self.tasks.unwrap_or(if self.quick { quick } else { full })
    }

    /// A size that no flag changes but `--quick`.
    pub(crate) fn rounds(&self, quick: usize, full: usize) -> usize {
        if self.quick { quick } else { full }
    }
}
