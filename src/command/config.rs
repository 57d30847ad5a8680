//! `soctop config`: a file to start from, or what is in force.

use super::print::Out;
use super::settings::{self, CliOverrides};
use crate::cli::ConfigArgs;
use crate::config;
use crate::exit::Exit;
use crate::text::Safe;

pub fn run(args: &ConfigArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    let text = if args.effective {
        let overrides = overrides.rules(&args.rules).store(&args.store).keep(args.keep).screen(&args.screen);
        let config = overrides.resolve()?;
        let data_dir = settings::data_dir(&config).ok();
        config::effective(&config, data_dir.as_deref())
    } else {
        config::template()
    };
    let mut out = Out::new();
    for line in text.lines() {
        out.line(Safe::with_limit(line, usize::MAX).as_str())?;
    }
    out.flush()?;
    Ok(Exit::Fine)
}
