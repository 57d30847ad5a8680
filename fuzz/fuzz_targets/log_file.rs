#![no_main]

#[path = "../received.rs"]
#[allow(dead_code, reason = "each target has its own check")]
mod received;

libfuzzer_sys::fuzz_target!(|data: &[u8]| received::log_file(data));
