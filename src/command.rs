//! The composition root: one file per subcommand, about a page each.

mod config;
mod demo;
mod expect;
mod explain;
mod generate;
mod ingest;
mod live;
mod print;
mod process;
mod replay;
mod rules;
mod search;
mod settings;
mod table;
mod trace;
mod vocabulary;
mod watch;

use clap::CommandFactory;

use crate::cli::{Cli, Command};
use crate::exit::Exit;

/// Runs the subcommand that was asked for; without one, prints the help text.
///
/// # Errors
/// Whatever stopped the command, with a hint where there is a next step.
pub fn run(cli: Cli) -> anyhow::Result<Exit> {
    process::prepare();
    let asked = settings::Asked::new(cli.config.as_deref());
    match cli.command {
        None => {
            Cli::command().print_help()?;
            Ok(Exit::Fine)
        }
        Some(Command::Watch(args)) => watch::run(&args, asked),
        Some(Command::Demo(args)) => demo::run(&args, asked),
        Some(Command::Replay(args)) => replay::run(&args, asked),
        Some(Command::Ingest(args)) => ingest::run(&args, asked),
        Some(Command::Search(args)) => search::run(&args, asked),
        Some(Command::Trace(args)) => trace::run(&args, asked),
        Some(Command::Explain(args)) => explain::run(&args, asked),
        Some(Command::Rules(args)) => rules::run(&args, asked),
        Some(Command::Vocabulary(args)) => vocabulary::run(&args),
        Some(Command::Config(args)) => config::run(&args, asked),
        Some(Command::Completions(args)) => generate::completions(&args),
        Some(Command::Man(_)) => generate::man(),
    }
}
