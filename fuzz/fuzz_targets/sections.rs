//! See `tenure_fuzz::sections`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tenure_fuzz::sections(bytes));
