//! See `tenure_fuzz::trees`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tenure_fuzz::trees(bytes));
