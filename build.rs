//! Bundles `queries/` into the binary.

#[path = "core/bundle.rs"]
mod bundle;

fn main() -> std::io::Result<()> {
    bundle::bundle("", "queries")
}
