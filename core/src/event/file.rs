//! Names of files. On Linux they are bytes, of which not all are text: they are kept as they are, stored
//! in a form that JSON can hold, and shown with the odd bytes escaped.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Shows a path: what is not UTF-8 as `\xff`, so that two names do not look the same. Control characters
/// stay; `text::Safe` deals with them.
#[must_use]
pub fn shown(path: &Path) -> Shown<'_> {
    Shown(path)
}

/// See [`shown`].
pub struct Shown<'a>(&'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in self.0.as_os_str().as_bytes().utf8_chunks() {
            out.write_str(piece.valid())?;
            for byte in piece.invalid() {
                write!(out, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// What a path looks like in JSON: a text where it is one, else its bytes.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    Text(String),
    Bytes { bytes: Vec<u8> },
}

impl Form {
    fn of(path: &Path) -> Self {
        match path.to_str() {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Bytes { bytes: path.as_os_str().as_bytes().to_vec() },
        }
    }

    fn into_path(self) -> PathBuf {
        match self {
            Self::Text(text) => text.into(),
            Self::Bytes { bytes } => OsString::from_vec(bytes).into(),
        }
    }
}

/// For `#[serde(with = "...")]` on a path.
pub(super) mod whole {
    use super::{Deserialize, Deserializer, Form, Path, PathBuf, Serialize, Serializer};

    pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        Form::of(path).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        Form::deserialize(deserializer).map(Form::into_path)
    }
}

/// The same for a path that may be missing.
pub(super) mod optional {
    use super::{Deserialize, Deserializer, Form, PathBuf, Serialize, Serializer};

    pub fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_deref().map(Form::of).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
        Option::<Form>::deserialize(deserializer).map(|form| form.map(Form::into_path))
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Holder {
        #[serde(with = "whole")]
        path: PathBuf,
        #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
        other: Option<PathBuf>,
    }

    fn named(bytes: &[u8]) -> PathBuf {
        OsStr::from_bytes(bytes).into()
    }

    #[test]
    fn a_name_of_any_bytes_is_stored_and_comes_back() {
        for name in [&b"/v/app.log"[..], b"/v/\xff.log", b"/v/a\nb\x1b[31m", b"\xf0\x28\x8c\x28", b""] {
            for other in [None, Some(named(name))] {
                let holder = Holder { path: named(name), other };
                let json = serde_json::to_string(&holder).unwrap();
                assert_eq!(serde_json::from_str::<Holder>(&json).unwrap(), holder, "{json}");
            }
        }
        // What was stored before names were bytes.
        let old: Holder = serde_json::from_str(r#"{"path":"/v/app.log"}"#).unwrap();
        assert_eq!(old.path, Path::new("/v/app.log"));
    }

    #[test]
    fn different_names_are_shown_differently() {
        assert_eq!(shown(&named(b"x\xff.log")).to_string(), "x\\xff.log");
        assert_ne!(shown(&named(b"x\xff.log")).to_string(), shown(&named(b"x\xfe.log")).to_string());
        assert_eq!(shown(Path::new("ä\n.log")).to_string(), "ä\n.log");
    }
}
