//! The `soctop` binary: parse the command line, run, map the result to an exit status.

use std::process::ExitCode;

use clap::Parser;
use soctop::{cli::Cli, command, exit};

fn main() -> ExitCode {
    exit::report(command::run(Cli::parse()))
}
