//! Bundles `vocabulary/` into the binary.

mod bundle;

fn main() -> std::io::Result<()> {
    bundle::bundle("..", "vocabulary")
}
