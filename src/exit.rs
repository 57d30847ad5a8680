//! Exit status and the last words of a failed command, in one place.
//!
//! 0 fine · 1 findings or differences that a flag asked for, or nothing found · 2 usage, configuration or rule error
//! · 130 interrupted · 101 a bug (a panic, Rust's own). A closed pipe is no error.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::text::Safe;

/// How a command ended without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Fine,
    /// `--fail-on`, `--expect` or `rules test` found something.
    Findings,
    /// `search` and `trace` found nothing, which has been said.
    Nothing,
    /// Rules are wrong, or nothing could be judged, which has been said.
    Mistakes,
    Interrupted,
}

/// An error with a next step for the reader.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Hinted {
    pub message: String,
    pub hint: String,
}

impl Hinted {
    /// An error that says what went wrong and what to do.
    pub fn error(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Self { message: message.into(), hint: hint.into() })
    }
}

/// Maps what a command returned to the exit status, printing the error if there is one.
pub fn report(result: anyhow::Result<Exit>) -> ExitCode {
    match result {
        Ok(Exit::Fine) => ExitCode::SUCCESS,
        Ok(Exit::Findings | Exit::Nothing) => ExitCode::from(1),
        Ok(Exit::Mistakes) => ExitCode::from(2),
        Ok(Exit::Interrupted) => ExitCode::from(130),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&error);
            ExitCode::from(2)
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// `error:`, then `caused by:` lines, then `hint:`. Messages may quote log content and file names,
/// so they pass the filter like everything else.
fn print_error(error: &anyhow::Error) {
    let mut causes = error.chain();
    let first = causes.next().map(|first| ("error", first.to_string()));
    let others = causes.map(|cause| ("caused by", cause.to_string()));
    let hint = error.chain().find_map(hint_of).map(|hint| ("hint", hint));
    let mut stderr = io::stderr().lock();
    for (what, words) in first.into_iter().chain(others).chain(hint) {
        // Where nothing can be written nobody listens; the exit status says enough.
        writeln!(stderr, "{what}: {}", safe_lines(&words)).unwrap_or_default();
    }
}

/// Messages have few lines and none of them may be forged.
fn safe_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| Safe::new(line).to_string()).collect();
    lines.join("\n  ")
}

fn hint_of(cause: &(dyn Error + 'static)) -> Option<String> {
    cause.downcast_ref::<Hinted>().map(|hinted| hinted.hint.clone())
}
