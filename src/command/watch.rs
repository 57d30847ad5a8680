//! `soctop watch`: the live dashboard.

use super::live;
use super::process;
use super::settings::{self, CliOverrides};
use crate::cli::{From, WatchArgs};
use crate::config::{Config, Environment, RuleFiles, SourceConfig};
use crate::exit::{Exit, Hinted};
use crate::pipeline::{Clock, LiveOptions};
use crate::source;
use crate::view::scene::Stream;

pub fn run(args: &WatchArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    let overrides = overrides.rules(&args.rules).store(&args.store).screen(&args.screen);
    let config = overrides.resolve()?;
    let inputs = inputs(&args.inputs, &config)?;
    let data_dir = settings::data_dir(&config)?;
    let (files, loaded) = RuleFiles::open(&config)?;
    let plain = live::is_plain(&args.screen);
    process::warn_of_root();
    if plain {
        live::report_rule_problems(&loaded);
        live::refuse_without_rules(&loaded)?;
    }
    let (lines, printed) = live::plain_lines();
    let running = live::start(LiveOptions {
        inputs,
        from: match args.from {
            From::Start => source::From::Start,
            From::End => source::From::End,
        },
        follow: true,
        routing: config.rules.routing.value,
        vocabulary: live::load_vocabulary(&config)?,
        data_dir,
        clock: Clock::Wall,
        plain: plain.then_some(lines),
        rules: loaded,
        sources: config.sources.clone(),
        redaction: config.redaction.clone(),
        reload: Some(files.following(overrides.flags(), Environment::read(), &config)),
    })?;
    if plain { live::print_alerts(running, printed) } else { live::show(running, &config, Stream::Live) }
}

/// What to read: what is named, else what is configured.
fn inputs(words: &[String], config: &Config) -> anyhow::Result<Vec<source::Input>> {
    if words.is_empty() {
        let configured = config.sources.iter().flat_map(SourceConfig::watched);
        let inputs: Vec<_> = configured.map(source::Input::parse).collect::<Result<_, _>>()?;
        if inputs.is_empty() {
            return Err(Hinted::error(
                "nothing to watch",
                "name files, globs, folders or `-`: `soctop watch /var/log/app/*.log`; `soctop demo` needs nothing",
            ));
        }
        return Ok(inputs);
    }
    Ok(words.iter().map(source::Input::parse).collect::<Result<_, _>>()?)
}
