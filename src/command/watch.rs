//! `soctop watch`: the live dashboard.

use super::live;
use crate::cli::{From, WatchArgs};
use crate::config;
use crate::exit::{Exit, Hinted};
use crate::pipeline::{self, Clock, LiveOptions};
use crate::source;
use crate::view::scene::Stream;

pub fn run(args: &WatchArgs) -> anyhow::Result<Exit> {
    let inputs = inputs(&args.inputs)?;
    let data_dir = config::data_dir(args.store.data_dir.as_deref())?;
    let loaded = live::load_rules(&args.rules)?;
    let plain = live::is_plain(&args.screen);
    if plain {
        live::report_rule_problems(&loaded);
    }
    let (alerts, printed) = crossbeam_channel::bounded(pipeline::PLAIN_ALERTS);
    let running = live::start(LiveOptions {
        inputs,
        from: match args.from {
            From::Start => source::From::Start,
            From::End => source::From::End,
        },
        follow: true,
        routing: !args.rules.no_routing,
        data_dir,
        clock: Clock::Wall,
        alerts: plain.then_some(alerts),
        rules: loaded,
    })?;
    if plain { live::print_alerts(running, printed) } else { live::show(running, &args.screen, Stream::Live) }
}

/// What to read; with nothing on the command line there is nothing to guess.
fn inputs(words: &[String]) -> anyhow::Result<Vec<source::Input>> {
    if words.is_empty() {
        return Err(Hinted::error(
            "nothing to watch",
            "name files, globs, folders or `-`: `soctop watch /var/log/app/*.log`; `soctop demo` needs nothing",
        ));
    }
    Ok(words.iter().map(source::Input::parse).collect::<Result<_, _>>()?)
}
