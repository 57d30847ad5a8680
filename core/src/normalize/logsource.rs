//! Sigma logsources of recognised writers.
//!
//! Only what the format or the names of the fields prove is set; the rest stays unknown, which agrees
//! with every rule. A JSON line of some application is left unknown on purpose: it may speak of logins
//! (`category: application`) and of requests (`category: webserver`) alike. So is a line of text whose fields are
//! those of a request.

use crate::event::{Event, Format, LogSource};

/// Signs of writers, as bits; a writer is recognised when all of its signs are there.
const SIGNS: &[(&str, u16)] = &[
    ("error_severity", 1),
    ("backend_type", 1 << 1),
    ("session_id", 1 << 1),
    ("record.error_severity", 1 << 15),
    ("remote_addr", 1 << 2),
    ("body_bytes_sent", 1 << 3),
    ("upstream_response_time", 1 << 3),
    ("request_time", 1 << 3),
    ("EventID", 1 << 4),
    ("Channel", 1 << 5),
    ("Provider_Name", 1 << 5),
    ("Computer", 1 << 5),
    ("eventSource", 1 << 6),
    ("awsRegion", 1 << 7),
    ("auditID", 1 << 8),
    ("objectRef", 1 << 9),
    ("request_body", REQUEST_PART),
    ("http.request.body.content", REQUEST_PART),
    ("http_cookie", REQUEST_PART),
    ("cookie", REQUEST_PART),
    ("cs-cookie", REQUEST_PART),
    ("request_headers", REQUEST_PART),
    ("_SYSTEMD_UNIT", 1 << 10),
    ("__REALTIME_TIMESTAMP", 1 << 10),
    ("@t", 1 << 11),
    ("@mt", 1 << 13),
    ("@m", 1 << 13),
];

const POSTGRES: u16 = 1 | 1 << 1;
const POSTGRES_OPERATOR: u16 = 1 << 15;
const NGINX: u16 = 1 << 2 | 1 << 3;
const WINDOWS: u16 = 1 << 4 | 1 << 5;
const CLOUDTRAIL: u16 = 1 << 6 | 1 << 7;
const KUBERNETES: u16 = 1 << 8 | 1 << 9;
const JOURNAL: u16 = 1 << 10;

const COMPACT: u16 = 1 << 11 | 1 << 13;

/// Whether the line is of nginx.
pub(super) fn is_nginx(marks: u16) -> bool {
    marks & NGINX == NGINX
}

/// Whether the line is in Serilog's compact format.
pub(super) fn is_compact(marks: u16) -> bool {
    marks & COMPACT == COMPACT
}

/// The line has parts of a request beside its target.
pub(super) const REQUEST_PART: u16 = 1 << 12;

/// The signs that a field of this name is.
pub(super) fn marks(name: &str) -> u16 {
    SIGNS.iter().filter(|(sign, _)| *sign == name).fold(0, |marks, (_, bit)| marks | bit)
}

/// The logsources that can be assigned, ready to be cloned.
pub(super) struct LogSources {
    database: LogSource,
    nginx: LogSource,
    webserver: LogSource,
    application: LogSource,
    linux: LogSource,
    windows: LogSource,
    cloudtrail: LogSource,
    kubernetes: LogSource,
}

impl Default for LogSources {
    fn default() -> Self {
        Self {
            database: source("database", "postgresql", ""),
            nginx: source("webserver", "", "nginx"),
            webserver: source("webserver", "", ""),
            application: source("application", "", ""),
            linux: source("", "linux", ""),
            windows: source("", "windows", ""),
            cloudtrail: source("", "aws", "cloudtrail"),
            kubernetes: source("", "kubernetes", "audit"),
        }
    }
}

fn source(category: &str, product: &str, service: &str) -> LogSource {
    let name = |text: &str| (!text.is_empty()).then(|| text.into());
    LogSource { category: name(category), product: name(product), service: name(service) }
}

impl LogSources {
    /// Sets the logsource that format and signs prove, if any; `is_request`: its fields are those of a request.
    pub(super) fn assign(&self, event: &mut Event, marks: u16, is_request: bool) {
        let has = |signs: u16| marks & signs == signs;
        let source = match event.meta.format {
            Format::NginxError => &self.nginx,
            Format::Nginx | Format::Access => &self.webserver,
            Format::PostgresCsv => &self.database,
            Format::Syslog => &self.linux,
            Format::TextLog if is_request => return,
            Format::TextLog => &self.application,
            Format::Plain => return,
            Format::Json | Format::Logfmt if marks & !REQUEST_PART == 0 => return,
            Format::Json | Format::Logfmt => {
                if has(POSTGRES) || has(POSTGRES_OPERATOR) {
                    &self.database
                } else if has(NGINX) {
                    &self.nginx
                } else if has(WINDOWS) {
                    &self.windows
                } else if has(CLOUDTRAIL) {
                    &self.cloudtrail
                } else if has(KUBERNETES) {
                    &self.kubernetes
                } else if has(JOURNAL) {
                    &self.linux
                } else {
                    return;
                }
            }
        };
        event.meta.logsource = source.clone();
    }
}
