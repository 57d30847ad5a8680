//! What to listen on, as it is named: `udp://127.0.0.1:5514`, `tcp://`, `unix:///run/soctop.sock`, `http://`.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tokio::net::{TcpListener, UdpSocket, UnixDatagram};

use super::http::{self, Token};
use super::journal::Journald;
use super::{Intake, sockets};

/// Something that is received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Syslog in datagrams (RFC 5426).
    Udp(SocketAddr),
    /// Syslog in a stream (RFC 6587), or any lines.
    Tcp(SocketAddr),
    /// Syslog in datagrams to a socket of this machine.
    Unix(PathBuf),
    /// Logs of OpenTelemetry, to `/v1/logs`.
    Http(SocketAddr),
    /// The journal of systemd: of one unit, or the whole.
    Journal(Option<String>),
}

/// Why a word names nothing that can be listened on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListenerError {
    #[error("`{0}` is none of udp://ADDRESS:PORT, tcp://ADDRESS:PORT, unix:///PATH, http://ADDRESS:PORT")]
    Unknown(String),
    #[error("`{0}` is not an address with a port, such as 127.0.0.1:5514")]
    Address(String),
    #[error(
        "`{0}` can be reached from other machines, and syslog cannot say who sends: let rsyslog or Vector receive it, with TLS, and pass it on to 127.0.0.1"
    )]
    Open(String),
    #[error(
        "`{0}` can be reached from other machines: name a file that holds a secret with `--listen-token-file`"
    )]
    NoToken(String),
}

impl FromStr for Listener {
    type Err = ListenerError;

    fn from_str(word: &str) -> Result<Self, ListenerError> {
        let unknown = || ListenerError::Unknown(word.to_owned());
        let (scheme, rest) = word.split_once("://").ok_or_else(unknown)?;
        let address = || rest.trim_end_matches('/').parse();
        let address = || address().map_err(|_| ListenerError::Address(rest.to_owned()));
        match scheme {
            "udp" => Ok(Self::Udp(address()?)),
            "tcp" => Ok(Self::Tcp(address()?)),
            "http" => Ok(Self::Http(address()?)),
            "unix" if rest.starts_with('/') => Ok(Self::Unix(PathBuf::from(rest))),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Udp(address) => write!(out, "udp://{address}"),
            Self::Tcp(address) => write!(out, "tcp://{address}"),
            Self::Http(address) => write!(out, "http://{address}"),
            Self::Unix(path) => write!(out, "unix://{}", path.display()),
            Self::Journal(None) => write!(out, "journal"),
            Self::Journal(Some(unit)) => write!(out, "journal of {unit}"),
        }
    }
}

impl Listener {
    /// Refuses what anybody on the network could write into.
    ///
    /// # Errors
    /// Then, with what to do instead.
    pub(super) fn guarded(&self, token: Option<&Token>) -> Result<(), ListenerError> {
        match self {
            Self::Udp(address) | Self::Tcp(address) if !address.ip().is_loopback() => {
                Err(ListenerError::Open(self.to_string()))
            }
            Self::Http(address) if !address.ip().is_loopback() && token.is_none() => {
                Err(ListenerError::NoToken(self.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// The folder in which it makes a socket.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Unix(path) => path.parent(),
            _ => None,
        }
    }

    /// A name for its folder, which no two listeners share.
    pub(super) fn folder_name(&self) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let mut name = String::new();
        for byte in self.to_string().replace("://", "-").bytes() {
            match plain(byte) {
                true => name.push(char::from(byte)),
                false => name.push_str(&format!("%{byte:02x}")),
            }
        }
        name
    }

    /// The listener's own words, from the name of its folder.
    pub(super) fn of_folder_name(name: &str) -> Option<String> {
        let mut bytes = Vec::with_capacity(name.len());
        let mut rest = name.bytes();
        while let Some(byte) = rest.next() {
            match byte {
                b'%' => {
                    let digits = [rest.next()?, rest.next()?];
                    bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
                }
                byte => bytes.push(byte),
            }
        }
        let words = String::from_utf8(bytes).ok()?;
        match words.split_once('-') {
            Some((scheme @ ("udp" | "tcp" | "http" | "unix"), rest)) => Some(format!("{scheme}://{rest}")),
            _ => words.starts_with("journal").then_some(words),
        }
    }

    /// Opens it. Call it inside or outside of a runtime: nothing is received yet.
    pub(super) fn bind(&self, folder: &Path) -> io::Result<OpenListener> {
        let name = self.to_string();
        Ok(match self {
            Self::Udp(address) => {
                OpenListener { name, socket: Socket::Udp(nonblocking(std::net::UdpSocket::bind(address)?)?) }
            }
            Self::Tcp(address) => {
                OpenListener { name, socket: Socket::Tcp(std::net::TcpListener::bind(address)?) }
            }
            Self::Http(address) => {
                OpenListener { name, socket: Socket::Http(std::net::TcpListener::bind(address)?) }
            }
            Self::Unix(path) => OpenListener { name, socket: Socket::Unix(sockets::bind_unix(path)?) },
            Self::Journal(unit) => {
                OpenListener { name, socket: Socket::Journal(Journald::new(unit.clone(), folder)?) }
            }
        })
    }
}

fn nonblocking(socket: std::net::UdpSocket) -> io::Result<std::net::UdpSocket> {
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A listener that is open.
pub(super) struct OpenListener {
    name: String,
    socket: Socket,
}

enum Socket {
    Udp(std::net::UdpSocket),
    Tcp(std::net::TcpListener),
    Http(std::net::TcpListener),
    Unix(sockets::OwnSocket),
    Journal(Journald),
}

impl OpenListener {
    pub(super) fn name(&self) -> String {
        self.name.clone()
    }

    /// Receives for ever.
    pub(super) async fn receive(self, intake: Intake, token: Option<Token>) {
        let failed = intake.clone();
        if let Err(error) = self.socket.receive(intake, token).await {
            failed.remark(format!("nothing more is received by `{}`: {error}", failed.name), None);
        }
    }
}

impl Socket {
    async fn receive(self, intake: Intake, token: Option<Token>) -> io::Result<()> {
        match self {
            Self::Udp(socket) => sockets::datagrams(UdpSocket::from_std(socket)?, &intake).await,
            Self::Unix(socket) => {
                socket.socket.set_nonblocking(true)?;
                let receiver = UnixDatagram::from_std(socket.socket.try_clone()?)?;
                sockets::datagrams(receiver, &intake).await
            }
            Self::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                sockets::streams(TcpListener::from_std(listener)?, intake).await
            }
            Self::Http(listener) => {
                listener.set_nonblocking(true)?;
                http::serve(TcpListener::from_std(listener)?, intake, token).await
            }
            Self::Journal(journal) => journal.receive(&intake).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_listeners_and_others_are_refused_in_words() {
        for word in
            ["udp://127.0.0.1:5514", "tcp://[::1]:601", "unix:///run/soctop.sock", "http://127.0.0.1:4318"]
        {
            assert_eq!(word.parse::<Listener>().unwrap().to_string(), word);
        }
        for word in ["127.0.0.1:5514", "ftp://127.0.0.1:1", "unix://relative", "udp://localhost"] {
            assert!(word.parse::<Listener>().is_err(), "{word}");
        }
    }

    #[test]
    fn nobody_outside_may_write_without_a_secret() {
        let token = Token::new(b"a long secret of twenty bytes").unwrap();
        let guarded = |word: &str, token| word.parse::<Listener>().unwrap().guarded(token).is_ok();
        assert!(guarded("udp://127.0.0.1:514", None));
        assert!(guarded("tcp://[::1]:514", None));
        assert!(!guarded("udp://0.0.0.0:514", None));
        assert!(!guarded("tcp://192.0.2.1:514", Some(&token)));
        assert!(!guarded("http://0.0.0.0:4318", None));
        assert!(guarded("http://0.0.0.0:4318", Some(&token)));
    }

    #[test]
    fn folders_tell_listeners_apart() {
        let folder = |word: &str| word.parse::<Listener>().unwrap().folder_name();
        assert_eq!(folder("udp://127.0.0.1:5514"), "udp-127.0.0.1%3a5514");
        assert_ne!(folder("unix:///a/b"), folder("unix:///a-b"));
    }

    #[test]
    fn the_name_of_a_folder_tells_the_listener() {
        let sockets =
            ["udp://127.0.0.1:5514", "tcp://[::1]:601", "http://127.0.0.1:4318", "unix:///run/a-b c.sock"];
        let listeners = sockets.map(|word| word.parse::<Listener>().unwrap());
        let journals = [Listener::Journal(None), Listener::Journal(Some("ssh.service".into()))];
        for listener in listeners.into_iter().chain(journals) {
            assert_eq!(Listener::of_folder_name(&listener.folder_name()), Some(listener.to_string()));
        }
        for other in ["nginx", "udp%3", "udp%zz"] {
            assert_eq!(Listener::of_folder_name(other), None, "{other}");
        }
    }
}
