//! `soctop watch`: the live dashboard.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::live;
use super::process;
use super::settings::{self, CliOverrides};
use crate::cli::{From, WatchArgs};
use crate::config::{Config, Environment, RuleFiles, SourceConfig, VocabularyFiles};
use crate::exit::{Exit, Hinted};
use crate::pipeline::{Clock, LiveOptions};
use crate::receive::{Listener, Listeners, Token};
use crate::source;
use crate::view::scene::Stream;

pub fn run(args: &WatchArgs, overrides: CliOverrides) -> anyhow::Result<Exit> {
    if let Some(user) = &args.user {
        process::become_user(user)?;
    }
    let overrides = overrides.rules(&args.rules).store(&args.store).keep(args.keep).screen(&args.screen);
    let config = overrides.resolve()?;
    let received = received(args)?;
    let inputs = inputs(&args.inputs, !received.listeners.is_empty(), &config)?;
    let data_dir = settings::data_dir(&config)?;
    let (files, loaded) = RuleFiles::open(&config)?;
    let plain = live::is_plain(&args.screen);
    process::warn_of_root();
    // The dashboard opens rules in an editor, which is held to the same folders.
    let edited: Vec<PathBuf> = if plain { Vec::new() } else { files.paths().map(Path::to_owned).collect() };
    process::confine(&[writable(&data_dir, &received)?, edited].concat());
    if plain {
        live::report_rule_problems(&loaded);
        live::refuse_without_rules(&loaded)?;
    }
    let (lines, printed) = live::plain_lines();
    let running = live::start(LiveOptions {
        inputs,
        received,
        from: match args.from {
            From::Start => source::From::Start,
            From::End => source::From::End,
        },
        follow: true,
        routing: config.rules.routing.value,
        vocabulary: live::load_vocabulary(&config)?,
        benign: live::known_benign(&config),
        vocabulary_files: VocabularyFiles::open(&config.rules.vocabulary.value)?,
        data_dir,
        retention: settings::retention(&config),
        limits: settings::limits(&config),
        clock: Clock::Wall,
        plain: plain.then_some(lines),
        rules: loaded,
        sources: config.sources.clone(),
        redaction: config.redaction.clone(),
        reload: Some(files.following(overrides.flags(), Environment::read(), &config)),
    })?;
    if plain {
        live::print_alerts(running, printed)
    } else {
        live::show(running, &config, Stream::Live, None)
    }
}

/// The folders that a watching soctop writes to; reports lie where it was started.
fn writable(data_dir: &Path, received: &Listeners) -> anyhow::Result<Vec<PathBuf>> {
    std::fs::create_dir_all(data_dir)
        .with_context(|| format!("cannot make the data directory `{}`", crate::event::shown(data_dir)))?;
    let sockets = received.listeners.iter().filter_map(Listener::folder);
    let started_in = std::env::current_dir().ok();
    Ok(sockets.chain([data_dir]).map(Path::to_owned).chain(started_in).collect())
}

/// What to receive, and what its senders must know.
fn received(args: &WatchArgs) -> anyhow::Result<Listeners> {
    let token = args.listen_token_file.as_deref().map(read_token).transpose()?;
    let mut listeners: Vec<Listener> =
        args.listen.iter().map(|word| word.parse()).collect::<Result<_, _>>()?;
    let units = args.journald.iter().map(|unit| Some(unit.clone()).filter(|unit| !unit.is_empty()));
    listeners.extend(units.map(Listener::Journal));
    Ok(Listeners { listeners, token }.guarded()?)
}

fn read_token(file: &Path) -> anyhow::Result<Token> {
    let name = crate::event::shown(file);
    let secret = std::fs::read(file).with_context(|| format!("cannot read the secret in `{name}`"))?;
    Token::new(&secret).ok_or_else(|| {
        Hinted::error(
            format!("the secret in `{name}` is shorter than 16 bytes"),
            "make one: `head -c 24 /dev/urandom | base64`",
        )
    })
}

/// What to read: what is named, else what is configured. Nothing need be read where something `is_received`.
fn inputs(words: &[String], is_received: bool, config: &Config) -> anyhow::Result<Vec<source::Input>> {
    if words.is_empty() {
        let configured = config.sources.iter().flat_map(SourceConfig::watched);
        let inputs: Vec<_> = configured.map(source::Input::parse).collect::<Result<_, _>>()?;
        if inputs.is_empty() && !is_received {
            return Err(Hinted::error(
                "nothing to watch",
                "name files, globs, folders or `-`: `soctop watch /var/log/app/*.log`; `soctop demo` needs nothing",
            ));
        }
        return Ok(inputs);
    }
    Ok(words.iter().map(source::Input::parse).collect::<Result<_, _>>()?)
}
