//! Lines that a service has packed into a text of an object: base64, and perhaps gzip inside of it.
//!
//! What is packed cannot be searched, and a secret in it cannot be seen. So the event is the line that was packed.

use std::io::Read;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;

use super::LINE_LIMIT;
use super::walk::{elements, member, members};

/// An object in which a line is packed.
struct Package {
    /// Members that lead to the line, from the outside.
    way: &'static [&'static str],
    /// One of these stands beside the last of them, where there are any.
    beside: &'static [&'static str],
    /// The object has no other members than these, where there are any: whoever writes more tells something of their
    /// own, and a text in it is a text.
    only: &'static [&'static str],
    /// The line is a text as it stands.
    is_plain: bool,
}

const PACKAGES: [Package; 5] = [
    Package { way: &["awslogs", "data"], beside: &[], only: &["awslogs"], is_plain: false },
    Package {
        way: &["kinesis", "data"],
        beside: &["partitionKey", "sequenceNumber", "approximateArrivalTimestamp"],
        only: &[],
        is_plain: false,
    },
    Package {
        way: &["message", "data"],
        beside: &["messageId", "message_id", "publishTime", "publish_time"],
        only: &["message", "subscription", "deliveryAttempt"],
        is_plain: false,
    },
    Package { way: &["data_base64"], beside: &["specversion"], only: &[], is_plain: false },
    Package { way: &["payload"], beside: &["schema"], only: &["schema", "payload"], is_plain: true },
];
/// Names of fields at the top of a line that say that something may be packed in it.
pub(super) const SIGNS: [&str; 5] =
    ["awslogs.data", "kinesis.data", "message.data", "data_base64", "payload"];
/// Lists whose elements may be packed, and the members of an object that delivers elements of `data` alone.
const LISTS: [&str; 2] = ["Records", "records"];
const DELIVERY: [&str; 3] = ["requestId", "timestamp", "records"];
/// Most bytes that one line is unpacked to; what comes then stays as it is.
const UNPACKED_BYTES: usize = 8 << 20;
/// First bytes of gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What is packed in a line, in its order; nothing where nothing is.
pub(super) fn texts(line: &str) -> Vec<String> {
    let mut unpacker = Unpacker { left: UNPACKED_BYTES, texts: Vec::new(), found: false };
    let list = LISTS.iter().find_map(|name| member(line, 0, name));
    match list.filter(|list| line.as_bytes().get(list.start) == Some(&b'[')) {
        Some(list) => {
            let is_delivery = member(line, 0, DELIVERY[0]).is_some() && has_only(line, &DELIVERY);
            for record in elements(line.as_bytes(), list.start) {
                let text = line.get(record).unwrap_or_default();
                unpacker.record(text, is_delivery);
            }
        }
        None => unpacker.record(line, false),
    }
    if unpacker.found { unpacker.texts } else { Vec::new() }
}

struct Unpacker {
    /// Bytes that may still be unpacked.
    left: usize,
    texts: Vec<String>,
    /// Something was packed.
    found: bool,
}

impl Unpacker {
    /// Takes what is packed in an object, else the object.
    fn record(&mut self, object: &str, is_delivery: bool) {
        let delivered = || member(object, 0, "data").filter(|_| is_delivery).map(|place| (place, false));
        let place = PACKAGES.iter().find_map(|package| Some((package.place(object)?, package.is_plain)));
        let text =
            place.or_else(delivered).and_then(|(place, is_plain)| self.unpack(object, place, is_plain));
        match text {
            Some(text) => {
                self.found = true;
                let mut lines = text.lines().filter(|line| !line.trim().is_empty());
                match lines.clone().count() > 1 && lines.clone().all(|line| line.starts_with('{')) {
                    true => self.texts.extend(lines.map(str::to_owned)),
                    false => self.texts.extend(lines.next().map(|_| text.trim_end().to_owned())),
                }
            }
            None => self.texts.push(object.to_owned()),
        }
    }

    /// The text that is packed at `place` of an object; of an event with attributes (`CloudEvents`) all of it, with the
    /// text in the place of what was packed.
    fn unpack(&mut self, object: &str, place: Range<usize>, is_plain: bool) -> Option<String> {
        let packed: String = serde_json::from_str(object.get(place.clone())?).ok()?;
        if is_plain {
            return Some(packed).filter(|text| !text.trim().is_empty());
        }
        let text = decoded(&packed, self.left.min(LINE_LIMIT))?;
        self.left -= text.len();
        let Some(before) = object.get(..place.start)?.trim_end().strip_suffix("\"data_base64\":") else {
            return Some(text);
        };
        let is_object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text).is_ok();
        let text = if is_object { text } else { serde_json::Value::from(text).to_string() };
        Some([before, "\"data\":", &text, object.get(place.end..)?].concat())
    }
}

impl Package {
    /// Where the packed text stands, if the object is such a package.
    fn place(&self, object: &str) -> Option<Range<usize>> {
        let (last, outer) = self.way.split_last()?;
        let parent = outer.iter().try_fold(0, |at, name| Some(member(object, at, name)?.start))?;
        let is_signed =
            self.beside.is_empty() || self.beside.iter().any(|name| member(object, parent, name).is_some());
        let has_no_more = self.only.is_empty() || has_only(object, self.only);
        member(object, parent, last).filter(|_| is_signed && has_no_more)
    }
}

/// Whether an object has no members but these.
fn has_only(object: &str, names: &[&str]) -> bool {
    members(object.as_bytes(), 0).all(|(key, _)| object.get(key).is_some_and(|key| names.contains(&key)))
}

/// The text behind base64, and behind gzip in it; `None` where it is longer than `most` bytes, or no text.
fn decoded(packed: &str, most: usize) -> Option<String> {
    let bytes = STANDARD.decode(packed).ok()?;
    let mut unpacked = Vec::new();
    match bytes.starts_with(&GZIP) {
        true => GzDecoder::new(bytes.as_slice()).take(most as u64 + 1).read_to_end(&mut unpacked).ok()?,
        false => {
            unpacked = bytes;
            unpacked.len()
        }
    };
    let text = String::from_utf8(unpacked).ok().filter(|text| text.len() <= most)?;
    let is_text = text.chars().all(|c| !c.is_control() || c.is_whitespace());
    (is_text && !text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed_text(text: &str) -> String {
        STANDARD.encode(text)
    }

    #[test]
    fn a_line_that_was_packed_is_found_where_services_put_it() {
        let data = packed_text("login failed");
        for line in [
            format!(r#"{{"awslogs":{{"data":"{data}"}}}}"#),
            format!(r#"{{"message":{{"data":"{data}","messageId":"1"}},"subscription":"s"}}"#),
            format!(r#"{{"Records":[{{"kinesis":{{"partitionKey":"p","data":"{data}"}}}}]}}"#),
            format!(r#"{{"requestId":"r","timestamp":1,"records":[{{"data":"{data}"}}]}}"#),
        ] {
            assert_eq!(texts(&line), ["login failed"], "{line}");
        }
        assert_eq!(texts(r#"{"schema":null,"payload":"login failed"}"#), ["login failed"]);
        let event = format!(r#"{{"specversion":"1.0","id":"a","data_base64":"{data}","time":"t"}}"#);
        assert_eq!(texts(&event), [r#"{"specversion":"1.0","id":"a","data":"login failed","time":"t"}"#]);
    }

    #[test]
    fn what_only_looks_packed_stays() {
        let data = packed_text("login failed");
        for line in [
            format!(r#"{{"data":"{data}"}}"#),
            format!(r#"{{"message":{{"data":"{data}"}}}}"#),
            format!(r#"{{"level":"info","message":{{"data":"{data}","messageId":"1"}}}}"#),
            format!(r#"{{"requestId":"r","user":"bob","records":[{{"data":"{data}"}}]}}"#),
            r#"{"schema":"user","payload":"login failed","level":"error"}"#.to_owned(),
            r#"{"awslogs":{"data":"no base64"}}"#.to_owned(),
            r#"{"awslogs":{"data":"AAEC"}}"#.to_owned(),
            r#"{"awslogs":{"data":""}}"#.to_owned(),
            r#"{"records":[{"data":1}],"requestId":"r"}"#.to_owned(),
        ] {
            assert_eq!(texts(&line), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn a_bomb_stays_packed() {
        use std::io::Write;
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![b'x'; 2 * LINE_LIMIT]).unwrap();
        let bomb = STANDARD.encode(packer.finish().unwrap());
        assert_eq!(texts(&format!(r#"{{"awslogs":{{"data":"{bomb}"}}}}"#)), Vec::<String>::new());
    }
}
