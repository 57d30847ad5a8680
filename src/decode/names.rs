//! The field names that the text formats give, interned once.

use crate::event::{PathId, Paths, canonical};

macro_rules! names {
    ($($field:ident = $name:literal,)*) => {
        /// Paths of the fields of text formats.
        pub(super) struct Names {
            $(pub(super) $field: PathId,)*
            pub(super) message: PathId,
            pub(super) log: PathId,
            /// Fields that are known to hold JSON as text.
            pub(super) wrapping: [PathId; 7],
            /// Columns of PostgreSQL's csvlog after the time, under the names of its jsonlog.
            pub(super) csvlog: [PathId; 25],
        }

        impl Names {
            pub(super) fn new(paths: &Paths) -> Self {
                Self {
                    $($field: paths.intern($name),)*
                    message: canonical::MESSAGE,
                    log: paths.intern("log"),
                    wrapping: WRAPPING.map(|name| paths.intern(name)),
                    csvlog: CSVLOG.map(|name| paths.intern(name)),
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
    hostname = "hostname",
    program = "program",
    msgid = "msgid",
    syslog_severity = "syslog.severity",
}

const WRAPPING: [&str; 7] = ["message", "log", "msg", "MESSAGE", "textPayload", "short_message", "event"];

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
