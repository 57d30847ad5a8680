//! Somebody who guesses the password of an account, and is told of for that.

use std::io::Write;
use std::ops::Range;

/// Failed logins with these numbers.
pub fn write(file: &mut impl Write, attacker: u64, numbers: Range<u64>) -> std::io::Result<()> {
    let time = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let mut text = String::new();
    for (request, number) in numbers.enumerate() {
        let (third, fourth, id) = (attacker / 250 % 250, attacker % 250, id_of(attacker, request));
        text.push_str(&format!(
            "{{\"timestamp\":\"{time}\",\"level\":\"WARNING\",\"service\":\"shop\",\"event\":\"login_failed\",\
             \"message\":\"login_failed number {number}\",\"username\":\"victim{attacker}\",\
             \"ip_address\":\"198.51.{third}.{fourth}\",\"correlation_id\":\"{id}\"}}\n"
        ));
    }
    file.write_all(text.as_bytes())
}

/// What one of its requests is called.
pub fn id_of(attacker: u64, request: usize) -> String {
    format!("a77ac4ed-{request:04x}-4000-8000-{attacker:012x}")
}
