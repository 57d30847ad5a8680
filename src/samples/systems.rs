//! How the five systems write: one method for each shape of line.

use serde_json::{Value, json};

use super::Tape;

pub const SHOP_APP: &str = "shop/app.log";
pub const SHOP_SECURITY: &str = "shop/security.log";
pub const SHOP_ERROR: &str = "shop/error.log";
pub const MARKET: &str = "market/stdout.log";
pub const MEDIA_ACCESS: &str = "media/access.json.log";
pub const MEDIA_NGINX_ERROR: &str = "media/error.log";
pub const MEDIA_API: &str = "media/api.log";
pub const POSTGRES: &str = "media/postgresql.json";
pub const LATTICE: &str = "lattice/server.log";
pub const ASSIST: &str = "assist/app.log";

pub const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";

/// A JSON object with its members in this order, spaced as Python's `json.dumps` does.
#[must_use]
pub fn spaced(pairs: &[(&str, Value)]) -> String {
    let members: Vec<String> =
        pairs.iter().map(|(key, value)| format!("\"{key}\": {}", spaced_value(value))).collect();
    format!("{{{}}}", members.join(", "))
}

fn spaced_value(value: &Value) -> String {
    let Value::Object(members) = value else {
        return value.to_string();
    };
    let members: Vec<String> =
        members.iter().map(|(key, value)| format!("{}: {}", json!(key), spaced_value(value))).collect();
    format!("{{{}}}", members.join(", "))
}

/// The same without spaces, as nginx and PostgreSQL write.
fn compact(pairs: &[(&str, Value)]) -> String {
    let members: Vec<String> = pairs.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// A request and its answer.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub ip: &'a str,
    pub method: &'a str,
    /// With the query.
    pub target: &'a str,
    pub status: u16,
    pub agent: &'a str,
}

impl<'a> Request<'a> {
    pub fn get(ip: &'a str, target: &'a str, status: u16) -> Self {
        Self { ip, method: "GET", target, status, agent: BROWSER }
    }

    pub fn post(ip: &'a str, target: &'a str, status: u16) -> Self {
        Self { method: "POST", ..Self::get(ip, target, status) }
    }

    fn path(&self) -> &'a str {
        self.target.split('?').next().unwrap_or(self.target)
    }

    fn query(&self) -> &'a str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    fn phrase(&self) -> &'static str {
        match self.status {
            200 => "OK",
            201 => "Created",
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            413 => "Request Entity Too Large",
            415 => "Unsupported Media Type",
            422 => "Unprocessable Entity",
            423 => "Locked",
            429 => "Too Many Requests",
            502 => "Bad Gateway",
            503 => "Service Unavailable",
            _ => "Internal Server Error",
        }
    }

    /// As the application server prints it.
    fn access_line(&self) -> String {
        let Self { ip, method, target, status, .. } = self;
        format!("INFO:     {ip}:0 - \"{method} {target} HTTP/1.1\" {status} {}", self.phrase())
    }
}

/// The shop: two JSON formatters, one of which drops most of what it is given.
impl Tape {
    pub fn shop(&mut self, at: u64, level: &str, logger: &str, message: &str, cid: &str) {
        let line = spaced(&[
            ("timestamp", json!(self.micros(at))),
            ("level", json!(level)),
            ("logger", json!(logger)),
            ("message", json!(message)),
            ("correlation_id", json!(cid)),
            ("service", json!("shop-api")),
            ("version", json!("6.2.1")),
            ("environment", json!("production")),
        ]);
        self.push(at, SHOP_APP, line);
    }

    /// The middleware's line (with a second id of its own) and the server's access line.
    pub fn shop_request(&mut self, at: u64, cid: &str, request: &Request<'_>) {
        let (took, id) = (self.random.millis(8), self.random.uuid());
        let Request { ip, method, target, status, .. } = request;
        let path = request.path();
        self.shop(
            at,
            "INFO",
            "api.request_log",
            &format!("🌐 {method} {path} - {status} - {took}ms - {ip} - {id}"),
            cid,
        );
        self.shop(
            at,
            "INFO",
            "uvicorn.access",
            &format!("{ip}:0 - \"{method} {target} HTTP/1.1\" {status}"),
            cid,
        );
    }

    pub fn shop_security(&mut self, at: u64, cid: &str, event: &SecurityEvent<'_>) {
        let line = spaced(&[
            ("timestamp", json!(self.micros(at))),
            ("event_type", json!("security")),
            ("level", json!(event.level)),
            ("message", json!(event.message)),
            ("correlation_id", json!(cid)),
            ("service", json!("shop-api")),
            ("security_category", json!(event.category)),
            ("threat_level", json!(event.threat)),
            ("user_id", json!(event.user)),
            ("client_ip", json!(event.ip)),
            ("user_agent", json!(event.ip.map(|_| BROWSER))),
        ]);
        self.push(at, SHOP_SECURITY, line);
    }

    pub fn shop_login(&mut self, at: u64, user: &str, ip: &str, success: bool) {
        let cid = self.random.uuid();
        self.shop_login_as(at, &cid, user, ip, success);
    }

    pub fn shop_login_as(&mut self, at: u64, cid: &str, user: &str, ip: &str, success: bool) {
        let (message, threat, status) = if success {
            ("Authentication login: SUCCESS", "low", 200)
        } else {
            ("Authentication login: FAILED", "medium", 401)
        };
        self.shop_security(
            at,
            cid,
            &SecurityEvent {
                level: "INFO",
                message,
                category: "authentication",
                threat,
                user: Some(user),
                ip: Some(ip),
            },
        );
        self.shop_request(at + 3, cid, &Request::post(ip, "/api/v1/auth/login", status));
    }

    pub fn shop_lockout(&mut self, at: u64, user: &str, ip: &str) {
        let cid = self.random.uuid();
        self.shop(
            at,
            "WARNING",
            "security.accounts",
            &format!("🔒 Account locked due to failed login attempts: {user}"),
            &cid,
        );
        self.shop_security(
            at + 1,
            &cid,
            &SecurityEvent {
                level: "WARNING",
                message: "Security violation: account_lockout",
                category: "violation",
                threat: "high",
                user: Some(user),
                ip: Some(ip),
            },
        );
    }

    pub fn shop_error(&mut self, at: u64, cid: &str, error_type: &str, error: &str, endpoint: &str) {
        let trace = format!(
            "Traceback (most recent call last):\n  File \"/srv/shop/api/guard.py\", line 58, in guarded\n    return await breaker.call(operation)\n           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"/srv/shop/core/breaker.py\", line 141, in call\n    raise error\n{error_type}: {error}"
        );
        let line = spaced(&[
            ("timestamp", json!(self.micros(at))),
            ("level", json!("ERROR")),
            ("logger", json!("shop.error")),
            ("message", json!(format!("Application error: {error}"))),
            ("correlation_id", json!(cid)),
            ("service", json!("shop-api")),
            ("exception", json!(trace)),
            ("error_type", json!(error_type)),
            ("error_message", json!(error)),
            ("context", json!({ "endpoint": endpoint })),
        ]);
        self.push(at, SHOP_ERROR, line);
    }

    /// The time as `2026-03-01T09:00:00.000000Z`.
    #[must_use]
    pub fn micros(&self, at: u64) -> String {
        self.time(at).to_datetime().format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
    }
}

pub struct SecurityEvent<'a> {
    pub level: &'a str,
    pub message: &'a str,
    pub category: &'a str,
    pub threat: &'a str,
    pub user: Option<&'a str>,
    pub ip: Option<&'a str>,
}

/// What every line of the marketplace has.
#[derive(Clone, Copy, Debug)]
pub struct MarketLine<'a> {
    pub level: &'a str,
    pub logger: &'a str,
    pub message: &'a str,
    pub trace: &'a str,
}

/// The marketplace: one stream, times without a zone, and security lines that lost their address.
impl Tape {
    pub fn market(&mut self, at: u64, level: &str, logger: &str, message: &str, trace: &str) {
        self.market_with(at, &MarketLine { level, logger, message, trace }, &[]);
    }

    pub fn market_with(&mut self, at: u64, line: &MarketLine<'_>, extra: &[(&str, Value)]) {
        let MarketLine { level, logger, message, trace } = *line;
        let module = logger.rsplit('.').next().unwrap_or(logger);
        let mut pairs = vec![
            ("timestamp", json!(self.naive(at))),
            ("level", json!(level)),
            ("logger", json!(logger)),
            ("message", json!(message)),
            ("trace_id", json!(trace)),
            ("module", json!(module)),
            ("function", json!("dispatch")),
            ("line", json!(40 + message.len())),
        ];
        pairs.extend_from_slice(extra);
        self.push(at, MARKET, spaced(&pairs));
    }

    /// `inside` are the lines (level, logger, message) that handlers write between start and end.
    pub fn market_request(
        &mut self,
        at: u64,
        request: &Request<'_>,
        inside: &[(&str, &str, &str)],
    ) -> String {
        let trace = self.random.uuid();
        self.market_with(
            at,
            &MarketLine {
                level: "INFO",
                logger: "middleware.logging",
                message: "Request started",
                trace: &trace,
            },
            &[
                ("method", json!(request.method)),
                ("path", json!(request.path())),
                ("query_params", json!(request.query())),
                ("client_host", json!(request.ip)),
            ],
        );
        for (level, logger, message) in inside {
            self.market(at + 1, level, logger, message, &trace);
        }
        let took = self.random.between(2, 40);
        self.market_with(
            at + took,
            &MarketLine {
                level: "INFO",
                logger: "middleware.logging",
                message: "Request completed",
                trace: &trace,
            },
            &[
                ("method", json!(request.method)),
                ("path", json!(request.path())),
                ("status_code", json!(request.status)),
                ("duration_ms", json!(took)),
            ],
        );
        self.push(at + took, MARKET, request.access_line());
        trace
    }

    /// An unhandled exception: two JSON lines with the trace inside, then the server prints it again.
    pub fn market_crash(&mut self, at: u64, request: &Request<'_>, error_type: &str, error: &str) {
        let trace_text = format!(
            "Traceback (most recent call last):\n  File \"/srv/market/api/analytics.py\", line 77, in totals\n    return total / count\n           ~~~~~~^~~~~~~\n{error_type}: {error}"
        );
        let trace = self.market_request(at, &Request { status: 500, ..*request }, &[]);
        self.market_with(
            at + 1,
            &MarketLine {
                level: "ERROR",
                logger: "middleware.logging",
                message: &format!("Request failed: {error}"),
                trace: &trace,
            },
            &[
                ("exception", json!(trace_text)),
                ("method", json!(request.method)),
                ("path", json!(request.path())),
                ("error", json!(error)),
            ],
        );
        self.push(at + 45, MARKET, "ERROR:    Exception in ASGI application");
        for line in trace_text.lines() {
            self.push(at + 45, MARKET, line);
        }
    }

    fn naive(&self, at: u64) -> String {
        self.time(at).to_datetime().format("%Y-%m-%dT%H:%M:%S%.6f").to_string()
    }
}

/// The media pipeline: nginx in front, an application behind it, PostgreSQL with pgaudit.
impl Tape {
    /// One request through nginx and the application. Their ids differ; nginx knows both.
    pub fn media_request(&mut self, at: u64, request: &Request<'_>) -> String {
        let id = self.random.uuid();
        self.media_app_request(at, &id, request);
        self.media_nginx(at + 4, &id, request);
        id
    }

    pub fn media_app_request(&mut self, at: u64, id: &str, request: &Request<'_>) {
        let took = self.random.between(2, 30);
        self.media_log(
            at,
            "INFO",
            "media.api.middleware",
            "Request started",
            &[
                ("request_id", json!(id)),
                ("method", json!(request.method)),
                ("path", json!(request.path())),
                ("query_params", json!(request.query())),
                ("client_ip", json!(request.ip)),
                ("user_agent", json!(request.agent)),
                ("event", json!("request_started")),
            ],
        );
        self.media_log(
            at + took,
            "INFO",
            "media.api.middleware",
            "Request completed",
            &[
                ("request_id", json!(id)),
                ("method", json!(request.method)),
                ("path", json!(request.path())),
                ("status_code", json!(request.status)),
                ("duration_ms", json!(took)),
                ("event", json!("request_completed")),
            ],
        );
    }

    pub fn media_nginx(&mut self, at: u64, upstream_id: &str, request: &Request<'_>) {
        self.media_nginx_tls(at, upstream_id, request, "TLSv1.3");
    }

    pub fn media_nginx_tls(&mut self, at: u64, upstream_id: &str, request: &Request<'_>, tls: &str) {
        self.media_nginx_with(at, upstream_id, request, tls, "media.example");
    }

    /// A line of nginx with this protocol version and host.
    pub fn media_nginx_with(
        &mut self,
        at: u64,
        upstream_id: &str,
        request: &Request<'_>,
        tls: &str,
        host: &str,
    ) {
        let seconds = format!("0.{:03}", self.random.between(2, 60));
        let line = compact(&[
            ("time", json!(self.time(at).to_datetime().format("%Y-%m-%dT%H:%M:%S+00:00").to_string())),
            ("request_id", json!(self.random.hex32())),
            ("upstream_request_id", json!(upstream_id)),
            ("remote_addr", json!(request.ip)),
            ("remote_user", json!("")),
            ("scheme", json!("https")),
            ("host", json!(host)),
            ("method", json!(request.method)),
            ("uri", json!(request.target)),
            ("protocol", json!("HTTP/1.1")),
            ("status", json!(request.status)),
            ("body_bytes_sent", json!(self.random.between(90, 24_000))),
            ("request_time", json!(seconds.parse::<f64>().unwrap_or_default())),
            ("upstream_response_time", json!(seconds)),
            ("referer", json!("")),
            ("user_agent", json!(request.agent)),
            ("ssl_protocol", json!(tls)),
        ]);
        self.push(at, MEDIA_ACCESS, line);
    }

    /// A line of nginx' error log about `request`.
    pub fn media_nginx_error(&mut self, at: u64, level: &str, what: &str, request: &Request<'_>) {
        let time = self.time(at).to_datetime().format("%Y/%m/%d %H:%M:%S");
        let connection = self.random.between(100, 9_999);
        let Request { ip, method, target, .. } = request;
        self.push(
            at,
            MEDIA_NGINX_ERROR,
            format!(
                "{time} [{level}] 2217#2217: *{connection} {what}, client: {ip}, server: media.example, request: \"{method} {target} HTTP/1.1\", host: \"media.example\""
            ),
        );
    }

    pub fn media_log(&mut self, at: u64, level: &str, logger: &str, message: &str, extra: &[(&str, Value)]) {
        let mut pairs = vec![
            ("timestamp", json!(self.micros(at))),
            ("level", json!(level)),
            ("logger", json!(logger)),
            ("message", json!(message)),
        ];
        pairs.extend_from_slice(extra);
        pairs.extend([
            ("module", json!("main")),
            ("function", json!("handler")),
            ("line", json!(200 + message.len())),
        ]);
        self.push(at, MEDIA_API, spaced(&pairs));
    }

    /// An event of the application's audit trail.
    pub fn media_audit(&mut self, at: u64, event: &AuditEvent<'_>) {
        let outcome = if event.success { "SUCCESS" } else { "FAILURE" };
        let mut extra = vec![
            ("event_type", json!(event.kind)),
            ("action", json!(event.action)),
            ("user", json!(event.user)),
            ("success", json!(event.success)),
            ("event", json!("audit")),
        ];
        if !event.resource.is_empty() {
            extra.push(("resource", json!(event.resource)));
        }
        if !event.details.is_null() {
            extra.push(("details", event.details.clone()));
        }
        extra.push(("ip_address", json!(event.ip)));
        let level = if event.success { "INFO" } else { "WARNING" };
        let message = format!("AUDIT: {} - {} - {outcome}", event.kind.to_uppercase(), event.action);
        self.media_log(at, level, "audit", &message, &extra);
    }

    pub fn media_login(&mut self, at: u64, user: &str, ip: &str, failure: Option<&str>) {
        let status = if failure.is_some() { 401 } else { 200 };
        self.media_request(at, &Request::post(ip, "/api/auth/login", status));
        self.media_audit(
            at + 1,
            &AuditEvent {
                kind: "authentication",
                action: if failure.is_some() { "login_failed" } else { "login" },
                user,
                success: failure.is_none(),
                resource: "",
                details: failure.map_or(Value::Null, |reason| json!({ "reason": reason })),
                ip,
            },
        );
    }

    pub fn postgres(&mut self, at: u64, session: &Session<'_>, severity: &str, state: &str, message: &str) {
        let time = self.time(at).to_datetime().format("%Y-%m-%d %H:%M:%S%.3f UTC").to_string();
        let mut pairs = vec![
            ("timestamp", json!(time)),
            ("user", json!(session.user)),
            ("dbname", json!(session.database)),
            ("pid", json!(session.pid)),
            ("remote_host", json!(session.host)),
            ("remote_port", json!(40_000 + session.pid)),
            ("session_id", json!(format!("69a40{:x}.{:x}", session.pid, session.pid))),
            ("error_severity", json!(severity)),
        ];
        if !state.is_empty() {
            pairs.push(("state_code", json!(state)));
        }
        pairs.extend([
            ("message", json!(message)),
            ("application_name", json!(session.application)),
            ("backend_type", json!("client backend")),
            ("query_id", json!(0)),
        ]);
        self.push(at, POSTGRES, compact(&pairs));
    }

    pub fn pgaudit(&mut self, at: u64, session: &Session<'_>, statement: &Statement<'_>) {
        let Statement { class, command, object_type, object, text, rows } = statement;
        let text = if text.contains([',', '"', '\n']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            (*text).to_owned()
        };
        let message =
            format!("AUDIT: SESSION,1,1,{class},{command},{object_type},{object},{text},<not logged>,{rows}");
        self.postgres(at, session, "LOG", "", &message);
    }
}

pub struct AuditEvent<'a> {
    pub kind: &'a str,
    pub action: &'a str,
    pub user: &'a str,
    pub success: bool,
    pub resource: &'a str,
    pub details: Value,
    pub ip: &'a str,
}

/// A database session.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    pub user: &'a str,
    pub database: &'a str,
    pub host: &'a str,
    pub pid: u32,
    pub application: &'a str,
}

pub const MEDIA_SESSION: Session<'static> = Session {
    user: "media",
    database: "media_production",
    host: "10.20.8.10",
    pid: 4102,
    application: "media-api",
};

/// What pgaudit says of a statement.
#[derive(Clone, Copy)]
pub struct Statement<'a> {
    pub class: &'a str,
    pub command: &'a str,
    pub object_type: &'a str,
    pub object: &'a str,
    pub text: &'a str,
    pub rows: u64,
}

impl<'a> Statement<'a> {
    pub fn new(class: &'a str, command: &'a str, text: &'a str) -> Self {
        Self { class, command, object_type: "", object: "", text, rows: 0 }
    }
}

/// The lattice: plain text, nothing structured, a client's own request id in brackets.
impl Tape {
    pub fn lattice(&mut self, at: u64, logger: &str, level: &str, message: &str) {
        let time = self.time(at).to_datetime().format("%Y-%m-%d %H:%M:%S,%3f");
        self.push(at, LATTICE, format!("{time} - {logger} - {level} - {message}"));
    }

    pub fn lattice_request(&mut self, at: u64, request: &Request<'_>) {
        let id = self.random.uuid();
        let Request { ip, method, status, .. } = request;
        let path = request.path();
        self.lattice(
            at,
            "auth.middleware",
            "INFO",
            &format!("Request started: {method} {path} from {ip} [Request-ID: {id}]"),
        );
        let took = self.random.millis(6);
        self.lattice(
            at + 6,
            "auth.middleware",
            "INFO",
            &format!(
                "Request completed: {method} {path} - Status: {status} - Time: {took}ms [Request-ID: {id}]"
            ),
        );
        self.push(at + 6, LATTICE, request.access_line());
    }
}

/// The assistant: structlog (the message is called `event`) and an audit trail without levels.
impl Tape {
    pub fn assist(&mut self, at: u64, level: &str, event: &str, extra: &[(&str, Value)]) {
        let mut pairs = vec![("event", json!(event))];
        pairs.extend_from_slice(extra);
        pairs.extend([
            ("logger", json!("assist.api")),
            ("level", json!(level)),
            ("timestamp", json!(self.micros(at))),
            ("service", json!("assist")),
        ]);
        self.push(at, ASSIST, spaced(&pairs));
    }

    pub fn assist_request(&mut self, at: u64, id: &str, request: &Request<'_>) {
        let took = self.random.millis(30);
        self.assist(
            at,
            "info",
            "request_completed",
            &[
                ("request_id", json!(id)),
                ("method", json!(request.method)),
                ("path", json!(request.path())),
                ("status_code", json!(request.status)),
                ("duration_ms", json!(took.parse::<f64>().unwrap_or_default())),
                ("client_ip", json!(request.ip)),
            ],
        );
    }
}
