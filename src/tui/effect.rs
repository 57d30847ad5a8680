//! What the loop has to do for the dashboard.

use std::sync::Arc;

use crate::pipeline::Request;

/// One thing to do outside of the model.
#[derive(Clone, Debug)]
pub enum Effect {
    Request(Request),
    /// Hand this text to the terminal's clipboard.
    Copy(String),
    Bell,
    Redraw,
    /// Ask the terminal for mouse events, or no longer.
    Mouse(bool),
    Suspend,
    /// Lend the terminal to the user's editor, with the cursor on this line of the file.
    Edit {
        file: Arc<str>,
        line: u32,
    },
    Quit,
}
