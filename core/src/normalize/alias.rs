//! Which names carry which canonical field.
//!
//! Names are compared *folded*: lower case, without `_`, `-` and spaces, so that `request_id`,
//! `requestId`, `RequestID` and `REQUEST-ID` are one alias. Dots separate levels and stay. A field
//! inside a known wrapper (`extra`, `context`, `details`, ...) counts like one beside it, only later.
//! The lists are ordered: an earlier name wins over a later one when a line has both. Where a name
//! means several things (`status`, `host`, `event`), it stands in several lists and the value decides
//! (see [`super::value`]).

use crate::event::number::to_u8;

/// What a field of the line may stand for. The order is the order in which roles are filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Role {
    Time,
    Message,
    Level,
    /// Python's `levelno`: 10 to 50.
    PythonLevel,
    /// OpenTelemetry's `severityNumber`: 1 to 24.
    OtelLevel,
    /// syslog's 0 to 7.
    SyslogLevel,
    Logger,
    Service,
    Environment,
    Host,
    Action,
    Category,
    Outcome,
    Code,
    Reason,
    Milliseconds,
    Seconds,
    Microseconds,
    Nanoseconds,
    UserName,
    UserId,
    Email,
    SourceIp,
    SourcePort,
    ForwardedFor,
    UserAgent,
    RequestLine,
    Method,
    Path,
    Query,
    Domain,
    Status,
    Bytes,
    Referrer,
    HttpVersion,
    ErrorType,
    ErrorMessage,
    StackTrace,
    Organization,
    Session,
    RuleName,
    Risk,
    Pid,
    Process,
    Statement,
    Database,
    Tls,
    BreakerName,
    BreakerState,
    /// Any correlation, request or trace id: all of them count.
    Id,
}

/// How many roles there are.
pub(super) const ROLES: usize = Role::ALL.len();

impl Role {
    /// Its place in tables of one entry a role.
    #[inline]
    pub(super) const fn index(self) -> usize {
        self as usize
    }

    pub(super) const ALL: [Role; 50] = [
        Role::Time,
        Role::Message,
        Role::Level,
        Role::PythonLevel,
        Role::OtelLevel,
        Role::SyslogLevel,
        Role::Logger,
        Role::Service,
        Role::Environment,
        Role::Host,
        Role::Action,
        Role::Category,
        Role::Outcome,
        Role::Code,
        Role::Reason,
        Role::Milliseconds,
        Role::Seconds,
        Role::Microseconds,
        Role::Nanoseconds,
        Role::UserName,
        Role::UserId,
        Role::Email,
        Role::SourceIp,
        Role::SourcePort,
        Role::ForwardedFor,
        Role::UserAgent,
        Role::RequestLine,
        Role::Method,
        Role::Path,
        Role::Query,
        Role::Domain,
        Role::Status,
        Role::Bytes,
        Role::Referrer,
        Role::HttpVersion,
        Role::ErrorType,
        Role::ErrorMessage,
        Role::StackTrace,
        Role::Organization,
        Role::Session,
        Role::RuleName,
        Role::Risk,
        Role::Pid,
        Role::Process,
        Role::Statement,
        Role::Database,
        Role::Tls,
        Role::BreakerName,
        Role::BreakerState,
        Role::Id,
    ];

    /// This role in a bit set.
    pub(super) const fn bit(self) -> u64 {
        1 << self as u8
    }
}

/// Folded names by role, best first.
const ALIASES: &[(Role, &[&str])] = &[
    (
        Role::Time,
        &[
            "msec",
            "@timestamp",
            "timestamp",
            "time",
            "ts",
            "@t",
            "eventtime",
            "datetime",
            "record.time.timestamp",
            "record.logtime",
            "logtime",
            "asctime",
            "t.$date",
            "timestampms",
            "timelocal",
            "timeiso8601",
            "timeunixnano",
            "startutc",
            "published",
            "timecreated",
            "utctime",
            "timegenerated",
            "stagetimestamp",
            "requestreceivedtimestamp",
            "sourcerealtimetimestamp",
            "realtimetimestamp",
            "observedtimeunixnano",
            "datestamp",
            "date",
            "t",
            "eventtimestamp",
            "event.timestamp",
            "event.time",
            "logtimestamp",
            "@ts",
            "occurredat",
            "loggedat",
            "startedat",
            "starttime",
            "requesttimestamp",
            "requesttimeepoch",
            "requesttime",
            "activitydatetime",
            "creationtime",
            "timestamputc",
            "timestampunix",
            "unixtime",
            "unixtimestamp",
            "epoch",
            "epochms",
            "timems",
            "timemillis",
            "tsms",
            "timens",
            "instant",
            "id.time",
            "rt",
            "devtime",
            "edgestarttimestamp",
            "instant.epochsecond",
            "timestamp.seconds",
            "timestamp.$date",
            "eventdate",
            "recordedat",
            "createdat",
            "receivetimestamp",
            "event.created",
            "isodate",
            "sisodate",
            "risodate",
            "timereported",
            "datetime.date",
            "generatedat",
            "receivedat",
            "approximatearrivaltimestamp",
        ],
    ),
    (
        Role::Message,
        &[
            "message",
            "msg",
            "@m",
            "record.message",
            "shortmessage",
            "body.stringvalue",
            "textpayload",
            "jsonpayload.message",
            "log",
            "event",
            "@mt",
            "displaymessage",
            "cef.name",
            "body",
            "description",
            "text",
            "fullmessage",
            "logmessage",
            "detail",
            "errormessage",
            "renderedmessage",
            "eventmessage",
            "messagetemplate",
        ],
    ),
    (
        Role::Level,
        &[
            "log.level",
            "level",
            "levelname",
            "loglevel",
            "severity",
            "severitytext",
            "errorseverity",
            "record.errorseverity",
            "record.level.name",
            "@l",
            "lvl",
            "l",
            "s",
            "levelvalue",
            "level.name",
            "log.level.name",
            "severity.name",
            "syslogseveritytext",
            "messagetype",
        ],
    ),
    (Role::PythonLevel, &["levelno", "record.level.no"]),
    (Role::OtelLevel, &["severitynumber"]),
    (Role::SyslogLevel, &["priority", "syslog.severity"]),
    (
        Role::Logger,
        &[
            "log.logger",
            "logger",
            "loggername",
            "record.name",
            "sourcecontext",
            "name",
            "component",
            "c",
            "module",
        ],
    ),
    (
        Role::Service,
        &[
            "service.name",
            "service",
            "servicename",
            "application",
            "app",
            "appname",
            "syslogidentifier",
            "program",
            "resource.service.name",
            "systemdunit",
        ],
    ),
    (Role::Environment, &["service.environment", "environment", "env", "deployment.environment", "stage"]),
    (
        Role::Host,
        &[
            "host.name",
            "hostname",
            "host",
            "computer",
            "computername",
            "hostidentifier",
            "agent.hostname",
            "dvchost",
            "nodename",
            "loggingpod",
            "podname",
            "server",
            "record.host",
        ],
    ),
    (
        Role::Action,
        &[
            "event.action",
            "event.name",
            "event",
            "eventname",
            "action",
            "securityeventtype",
            "eventtype",
            "activitytype",
            "alerttype",
            "act",
            "operationname",
            "operation",
            "type",
            "actionname",
            "activityname",
            "activity",
            "evt",
            "eventkey",
        ],
    ),
    (
        Role::Category,
        &["event.category", "securitycategory", "eventcategory", "category", "violationtype", "eventsource"],
    ),
    (
        Role::Outcome,
        &[
            "event.outcome",
            "outcome.result",
            "outcome",
            "success",
            "successful",
            "result",
            "status",
            "granted",
            "allowed",
            "decision",
            "authenticated",
            "responseelements.consolelogin",
            "ok",
            "succeeded",
            "issuccess",
            "loginresult",
            "authresult",
        ],
    ),
    (
        Role::Code,
        &["event.code", "eventcode", "errorcode", "eventid", "code", "msgid", "cef.device.eventclassid"],
    ),
    (
        Role::Reason,
        &[
            "event.reason",
            "reason",
            "failurereason",
            "outcome.reason",
            "blockreason",
            "details",
            "detail",
            "error",
        ],
    ),
    (
        Role::Milliseconds,
        &[
            "durationms",
            "latencyms",
            "responsetimems",
            "processingtimems",
            "elapsedms",
            "requesttimems",
            "executiontimems",
            "tookms",
            "responsetime",
            "elapsed.milliseconds",
            "latencies.request",
            "timetaken",
        ],
    ),
    (
        Role::Seconds,
        &[
            "durationseconds",
            "durations",
            "requesttime",
            "processtime",
            "processingtime",
            "executiontime",
            "duration",
            "latency",
            "elapsed",
            "took",
            "http.server.request.duration",
        ],
    ),
    (Role::Microseconds, &["durationus", "elapsedus", "latencyus"]),
    (Role::Nanoseconds, &["event.duration", "durationns", "elapsedns", "durationnanos"]),
    (
        Role::UserName,
        &[
            "user.name",
            "username",
            "user",
            "login",
            "user.username",
            "useridentity.username",
            "targetusername",
            "accountname",
            "record.username",
            "remoteuser",
            "httpremoteuser",
            "csusername",
            "clientusername",
            "dstuser",
            "duser",
            "suser",
            "srcuser",
            "usrname",
            "principalname",
            "attr.principalname",
            "principal",
            "actor.alternateid",
            "actor",
            "actor.name",
            "identifier",
            "account",
            "user.email",
            "useremail",
            "email",
            "useridentity.arn",
            "userprincipalname",
            "upn",
            "actor.login",
            "actor.username",
            "actor.user.name",
            "actor.email",
            "usr.name",
            "usr.email",
            "usr",
            "uname",
            "user.login",
            "userlogin",
            "loginname",
            "loginid",
            "samaccountname",
            "acct",
            "authenticationinfo.principalemail",
            "protopayload.authenticationinfo.principalemail",
            "principalemail",
            "principal.name",
            "principal.email",
            "auth.displayname",
            "initiatedby.user.userprincipalname",
            "initiatedby.username",
            "initiatedby",
            "identity.email",
            "identity.username",
            "userid",
            "user.id",
            "usr.id",
            "actor.user.uid",
            "actinguserid",
            "sub",
        ],
    ),
    (
        Role::UserId,
        &[
            "user.id",
            "userid",
            "uid",
            "sub",
            "useridentity.principalid",
            "actorid",
            "actor.id",
            "user.pk",
            "customerid",
            "usr.id",
            "actor.user.uid",
            "actinguserid",
        ],
    ),
    (Role::Email, &["user.email", "email", "useremail", "emailaddress", "mail"]),
    (
        Role::SourceIp,
        &[
            "source.ip",
            "clientip",
            "client.ip",
            "sourceip",
            "srcip",
            "ipaddress",
            "ip",
            "remoteip",
            "remoteaddr",
            "remoteaddress",
            "clienthost",
            "clientaddr",
            "clientaddress",
            "client.address",
            "sourceipaddress",
            "source.address",
            "sourceaddress",
            "visitorip",
            "request.clientip",
            "request.remoteip",
            "service.action.networkconnectionaction.remoteipdetails.ipaddressv4",
            "service.action.awsapicallaction.remoteipdetails.ipaddressv4",
            "service.action.kubernetesapicallaction.remoteipdetails.ipaddressv4",
            "service.action.rdsloginattemptaction.remoteipdetails.ipaddressv4",
            "request.ip",
            "requestip",
            "peerip",
            "actorip",
            "peeraddress",
            "peer.address",
            "peer.ip",
            "remip",
            "src",
            "fwd",
            "calleripaddress",
            "actor.ipaddress",
            "client.ipaddress",
            "remotehost",
            "record.connectionfrom",
            "connectionfrom",
            "attr.remote",
            "addr.remote",
            "network.client.ip",
            "id.origh",
            "sourceips",
            "ipaddr",
            "accessdevice.ip",
            "source.ipaddress",
            "callerip",
            "requestmetadata.callerip",
            "protopayload.requestmetadata.callerip",
            "srcendpoint.ip",
            "clientipaddress",
            "userip",
            "loginip",
            "cip",
            "origin",
            "peer",
            "remote",
            "client",
            "host",
            "address",
            "source",
            "rhost",
            "req.remoteaddress",
            "xrealip",
            "visitorid",
            "xforwardedfor",
            "forwarded",
            "cfconnectingip",
            "trueclientip",
            "xclientip",
            "downstreamremoteaddress",
            "downstreamdirectremoteaddress",
            "clientremoteaddr",
            "clientremoteaddress",
            "remoteclientaddress",
            "rip",
            "addr",
            "useripaddress",
            "originip",
            "originipaddress",
            "fromip",
            "fromaddress",
            "location",
        ],
    ),
    (
        Role::SourcePort,
        &[
            "source.port",
            "clientport",
            "client.port",
            "remoteport",
            "srcport",
            "sourceport",
            "id.origp",
            "req.remoteport",
            "peerport",
            "spt",
        ],
    ),
    (
        Role::ForwardedFor,
        &[
            "http.request.headers.xforwardedfor",
            "xforwardedfor",
            "forwardedfor",
            "fwd",
            "forwarded",
            "xoriginalforwardedfor",
            "xrealip",
            "xclientip",
            "trueclientip",
            "cfconnectingip",
            "fastlyclientip",
            "xenvoyexternaladdress",
            "xazureclientip",
            "xclusterclientip",
        ],
    ),
    (
        Role::UserAgent,
        &[
            "useragent.original",
            "useragent",
            "ua",
            "httpuseragent",
            "requestuseragent",
            "requestclientapplication",
            "clientrequestuseragent",
            "request.useragent",
            "csuseragent",
            "cuseragent",
            "client.useragent.rawuseragent",
            "agent",
        ],
    ),
    (Role::RequestLine, &["request", "requestline", "httprequest", "req"]),
    (
        Role::Method,
        &[
            "http.request.method",
            "method",
            "requestmethod",
            "clientrequestmethod",
            "httpmethod",
            "request.method",
            "req.method",
            "http.method",
            "csmethod",
            "verb",
        ],
    ),
    (
        Role::Path,
        &[
            "url.path",
            "path",
            "requestpath",
            "urlpath",
            "httppath",
            "request.path",
            "uri",
            "requesturi",
            "clientrequesturi",
            "url",
            "request.uri",
            "request.url",
            "req.url",
            "http.url",
            "http.target",
            "httpurl",
            "url.full",
            "requesturl",
            "csuristem",
            "csuri",
            "curi",
            "pathinfo",
            "endpoint",
            "route",
            "resource",
        ],
    ),
    (
        Role::Query,
        &[
            "url.query",
            "querystring",
            "queryparams",
            "csuriquery",
            "curiquery",
            "args",
            "query",
            "request.query",
        ],
    ),
    (
        Role::Domain,
        &[
            "url.domain",
            "httphost",
            "cshost",
            "request.host",
            "vhost",
            "servername",
            "requesthost",
            "clientrequesthost",
        ],
    ),
    (
        Role::Status,
        &[
            "http.response.statuscode",
            "statuscode",
            "httpstatus",
            "httpstatuscode",
            "http.statuscode",
            "responsestatus",
            "responsecode",
            "res.statuscode",
            "response.status",
            "response.statuscode",
            "response.httpcode",
            "edgeresponsestatus",
            "responsestatus.code",
            "responsestatuscode",
            "downstreamstatus",
            "originstatus",
            "scstatus",
            "status",
            "code",
        ],
    ),
    (
        Role::Bytes,
        &[
            "http.response.body.bytes",
            "bodybytessent",
            "bodybytes",
            "bytesout",
            "bytessent",
            "responsesize",
            "responsebytes",
            "scbytes",
            "size",
        ],
    ),
    (
        Role::Referrer,
        &["http.request.referrer", "referer", "referrer", "httpreferer", "httpreferrer", "csreferer"],
    ),
    (
        Role::HttpVersion,
        &["http.version", "protocol", "serverprotocol", "proto", "request.proto", "httpversion"],
    ),
    (
        Role::ErrorType,
        &[
            "error.type",
            "errortype",
            "exceptiontype",
            "exctype",
            "err.type",
            "error.name",
            "record.exception.type",
            "statecode",
            "sqlstatecode",
            "record.sqlstatecode",
            "errorcode",
        ],
    ),
    (
        Role::ErrorMessage,
        &[
            "error.message",
            "errormessage",
            "err.message",
            "exceptionmessage",
            "record.exception.value",
            "error",
            "err",
        ],
    ),
    (
        Role::StackTrace,
        &[
            "error.stacktrace",
            "stacktrace",
            "traceback",
            "exception",
            "excinfo",
            "exctext",
            "@x",
            "stack",
            "err.stack",
            "error.stack",
        ],
    ),
    (
        Role::Organization,
        &[
            "organization.id",
            "tenantid",
            "organizationid",
            "orgid",
            "tenant",
            "recipientaccountid",
            "useridentity.accountid",
        ],
    ),
    (Role::Session, &["session.id", "sessionid", "record.sessionid", "sid", "jti", "tokenid", "sessionkey"]),
    (
        Role::RuleName,
        &[
            "rule.name",
            "rulename",
            "ruleid",
            "rule",
            "violationtype",
            "threattype",
            "attacktype",
            "patternname",
            "pattern",
        ],
    ),
    (
        Role::Risk,
        &[
            "event.riskscore",
            "riskscore",
            "threatscore",
            "abusescore",
            "anomalyscore",
            "suspicionscore",
            "score",
        ],
    ),
    (Role::Pid, &["process.pid", "pid", "processid", "syslogpid", "procid", "record.processid"]),
    (Role::Process, &["process.name", "processname", "comm"]),
    (
        Role::Statement,
        &[
            "db.statement",
            "statement",
            "sqlquery",
            "sql",
            "querytext",
            "record.query",
            "record.statement",
            "query",
        ],
    ),
    (Role::Database, &["db.name", "dbname", "database", "databasename", "record.databasename", "db"]),
    (Role::Tls, &["tls.version", "sslprotocol", "tlsversion", "sslversion", "tls.protocol"]),
    (
        Role::BreakerName,
        &[
            "circuitbreaker",
            "breaker",
            "breakername",
            "circuitname",
            "circuitbreakername",
            "breaker.name",
            "circuit.name",
            "circuitbreaker.name",
            "cbname",
            "cb",
            "circuit",
            "commandkey",
            "dependency",
            "component",
            "service",
            "name",
        ],
    ),
    (
        Role::BreakerState,
        &[
            "breakerstate",
            "circuitstate",
            "circuitbreakerstate",
            "newstate",
            "tostate",
            "currentstate",
            "state",
            "to",
            "next",
        ],
    ),
    (
        Role::Id,
        &[
            "correlation.id",
            "correlationid",
            "xcorrelationid",
            "requestid",
            "xrequestid",
            "reqid",
            "req.id",
            "request.id",
            "http.request.id",
            "traceid",
            "trace",
            "rayid",
            "uniqueid",
            "trace.id",
            "xtraceid",
            "dd.traceid",
            "otel.traceid",
            "@tr",
            "traceparent",
            "xb3traceid",
            "b3",
            "xamzntraceid",
            "xamznrequestid",
            "xraytraceid",
            "xcloudtracecontext",
            "ubertraceid",
            "sentrytrace",
            "xtransactionid",
            "xcorrelation",
            "xrequestguid",
            "xmsrequestid",
            "xmsclientrequestid",
            "mscv",
            "xenvoyrequestid",
            "logging.googleapis.com/trace",
            "activityid",
            "transactionid",
            "transaction.id",
            "cid",
            "flowid",
            "conversationid",
            "operationid",
            "upstreamrequestid",
            "requestcontext.requestid",
            "parentrequestid",
            "originrequestid",
        ],
    ),
];

/// Containers whose members count like fields beside them.
const WRAPPERS: &[&str] = &[
    "resourcelogs.scopelogs.logrecords",
    "extra",
    "extrafields",
    "record.extra",
    "record",
    "context",
    "ctx",
    "details",
    "detail",
    "metadata",
    "meta",
    "data",
    "payload",
    "fields",
    "attributes",
    "labels",
    "properties",
    "jsonpayload",
    "eventdata",
    "event",
    "request",
    "req",
    "httprequest",
    "http",
    "log",
    "mdc",
    "attr",
    "params",
    "security",
    "audit",
    "transaction",
    "winlog",
    "outputfields",
    "parameters",
    "content",
    "contextmap",
    "eventproperties",
    "customdimensions",
    "additionalfields",
    "result",
    "span",
    "state",
    "eventattributes",
    "telemetry",
    "requestinfo",
    "requestmeta",
    "auditrecord",
    "actor.metadata",
    "actor.details",
];

/// Wrappers of what a client sent: no service says in them what happened.
const SENT: [&str; 6] = ["params", "parameters", "request", "req", "httprequest", "http"];

/// Wrappers in which many log what a client sent, when they log a request.
const PERHAPS_SENT: [&str; 8] =
    ["data", "payload", "properties", "metadata", "meta", "details", "content", "result"];

/// Whether a field of this name may be what the client of a logged request sent.
pub(super) fn may_be_sent(name: &str) -> bool {
    let folded = fold(name);
    PERHAPS_SENT.iter().any(|wrapper| folded.strip_prefix(wrapper).is_some_and(|rest| rest.starts_with('.')))
}

/// Where the headers of a request stand, by the names that proxies, gateways and frameworks give.
const REQUEST_HEADERS: &[&str] = &[
    "http.request.headers.",
    "http.request.header.",
    "request.headers.",
    "request.header.",
    "req.headers.",
    "httprequest.headers.",
    "requestheaders.",
    "headers.",
    "http",
    "request",
    "upstream",
    "upstreamhttp",
];

/// Where those of an answer stand, which repeats the ids of its request.
const RESPONSE_HEADERS: &[&str] = &[
    "http.response.headers.",
    "http.response.header.",
    "response.headers.",
    "res.headers.",
    "responseheaders.",
    "downstream",
    "origin",
    "senthttp",
    "upstreamhttp",
    "upstream",
];

/// Headers that are no field of a line by their plain name, and the name that has their roles.
const HEADERS: [(&str, &str); 2] = [("host", "httphost"), (":authority", "httphost")];

/// Headers whose plain names have roles; each of them may stand in a container of headers.
fn is_header(name: &str) -> bool {
    name.starts_with('x')
        || matches!(
            name,
            "useragent"
                | "referer"
                | "referrer"
                | "forwarded"
                | "traceparent"
                | "b3"
                | "requestid"
                | "correlationid"
                | "ubertraceid"
                | "sentrytrace"
                | "traceid"
                | "cfconnectingip"
                | "trueclientip"
                | "fastlyclientip"
                | "httphost"
                | "mscv"
        )
}

/// How much later a name inside a wrapper comes than the name alone.
pub(super) const WRAPPED: u8 = 80;

/// How much later a header comes than a field of that name.
const HEADER: u8 = 40;
/// The rank of a duration that only the end of its name tells.
const DURATION: u8 = 60;

/// The rank of what is configured: before every name that is only known.
pub(super) const CONFIGURED: u8 = 0;

/// The last names for a breaker, and for its state, that need no other sign that the event is about one.
pub(super) const PLAIN_BREAKER_NAMES: u8 = 9;
pub(super) const PLAIN_BREAKER_STATES: u8 = 3;

/// The first of the names for a user's name that are but ids.
pub(super) const ONLY_USER_IDS: u8 = 58;

/// The rank of `account`, which is a user's, or that of whoever pays a cloud: a number of twelve digits.
pub(super) const ACCOUNT: u8 = 26;

/// A role that a name may have, and its place among the names for that role, from 1 (lower is better).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) role: Role,
    pub(super) rank: u8,
}

/// Whether a name promises an identifier: `id`, `order_id`, `traceId`, `uuid`, `hash`, a time.
pub(super) fn is_id(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let camel =
        last.ends_with("Id") || last.ends_with("ID") || last.ends_with("_id") || last.ends_with("-id");
    let folded = fold(last);
    camel
        || matches!(
            folded.as_str(),
            "id" | "uuid" | "guid" | "hash" | "sha256" | "etag" | "traceparent" | "offset" | "seq"
        )
}

/// All roles that a field of this dotted name may have.
pub(super) fn claims(name: &str) -> Vec<Claim> {
    // A document as a search engine gives it is the event.
    let folded = fold(name.strip_prefix("_source.").unwrap_or(name));
    let mut claims = lookup(&folded, 0);
    for claim in header_claims(&folded).into_iter().chain(duration_claim(&folded)) {
        if !claims.iter().any(|known| known.role == claim.role) {
            claims.push(claim);
        }
    }
    let mut rest = folded.as_str();
    let mut penalty = 0u8;
    while let Some((wrapper, inner)) = unwrap(rest) {
        penalty = penalty.saturating_add(WRAPPED);
        let speaks = !SENT.contains(&wrapper);
        let inside = lookup(inner, penalty).into_iter();
        let inside = inside.filter(|claim| speaks || !matches!(claim.role, Role::Action | Role::Message));
        for claim in inside.chain(header_claims(inner)).chain(duration_claim(inner)) {
            if !claims.iter().any(|known| known.role == claim.role) {
                claims.push(claim);
            }
        }
        rest = inner;
    }
    claims
}

/// The roles of a header that was logged: as the plain name, or for an answer's the ids alone.
fn header_claims(folded: &str) -> Vec<Claim> {
    let roles = |containers: &[&str]| {
        containers.iter().find_map(|container| {
            let header = folded.strip_prefix(container)?;
            let header = HEADERS.iter().find(|(name, _)| *name == header).map_or(header, |(_, alias)| *alias);
            is_header(header).then(|| lookup(header, HEADER)).filter(|claims| !claims.is_empty())
        })
    };
    let mut claims = roles(REQUEST_HEADERS).unwrap_or_default();
    for claim in roles(RESPONSE_HEADERS).unwrap_or_default() {
        if claim.role == Role::Id && !claims.iter().any(|known| known.role == Role::Id) {
            claims.push(claim);
        }
    }
    claims
}

/// A name of a duration that ends in its unit: `duration_millis`, `elapsedTimeNs`, `http.latency_in_sec`.
fn duration_claim(folded: &str) -> Option<Claim> {
    const NAMES: [&str; 11] = [
        "duration",
        "elapsed",
        "elapsedtime",
        "latency",
        "responsetime",
        "requesttime",
        "processingtime",
        "processtime",
        "executiontime",
        "took",
        "timetaken",
    ];
    const UNITS: [(&str, Role); 15] = [
        ("milliseconds", Role::Milliseconds),
        ("microseconds", Role::Microseconds),
        ("nanoseconds", Role::Nanoseconds),
        ("seconds", Role::Seconds),
        ("millis", Role::Milliseconds),
        ("micros", Role::Microseconds),
        ("nanos", Role::Nanoseconds),
        ("msec", Role::Milliseconds),
        ("usec", Role::Microseconds),
        ("nsec", Role::Nanoseconds),
        ("secs", Role::Seconds),
        ("sec", Role::Seconds),
        ("ms", Role::Milliseconds),
        ("us", Role::Microseconds),
        ("ns", Role::Nanoseconds),
    ];
    let role = UNITS.iter().find_map(|(unit, role)| {
        let name = folded.strip_suffix(unit)?.trim_end_matches('.');
        let name = name.strip_suffix("in").unwrap_or(name);
        NAMES.contains(&name.rsplit('.').next().unwrap_or(name)).then_some(*role)
    })?;
    Some(Claim { role, rank: DURATION })
}

fn lookup(folded: &str, penalty: u8) -> Vec<Claim> {
    ALIASES
        .iter()
        .filter_map(|(role, names)| {
            let rank = to_u8(names.iter().position(|name| *name == folded)?) + 1;
            Some(Claim { role: *role, rank: rank.saturating_add(penalty) })
        })
        .collect()
}

/// A wrapper, and what stands in it.
fn unwrap(folded: &str) -> Option<(&'static str, &str)> {
    WRAPPERS.iter().find_map(|wrapper| Some((*wrapper, folded.strip_prefix(wrapper)?.strip_prefix('.')?)))
}

/// Lower case, without `_`, `-` and spaces.
pub(super) fn fold(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expect: &[(Role, u8)]) {
        let found: Vec<_> = claims(name).into_iter().map(|claim| (claim.role, claim.rank)).collect();
        assert_eq!(found, expect, "{name}");
    }

    #[test]
    fn spelling_does_not_matter() {
        for name in ["request_id", "requestId", "requestID", "Request-Id"] {
            check(name, &[(Role::Id, 4)]);
        }
        check("user_agent.original", &[(Role::UserAgent, 1)]);
        check("__REALTIME_TIMESTAMP", &[(Role::Time, 26)]);
    }

    #[test]
    fn wrappers_count_later() {
        check("extra.request_id", &[(Role::Id, 4 + WRAPPED)]);
        check("record.extra.request_id", &[(Role::Id, 4 + WRAPPED)]);
        check("unrelated.request_id", &[]);
        let session = claims("actor.metadata.session_id").into_iter().map(|claim| claim.role);
        assert!(session.eq([Role::Session]));
    }

    #[test]
    fn headers_are_known_wherever_they_are_logged() {
        let roles = |name: &str| claims(name).into_iter().map(|claim| claim.role).collect::<Vec<_>>();
        for name in [
            "http_x_request_id",
            "request_X-Request-Id",
            "request.headers.X-Request-Id",
            "req.headers.x-request-id",
            "http.request.header.x-request-id",
            "headers.traceparent",
            "http_x_amzn_trace_id",
            "downstream_X-Request-Id",
            "response.headers.x-request-id",
            "upstream_http_x_request_id",
            "data.headers.x-request-id",
        ] {
            assert_eq!(roles(name), [Role::Id], "{name}");
        }
        assert_eq!(roles("request.headers.host"), [Role::Domain]);
        assert_eq!(roles("headers.user-agent"), [Role::UserAgent]);
        assert!(roles("request.headers.X-Forwarded-For").contains(&Role::ForwardedFor));
        assert_eq!(roles("response.headers.x-forwarded-for"), []);
        assert_eq!(roles("headers.accept"), []);
    }

    #[test]
    fn the_last_names_of_users_are_ids() {
        check("user_id", &[(Role::UserName, ONLY_USER_IDS), (Role::UserId, 2)]);
        check("account", &[(Role::UserName, ACCOUNT)]);
        check("user.email", &[(Role::UserName, ONLY_USER_IDS - 31), (Role::Email, 1)]);
    }

    #[test]
    fn a_duration_is_known_by_its_unit() {
        for (name, role) in [
            ("duration_millis", Role::Milliseconds),
            ("http.latency_in_sec", Role::Seconds),
            ("elapsedTimeNs", Role::Nanoseconds),
            ("request_time_us", Role::Microseconds),
        ] {
            let known: Vec<_> = claims(name).into_iter().map(|claim| claim.role).collect();
            assert_eq!(known, [role], "{name}");
        }
        check("retry_ms", &[]);
    }

    #[test]
    fn folded_aliases_are_folded() {
        for (_, names) in ALIASES {
            for name in *names {
                assert_eq!(*name, fold(name));
            }
        }
    }
}
