//! The binary: hands over to the command line and gives its exit code to the system.

fn main() -> std::process::ExitCode {
    synod::cli::main()
}
