//! The log as static resources, fetched through the router and verified by the evidence room.

use crate::bench::{AUDITOR, Bench, OPERATOR, Reply, from_network};
use axum::body::Body;
use serde_json::json;
use std::{cell::RefCell, collections::HashMap};
use tenure_evidence::{
    Checkpoint, Hash, Level, TileId, TileSource, Trust,
    tile::{BundleId, parse_bundle, parse_tile},
    tree::partial_tile_ids,
    verify_log,
};

async fn fetch(bench: &Bench, path: &str) -> Reply {
    bench.send(from_network("GET", &format!("/log/{path}")).body(Body::empty()).unwrap()).await
}

struct Fetched(RefCell<HashMap<TileId, Vec<u8>>>);

impl TileSource for Fetched {
    type Error = String;

    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<Hash>, String> {
        let tile = TileId { level, index, width };
        let bytes = self.0.borrow().get(&tile).cloned().ok_or(tile.path())?;
        parse_tile(&bytes, width).map_err(|error| error.to_string())
    }
}

#[tokio::test]
async fn a_stranger_fetches_the_log_and_verifies_it() {
    let bench = Bench::surveyed().await;
    for number in 0..300 {
        let charter = json!({ "purpose": format!("purpose {number}") });
        bench.call(OPERATOR, "PUT", "/api/v1/identities/billing/charter", Some(&charter)).await;
    }
    let note = fetch(&bench, "checkpoint").await;
    assert_eq!(note.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(note.headers["cache-control"], "no-cache");
    let (checkpoint, _) = Checkpoint::parse_unverified(&note.text()).unwrap();
    assert!(checkpoint.size > 256 && checkpoint.size < 512, "{}", checkpoint.size);

    let mut tiles = HashMap::new();
    let mut wanted = partial_tile_ids(checkpoint.size);
    wanted.push(TileId { level: 0, index: 0, width: 256 });
    for tile in wanted {
        let reply = fetch(&bench, &tile.path()).await;
        assert_eq!((reply.status, reply.body.len()), (200, usize::from(tile.width) * 32), "{}", tile.path());
        assert_eq!(reply.headers["content-type"], "application/octet-stream");
        assert_eq!(reply.headers["cache-control"], "public, max-age=31536000, immutable");
        tiles.insert(tile, reply.body);
    }
    let mut entries = Vec::new();
    let rest = u16::try_from(checkpoint.size - 256).unwrap();
    for bundle in [BundleId { index: 0, width: 256 }, BundleId { index: 1, width: rest }] {
        let reply = fetch(&bench, &bundle.path()).await;
        assert_eq!(reply.status, 200, "{}", bundle.path());
        entries.extend(parse_bundle(&reply.body, bundle.width).unwrap().into_iter().map(<[u8]>::to_vec));
    }
    let keys = bench.get(AUDITOR, "/api/v1/evidence").await.json()["keys"].clone();
    let trust = Trust { log_keys: vec![keys[0].as_str().unwrap().parse().unwrap()], ..Trust::default() };
    let source = Fetched(RefCell::new(tiles));
    let whole = entries.iter().cloned().map(Ok::<_, String>);
    let verdict = verify_log(whole, &source, &note.text(), &trust);
    assert!(matches!(verdict.level, Level::Verified), "{verdict:?}");
    entries[7].push(b' ');
    let verdict = verify_log(entries.into_iter().map(Ok::<_, String>), &source, &note.text(), &trust);
    assert!(matches!(verdict.level, Level::Refused(_)), "{verdict:?}");
}

#[tokio::test]
async fn only_what_the_head_covers_is_there_and_under_one_name() {
    let bench = Bench::surveyed().await;
    let size = Checkpoint::parse_unverified(&fetch(&bench, "checkpoint").await.text()).unwrap().0.size;
    assert!(size > 2 && size < 256);
    for there in
        [format!("tile/0/000.p/{size}"), format!("tile/entries/000.p/{size}"), String::from("tile/0/000.p/1")]
    {
        assert_eq!(fetch(&bench, &there).await.status, 200, "{there}");
    }
    let beyond = size + 1;
    for absent in [
        &format!("tile/0/000.p/{beyond}"),
        &format!("tile/entries/000.p/{beyond}"),
        "tile/0/000",
        "tile/1/000.p/1",
        "tile/8/000.p/1",
        "tile/63/000.p/1",
        "tile/64/000.p/1",
        "tile/0/001.p/1",
        "tile/0/000.p/01",
        "tile/0/000.p%2F1",
        "tile/0/0000.p/1",
        "tile/0//000.p/1",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/entries/x018/x446/x744/x073/x709/551/615",
    ] {
        let reply = fetch(&bench, absent).await;
        assert_eq!(reply.status, 404, "{absent}");
        assert_eq!(reply.headers["cache-control"], "no-store", "an absence may end");
    }
}
