//! The field names that the text formats give, interned once.

use super::batch::LISTS;
use super::packed::SIGNS;
use crate::event::{Event, Field, Kind, Mark, PathId, Paths, canonical};

macro_rules! names {
    ($($field:ident = $name:literal,)*) => {
        /// Paths of the fields of text formats.
        pub(super) struct Names {
            $(pub(super) $field: PathId,)*
            pub(super) message: PathId,
            /// Fields that may hold a line of their own, each with what says that they do.
            holders: Vec<Holder>,
            /// Whether a path is that of one of `holders`, by its index.
            holding: Vec<bool>,
            /// Lists at the top of a line that may hold events of their own.
            pub(super) lists: [PathId; LISTS.len()],
            /// Fields that may hold a packed line.
            pub(super) packed: [PathId; SIGNS.len()],
            /// Those of OpenTelemetry.
            pub(super) telemetry: [PathId; 2],
            /// Columns of PostgreSQL's csvlog after the time, under the names of its jsonlog.
            pub(super) csvlog: [PathId; 25],
            /// Columns of Zeek's tables: of each, and those of one, in the order of [`ZEEK`].
            pub(super) zeek_ends: [PathId; 6],
            pub(super) zeek: [Vec<PathId>; ZEEK.len()],
        }

        impl Names {
            pub(super) fn new(paths: &Paths) -> Self {
                Self {
                    $($field: paths.intern($name),)*
                    message: canonical::MESSAGE,
                    holders: HOLDERS.iter().map(|(by, name, signs)| Holder::new(by, name, signs, paths)).collect(),
                    lists: LISTS.map(|name| paths.intern(name)),
                    packed: SIGNS.map(|name| paths.intern(name)),
                    telemetry: ["resourceLogs", "resourceSpans"].map(|name| paths.intern(name)),
                    holding: by_index(HOLDERS.iter().map(|(_, name, _)| paths.intern(name))),
                    csvlog: CSVLOG.map(|name| paths.intern(name)),
                    zeek_ends: ZEEK_ENDS.map(|name| paths.intern(name)),
                    zeek: ZEEK.map(|columns| columns.iter().map(|name| paths.intern(name)).collect()),
                }
            }

            fn may_hold(&self, path: PathId) -> bool {
                self.holding.get(path.index()) == Some(&true)
            }

            /// The field, among those added since `start`, that holds a line, or an object.
            pub(super) fn held_line(&self, start: Mark, event: &Event) -> Option<Held> {
                let added = event.fields_since(start);
                let found = added.iter().enumerate().filter(|(_, field)| self.may_hold(field.path));
                let texts = found.filter(|(_, field)| field.kind == Kind::String && field.span.len > 1);
                let mut held = texts.filter_map(|(at, field)| {
                    let mut holders = self.holders.iter().filter(|holder| holder.path == field.path);
                    let has = |path: &PathId| added.iter().any(|field| field.path == *path);
                    let signed = |holder: &&Holder| holder.signs.iter().any(|all| all.iter().all(has));
                    let by = holders.find(signed).map(|holder| holder.by);
                    let quoted = || event.text(field.span).trim_start().starts_with('{');
                    let index = event.fields().len() - added.len() + at;
                    (by.is_some() || quoted()).then_some(Held { index, by })
                });
                held.next()
            }

            /// journald writes a message that is no clean text as an array of its bytes.
            pub(super) fn text_of_bytes(&self, start: Mark, event: &mut Event) {
                let added = event.fields_since(start);
                let is_array = |field: &Field| field.kind == Kind::Array && self.may_hold(field.path);
                let Some(at) = added.iter().position(is_array) else { return };
                let path = added.get(at).map(|field| field.path);
                let members = added.get(at + 1..).unwrap_or_default().iter().take_while(|field| Some(field.path) == path);
                let bytes: Option<Vec<u8>> = members.map(|field| event.text(field.span).parse().ok()).collect();
                let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else { return };
                let index = event.fields().len() - added.len() + at;
                let text = event.append_text(String::from_utf8_lossy(&bytes).trim_end());
                if let Some(field) = event.fields_mut().get_mut(index) {
                    (field.kind, field.span) = (Kind::String, text);
                }
            }
        }
    };
}

names! {
    time = "time",
    timestamp = "timestamp",
    stream = "stream",
    level = "level",
    logger = "logger",
    correlation_id = "correlation_id",
    pid = "pid",
    connection = "connection",
    client = "client",
    client_port = "client_port",
    bytes_sent = "bytes_sent",
    request = "request",
    status = "status",
    upstream = "upstream",
    remote_addr = "remote_addr",
    remote_user = "remote_user",
    time_local = "time_local",
    body_bytes_sent = "body_bytes_sent",
    http_host = "http_host",
    http_referer = "http_referer",
    http_user_agent = "http_user_agent",
    http_x_forwarded_for = "http_x_forwarded_for",
    other_header = "request_headers.other",
    hostname = "hostname",
    program = "program",
    msgid = "msgid",
    syslog_severity = "syslog.severity",
    trailing = "soctop.trailing",
    object = "message.object",
    stack_trace = "error.stack_trace",
    container = "container.name",
    pod = "kubernetes.pod.name",
    log_stream = "log_stream",
    method = "method",
    stem = "cs-uri-stem",
    stem_query = "cs-uri-query",
    date = "date",
    clock = "time",
    zone = "tz",
    url = "url",
    duration_ms = "duration_ms",
    bytes_received = "bytes_received",
    trace = "trace_id",
    windows_channel = "Event.System.Channel",
    cef_vendor = "cef.device.vendor",
    cef_product = "cef.device.product",
    cef_version = "cef.device.version",
    cef_id = "cef.device.event_class_id",
    cef_name = "cef.name",
    cef_severity = "cef.severity",
    packet_in = "IN",
    packet_out = "OUT",
    packet_from = "SRC",
    packet_to = "DST",
    packet_protocol = "PROTO",
    packet_from_port = "SPT",
    packet_to_port = "DPT",
}

/// Wrapper, the field that holds the line, and fields of which one shows that a shipper wrote the object and not
/// the program that is logged. Without such a sign a text is a text.
///
/// Signs with `+` between them show it only together.
const HOLDERS: [(&str, &str, &[&str]); 22] = [
    ("container", "log", &["stream", "kubernetes", "docker", "container_name", "container_id", "date"]),
    (
        "shipper",
        "message",
        &[
            "kubernetes",
            "docker",
            "container_name",
            "container_id",
            "container.name",
            "container.id",
            "agent.type",
            "agent.ephemeral_id",
            "log.file.path",
            "source_type",
            "beat.name",
            "logGroup",
            "logStream",
        ],
    ),
    (
        "journald",
        "MESSAGE",
        &[
            "__REALTIME_TIMESTAMP",
            "__CURSOR",
            "_HOSTNAME",
            "_PID",
            "_SYSTEMD_UNIT",
            "SYSLOG_IDENTIFIER",
            "PRIORITY",
        ],
    ),
    ("gelf", "short_message", &["version"]),
    ("cloud", "textPayload", &["logName", "insertId", "resource"]),
    ("collector", "event", &["sourcetype"]),
    ("otlp", "body", &["resourceLogs"]),
    ("loki", "line", &["labels", "stream"]),
    ("cloudwatch", "@message", &["@logStream", "@log", "@ptr", "@ingestionTime"]),
    ("splunk", "_raw", &["_time", "_cd", "_indextime", "sourcetype"]),
    ("splunk", "result._raw", &["result._time", "result._cd", "result.sourcetype"]),
    ("elastic", "_source.message", &["_source.agent.type", "_source.log.file.path", "_source.container.id"]),
    ("queue", "Message", &["TopicArn", "SigningCertURL", "MessageId"]),
    ("container", "LogEntry", &["ContainerID", "LogEntrySource"]),
    ("container", "LogMessage", &["ContainerId", "ContainerName", "PodName"]),
    ("queue", "Body", &["ReceiptHandle"]),
    ("queue", "body", &["receiptHandle", "eventSource+messageId"]),
    ("cloud", "properties", &["resourceId+category"]),
    ("cloud", "resultDescription", &["resourceId+category"]),
    ("container", "properties.log", &["resourceId+category", "properties.stream", "properties.Stream"]),
    ("container", "properties.Log", &["resourceId+category", "properties.stream", "properties.Stream"]),
    ("", "msg", &[]),
];

const CSVLOG: [&str; 25] = [
    "user",
    "dbname",
    "pid",
    "connection_from",
    "session_id",
    "line_num",
    "ps",
    "session_start",
    "vxid",
    "txid",
    "error_severity",
    "state_code",
    "message",
    "detail",
    "hint",
    "internal_query",
    "internal_position",
    "context",
    "statement",
    "cursor_position",
    "location",
    "application_name",
    "backend_type",
    "leader_pid",
    "query_id",
];

/// The columns with which tables of Zeek begin.
const ZEEK_ENDS: [&str; 6] = ["ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p"];

/// The columns behind those, of each table as far as they are read.
pub(super) const ZEEK: [&[&str]; 9] = [
    &["version", "auth_success", "auth_attempts", "direction", "client", "server"],
    &["proto", "service", "duration", "orig_bytes", "resp_bytes", "conn_state"],
    &["request_type", "client", "service", "success", "error_msg"],
    &["user", "password", "command", "arg", "mime_type", "file_size", "reply_code", "reply_msg"],
    &["fuid", "file_mime_type", "file_desc", "proto", "note", "msg", "sub", "src", "dst"],
    &["cookie", "result", "security_protocol"],
    &["username", "mac", "framed_addr", "tunnel_client", "connect_info", "reply_msg", "result", "ttl"],
    &[
        "username",
        "hostname",
        "domainname",
        "server_nb_computer_name",
        "server_dns_computer_name",
        "server_tree_name",
        "success",
    ],
    &["cmd", "arg", "success", "rows", "response"],
];

/// True at the indices of these paths.
fn by_index(paths: impl Iterator<Item = PathId>) -> Vec<bool> {
    let mut found = Vec::new();
    for path in paths {
        found.resize(found.len().max(path.index() + 1), false);
        if let Some(found) = found.get_mut(path.index()) {
            *found = true;
        }
    }
    found
}

/// A field that may hold a line, see [`HOLDERS`].
struct Holder {
    by: &'static str,
    path: PathId,
    /// Each a group of fields that show it together.
    signs: Vec<Vec<PathId>>,
}

impl Holder {
    fn new(by: &'static str, name: &str, signs: &[&str], paths: &Paths) -> Self {
        let group = |sign: &&str| sign.split('+').map(|name| paths.intern(name)).collect();
        Self { by, path: paths.intern(name), signs: signs.iter().map(group).collect() }
    }
}

/// A text that is a line of its own, or holds an object.
pub(super) struct Held {
    /// Of the field.
    pub(super) index: usize,
    /// The wrapper; `None`: nothing shows that there is one, the text is only quoted.
    pub(super) by: Option<&'static str>,
}
