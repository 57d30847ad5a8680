//! Attacks in requests: a request is split into values, each value is looked at by named signals, and a family of
//! attacks has the score of the value that says most about it.
//!
//! Structure instead of one text: what stands in a field is a value, the framing around it is not. Context instead
//! of lists: prose and text fields halve what a text *about* attacks says. One request is weak evidence; rules count
//! what one client sends. Nothing here knows a source, a product or an address.
//!
//! Bounds: 256 KiB of a value and its end, 4,096 values that could hold anything, three layers of encoding. Cost grows
//! with the length of a value alone.

#![cfg_attr(not(test), warn(clippy::cast_possible_truncation, clippy::cast_sign_loss))]

mod decode;
mod patterns;
mod read;
mod score;
mod signals;
mod split;

pub(crate) use decode::remove_layers;
pub use score::Scanner;

/// Where in a request a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Path,
    Query,
    Form,
    /// The name of a parameter or key.
    Name,
    Json,
    /// Of a multipart body.
    Part,
    /// A whole document of XML.
    Document,
    /// A text or attribute of one.
    Xml,
    Cookie,
    Header,
    Agent,
    Referer,
    /// A body that is none of these.
    Raw,
}

impl Place {
    fn word(self) -> &'static str {
        match self {
            Place::Path => "path",
            Place::Query => "query",
            Place::Form => "form",
            Place::Name => "name",
            Place::Json => "json",
            Place::Part => "part",
            Place::Document => "document",
            Place::Xml => "xml",
            Place::Cookie => "cookie",
            Place::Header => "header",
            Place::Agent => "agent",
            Place::Referer => "referer",
            Place::Raw => "body",
        }
    }
}

/// What scores in a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Families that stand: a score of 5 or more.
    pub families: Vec<&'static str>,
    /// Families with 3 or 4: for counting and search.
    pub weak: Vec<&'static str>,
    /// The highest score of a family.
    pub score: u32,
    /// `family/signal`, heaviest first.
    pub signals: Vec<&'static str>,
    /// `query:id`, `json:user`.
    pub place: String,
    /// The value that scores most: digits folded to 0, blanks to one, at most 120 bytes.
    pub payload: String,
    /// Somebody hides: a spelling that only serves to be overlooked.
    pub hidden: bool,
}
