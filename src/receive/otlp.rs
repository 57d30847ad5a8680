//! Requests of OpenTelemetry as one line of its JSON, which decoding takes apart into records.
//!
//! Messages and numbers of fields are those of `opentelemetry/proto/collector/logs/v1/logs_service.proto`,
//! `logs/v1/logs.proto` and `common/v1/common.proto` (stable since 1.0). JSON names are lowerCamelCase, 64-bit
//! numbers strings, ids hexadecimal: <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>.

use prost::{Message, Oneof};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// How a request is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestEncoding {
    Json,
    Protobuf,
}

/// Why a body holds no logs.
#[derive(Debug, thiserror::Error)]
pub enum NoLogs {
    #[error("no protobuf of ExportLogsServiceRequest: {0}")]
    Protobuf(#[from] prost::DecodeError),
    #[error("no JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// The body of a request as a line.
///
/// # Errors
/// When it is no request of this encoding.
pub fn line(encoding: RequestEncoding, body: &[u8]) -> Result<Vec<u8>, NoLogs> {
    let mut line = match encoding {
        RequestEncoding::Protobuf => ExportLogsServiceRequest::decode(body)?.json().to_string().into_bytes(),
        RequestEncoding::Json => one_line(body)?,
    };
    line.push(b'\n');
    Ok(line)
}

/// The same JSON without line breaks: raw ones stand only between its tokens.
fn one_line(body: &[u8]) -> Result<Vec<u8>, NoLogs> {
    let value: &RawValue = serde_json::from_slice(body)?;
    let is_break = |byte| byte == b'\n' || byte == b'\r';
    Ok(value.get().bytes().map(|byte| if is_break(byte) { b' ' } else { byte }).collect())
}

#[derive(Clone, PartialEq, Message)]
struct ExportLogsServiceRequest {
    #[prost(message, repeated, tag = "1")]
    resource_logs: Vec<ResourceLogs>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceLogs {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_logs: Vec<ScopeLogs>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeLogs {
    #[prost(message, optional, tag = "1")]
    scope: Option<InstrumentationScope>,
    #[prost(message, repeated, tag = "2")]
    log_records: Vec<LogRecord>,
}

#[derive(Clone, PartialEq, Message)]
struct InstrumentationScope {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    version: String,
    #[prost(message, repeated, tag = "3")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct LogRecord {
    #[prost(fixed64, tag = "1")]
    time_unix_nano: u64,
    #[prost(fixed64, tag = "11")]
    observed_time_unix_nano: u64,
    #[prost(int32, tag = "2")]
    severity_number: i32,
    #[prost(string, tag = "3")]
    severity_text: String,
    #[prost(message, optional, tag = "5")]
    body: Option<AnyValue>,
    #[prost(message, repeated, tag = "6")]
    attributes: Vec<KeyValue>,
    #[prost(bytes = "vec", tag = "9")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "10")]
    span_id: Vec<u8>,
    #[prost(string, tag = "12")]
    event_name: String,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "Any", tags = "1, 2, 3, 4, 5, 6, 7")]
    value: Option<Any>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Any {
    #[prost(string, tag = "1")]
    String(String),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(int64, tag = "3")]
    Int(i64),
    #[prost(double, tag = "4")]
    Double(f64),
    #[prost(message, tag = "5")]
    Array(ArrayValue),
    #[prost(message, tag = "6")]
    KeyValues(KeyValueList),
    #[prost(bytes = "vec", tag = "7")]
    Bytes(Vec<u8>),
}

#[derive(Clone, PartialEq, Message)]
struct ArrayValue {
    #[prost(message, repeated, tag = "1")]
    values: Vec<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValueList {
    #[prost(message, repeated, tag = "1")]
    values: Vec<KeyValue>,
}

impl ExportLogsServiceRequest {
    fn json(&self) -> Value {
        json!({ "resourceLogs": self.resource_logs.iter().map(ResourceLogs::json).collect::<Vec<_>>() })
    }
}

impl ResourceLogs {
    fn json(&self) -> Value {
        let attributes = self.resource.iter().flat_map(|resource| &resource.attributes);
        let mut object = Map::new();
        object.insert("resource".to_owned(), json!({ "attributes": pairs(attributes) }));
        object.insert("scopeLogs".to_owned(), self.scope_logs.iter().map(ScopeLogs::json).collect());
        Value::Object(object)
    }
}

impl ScopeLogs {
    fn json(&self) -> Value {
        let mut object = Map::new();
        if let Some(scope) = &self.scope {
            let mut own = Map::new();
            put_text(&mut own, "name", &scope.name);
            put_text(&mut own, "version", &scope.version);
            put_pairs(&mut own, &scope.attributes);
            object.insert("scope".to_owned(), Value::Object(own));
        }
        object.insert("logRecords".to_owned(), self.log_records.iter().map(LogRecord::json).collect());
        Value::Object(object)
    }
}

impl LogRecord {
    fn json(&self) -> Value {
        let mut object = Map::new();
        put_time(&mut object, "timeUnixNano", self.time_unix_nano);
        put_time(&mut object, "observedTimeUnixNano", self.observed_time_unix_nano);
        if self.severity_number != 0 {
            object.insert("severityNumber".to_owned(), self.severity_number.into());
        }
        put_text(&mut object, "severityText", &self.severity_text);
        if let Some(body) = &self.body {
            object.insert("body".to_owned(), body.json());
        }
        put_pairs(&mut object, &self.attributes);
        put_text(&mut object, "traceId", &hexadecimal(&self.trace_id));
        put_text(&mut object, "spanId", &hexadecimal(&self.span_id));
        put_text(&mut object, "eventName", &self.event_name);
        Value::Object(object)
    }
}

impl AnyValue {
    fn json(&self) -> Value {
        match &self.value {
            None => json!({}),
            Some(Any::String(text)) => json!({ "stringValue": text }),
            Some(Any::Bool(value)) => json!({ "boolValue": value }),
            Some(Any::Int(number)) => json!({ "intValue": number.to_string() }),
            Some(Any::Double(number)) => json!({ "doubleValue": number }),
            Some(Any::Array(array)) => {
                json!({ "arrayValue": { "values": array.values.iter().map(Self::json).collect::<Vec<_>>() } })
            }
            Some(Any::KeyValues(list)) => json!({ "kvlistValue": { "values": pairs(&list.values) } }),
            Some(Any::Bytes(bytes)) => {
                use base64::Engine as _;
                json!({ "bytesValue": base64::engine::general_purpose::STANDARD.encode(bytes) })
            }
        }
    }
}

fn pairs<'a>(pairs: impl IntoIterator<Item = &'a KeyValue>) -> Value {
    let pair = |pair: &KeyValue| json!({ "key": pair.key, "value": pair.value.as_ref().map_or(json!({}), AnyValue::json) });
    pairs.into_iter().map(pair).collect()
}

fn put_pairs(object: &mut Map<String, Value>, attributes: &[KeyValue]) {
    if !attributes.is_empty() {
        object.insert("attributes".to_owned(), pairs(attributes));
    }
}

fn put_text(object: &mut Map<String, Value>, name: &str, text: &str) {
    if !text.is_empty() {
        object.insert(name.to_owned(), text.into());
    }
}

fn put_time(object: &mut Map<String, Value>, name: &str, nanoseconds: u64) {
    if nanoseconds != 0 {
        object.insert(name.to_owned(), nanoseconds.to_string().into());
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One field of a message on the wire: tag, then length and bytes.
    fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
        let mut field = vec![tag << 3 | 2, u8::try_from(bytes.len()).unwrap()];
        field.extend_from_slice(bytes);
        field
    }

    fn pair(key: &str, text: &str) -> Vec<u8> {
        [field(1, key.as_bytes()), field(2, &field(1, text.as_bytes()))].concat()
    }

    #[test]
    fn bytes_of_the_wire_become_the_json_of_the_specification() {
        let time = [vec![1 << 3 | 1], 1_700_000_000_000_000_000_u64.to_le_bytes().to_vec()].concat();
        let record = [
            time,
            vec![2 << 3, 17],
            field(3, b"ERROR"),
            field(5, &field(1, b"login failed")),
            field(6, &pair("user.name", "alice")),
            field(9, &[0xab; 16]),
        ]
        .concat();
        let resource = field(1, &pair("service.name", "shop"));
        let body = field(1, &[field(1, &resource), field(2, &field(2, &record))].concat());
        let line = line(RequestEncoding::Protobuf, &body).unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(&line).unwrap(),
            json!({ "resourceLogs": [{
                "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "shop" } }] },
                "scopeLogs": [{ "logRecords": [{
                    "timeUnixNano": "1700000000000000000",
                    "severityNumber": 17,
                    "severityText": "ERROR",
                    "body": { "stringValue": "login failed" },
                    "attributes": [{ "key": "user.name", "value": { "stringValue": "alice" } }],
                    "traceId": "ab".repeat(16),
                }] }],
            }] })
        );
    }

    #[test]
    fn what_is_no_request_is_refused() {
        assert!(line(RequestEncoding::Protobuf, b"not a message").is_err());
        assert!(line(RequestEncoding::Json, b"{\"resourceLogs\": [").is_err());
    }

    #[test]
    fn json_is_kept_as_it_is_on_one_line() {
        let line =
            line(RequestEncoding::Json, b" {\n \"a\":\t12345678901234567890.10,\r\n \"b\": \"x\\ny\" }\n")
                .unwrap();
        assert_eq!(line, b"{  \"a\":\t12345678901234567890.10,   \"b\": \"x\\ny\" }\n");
    }

    /// A valid request on the wire.
    fn request() -> Vec<u8> {
        let record =
            [field(3, b"ERROR"), field(5, &field(1, b"x")), field(6, &pair("user.name", "alice"))].concat();
        field(1, &[field(1, &field(1, &pair("a", "b"))), field(2, &field(2, &record))].concat())
    }

    proptest! {
        /// A body is one line, or refused.
        #[test]
        fn any_bytes_are_one_line_or_refused(
            body in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..200),
                (0..60usize, any::<u8>()).prop_map(|(at, byte)| {
                    let mut body = request();
                    let at = at % body.len();
                    body[at] = byte;
                    body
                }),
                "[\\{\\}\\[\\]\":,a0\n\r ]{0,80}".prop_map(String::into_bytes),
            ],
        ) {
            for encoding in [RequestEncoding::Json, RequestEncoding::Protobuf] {
                if let Ok(line) = line(encoding, &body) {
                    prop_assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
                }
            }
        }
    }
}
