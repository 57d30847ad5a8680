//! Logs of OpenTelemetry over HTTP: `POST /v1/logs`, protobuf or JSON, plain or gzip.
//!
//! The answer comes when the records are on the disk. <https://opentelemetry.io/docs/specs/otlp/#otlphttp>

use std::convert::Infallible;
use std::io::{self, Read};
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use super::Intake;
use super::otlp::{self, RequestEncoding};
use super::seats::{Seat, Seats};
use super::sockets::accept;

/// A request, and what it unpacks to, may have this many bytes.
const BODY_BYTES: usize = 8 << 20;
const UNPACKED_BYTES: u64 = 32 << 20;
/// Headers must have arrived by then, and a body.
const HEADER_TIME: Duration = Duration::from_secs(10);
const BODY_TIME: Duration = Duration::from_secs(30);
/// What a sender is told to wait where there is no room.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// What a sender must know to be heard. Only its hash is held, so that it cannot leave.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(blake3::Hash);

/// Shorter secrets can be guessed.
const TOKEN_BYTES: usize = 16;

impl Token {
    /// A secret without the line break at its end; `None` where it is too short.
    #[must_use]
    pub fn new(secret: &[u8]) -> Option<Self> {
        let secret = secret.trim_ascii();
        (secret.len() >= TOKEN_BYTES).then(|| Self(blake3::hash(secret)))
    }

    /// Hashes are compared in a time that says nothing of where they differ.
    fn allows(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
        let given = given.strip_prefix(b"Bearer ").unwrap_or_default();
        blake3::hash(given.trim_ascii()) == self.0
    }
}

/// Answers requests for ever.
pub(super) async fn serve(listener: TcpListener, intake: Intake, token: Option<Token>) -> io::Result<()> {
    let seats = Seats::of(intake.clone());
    loop {
        let (stream, seat) = accept(&listener, &seats).await;
        tokio::task::spawn_local(talk(stream, intake.clone(), token.clone(), seat));
    }
}

async fn talk(stream: TcpStream, intake: Intake, token: Option<Token>, seat: Seat) {
    let answer = service_fn(|request| {
        let (intake, token, seat) = (&intake, token.as_ref(), &seat);
        async move {
            let answer = respond(request, intake, token).await;
            if answer.status().is_success() {
                seat.heard();
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .serve_connection(TokioIo::new(stream), answer);
    // A connection that breaks off is the sender's to mend, and so is a request that was not answered.
    tokio::select! {
        ended = connection => drop(ended),
        () = seat.wanted() => {}
    }
}

type HttpAnswer = Response<Full<Bytes>>;

/// Why a request is not taken.
struct Refusal {
    status: StatusCode,
    reason: String,
}

fn refuse<T>(status: StatusCode, reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { status, reason: reason.into() })
}

async fn respond(request: Request<Incoming>, intake: &Intake, token: Option<&Token>) -> HttpAnswer {
    let encoding = encoding(request.headers());
    match take(request, encoding, intake, token).await {
        Ok(encoding) => accepted(encoding),
        Err(refusal) => refused(refusal),
    }
}

/// Nothing was rejected: an empty response message, in the encoding of the request.
fn accepted(encoding: RequestEncoding) -> HttpAnswer {
    let (kind, body) = match encoding {
        RequestEncoding::Json => ("application/json", "{}"),
        RequestEncoding::Protobuf => ("application/x-protobuf", ""),
    };
    let mut answer = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

fn refused(refusal: Refusal) -> HttpAnswer {
    let mut answer = Response::new(Full::new(Bytes::from(refusal.reason + "\n")));
    *answer.status_mut() = refusal.status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if refusal.status == StatusCode::SERVICE_UNAVAILABLE {
        answer.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
    }
    answer
}

fn encoding(headers: &HeaderMap) -> Option<RequestEncoding> {
    let kind = text(headers, &CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    match kind {
        "application/x-protobuf" => Some(RequestEncoding::Protobuf),
        "application/json" => Some(RequestEncoding::Json),
        _ => None,
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn take(
    request: Request<Incoming>,
    encoding: Option<RequestEncoding>,
    intake: &Intake,
    token: Option<&Token>,
) -> Result<RequestEncoding, Refusal> {
    if token.is_some_and(|token| !token.allows(request.headers())) {
        return refuse(
            StatusCode::UNAUTHORIZED,
            "`Authorization: Bearer` with the secret of this receiver is missing",
        );
    }
    if request.uri().path() != "/v1/logs" {
        return refuse(StatusCode::NOT_FOUND, "logs go to /v1/logs");
    }
    if request.method() != Method::POST {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, "logs are sent with POST");
    }
    let Some(encoding) = encoding else {
        let reason = "content-type is neither application/x-protobuf nor application/json";
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason);
    };
    let packing = text(request.headers(), &CONTENT_ENCODING).to_owned();
    let body = read_body(request).await?;
    let body = unpack(&packing, body)?;
    let line = otlp::line(encoding, &body);
    let line = line.or_else(|error| refuse(StatusCode::BAD_REQUEST, error.to_string()))?;
    keep(intake, &line)?;
    Ok(encoding)
}

async fn read_body(request: Request<Incoming>) -> Result<Bytes, Refusal> {
    let body = Limited::new(request.into_body(), BODY_BYTES).collect();
    match tokio::time::timeout(BODY_TIME, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("more than {} MiB in one request", BODY_BYTES >> 20),
        ),
        Ok(Err(error)) => refuse(StatusCode::BAD_REQUEST, error.to_string()),
        Err(_) => refuse(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"),
    }
}

/// The limit is one of what comes out: a small body may hold gigabytes.
fn unpack(packing: &str, body: Bytes) -> Result<Bytes, Refusal> {
    match packing {
        "" | "identity" => Ok(body),
        "gzip" => {
            let mut unpacked = Vec::new();
            let read = MultiGzDecoder::new(&body[..]).take(UNPACKED_BYTES + 1).read_to_end(&mut unpacked);
            match read {
                Ok(length) if length as u64 <= UNPACKED_BYTES => Ok(unpacked.into()),
                Ok(_) => {
                    let reason = format!("unpacks to more than {} MiB", UNPACKED_BYTES >> 20);
                    refuse(StatusCode::PAYLOAD_TOO_LARGE, reason)
                }
                Err(error) => refuse(StatusCode::BAD_REQUEST, format!("no gzip: {error}")),
            }
        }
        _ => refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-encoding is neither gzip nor identity"),
    }
}

/// The sender may forget what it sent once it has its answer: first it must be on the disk.
fn keep(intake: &Intake, line: &[u8]) -> Result<(), Refusal> {
    if let Err(full) = intake.keep(line) {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, full.to_string());
    }
    intake.sync().or_else(|error| refuse(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))
}
