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
    /// The member that it is in, if it is in one: an operator is one of the field that it compares.
    around: Box<str>,
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
            return Some(whole(What::Cookies, true));
        }
        return (!ORDINARY.contains(&header)).then(|| part(What::Headers, name, true));
    }
    let longest =
        NAMES.iter().filter(|(known, ..)| is_below(folded, known)).max_by_key(|(known, ..)| known.len())?;
    let (known, kind, common) = *longest;
    if folded.len() == known.len() {
        // A statement of a database has this name, too; as a query it has a canonical field.
        let is_text = !matches!(known, "query" | "args" | "params");
        return is_text.then(|| whole(kind, common));
    }
    let mut member = part(kind, name, common);
    if !folded.get(known.len() + 1..).unwrap_or_default().contains('.') {
        member.around = "".into();
    }
    let ordinary = kind == What::Headers && ORDINARY.contains(&alias::fold(&member.member).as_str());
    (!ordinary).then_some(member)
}

fn is_below(folded: &str, known: &str) -> bool {
    folded.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn whole(kind: What, common: bool) -> Part {
    Part { kind, member: "".into(), around: "".into(), common }
}

/// The last level of the name says what the member is called, the one before it what it is in.
fn part(kind: What, name: &str, common: bool) -> Part {
    let mut levels = name.rsplit('.');
    let member = levels.next().unwrap_or(name).into();
    Part { kind, member, around: levels.next().unwrap_or_default().into(), common }
}

impl Part {
    /// Whether the name is that of an operator of a document database: what it compares with may be anything, also nothing
    /// (`{"$ne": null}`).
    pub(super) fn is_operator(&self) -> bool {
        matches!(self.kind, What::Body | What::Parameters) && self.member.contains('$')
    }

    /// Gives the value to the scanner as what it is.
    pub(super) fn scan(&self, text: &str, is_request: bool, scanner: &mut Scanner) {
        if self.common && !is_request {
            return;
        }
        if self.is_operator() {
            scanner.operator(&self.member, &self.around);
        }
        if text.len() < 2 || text == "null" {
            return;
        }
        match (self.kind, self.member.as_ref()) {
            // Its name has been looked at, together with the field that it compares.
            (What::Body, _) if self.is_operator() => scanner.named(Place::Form, "", text),
            (What::Parameters, _) if self.is_operator() => scanner.named(Place::Query, "", text),
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
    fn an_operator_belongs_to_the_field_that_it_compares() {
        for (name, around) in [
            ("body.password.$ne", "password"),
            ("req.body.$where", ""),
            ("params.filter.price.$gt", "price"),
            ("body.password[$ne]", ""),
        ] {
            let part = of(name).unwrap();
            assert!(part.is_operator(), "{name}");
            assert_eq!(&*part.around, around, "{name}");
        }
        assert!(!of("body.price").unwrap().is_operator());
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
