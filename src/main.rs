//! The `soctop` binary: parse the command line, run, map the result to an exit status.

fn main() {}
