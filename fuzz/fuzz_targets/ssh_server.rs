//! See `tenure_fuzz::ssh_server`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tenure_fuzz::ssh_server(bytes));
