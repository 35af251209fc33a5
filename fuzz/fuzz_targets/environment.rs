//! See `tenure_fuzz::environment`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tenure_fuzz::environment(bytes));
