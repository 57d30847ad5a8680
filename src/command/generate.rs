//! `soctop completions SHELL` and `soctop man`: generated from the command line's own definition.

use std::io;

use clap::CommandFactory;

use crate::cli::{Cli, CompletionsArgs};
use crate::exit::Exit;

pub fn completions(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "soctop", &mut text);
    io::Write::write_all(&mut io::stdout().lock(), &text)?;
    Ok(Exit::Fine)
}

/// One page: the program and, after it, every subcommand.
pub fn man() -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    let command = Cli::command();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    for subcommand in command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        let name = format!("soctop-{}", subcommand.get_name());
        clap_mangen::Man::new(subcommand.clone()).title(name).render(&mut text)?;
    }
    io::Write::write_all(&mut io::stdout().lock(), &text)?;
    Ok(Exit::Fine)
}
