//! What things look like. Colours are the terminal's own sixteen on its own background, so that
//! the same theme works on dark and light; the meaning never rests on colour alone.

use ratatui::style::{Color, Modifier, Style};

use crate::event::LogLevel;
use crate::sigma::Level;
use crate::state::ThreatLevel;

/// Which colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Palette {
    /// The terminal's own sixteen on its own background.
    #[default]
    Ansi,
    /// On a dark background of its own.
    Dark,
    /// On a light background of its own.
    Light,
    /// Black and white and strong colours.
    Contrast,
    /// Colours that the colour-blind can tell apart, on the terminal's background.
    ColourBlind,
    /// `NO_COLOR`: bold, dim, underlined and reversed only.
    Mono,
}

impl Palette {
    /// Those that can be asked for: name, and how the palette of commands calls it.
    pub const NAMED: [(Palette, &'static str, &'static str); 6] = [
        (Palette::Ansi, "terminal", "theme: terminal (its own 16 colours)"),
        (Palette::Dark, "dark", "theme: dark"),
        (Palette::Light, "light", "theme: light"),
        (Palette::Contrast, "high-contrast", "theme: high contrast"),
        (Palette::ColourBlind, "colour-blind", "theme: colour-blind safe"),
        (Palette::Mono, "monochrome", "theme: monochrome"),
    ];

    /// The colours of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(_, own, _)| *own == name).map(|(palette, ..)| *palette)
    }
}

/// The colours of a theme by meaning, as numbers of the 256 that terminals have in common.
struct Paints {
    critical: u8,
    high: u8,
    medium: u8,
    low: u8,
    accent: u8,
    muted: u8,
    border: u8,
    /// Of the selected row.
    selection: u8,
}

const DARK: Paints = Paints {
    critical: 203,
    high: 209,
    medium: 221,
    low: 111,
    accent: 80,
    muted: 245,
    border: 240,
    selection: 238,
};
const LIGHT: Paints = Paints {
    critical: 160,
    high: 166,
    medium: 94,
    low: 25,
    accent: 30,
    muted: 242,
    border: 247,
    selection: 252,
};
const CONTRAST: Paints = Paints {
    critical: 196,
    high: 208,
    medium: 226,
    low: 51,
    accent: 51,
    muted: 253,
    border: 255,
    selection: 19,
};
/// After Okabe and Ito: vermilion, orange, yellow, sky blue, bluish green.
const COLOUR_BLIND: Paints = Paints {
    critical: 166,
    high: 214,
    medium: 227,
    low: 74,
    accent: 36,
    muted: 245,
    border: 240,
    selection: 238,
};

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
            Palette::Dark => painted(role, &DARK),
            Palette::Light => painted(role, &LIGHT),
            Palette::Contrast => painted(role, &CONTRAST),
            Palette::ColourBlind => painted(role, &COLOUR_BLIND),
        }
    }

    /// Foreground and background of what has no colour of its own, where the terminal's are not used.
    #[must_use]
    pub fn ground(&self) -> Option<(Color, Color)> {
        match self.palette {
            Palette::Dark => Some((Color::Indexed(252), Color::Indexed(234))),
            Palette::Light => Some((Color::Indexed(235), Color::Indexed(255))),
            Palette::Contrast => Some((Color::Indexed(231), Color::Indexed(16))),
            Palette::Ansi | Palette::ColourBlind | Palette::Mono => None,
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

fn painted(role: Role, paints: &Paints) -> Style {
    let plain = Style::new();
    let bold = plain.add_modifier(Modifier::BOLD);
    match role {
        Role::Text => plain,
        Role::Strong | Role::Title | Role::FaintSelection => bold,
        Role::Muted | Role::Severity(Severity::Info) => plain.fg(Color::Indexed(paints.muted)),
        Role::Border => plain.fg(Color::Indexed(paints.border)),
        Role::FocusedBorder | Role::Link => plain.fg(Color::Indexed(paints.accent)),
        Role::Key => bold.fg(Color::Indexed(paints.accent)),
        Role::Severity(Severity::Critical) => {
            bold.fg(Color::Indexed(paints.critical)).add_modifier(Modifier::REVERSED)
        }
        Role::Severity(Severity::High) | Role::Bad => bold.fg(Color::Indexed(paints.high)),
        Role::Severity(Severity::Medium) | Role::Warning => plain.fg(Color::Indexed(paints.medium)),
        Role::Severity(Severity::Low) => plain.fg(Color::Indexed(paints.low)),
        Role::Selection => bold.bg(Color::Indexed(paints.selection)),
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
