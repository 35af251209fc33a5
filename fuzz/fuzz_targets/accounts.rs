//! See `tenure_fuzz::accounts`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tenure_fuzz::accounts(bytes));
