//! What things look like. Colours are the terminal's own sixteen on its own background, so that
//! the same theme works on dark and light; the meaning never rests on colour alone.

use ratatui::style::{Color, Modifier, Style};

use crate::event::LogLevel;
use crate::sigma::Level;
use crate::state::ThreatLevel;

/// Whether colours may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Palette {
    #[default]
    Ansi,
    /// `NO_COLOR`: bold, dim, underlined and reversed only.
    Mono,
}

/// Which characters the chrome is drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    #[default]
    Unicode,
    /// Nothing above 0x7e reaches the terminal, data included.
    Ascii,
}

/// How everything is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    pub palette: Palette,
    pub charset: Charset,
}

/// How bad something is, in the four steps that have a shape, a word and a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// Those that make an alert, worst first.
    pub const ALERTING: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

    /// A bar that rises with the severity.
    #[must_use]
    pub fn shape(self) -> &'static str {
        match self {
            Severity::Info => "·",
            Severity::Low => "▁",
            Severity::Medium => "▃",
            Severity::High => "▅",
            Severity::Critical => "█",
        }
    }

    /// The four-letter word for alerts.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Severity::Info => "INFO",
            Severity::Low => "LOW",
            Severity::Medium => "MED",
            Severity::High => "HIGH",
            Severity::Critical => "CRIT",
        }
    }
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Informational => Severity::Info,
            Level::Low => Severity::Low,
            Level::Medium => Severity::Medium,
            Level::High => Severity::High,
            Level::Critical => Severity::Critical,
        }
    }
}

impl From<ThreatLevel> for Severity {
    fn from(level: ThreatLevel) -> Self {
        match level {
            ThreatLevel::Low => Severity::Low,
            ThreatLevel::Medium => Severity::Medium,
            ThreatLevel::High => Severity::High,
            ThreatLevel::Critical => Severity::Critical,
        }
    }
}

impl From<LogLevel> for Severity {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Trace | LogLevel::Debug | LogLevel::Unknown => Severity::Info,
            LogLevel::Info | LogLevel::Notice => Severity::Low,
            LogLevel::Warn => Severity::Medium,
            LogLevel::Error => Severity::High,
            LogLevel::Critical => Severity::Critical,
        }
    }
}

/// What a log line says of itself, in at most five letters; it is not the judgement of a rule and
/// therefore has words of its own.
#[must_use]
pub fn log_level_word(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Trace => "TRACE",
        LogLevel::Debug => "DEBUG",
        LogLevel::Unknown => "-",
        LogLevel::Info => "INFO",
        LogLevel::Notice => "NOTE",
        LogLevel::Warn => "WARN",
        LogLevel::Error => "ERROR",
        LogLevel::Critical => "CRIT",
    }
}

/// What a piece of text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Text,
    /// Values, names: what the eye looks for.
    Strong,
    Muted,
    Title,
    Border,
    FocusedBorder,
    Key,
    Severity(Severity),
    /// Needs attention.
    Warning,
    /// Failed or lost.
    Bad,
    /// The row under the cursor of the pane that has the keys.
    Selection,
    /// The row under the cursor of another pane.
    FaintSelection,
    Link,
}

impl Theme {
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        match self.palette {
            Palette::Ansi => ansi(role),
            Palette::Mono => mono(role),
        }
    }

    #[must_use]
    pub fn severity(&self, severity: impl Into<Severity>) -> Style {
        self.style(Role::Severity(severity.into()))
    }

    /// The colour of a severity for bars, whose blanks must stay blank.
    #[must_use]
    pub fn bar(&self, severity: impl Into<Severity>) -> Style {
        self.severity(severity).remove_modifier(Modifier::REVERSED | Modifier::UNDERLINED)
    }
}

fn ansi(role: Role) -> Style {
    let plain = Style::new();
    match role {
        Role::Text => plain,
        Role::Strong | Role::Title => plain.add_modifier(Modifier::BOLD),
        Role::Muted | Role::Border => plain.add_modifier(Modifier::DIM),
        Role::FocusedBorder => plain.fg(Color::Cyan),
        Role::Key => plain.fg(Color::Cyan).add_modifier(Modifier::BOLD),
        Role::Link => plain.fg(Color::Cyan),
        Role::Severity(Severity::Critical) => {
            plain.fg(Color::Red).add_modifier(Modifier::BOLD | Modifier::REVERSED)
        }
        Role::Severity(Severity::High) => plain.fg(Color::LightRed).add_modifier(Modifier::BOLD),
        Role::Severity(Severity::Medium) | Role::Warning => plain.fg(Color::Yellow),
        Role::Severity(Severity::Low) => plain.fg(Color::LightBlue),
        Role::Severity(Severity::Info) => plain.add_modifier(Modifier::DIM),
        Role::Bad => plain.fg(Color::LightRed).add_modifier(Modifier::BOLD),
        Role::Selection => plain.add_modifier(Modifier::REVERSED),
        Role::FaintSelection => plain.add_modifier(Modifier::BOLD),
    }
}

fn mono(role: Role) -> Style {
    let plain = Style::new();
    match role {
        Role::Text | Role::Severity(Severity::Low) => plain,
        Role::Strong | Role::Title | Role::FocusedBorder | Role::Key | Role::FaintSelection => {
            plain.add_modifier(Modifier::BOLD)
        }
        Role::Muted | Role::Border | Role::Severity(Severity::Info) => plain.add_modifier(Modifier::DIM),
        Role::Link => plain.add_modifier(Modifier::UNDERLINED),
        Role::Severity(Severity::Critical) => plain.add_modifier(Modifier::BOLD | Modifier::REVERSED),
        Role::Severity(Severity::High) | Role::Bad => plain.add_modifier(Modifier::BOLD),
        Role::Severity(Severity::Medium) | Role::Warning => plain.add_modifier(Modifier::UNDERLINED),
        Role::Selection => plain.add_modifier(Modifier::REVERSED),
    }
}
