//! Phrases that introduce a fact in a message of whatever program. What follows one is read in `normalize`,
//! and only where nothing better is known.

/// What a phrase introduces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of a client.
    Address,
    /// Of a client, or of whatever else the line speaks of.
    Host,
    User,
    /// Last characters of an API key.
    Key,
    /// A customer, if ` (tier` follows.
    Customer,
    /// `METHOD target PROTOCOL` in quotes.
    RequestLine,
    /// `METHOD /path`.
    Request,
    Status,
    Domain,
    /// `login: FAILED`.
    Authentication,
    /// The name of an event.
    Action,
    /// Milliseconds.
    Duration,
    /// A path.
    Path,
    /// Why somebody was blocked.
    Reason,
    /// Which rule was violated.
    Rule,
    /// `read on /path DENIED`.
    Authorization,
    /// A record of pgaudit.
    Audit,
}

/// Phrases in lower case. The longest one at a place wins.
pub const PHRASES: &[(&str, Kind)] = &[
    ("from ", Kind::Address),
    (" ip ", Kind::Address),
    ("ip: ", Kind::Address),
    ("ip=", Kind::Address),
    (": ip:", Kind::Address),
    ("client ", Kind::Address),
    ("client: ", Kind::Address),
    ("client=", Kind::Address),
    ("address ", Kind::Host),
    ("address: ", Kind::Host),
    ("exceeded: ", Kind::Address),
    ("exceeded for ", Kind::Customer),
    ("minute (", Kind::Address),
    ("hour (", Kind::Address),
    ("second (", Kind::Address),
    ("day (", Kind::Address),
    ("rhost=", Kind::Address),
    ("src=", Kind::Address),
    ("remote_addr=", Kind::Address),
    (" host=", Kind::Host),
    ("for host \"", Kind::Host),
    ("attempts: ", Kind::User),
    ("token used: ", Kind::User),
    ("for token: ", Kind::User),
    ("for email: ", Kind::User),
    ("logged in: ", Kind::User),
    ("for user ", Kind::User),
    ("for user: ", Kind::User),
    ("by user: ", Kind::User),
    ("by user ", Kind::User),
    ("user: ", Kind::User),
    ("user=", Kind::User),
    ("username=", Kind::User),
    ("user_name=", Kind::User),
    ("email=", Kind::User),
    ("login=", Kind::User),
    ("account: ", Kind::User),
    ("for account ", Kind::User),
    ("api key used: ", Kind::Key),
    ("invalid api key: ", Kind::Key),
    ("request: \"", Kind::RequestLine),
    (" - \"", Kind::RequestLine),
    ("request started: ", Kind::Request),
    ("request completed: ", Kind::Request),
    ("🌐 ", Kind::Request),
    ("status: ", Kind::Status),
    ("host: \"", Kind::Domain),
    ("authentication ", Kind::Authentication),
    ("auth ", Kind::Authentication),
    ("security event: ", Kind::Action),
    ("time: ", Kind::Duration),
    ("exceeded at endpoint: ", Kind::Path),
    ("due to ", Kind::Reason),
    ("security violation: ", Kind::Rule),
    ("authorization: ", Kind::Authorization),
    ("audit: session,", Kind::Audit),
    ("audit: object,", Kind::Audit),
    ("password for ", Kind::User),
    ("publickey for ", Kind::User),
];
