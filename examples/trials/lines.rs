//! Lines of a busy service, for programs that measure.

use std::io::Write;
use std::ops::Range;

/// A service that writes a log, and what of its lines are refused logins.
#[derive(Clone, Copy)]
pub struct Service {
    pub number: u64,
    /// One line in this many is a refused login.
    pub refused_every: u64,
    /// Users who log in.
    pub users: u64,
}

impl Service {
    /// Its lines of these numbers, as of now. Each is a request of its own.
    pub fn write(self, file: &mut impl Write, numbers: Range<u64>) -> std::io::Result<()> {
        let stream = self.number;
        self.write_with(file, numbers, |number| format!("{stream:08x}-0000-4000-8000-{number:012x}"))
    }

    /// The same with other correlation ids.
    pub fn write_with(
        self,
        file: &mut impl Write,
        numbers: Range<u64>,
        id_of: impl Fn(u64) -> String,
    ) -> std::io::Result<()> {
        let time = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let mut text = String::new();
        for number in numbers {
            let (level, event, status) = match number % self.refused_every {
                0 => ("WARNING", "login_failed", 401),
                _ => ("INFO", "request_completed", 200),
            };
            let (stream, user, address) = (self.number, number % self.users, number % 250);
            text.push_str(&format!(
                "{{\"timestamp\":\"{time}\",\"level\":\"{level}\",\"logger\":\"auth\",\"service\":\"service-{stream}\",\
                 \"message\":\"{event} number {number}\",\"event\":\"{event}\",\"username\":\"user{user}\",\
                 \"ip_address\":\"203.0.113.{address}\",\"status_code\":{status},\"path\":\"/api/v1/items/{number}\",\
                 \"correlation_id\":\"{}\"}}\n",
                id_of(number)
            ));
        }
        file.write_all(text.as_bytes())
    }
}
