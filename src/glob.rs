//! How the name of a file is compared with a pattern: `*`, `?`, `[..]` and `{a,b}` within one folder, `**` across
//! folders. The same on the command line and in the configuration.

use globset::{GlobBuilder, GlobMatcher};

/// Compiles a pattern.
///
/// # Errors
/// What is wrong with it, in words.
pub fn compile(pattern: &str) -> Result<GlobMatcher, String> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| error.kind().to_string())
}
