//! placeholder
pub fn run(_: &crate::cli::RulesArgs) -> anyhow::Result<crate::exit::Exit> {
    Ok(crate::exit::Exit::Fine)
}
