//! The binary `fake-backends`: a pool that serves until it is interrupted, for benchmarks and for backends on other
//! hosts.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
