//! Bytes that try to make a scan slow, endless or wrong.

use crate::draw::Draw;
use tenure_secrets::{CutShort, ScanLimits, Scanner, is_placeholder};

#[test]
fn each_limit_is_said_when_it_is_reached() {
    let scanner = Scanner::new().unwrap();
    let mut draw = Draw::from_seed(1);
    let tokens: String = (0..50).map(|_| draw.fill("ghp_«crc»\n")).collect();
    let with = |limits: ScanLimits| scanner.scan(tokens.as_bytes(), &limits);
    let whole = with(ScanLimits::default());
    assert_eq!((whole.hits.len(), whole.cut_short), (50, None));
    let short = with(ScanLimits { input_bytes_max: 410, ..ScanLimits::default() });
    assert_eq!((short.hits.len(), short.cut_short), (10, Some(CutShort::Input)));
    let few = with(ScanLimits { candidates_max: 10, ..ScanLimits::default() });
    assert_eq!((few.hits.len(), few.cut_short), (10, Some(CutShort::Candidates)));
    let some = with(ScanLimits { hits_max: 7, ..ScanLimits::default() });
    assert_eq!((some.hits.len(), some.cut_short), (7, Some(CutShort::Hits)));
}

#[test]
fn a_flood_of_keywords_ends_at_the_limit_of_candidates() {
    let scanner = Scanner::new().unwrap();
    let flood = "password=".repeat(20_000) + &"-----BEGIN RSA PRIVATE KEY-----".repeat(500);
    let limits = ScanLimits { candidates_max: 5_000, ..ScanLimits::default() };
    assert_eq!(scanner.scan(flood.as_bytes(), &limits).cut_short, Some(CutShort::Candidates));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_a_scan_fail(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..2_000)) {
        thread_local! { static SCANNER: Scanner = Scanner::new().unwrap(); }
        let scan = SCANNER.with(|scanner| scanner.scan(&bytes, &ScanLimits::default()));
        for hit in &scan.hits {
            assert_eq!(hit.value.expose().as_slice(), &bytes[hit.range.clone()]);
        }
        is_placeholder(&bytes);
    }

    #[test]
    fn hits_never_overlap(text in "((password|token|AKIA|ghp_|eyJ|://u:|-----BEGIN PRIVATE KEY-----|[a-zA-Z0-9=:@/. ]{1,20})){0,40}") {
        thread_local! { static SCANNER: Scanner = Scanner::new().unwrap(); }
        let scan = SCANNER.with(|scanner| scanner.scan(text.as_bytes(), &ScanLimits::default()));
        for (one, next) in scan.hits.iter().zip(scan.hits.iter().skip(1)) {
            assert!(one.range.end <= next.range.start);
        }
    }
}
