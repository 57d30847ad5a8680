//! Fields that hold what a request carried beside its target: bodies, parameters, cookies, headers.
//!
//! Proxies log them as one text, applications as objects whose members are fields of their own.

use super::alias;
use crate::attack::{Place, Scanner};

/// What a field holds of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    kind: What,
    /// The member of the object; empty for the whole.
    member: Box<str>,
    /// Other things have this name as well: it counts in lines about requests only.
    common: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Body,
    Parameters,
    Cookies,
    Headers,
}

/// Folded names, and whether other things have them as well.
const NAMES: [(&str, What, bool); 27] = [
    ("requestbody", What::Body, false),
    ("http.request.body.content", What::Body, false),
    ("http.request.body", What::Body, false),
    ("request.body", What::Body, false),
    ("req.body", What::Body, false),
    ("httprequestbody", What::Body, false),
    ("postdata", What::Body, false),
    ("formdata", What::Body, false),
    ("rawbody", What::Body, false),
    ("parsedbody", What::Body, false),
    ("body", What::Body, true),
    ("payload", What::Body, true),
    ("form", What::Body, true),
    ("queryparams", What::Parameters, false),
    ("queryparameters", What::Parameters, false),
    ("requestparams", What::Parameters, false),
    ("requestparameters", What::Parameters, true),
    ("request.query", What::Parameters, false),
    ("req.query", What::Parameters, false),
    ("params", What::Parameters, true),
    ("args", What::Parameters, true),
    ("query", What::Parameters, true),
    ("cookie", What::Cookies, false),
    ("cookies", What::Cookies, false),
    ("httpcookie", What::Cookies, false),
    ("cscookie", What::Cookies, false),
    ("requestheaders", What::Headers, false),
];

/// Where headers are members of.
const HEADERS: [&str; 4] = ["request.headers.", "req.headers.", "http.request.headers.", "headers."];

/// Headers that have canonical fields, or that hold no text of anybody.
const ORDINARY: [&str; 12] = [
    "useragent",
    "referer",
    "cookie",
    "authorization",
    "accept",
    "acceptencoding",
    "connection",
    "contentlength",
    "xforwardedfor",
    "xrealip",
    "xrequestid",
    "proxyauthorization",
];

/// What the field of this dotted name holds of a request.
pub(super) fn of(name: &str) -> Option<Part> {
    let folded = alias::fold(name);
    let folded = ["extra.", "context.", "data.", "details."]
        .iter()
        .find_map(|wrapper| folded.strip_prefix(wrapper))
        .unwrap_or(&folded);
    if let Some(header) = HEADERS.iter().find_map(|container| folded.strip_prefix(container)) {
        if header == "cookie" {
            return Some(Part { kind: What::Cookies, member: "".into(), common: true });
        }
        return (!ORDINARY.contains(&header)).then(|| part(What::Headers, name, true));
    }
    let longest =
        NAMES.iter().filter(|(known, ..)| is_below(folded, known)).max_by_key(|(known, ..)| known.len())?;
    let (known, kind, common) = *longest;
    if folded.len() == known.len() {
        // A statement of a database has this name, too; as a query it has a canonical field.
        let whole = !matches!(known, "query" | "args" | "params");
        return whole.then(|| Part { kind, member: "".into(), common });
    }
    let member = part(kind, name, common);
    let ordinary = kind == What::Headers && ORDINARY.contains(&alias::fold(&member.member).as_str());
    (!ordinary).then_some(member)
}

fn is_below(folded: &str, known: &str) -> bool {
    folded.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The last level of the name says what the member is called.
fn part(kind: What, name: &str, common: bool) -> Part {
    Part { kind, member: name.rsplit('.').next().unwrap_or(name).into(), common }
}

impl Part {
    /// Gives the value to the scanner as what it is.
    pub(super) fn scan(&self, text: &str, is_request: bool, scanner: &mut Scanner) {
        if (self.common && !is_request) || text.len() < 2 || text == "null" {
            return;
        }
        match (self.kind, self.member.as_ref()) {
            (What::Body, "") => scanner.body(text),
            (What::Parameters, "") => scanner.parameters(Place::Query, text),
            (What::Cookies, "") => scanner.cookies(text),
            (What::Headers, "") => scanner.named(Place::Header, "", text),
            (What::Body, name) => scanner.named(Place::Form, name, text),
            (What::Parameters, name) => scanner.named(Place::Query, name, text),
            (What::Cookies, name) => scanner.named(Place::Cookie, name, text),
            (What::Headers, name) => scanner.named(Place::Header, name, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str) -> String {
        of(name).map(|part| format!("{:?} {}", part.kind, part.member)).unwrap_or_default()
    }

    #[test]
    fn bodies_and_parameters_are_known_as_text_and_as_objects() {
        for (name, expect) in [
            ("request_body", "Body "),
            ("http.request.body.content", "Body "),
            ("req.body.user", "Body user"),
            ("body", "Body "),
            ("query_params.id", "Parameters id"),
            ("extra.query_params.sort_by", "Parameters sort_by"),
            ("params.filter.name", "Parameters name"),
            ("cookies.session", "Cookies session"),
            ("http_cookie", "Cookies "),
            ("request.headers.X-Api-Version", "Headers X-Api-Version"),
            ("request_headers.X-A", "Headers X-A"),
            ("request.headers.User-Agent", ""),
            ("query", ""),
            ("bodyguard", ""),
            ("message", ""),
        ] {
            assert_eq!(shown(name), expect, "{name}");
        }
    }
}
