//! The `soctop:` block of a rule: what Sigma cannot say, as data.
//!
//! The block is one root key beside Sigma's own, so that every other tool ignores it: a rule
//! without its block is still valid Sigma and means nearly the same (the *fallback law*). Here the
//! block is only read and checked; `correlate`, `incident`, `states` and `risk` give it meaning.
//! The vocabulary with an example of every key is `docs/soctop-block.md`.
//!
//! Unknown keys are errors with a suggestion. A block with an error is refused as a whole, because
//! half a block would silently mean something else; the Sigma part of the rule still runs.

mod read;
mod states;
mod template;

use crate::event::number::to_usize;
use crate::event::{DAY, Nanos};
use crate::sigma::Level;
use crate::yaml::{Diagnostic, Node, Position, Spanned};

pub use read::duration;
pub use states::{Flapping, From as StateFrom, Input as StateInput, StateTimeout, StateTransition, States};
pub use template::{Template, TemplatePart};

use read::Reader;

/// Everything a `soctop:` block can say. `Default` is an empty block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extension {
    pub alert: AlertOptions,
    pub show: Option<Template>,
    pub window: WindowKind,
    pub bucket: Option<Bucket>,
    pub ratio: Option<Ratio>,
    pub absent: Option<Absent>,
    pub heartbeat: Option<Heartbeat>,
    pub states: Option<States>,
    /// Rules whose open incident about the same this one goes on with instead of opening its own.
    pub joins: Vec<Spanned<String>>,
    /// Rules whose match clears the group.
    pub reset_on: Vec<Spanned<String>>,
    pub once_per: Option<OncePer>,
    /// Least count per step of a temporal rule, by rule reference.
    pub runs: Vec<(Spanned<String>, u32)>,
    pub interval: Option<Interval>,
    pub baseline: Option<Baseline>,
    pub first_seen: Option<FirstSeen>,
    pub risk: Option<RiskOptions>,
    pub escalate: Option<Escalate>,
    pub tie: Tie,
    /// How far behind the newest event time of its source an event may arrive and still be exact.
    pub lateness: Option<Nanos>,
    /// Tests written in the rule; `soctop rules test` runs them.
    pub tests: Vec<Node>,
}

impl Extension {
    /// The rules that the block refers to by id or name, as written; one may stand more than once.
    pub fn rules_named(&self) -> impl Iterator<Item = &str> {
        let states = self.states.iter().flat_map(|states| {
            let inputs = states.on.iter().filter_map(|transition| match &transition.input {
                states::Input::Rule(rule) => Some(rule),
                states::Input::Firing => None,
            });
            inputs.chain(&states.logged)
        });
        let ratio = self.ratio.iter().flat_map(|ratio| [&ratio.of, &ratio.among]);
        let absent = self.absent.iter().flat_map(|absent| [&absent.after, &absent.expect]);
        let lists = self.joins.iter().chain(&self.reset_on);
        lists.chain(states).chain(ratio).chain(absent).map(|rule| rule.value.as_str())
    }
}

/// `alert:` how firings become incidents.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertOptions {
    /// `alert: false`: no incidents; risk and states still work.
    pub enabled: bool,
    /// The key was written: also an informational rule raises incidents.
    pub given: bool,
    /// Fields that make one incident of matches of a plain detection. Empty: the default keys.
    pub group_by: Vec<String>,
    /// After an incident closes its group raises no new one for this long.
    pub suppress: Option<Nanos>,
    /// A new incident needs the value to have been below this since the last one closed.
    pub rearm_below: Option<f64>,
    /// Quiet time after which an incident closes.
    pub close_after: Option<Nanos>,
}

impl Default for AlertOptions {
    fn default() -> Self {
        Self {
            enabled: true,
            given: false,
            group_by: Vec::new(),
            suppress: None,
            rearm_below: None,
            close_after: None,
        }
    }
}

/// `window:` which events an event time looks back at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum WindowKind {
    /// The last `timespan`.
    #[default]
    Sliding,
    /// From the last multiple of `timespan` since 1970.
    Tumbling,
    /// From the last pause longer than `gap`, `timespan` at most.
    Session { gap: Nanos },
    /// The newest `count` events, `timespan` at most.
    Last { count: usize },
}

/// `bucket:` a leaky bucket: fires at every event that finds it full.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    pub capacity: u32,
    /// One event leaks out in this time.
    pub leak: Nanos,
}

/// `ratio:` share of the events of `of` among those of `in`.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratio {
    pub of: Spanned<String>,
    pub among: Spanned<String>,
    pub gte: f64,
    /// Least number of events of `in`.
    pub min: u32,
}

/// `absent:` an expected event does not come.
#[derive(Clone, Debug, PartialEq)]
pub struct Absent {
    pub after: Spanned<String>,
    pub expect: Spanned<String>,
    pub within: Nanos,
}

/// `heartbeat:` a regular event stays away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heartbeat {
    pub every: Nanos,
    /// Silent after this many missed beats.
    pub grace: u32,
    /// A key that stays silent this long is forgotten.
    pub forget: Nanos,
}

/// `interval:` spacing of the newest events: low and slow, beaconing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub of_last: usize,
    pub median_gte: Option<Nanos>,
    pub median_lte: Option<Nanos>,
    /// Standard deviation of the intervals as a share of their mean, at most.
    pub jitter_lte: Option<f64>,
}

/// `baseline:` the current window against the group's own history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Baseline {
    pub season: Season,
    pub learn: Nanos,
    pub factor: f64,
    /// Least value that can be a spike.
    pub min: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Season {
    #[default]
    None,
    HourOfDay,
    HourOfWeek,
}

/// `first_seen:` a value or combination that was never seen before.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstSeen {
    pub fields: Vec<String>,
    /// Nothing fires before this much event time has been learned from.
    pub learn: Nanos,
    /// A value unseen for this long is new again.
    pub forget: Option<Nanos>,
}

/// `risk:` points for entities.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskOptions {
    pub points: f64,
    /// Fields whose values are the entities.
    pub entities: Vec<String>,
    pub half_life: Nanos,
    /// The most this rule can add to one entity.
    pub cap: f64,
    /// An incident of type `risk` while the score of the entity, of all rules together, is this or more.
    pub alert_at: Option<f64>,
    /// The points are multiplied by the number of ATT&CK tactics among the rules that the entity has
    /// points of.
    pub tactics: bool,
}

/// `once_per:` events of a plain detection that several streams write are one fact.
#[derive(Clone, Debug, PartialEq)]
pub struct OncePer {
    /// By these it is known; the first must be there.
    pub fields: Vec<String>,
    /// From one copy to the next, at most.
    pub within: Nanos,
    pub at: Position,
}

/// `escalate:` the level of the incident that is at least the `after`-th within `within`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Escalate {
    pub after: u32,
    pub within: Nanos,
    pub level: Level,
}

/// `tie:` whether equal timestamps have an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tie {
    /// Equal times are no order (Sigma).
    #[default]
    Strict,
    /// The order of reading breaks ties: for logs with whole seconds.
    Sequence,
}

/// The keys of a block, in the order of the documentation.
pub const KEYS: &[&str] = &[
    "schema",
    "alert",
    "joins",
    "show",
    "states",
    "reset_on",
    "until",
    "once_per",
    "risk",
    "window",
    "gap",
    "last",
    "bucket",
    "ratio",
    "absent",
    "heartbeat",
    "runs",
    "interval",
    "escalate",
    "first_seen",
    "baseline",
    "tie",
    "lateness",
    "tests",
];

/// Reads a `soctop:` block. Every mistake is a diagnostic at its place; with any error the block
/// is not returned.
#[must_use]
pub fn parse(block: &Node) -> (Option<Extension>, Vec<Diagnostic>) {
    let mut reader = Reader::default();
    let extension = extension(block, &mut reader);
    let refused = reader.has_errors();
    (extension.filter(|_| !refused), reader.diagnostics)
}

fn extension(block: &Node, reader: &mut Reader) -> Option<Extension> {
    let map = reader.map(block, "soctop", KEYS)?;
    check_schema(&map, block, reader);
    let mut out = Extension::default();
    if let Some(node) = map.get("alert") {
        out.alert = alert(node, reader);
    }
    out.joins = map.get("joins").map(|node| reader.references(node)).unwrap_or_default();
    out.show = map.get("show").and_then(|node| reader.template(node));
    out.states = map.get("states").and_then(|node| states::parse(node, reader));
    for key in ["reset_on", "until"] {
        out.reset_on.extend(map.get(key).map(|node| reader.references(node)).unwrap_or_default());
    }
    out.once_per = map.get("once_per").and_then(|node| once_per(node, reader));
    out.risk = map.get("risk").and_then(|node| risk(node, reader));
    out.window = window(&map, block, reader);
    out.bucket = bucket(&map, block, reader);
    out.ratio = map.get("ratio").and_then(|node| ratio(node, reader));
    out.absent = map.get("absent").and_then(|node| absent(node, reader));
    out.heartbeat = map.get("heartbeat").and_then(|node| heartbeat(node, reader));
    out.runs = map.get("runs").map(|node| runs(node, reader)).unwrap_or_default();
    out.interval = map.get("interval").and_then(|node| interval(node, reader));
    out.escalate = map.get("escalate").and_then(|node| escalate(node, reader));
    out.first_seen = map.get("first_seen").and_then(|node| first_seen(node, reader));
    out.baseline = map.get("baseline").and_then(|node| baseline(node, reader));
    if let Some(node) = map.get("tie") {
        let words = [("strict", Tie::Strict), ("sequence", Tie::Sequence)];
        out.tie = reader.word(node, "tie", &words).unwrap_or_default();
    }
    out.lateness = map.get("lateness").and_then(|node| reader.duration(node));
    out.tests = map.get("tests").map(|node| reader.list(node)).unwrap_or_default();
    Some(out)
}

fn check_schema(map: &read::Map<'_>, block: &Node, reader: &mut Reader) {
    match map.get("schema") {
        Some(node) if reader.number(node) == Some(1.0) => {}
        Some(node) => reader.error(node, "`schema` must be 1, the only version there is"),
        None => reader.error_with_hint(
            block,
            "the `soctop` block lacks `schema`",
            "write `schema: 1` as its first key",
        ),
    }
}

fn alert(node: &Node, reader: &mut Reader) -> AlertOptions {
    if let Some(enabled) = read::boolean(node) {
        return AlertOptions { enabled, given: true, ..AlertOptions::default() };
    }
    let keys = ["group-by", "suppress", "rearm_below", "close_after"];
    let Some(map) = reader.map(node, "alert", &keys) else { return AlertOptions::default() };
    AlertOptions {
        enabled: true,
        given: true,
        group_by: map.get("group-by").map(|node| reader.strings(node)).unwrap_or_default(),
        suppress: map.get("suppress").and_then(|node| reader.duration(node)),
        rearm_below: map.get("rearm_below").and_then(|node| reader.number(node)),
        close_after: map.get("close_after").and_then(|node| reader.duration(node)),
    }
}

fn window(map: &read::Map<'_>, block: &Node, reader: &mut Reader) -> WindowKind {
    #[derive(Clone, Copy, PartialEq)]
    enum Word {
        Sliding,
        Tumbling,
        Session,
        Bucket,
        Last,
    }
    let words = [
        ("sliding", Word::Sliding),
        ("tumbling", Word::Tumbling),
        ("session", Word::Session),
        ("bucket", Word::Bucket),
        ("last", Word::Last),
    ];
    let named = map.get("window").and_then(|node| reader.word(node, "window", &words));
    let implied = if map.get("last").is_some() {
        Word::Last
    } else if map.get("bucket").is_some() {
        Word::Bucket
    } else if map.get("gap").is_some() {
        Word::Session
    } else {
        Word::Sliding
    };
    let word = named.unwrap_or(implied);
    if implied != Word::Sliding && word != implied {
        reader.error(block, "`window` contradicts `gap`, `last` or `bucket`: keep one of them");
    }
    match word {
        Word::Sliding | Word::Bucket => WindowKind::Sliding,
        Word::Tumbling => WindowKind::Tumbling,
        Word::Session => match map.get("gap") {
            Some(node) => WindowKind::Session { gap: reader.duration(node).unwrap_or(1) },
            None => {
                reader.error_with_hint(block, "`window: session` lacks `gap`", "write for example `gap: 5m`");
                WindowKind::Sliding
            }
        },
        Word::Last => match map.get("last") {
            Some(node) => WindowKind::Last { count: to_usize(reader.count(node).unwrap_or(1)) },
            None => {
                reader.error_with_hint(block, "`window: last` lacks `last`", "write for example `last: 100`");
                WindowKind::Sliding
            }
        },
    }
}

fn bucket(map: &read::Map<'_>, block: &Node, reader: &mut Reader) -> Option<Bucket> {
    let Some(node) = map.get("bucket") else {
        if map.get("window").and_then(read::text) == Some("bucket") {
            reader.error_with_hint(
                block,
                "`window: bucket` lacks `bucket`",
                "write for example `bucket: {capacity: 5, leak: 10s}`",
            );
        }
        return None;
    };
    let map = reader.map(node, "bucket", &["capacity", "leak"])?;
    let capacity = reader.required(&map, node, "capacity").and_then(|node| reader.count(node));
    let leak = reader.required(&map, node, "leak").and_then(|node| reader.duration(node));
    Some(Bucket { capacity: capacity?, leak: leak? })
}

fn ratio(node: &Node, reader: &mut Reader) -> Option<Ratio> {
    let map = reader.map(node, "ratio", &["of", "in", "gte", "min"])?;
    let of = reader.required(&map, node, "of").and_then(|node| reader.reference(node));
    let among = reader.required(&map, node, "in").and_then(|node| reader.reference(node));
    let gte = reader.required(&map, node, "gte").and_then(|node| reader.share(node));
    let min = map.get("min").map_or(Some(1), |node| reader.count(node));
    Some(Ratio { of: of?, among: among?, gte: gte?, min: min? })
}

fn absent(node: &Node, reader: &mut Reader) -> Option<Absent> {
    let map = reader.map(node, "absent", &["after", "expect", "within"])?;
    let after = reader.required(&map, node, "after").and_then(|node| reader.reference(node));
    let expect = reader.required(&map, node, "expect").and_then(|node| reader.reference(node));
    let within = reader.required(&map, node, "within").and_then(|node| reader.duration(node));
    Some(Absent { after: after?, expect: expect?, within: within? })
}

fn heartbeat(node: &Node, reader: &mut Reader) -> Option<Heartbeat> {
    let map = reader.map(node, "heartbeat", &["every", "grace", "learn_keys", "forget"])?;
    let every = reader.required(&map, node, "every").and_then(|node| reader.duration(node));
    let grace = map.get("grace").map_or(Some(3), |node| reader.count(node));
    if let Some(node) = map.get("learn_keys")
        && read::boolean(node) != Some(true)
    {
        reader.error(node, "`learn_keys` can only be true: the keys are those that were seen");
    }
    let forget = map.get("forget").map_or(Some(DAY), |node| reader.duration(node));
    Some(Heartbeat { every: every?, grace: grace?, forget: forget? })
}

fn runs(node: &Node, reader: &mut Reader) -> Vec<(Spanned<String>, u32)> {
    let entries = reader.entries(node, "runs");
    entries
        .into_iter()
        .filter_map(|(key, node)| reader.count(node).map(|count| (key.clone(), count)))
        .collect()
}

fn interval(node: &Node, reader: &mut Reader) -> Option<Interval> {
    let keys = ["of_last", "median_gte", "median_lte", "jitter_lte"];
    let map = reader.map(node, "interval", &keys)?;
    let of_last = reader.required(&map, node, "of_last").and_then(|node| reader.count(node))?;
    if of_last < 3 {
        reader.error(node, "`of_last` must be at least 3: two intervals are the least that can be compared");
    }
    let interval = Interval {
        of_last: to_usize(of_last),
        median_gte: map.get("median_gte").and_then(|node| reader.duration(node)),
        median_lte: map.get("median_lte").and_then(|node| reader.duration(node)),
        jitter_lte: map.get("jitter_lte").and_then(|node| reader.share(node)),
    };
    if interval.median_gte.is_none() && interval.median_lte.is_none() && interval.jitter_lte.is_none() {
        reader.error(node, "`interval` needs one of `median_gte`, `median_lte` and `jitter_lte`");
    }
    Some(interval)
}

fn escalate(node: &Node, reader: &mut Reader) -> Option<Escalate> {
    let map = reader.map(node, "escalate", &["after", "within", "level"])?;
    let after = reader.required(&map, node, "after").and_then(|node| reader.count(node));
    let within = reader.required(&map, node, "within").and_then(|node| reader.duration(node));
    let words = Level::ALL.map(|level| (level.word(), level));
    let level = reader.required(&map, node, "level").and_then(|node| reader.word(node, "level", &words));
    Some(Escalate { after: after?, within: within?, level: level? })
}

fn once_per(node: &Node, reader: &mut Reader) -> Option<OncePer> {
    let map = reader.map(node, "once_per", &["fields", "within"])?;
    let fields = reader.required(&map, node, "fields").map(|node| reader.strings(node))?;
    let within = reader.required(&map, node, "within").and_then(|node| reader.duration(node))?;
    if fields.is_empty() {
        reader.error(node, "`fields` names no field");
    }
    if within > HALF_HOUR {
        reader.error(node, "`within` is at most 30m: copies are written at the same time");
    }
    Some(OncePer { fields, within, at: node.at.clone() })
}

fn first_seen(node: &Node, reader: &mut Reader) -> Option<FirstSeen> {
    let map = reader.map(node, "first_seen", &["field", "learn", "forget"])?;
    let fields = reader.required(&map, node, "field").map(|node| reader.strings(node));
    let learn = map.get("learn").map_or(Some(0), |node| reader.duration_from_zero(node));
    let forget = map.get("forget").and_then(|node| reader.duration(node));
    Some(FirstSeen { fields: fields?, learn: learn?, forget })
}

fn baseline(node: &Node, reader: &mut Reader) -> Option<Baseline> {
    let map = reader.map(node, "baseline", &["method", "season", "learn", "factor", "min"])?;
    if let Some(node) = map.get("method") {
        let _known: Option<()> = reader.word(node, "method", &[("ewma", ())]);
    }
    let seasons =
        [("none", Season::None), ("hour_of_day", Season::HourOfDay), ("hour_of_week", Season::HourOfWeek)];
    let season = map.get("season").map_or(Some(Season::None), |node| reader.word(node, "season", &seasons));
    let learn = map.get("learn").map_or(Some(0), |node| reader.duration_from_zero(node));
    let factor = reader.required(&map, node, "factor").and_then(|node| reader.number(node));
    let min = map.get("min").map_or(Some(1.0), |node| reader.number(node));
    Some(Baseline { season: season?, learn: learn?, factor: factor?, min: min? })
}

fn risk(node: &Node, reader: &mut Reader) -> Option<RiskOptions> {
    let map = reader.map(node, "risk", &["points", "entity", "half_life", "cap", "alert_at", "tactics"])?;
    let points = reader.required(&map, node, "points").and_then(|node| reader.number(node));
    let entities = reader.required(&map, node, "entity").map(|node| reader.strings(node));
    let half_life = map.get("half_life").map_or(Some(HALF_HOUR), |node| reader.duration(node));
    let cap = map.get("cap").map_or(Some(100.0), |node| reader.number(node));
    let alert_at = map.get("alert_at").and_then(|node| reader.number(node));
    let tactics = map.get("tactics").and_then(|node| {
        let flag = read::boolean(node);
        if flag.is_none() {
            reader.error(node, "`tactics` is true or false");
        }
        flag
    });
    if let Some(points) = points
        && points <= 0.0
    {
        reader.error(node, "`points` must be more than 0");
    }
    Some(RiskOptions {
        points: points?,
        entities: entities?,
        half_life: half_life?,
        cap: cap?,
        alert_at,
        tactics: tactics.unwrap_or(false),
    })
}

const HALF_HOUR: Nanos = 1_800_000_000_000;

#[cfg(test)]
mod tests;
