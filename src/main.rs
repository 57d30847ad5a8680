//! The `soctop` binary: parse the command line, run, map the result to an exit status.

use std::process::ExitCode;

use clap::Parser;
use soctop::cli::{Cli, read_words};
use soctop::{command, exit};

/// Threads hand events to each other by the million: what one allocates another frees. The system's
/// allocator kept three times what was in use after a large file had been read.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    exit::report(command::run(Cli::parse_from(read_words(std::env::args_os()))))
}
