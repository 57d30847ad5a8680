//! placeholder
#[derive(Default)]
pub struct Options {
    pub frames_per_second: u16,
    pub ascii: bool,
    pub reduced_motion: bool,
}
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct Error;
pub fn run(_: crate::pipeline::Handle, _: Options) -> Result<(), Error> {
    Ok(())
}
