//! The composition root: one file per subcommand, about a page each.

mod case;
mod complete;
mod config;
mod decisions;
mod demo;
mod doctor;
mod expect;
mod explain;
mod generate;
mod hunt;
mod ingest;
mod keys;
mod live;
mod named;
mod print;
mod process;
mod replay;
mod report;
mod rules;
mod search;
mod session;
mod settings;
mod standing;
mod status;
mod storm;
mod table;
mod trace;
mod vocabulary;
mod watch;
mod welcome;

use crate::cli::{Cli, Command};
use crate::exit::Exit;

/// Runs the subcommand that was asked for; without one, says what could be watched here.
///
/// # Errors
/// Whatever stopped the command, with a hint where there is a next step.
pub fn run(cli: Cli) -> anyhow::Result<Exit> {
    process::prepare();
    let overrides = settings::CliOverrides::new(cli.config.as_deref());
    match cli.command {
        None => welcome::run(overrides),
        Some(Command::Watch(args)) => watch::run(&args, overrides),
        Some(Command::Demo(args)) => demo::run(&args, overrides),
        Some(Command::Replay(args)) => replay::run(&args, overrides),
        Some(Command::Ingest(args)) => ingest::run(&args, overrides),
        Some(Command::Search(args)) => search::run(&args, overrides),
        Some(Command::Hunt(args)) => hunt::run(&args, overrides),
        Some(Command::Trace(args)) => trace::run(&args, overrides),
        Some(Command::Status(args)) => status::run(&args, overrides),
        Some(Command::Doctor(args)) => doctor::run(&args, overrides),
        Some(Command::Report(args)) => report::run(&args, overrides),
        Some(Command::Case(args)) => case::run(&args, overrides),
        Some(Command::Decisions(args)) => decisions::run(&args, overrides),
        Some(Command::Explain(args)) => explain::run(&args, overrides),
        Some(Command::Rules(args)) => rules::run(&args, overrides),
        Some(Command::Vocabulary(args)) => vocabulary::run(&args),
        Some(Command::Keys(_)) => keys::run(&overrides),
        Some(Command::Config(args)) => config::run(&args, overrides),
        Some(Command::Completions(args)) => generate::completions(&args),
        Some(Command::Man(_)) => generate::man(),
    }
}
