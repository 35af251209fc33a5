//! See `tenure_fuzz::hints`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tenure_fuzz::hints(bytes));
