//! Syslog over datagrams and streams.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixDatagram as StdUnixDatagram;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram};

use super::Intake;
use super::frames::{Frames, push_line};
use super::seats::{Seat, Seats};

/// The longest datagram there is.
const DATAGRAM_BYTES: usize = 64 << 10;
/// Messages of a stream are cut beyond this, as lines of a file are.
const MESSAGE_BYTES: usize = 1 << 20;
/// A stream that gives no whole message for so long is closed: it may be forgotten, or slow on purpose.
const SILENT: Duration = Duration::from_secs(600);
/// After a failure to accept (no descriptors left) the next attempt comes this much later.
const ACCEPT_RETRY: Duration = Duration::from_millis(200);

/// Anything that receives datagrams.
pub(super) trait Datagrams {
    async fn next(&self, buffer: &mut [u8]) -> io::Result<usize>;
    /// Datagrams that the kernel dropped so far, where it tells.
    fn dropped(&self) -> Option<u64>;
}

impl Datagrams for UdpSocket {
    async fn next(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv(buffer).await
    }

    fn dropped(&self) -> Option<u64> {
        let inode = rustix::fs::fstat(self).ok()?.st_ino;
        let tables = ["/proc/self/net/udp", "/proc/self/net/udp6"];
        tables.iter().find_map(|table| dropped_of(&std::fs::read_to_string(table).ok()?, inode))
    }
}

impl Datagrams for UnixDatagram {
    async fn next(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv(buffer).await
    }

    /// A sender waits instead.
    fn dropped(&self) -> Option<u64> {
        None
    }
}

/// The last column of the row with this inode in a table of `/proc/net/udp`.
fn dropped_of(table: &str, inode: u64) -> Option<u64> {
    let inode = inode.to_string();
    let row = table.lines().find(|row| row.split_whitespace().nth(9) == Some(&inode))?;
    row.split_whitespace().last()?.parse().ok()
}

/// How often drops are counted.
const COUNT_DROPS: Duration = Duration::from_secs(5);

/// Keeps each datagram as a line, for ever. While there is no room none is taken: the kernel drops and counts.
pub(super) async fn datagrams(socket: impl Datagrams, intake: &Intake) -> io::Result<()> {
    let mut buffer = vec![0; DATAGRAM_BYTES];
    let mut told = 0;
    let mut count = tokio::time::interval(COUNT_DROPS);
    loop {
        tokio::select! {
            received = socket.next(&mut buffer) => {
                let length = received?;
                let mut line = Vec::with_capacity(length + 1);
                push_line(buffer.get(..length).unwrap_or_default(), &mut line);
                intake.keep_in_time(&line).await;
            }
            _ = count.tick() => {
                let dropped = socket.dropped().unwrap_or(told);
                if dropped > told {
                    let message = format!(
                        "{} datagrams to `{}` are lost: they came faster than they could be kept",
                        dropped - told, intake.name
                    );
                    intake.remark(message, Some("send over `tcp://`, where the sender waits".to_owned()));
                    told = dropped;
                }
            }
        }
    }
}

/// Reads connections, each in a task of its own.
pub(super) async fn streams(listener: TcpListener, intake: Intake) -> io::Result<()> {
    let seats = Seats::of(intake.clone());
    loop {
        let (stream, seat) = accept(&listener, &seats).await;
        tokio::task::spawn_local(read(stream, intake.clone(), seat));
    }
}

/// The next connection, with a seat.
pub(super) async fn accept(listener: &TcpListener, seats: &Seats) -> (TcpStream, Seat) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_RETRY).await;
            continue;
        };
        loop {
            if let Some(seat) = seats.take(peer.ip()) {
                return (stream, seat);
            }
            tokio::time::sleep(ACCEPT_RETRY).await;
        }
    }
}

async fn read(stream: TcpStream, intake: Intake, seat: Seat) {
    let mut messages = Messages { frames: Frames::new(MESSAGE_BYTES), lines: Vec::new(), intake, seat };
    let mut buffer = vec![0; DATAGRAM_BYTES];
    let mut silence = pin!(tokio::time::sleep(SILENT));
    loop {
        tokio::select! {
            ready = stream.readable() => if ready.is_err() { break },
            () = messages.seat.wanted() => return messages.part(&stream, &mut buffer),
            () = &mut silence => return messages.part(&stream, &mut buffer),
        }
        match stream.try_read(&mut buffer) {
            Ok(length @ 1..) => {
                if messages.take(buffer.get(..length).unwrap_or_default()).await {
                    silence.set(tokio::time::sleep(SILENT));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // An error ends a stream as its end does.
            Ok(_) | Err(_) => break,
        }
    }
    messages.finish();
    messages.keep().await;
}

/// Of a stream that is closed from here this many buffers are still read.
const LAST_READS: usize = 16;

/// What comes over one stream, on its way into the spool.
struct Messages {
    frames: Frames,
    lines: Vec<u8>,
    intake: Intake,
    seat: Seat,
}

impl Messages {
    async fn take(&mut self, bytes: &[u8]) -> bool {
        self.frames.take(bytes, &mut self.lines);
        self.keep().await
    }

    /// Keeps the messages that are whole; whether there was one.
    async fn keep(&mut self) -> bool {
        if self.lines.is_empty() {
            return false;
        }
        self.seat.heard();
        self.seat.begin_work();
        self.intake.keep_in_time(&self.lines).await;
        self.seat.end_work();
        self.lines.clear();
        true
    }

    /// It is closed from here: what has arrived is kept, as far as that needs no waiting.
    fn part(&mut self, stream: &TcpStream, buffer: &mut [u8]) {
        for _ in 0..LAST_READS {
            let Ok(length @ 1..) = stream.try_read(buffer) else { break };
            self.frames.take(buffer.get(..length).unwrap_or_default(), &mut self.lines);
        }
        self.finish();
        if !self.lines.is_empty() && self.intake.keep(&self.lines).is_err() {
            let name = &self.intake.name;
            let message = format!("the last messages of a connection to `{name}` that was closed are lost");
            self.intake.remark(message, None);
        }
    }

    /// What was left is the last message.
    fn finish(&mut self) {
        let frames = std::mem::replace(&mut self.frames, Frames::new(MESSAGE_BYTES));
        if frames.cut > 0 {
            let (cut, name) = (frames.cut, &self.intake.name);
            let message = format!("{cut} messages to `{name}` were longer than 1 MiB and are cut");
            self.intake.remark(message, None);
        }
        frames.finish(&mut self.lines);
    }
}

/// A socket in the file system, which goes when it is closed.
pub(super) struct OwnSocket {
    pub(super) socket: StdUnixDatagram,
    path: PathBuf,
    inode: u64,
}

impl Drop for OwnSocket {
    fn drop(&mut self) {
        // Another may have taken its place.
        let is_own = std::fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode);
        if is_own {
            // It is in nobody's way where it cannot be removed: the next run takes it over.
            drop(std::fs::remove_file(&self.path));
        }
    }
}

/// Binds a socket, in place of one that nobody listens on any more.
pub(super) fn bind_unix(path: &Path) -> io::Result<OwnSocket> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if is_socket {
        let probe = StdUnixDatagram::unbound()?;
        if probe.connect(path).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "another process listens on it"));
        }
        std::fs::remove_file(path)?;
    }
    let socket = StdUnixDatagram::bind(path)?;
    let inode = std::fs::symlink_metadata(path)?.ino();
    Ok(OwnSocket { socket, path: path.to_owned(), inode })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_read_from_the_row_of_the_socket() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
            5516: 0100007F:158A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 15841 2 000 17\n";
        assert_eq!(dropped_of(table, 15841), Some(17));
        assert_eq!(dropped_of(table, 15842), None);
    }

    #[test]
    fn a_socket_that_was_left_behind_is_taken_over_and_one_in_use_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.sock");
        drop(StdUnixDatagram::bind(&path).unwrap());
        let own = bind_unix(&path).unwrap();
        assert!(bind_unix(&path).is_err());
        drop(own);
        assert!(!path.exists());
    }
}
