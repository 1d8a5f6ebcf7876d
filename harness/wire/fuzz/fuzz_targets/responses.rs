//! Whatever bytes a peer sends, read as responses.

#![no_main]

#[path = "../entry.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::read(entry::Side::Client, bytes));
