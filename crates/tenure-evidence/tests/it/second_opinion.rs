//! A second verifier, built on `ct-merkle`, `tlog_tiles` and this file alone, that must agree on every vector.
//!
//! Nothing here calls Tenure's hashing, proofs, notes or formats: only the committed vectors are shared. SHA-256 is the
//! `sha2` crate (through `tlog_tiles`) for all of the tree; Ed25519, key ids and body digests are `aws-lc-rs`, the one
//! implementation in this workspace, called directly.

use crate::vectors::committed;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct_merkle::digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Update, array};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use serde_json::Value;
use std::collections::BTreeMap;
use tlog_tiles::{HashReader as _, TileHashReader, TileReader};

/// SHA-256 by another implementation than Tenure's, with the two prefixes of RFC 6962.
#[derive(Default, Clone)]
struct Sha2(Vec<u8>);

impl Update for Sha2 {
    fn update(&mut self, data: &[u8]) {
        self.0.extend_from_slice(data);
    }
}

impl OutputSizeUser for Sha2 {
    type OutputSize = array::sizes::U32;
}

impl HashMarker for Sha2 {}

impl FixedOutput for Sha2 {
    fn finalize_into(self, out: &mut Output<Self>) {
        let hash = match self.0.split_first() {
            Some((0, entry)) => tlog_tiles::record_hash(entry),
            Some((1, children)) if children.len() == 64 => {
                tlog_tiles::node_hash(hash_of(&children[..32]), hash_of(&children[32..]))
            }
            None => tlog_tiles::EMPTY_HASH,
            // Neither prefix: no tree hashes so, and no vector will match.
            Some(_) => tlog_tiles::Hash([0; 32]),
        };
        out.copy_from_slice(&hash.0);
    }
}

fn hash_of(bytes: &[u8]) -> tlog_tiles::Hash {
    tlog_tiles::Hash(bytes.try_into().unwrap())
}

fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

fn hash(value: &Value) -> tlog_tiles::Hash {
    hash_of(&bytes(value))
}

fn hashes(value: &Value) -> Vec<tlog_tiles::Hash> {
    value.as_array().unwrap().iter().map(hash).collect()
}

fn joined(hashes: &[tlog_tiles::Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

fn root(size: u64, hash: &tlog_tiles::Hash) -> RootHash<Sha2> {
    RootHash::new(hash.0.into(), size)
}

fn cases(value: &Value) -> &Vec<Value> {
    let cases = value.as_array().unwrap();
    assert!(!cases.is_empty());
    cases
}

/// Inclusion by `tlog_tiles`, which takes a leaf hash.
fn included(
    index: u64,
    size: u64,
    leaf: tlog_tiles::Hash,
    root: tlog_tiles::Hash,
    proof: &[tlog_tiles::Hash],
) -> bool {
    index < size && tlog_tiles::check_record(&proof.to_vec(), size, root, index, leaf).is_ok()
}

/// Inclusion by `ct-merkle`, which takes the leaf itself.
fn included_by_ct_merkle(
    index: u64,
    size: u64,
    leaf: &[u8],
    root_hash: &tlog_tiles::Hash,
    proof: &[tlog_tiles::Hash],
) -> bool {
    let proof = InclusionProof::<Sha2>::from_bytes(joined(proof));
    root(size, root_hash).verify_inclusion(&leaf, index, &proof).is_ok()
}

/// Consistency by both.
fn extends(
    old: u64,
    old_root: &tlog_tiles::Hash,
    new: u64,
    new_root: &tlog_tiles::Hash,
    proof: &[tlog_tiles::Hash],
) -> bool {
    if old == 0 || old == new {
        return proof.is_empty() && (old == 0 || old_root == new_root);
    }
    let by_tlog = tlog_tiles::check_tree(&proof.to_vec(), new, *new_root, old, *old_root).is_ok();
    let ct_proof = ConsistencyProof::<Sha2>::try_from_bytes(joined(proof)).unwrap();
    let by_ct = root(new, new_root).verify_consistency(&root(old, old_root), &ct_proof).is_ok();
    assert_eq!(by_tlog, by_ct, "the second opinions differ: {old} to {new}");
    by_tlog
}

#[test]
fn hashes_and_bodies_agree() {
    let vectors = committed("hashes.json");
    for case in cases(&vectors["leaf"]) {
        assert_eq!(tlog_tiles::record_hash(&bytes(&case["entry_base64"])), hash(&case["hash"]));
    }
    for case in cases(&vectors["node"]) {
        assert_eq!(tlog_tiles::node_hash(hash(&case["left"]), hash(&case["right"])), hash(&case["hash"]));
    }
    assert_eq!(hash(&vectors["empty_root"]), tlog_tiles::EMPTY_HASH);
    for case in cases(&committed("entries.json")["bodies"]) {
        let body = case["body"].as_str().unwrap();
        assert_eq!(body_digest(&bytes(&case["nonce"]), body.as_bytes()), bytes(&case["digest"]));
    }
}

fn body_digest(nonce: &[u8], body: &[u8]) -> Vec<u8> {
    digest(&SHA256, &[b"tenure-body/1\n", nonce, body].concat()).as_ref().to_vec()
}

#[test]
fn entries_agree() {
    let vectors = committed("entries.json");
    for case in cases(&vectors["good"]) {
        let text = case["bytes"].as_str().unwrap();
        assert!(is_entry(text), "{text}");
        assert_eq!(canonical(&case["fields"]), text);
        assert_eq!(tlog_tiles::record_hash(text.as_bytes()), hash(&case["leaf_hash"]));
    }
    for case in cases(&vectors["refused"]) {
        assert!(!is_entry(case["bytes"].as_str().unwrap()), "{case}");
    }
}

/// RFC 8785 for what entries and bodies hold.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<Vec<u16>, String> = members
                .iter()
                .map(|(name, member)| {
                    (
                        name.encode_utf16().collect(),
                        format!("{}:{}", Value::from(name.as_str()), canonical(member)),
                    )
                })
                .collect();
            format!("{{{}}}", sorted.into_values().collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

fn is_entry(text: &str) -> bool {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return false };
    let Some(members) = value.as_object() else { return false };
    let known = ["actor", "body_digest", "facts", "id", "kind", "right", "subject", "time_us", "version"];
    let name_holds =
        |name: &str| members.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let right_holds = !members.contains_key("right") || name_holds("right");
    let digest_holds = members
        .get("body_digest")
        .and_then(Value::as_str)
        .and_then(|digest| STANDARD.decode(digest).ok())
        .is_some_and(|digest| digest.len() == 32);
    let facts_hold = members.get("facts").and_then(Value::as_object).is_some_and(|facts| {
        facts.iter().all(|(name, fact)| {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-".contains(c);
            !name.is_empty()
                && name.chars().all(plain)
                && (fact.is_string() || fact.is_i64() || fact.is_boolean())
        })
    });
    members.keys().all(|name| known.contains(&name.as_str()))
        && ["actor", "id", "kind", "subject"].into_iter().all(name_holds)
        && right_holds
        && digest_holds
        && facts_hold
        && members.get("time_us").is_some_and(Value::is_i64)
        && members.get("version") == Some(&Value::from(1))
        && canonical(&value) == text
}

/// Tiles by the path Tenure gives them.
struct Tiles(BTreeMap<String, Vec<u8>>);

impl TileReader for Tiles {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        // The crate writes the height into the path, as Go's checksum database does; tlog-tiles leaves it out.
        Ok(tiles.iter().map(|tile| self.0[&tile.path().replacen("tile/8/", "tile/", 1)].clone()).collect())
    }

    fn save_tiles(&self, _tiles: &[tlog_tiles::Tile], _data: &[Vec<u8>]) {}
}

#[test]
fn tile_paths_agree() {
    let vectors = committed("tiles.json");
    for case in cases(&vectors["paths"]) {
        let (level, index, width) = (&case["level"], case["index"].as_u64().unwrap(), &case["width"]);
        let level = u8::try_from(level.as_u64().unwrap()).unwrap();
        let width = u32::try_from(width.as_u64().unwrap()).unwrap();
        let theirs = tlog_tiles::Tile::new(8, level, index, width, false).path();
        assert_eq!(theirs.replacen("tile/8/", "tile/", 1), case["path"].as_str().unwrap());
        let theirs = tlog_tiles::Tile::new(8, 0, index, width, true).path();
        assert_eq!(
            theirs.replacen("tile/8/data/", "tile/entries/", 1),
            case["entries_path"].as_str().unwrap()
        );
    }
    for path in cases(&vectors["refused_paths"]) {
        let theirs = path.as_str().unwrap().replacen("tile/", "tile/8/", 1);
        let refused = std::panic::catch_unwind(|| tlog_tiles::Tile::from_path(&theirs).is_err());
        // The crate panics, rather than refuses, on a width of zero and a level of 64.
        assert!(refused.unwrap_or(true), "{path}");
    }
}

#[test]
fn trees_proofs_and_tiles_agree() {
    let vectors = committed("trees.json");
    let mut tree: MemoryBackedTree<Sha2, Vec<u8>> = MemoryBackedTree::new();
    let mut roots = vec![tlog_tiles::EMPTY_HASH];
    for index in 0_u64..300 {
        tree.push(index.to_be_bytes().to_vec());
        roots.push(hash_of(tree.root().as_bytes()));
    }
    for case in cases(&vectors["roots"]) {
        let size = usize::try_from(case["size"].as_u64().unwrap()).unwrap();
        assert_eq!(hash(&case["root"]), roots[size]);
    }
    for case in cases(&vectors["inclusion"]) {
        let (size, index) = (case["size"].as_u64().unwrap(), case["index"].as_u64().unwrap());
        let (leaf, root_hash, proof) = (hash(&case["leaf"]), hash(&case["root"]), hashes(&case["proof"]));
        let holds = case["holds"].as_bool().unwrap();
        assert_eq!(included(index, size, leaf, root_hash, &proof), holds, "{case}");
        let entry = index.to_be_bytes();
        if leaf == tlog_tiles::record_hash(&entry) {
            assert_eq!(included_by_ct_merkle(index, size, &entry, &root_hash, &proof), holds, "{case}");
        }
        if holds && size == 300 {
            let theirs = tree.prove_inclusion(usize::try_from(index).unwrap());
            assert_eq!(theirs.as_bytes(), joined(&proof));
        }
    }
    for case in cases(&vectors["consistency"]) {
        let (old, new) = (case["old_size"].as_u64().unwrap(), case["new_size"].as_u64().unwrap());
        let (old_root, new_root) = (hash(&case["old_root"]), hash(&case["new_root"]));
        let holds = extends(old, &old_root, new, &new_root, &hashes(&case["proof"]));
        assert_eq!(holds, case["holds"].as_bool().unwrap(), "{case}");
    }
    let tiles = cases(&vectors["tiles_of_300"])
        .iter()
        .map(|tile| (tile["path"].as_str().unwrap().to_owned(), bytes(&tile["bytes_base64"])))
        .collect();
    check_tiles(300, roots[300], &Tiles(tiles));
}

/// Reads every leaf hash and a proof for each through the tiles, which `tlog_tiles` authenticates against the root.
fn check_tiles(size: u64, root: tlog_tiles::Hash, tiles: &Tiles) {
    let reader = TileHashReader::new(size, root, tiles);
    for index in 0..size {
        let stored = reader.read_hashes(&[tlog_tiles::stored_hash_index(0, index)]).unwrap();
        assert_eq!(stored[0], tlog_tiles::record_hash(&index.to_be_bytes()));
        let proof = tlog_tiles::prove_record(size, index, &reader).unwrap();
        assert!(included(index, size, stored[0], root, &proof));
    }
    assert!(tlog_tiles::prove_tree(size, 77, &reader).is_ok());
}

/// A verifier key, read here.
struct Key {
    name: String,
    id: Vec<u8>,
    kind: u8,
    bytes: Vec<u8>,
}

fn key(vkey: &str) -> Key {
    let parts: Vec<&str> = vkey.splitn(3, '+').collect();
    let material = STANDARD.decode(parts[2]).unwrap();
    let input = [parts[0].as_bytes(), b"\n", &material].concat();
    let id = digest(&SHA256, &input).as_ref()[..4].to_vec();
    assert_eq!(id.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")), parts[1]);
    Key { name: parts[0].into(), id, kind: material[0], bytes: material[1..].to_vec() }
}

fn keys(value: &Value) -> Vec<Key> {
    value.as_array().unwrap().iter().map(|vkey| key(vkey.as_str().unwrap())).collect()
}

/// Who signed a note: `None` if it is malformed or a known signature is wrong.
fn signers<'k>(note: &str, keys: &'k [Key]) -> Option<Vec<&'k Key>> {
    if note.bytes().any(|byte| byte < 32 && byte != b'\n') {
        return None;
    }
    let at = note.rfind("\n\n")?;
    let text = &note[..=at];
    let mut signed = Vec::new();
    for line in note[at + 2..].strip_suffix('\n')?.split('\n') {
        let (name, blob) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let blob = STANDARD.decode(blob).ok()?;
        for key in keys.iter().filter(|key| key.name == name && blob.starts_with(&key.id)) {
            let (message, signature) = if key.kind == 1 {
                (text.to_owned(), &blob[4..])
            } else {
                let time = u64::from_be_bytes(blob[4..12].try_into().ok()?);
                (format!("cosignature/v1\ntime {time}\n{text}"), &blob[12..])
            };
            UnparsedPublicKey::new(&ED25519, &key.bytes).verify(message.as_bytes(), signature).ok()?;
            signed.push(key);
        }
    }
    Some(signed)
}

#[test]
fn notes_agree() {
    let vectors = committed("notes.json");
    for case in cases(&vectors["keys"]) {
        let key = key(case["vkey"].as_str().unwrap());
        assert_eq!(
            (key.name.as_str(), u64::from(key.kind)),
            (case["name"].as_str().unwrap(), case["type"].as_u64().unwrap())
        );
        assert_eq!(key.bytes, bytes(&case["public_key"]));
    }
    for case in cases(&vectors["notes"]) {
        let keys = keys(&case["keys"]);
        let signed = signers(case["note"].as_str().unwrap(), &keys).unwrap_or_default();
        assert_eq!(!signed.is_empty(), case["holds"].as_bool().unwrap(), "{case}");
        assert_eq!(signed.len(), case["signed_by"].as_array().unwrap().len());
    }
}

struct Head {
    origin: String,
    size: u64,
    root: tlog_tiles::Hash,
}

/// A checkpoint under the trust of a case, parsed by `tlog_tiles`.
fn head(note: &str, trust: &Value, which: &str) -> Result<Head, String> {
    let (log_keys, witness_keys) = (keys(&trust["log_keys"]), keys(&trust["witness_keys"]));
    let at = note.rfind("\n\n").ok_or("no note")?;
    let text = &note[..=at];
    let parsed =
        tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).map_err(|_| format!("{which}: no checkpoint"))?;
    let signed = signers(note, &log_keys).ok_or_else(|| format!("{which}: wrong signature"))?;
    let own = signed.iter().any(|key| key.kind == 1 && key.name == parsed.origin());
    if !log_keys.is_empty() && !own {
        return Err(format!("{which}: not signed"));
    }
    signers(note, &witness_keys).ok_or_else(|| format!("{which}: wrong cosignature"))?;
    Ok(Head { origin: parsed.origin().into(), size: parsed.size(), root: *parsed.hash() })
}

fn quorum(note: &str, trust: &Value) -> Result<(), String> {
    let witness_keys = keys(&trust["witness_keys"]);
    let mut public_keys: Vec<_> =
        signers(note, &witness_keys).unwrap_or_default().into_iter().map(|key| key.bytes.clone()).collect();
    public_keys.sort();
    public_keys.dedup();
    let enough = public_keys.len() as u64 >= trust["witness_quorum"].as_u64().unwrap();
    if enough { Ok(()) } else { Err("quorum".into()) }
}

/// Reads an export from the grammar in the documentation, line by line.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    fn line(&mut self) -> Result<&'a str, String> {
        let end = self.rest.iter().position(|byte| *byte == b'\n').ok_or("cut")?;
        let line = std::str::from_utf8(&self.rest[..end]).map_err(|error| error.to_string())?;
        self.rest = &self.rest[end + 1..];
        Ok(line)
    }

    fn words(&mut self, lead: &str) -> Result<Vec<&'a str>, String> {
        let line = self.line()?;
        let mut words = line.split(' ');
        if words.next() == Some(lead) { Ok(words.collect()) } else { Err(format!("no {lead} in {line}")) }
    }

    fn take(&mut self, length: &str) -> Result<&'a str, String> {
        let length: usize = length.parse().map_err(|_| "length")?;
        if self.rest.len() < length {
            return Err("cut".into());
        }
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        std::str::from_utf8(taken).map_err(|error| error.to_string())
    }

    fn hashes(&mut self, count: &str) -> Result<Vec<tlog_tiles::Hash>, String> {
        let count: usize = count.parse().map_err(|_| "count")?;
        (0..count)
            .map(|_| tlog_tiles::Hash::parse_hash(self.line()?).map_err(|_| "hash".to_owned()))
            .collect()
    }
}

fn export_indices(file: &str, trust: &Value) -> Result<Vec<u64>, String> {
    let (covered, end) = file.split_at_checked(file.len() - 49).ok_or("cut")?;
    let expect = format!("end {}\n", STANDARD.encode(digest(&SHA256, covered.as_bytes())));
    if end != expect {
        return Err("digest".into());
    }
    let mut lines = Lines { rest: covered.as_bytes() };
    if lines.line()? != "tenure-export/1" {
        return Err("header".into());
    }
    let claim = lines.words("claim")?;
    let note = {
        let words = lines.words("checkpoint")?;
        lines.take(words[0])?
    };
    let head_now = head(note, trust, "checkpoint")?;
    quorum(note, trust)?;
    let mut known = BTreeMap::from([(head_now.size, head_now.root)]);
    while lines.rest.starts_with(b"earlier ") {
        let words = lines.words("earlier")?;
        let earlier = head(lines.take(words[0])?, trust, "earlier")?;
        let proof = lines.hashes(words[1])?;
        if earlier.origin != head_now.origin
            || !extends(earlier.size, &earlier.root, head_now.size, &head_now.root, &proof)
        {
            return Err("earlier".into());
        }
        known.insert(earlier.size, earlier.root);
    }
    let count: u64 = lines.words("entries")?[0].parse().map_err(|_| "count")?;
    let mut tree: MemoryBackedTree<Sha2, String> = MemoryBackedTree::new();
    let mut indices = Vec::new();
    for _ in 0..count {
        let (index, raw) = exported_entry(&mut lines, &head_now)?;
        if indices.last().is_some_and(|last| *last >= index) {
            return Err("order".into());
        }
        indices.push(index);
        tree.push(raw);
        if claim == ["range", "0", &head_now.size.to_string()] {
            known.insert(index + 1, hash_of(tree.root().as_bytes()));
        }
    }
    if let ["range", first, end] = claim.as_slice() {
        let expect: Vec<u64> = (first.parse().unwrap()..end.parse().unwrap()).collect();
        if indices != expect {
            return Err("range".into());
        }
    }
    if let Some(since) = trust["since"].as_str() {
        let since = head(since, trust, "since")?;
        if known.get(&since.size) != Some(&since.root) {
            return Err("since".into());
        }
    }
    if lines.rest.is_empty() { Ok(indices) } else { Err("trailing".into()) }
}

fn exported_entry(lines: &mut Lines<'_>, head: &Head) -> Result<(u64, String), String> {
    let words = lines.words("entry")?;
    let index: u64 = words[0].parse().map_err(|_| "index")?;
    let raw = lines.take(words[1])?;
    lines.line()?;
    let proof = lines.hashes(words[2])?;
    let by_tlog = included(index, head.size, tlog_tiles::record_hash(raw.as_bytes()), head.root, &proof);
    let by_ct = included_by_ct_merkle(index, head.size, raw.as_bytes(), &head.root, &proof);
    assert_eq!(by_tlog, by_ct, "the second opinions differ on entry {index}");
    if !by_tlog || !is_entry(raw) {
        return Err(format!("entry {index}"));
    }
    if lines.rest.starts_with(b"body ") {
        let words = lines.words("body")?;
        let body = lines.take(words[0])?;
        lines.line()?;
        let entry: Value = serde_json::from_str(raw).unwrap();
        let value: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
        let nonce = STANDARD.decode(words[1]).map_err(|error| error.to_string())?;
        if body_digest(&nonce, body.as_bytes()) != bytes(&entry["body_digest"]) || canonical(&value) != body {
            return Err(format!("body {index}"));
        }
    }
    Ok((index, raw.to_owned()))
}

fn exit_code(holds: bool, trust: &Value) -> u64 {
    match (holds, trust["log_keys"].as_array().unwrap().is_empty()) {
        (false, _) => 1,
        (true, true) => 4,
        (true, false) => 0,
    }
}

#[test]
fn exports_agree() {
    for case in cases(&committed("exports.json")["cases"]) {
        let found = export_indices(case["file"].as_str().unwrap(), &case["trust"]);
        assert_eq!(
            exit_code(found.is_ok(), &case["trust"]),
            case["exit_code"].as_u64().unwrap(),
            "{}: {found:?}",
            case["name"]
        );
        let expect: Vec<u64> =
            case["indices"].as_array().unwrap().iter().map(|index| index.as_u64().unwrap()).collect();
        assert_eq!(found.unwrap_or_default(), expect, "{}", case["name"]);
    }
}

#[test]
fn proof_files_agree() {
    let vectors = committed("proofs.json");
    let entry = vectors["entry"].as_str().unwrap();
    for case in cases(&vectors["cases"]) {
        let found = proof_file_holds(case["file"].as_str().unwrap(), entry, &case["trust"]);
        assert_eq!(
            exit_code(found.is_ok(), &case["trust"]),
            case["exit_code"].as_u64().unwrap(),
            "{}: {found:?}",
            case["name"]
        );
    }
}

fn proof_file_holds(file: &str, entry: &str, trust: &Value) -> Result<(), String> {
    let (start, note) = file.split_once("\n\n").ok_or("no checkpoint")?;
    let mut lines = start.split('\n');
    if lines.next() != Some("c2sp.org/tlog-proof@v1") {
        return Err("header".into());
    }
    let mut lines = lines.skip_while(|line| line.starts_with("extra "));
    let index: u64 = lines
        .next()
        .and_then(|line| line.strip_prefix("index "))
        .ok_or("index")?
        .parse()
        .map_err(|_| "index")?;
    let proof: Vec<tlog_tiles::Hash> =
        lines.map(tlog_tiles::Hash::parse_hash).collect::<Result<_, _>>().map_err(|_| "hash")?;
    let head = head(note, trust, "checkpoint")?;
    quorum(note, trust)?;
    let holds = included(index, head.size, tlog_tiles::record_hash(entry.as_bytes()), head.root, &proof);
    if holds { Ok(()) } else { Err("inclusion".into()) }
}

#[test]
fn witness_answers_agree() {
    let vectors = committed("witness.json");
    let log = key(vectors["log"]["key"].as_str().unwrap());
    let witness = [key(vectors["witness_key"].as_str().unwrap())];
    for case in cases(&vectors["cases"]) {
        let request = case["request"].as_str().unwrap();
        let status = witness_status(request, case, &log, vectors["log"]["origin"].as_str().unwrap());
        assert_eq!(status, case["status"].as_u64().unwrap(), "{}", case["name"]);
        if status == 200 {
            let note = request.split_once("\n\n").unwrap().1;
            let cosigned = format!("{note}{}", case["response"].as_str().unwrap());
            assert_eq!(signers(&cosigned, &witness).unwrap().len(), 1, "{}", case["name"]);
        }
    }
}

/// The table of tlog-witness, read top to bottom.
fn witness_status(request: &str, case: &Value, log: &Key, origin: &str) -> u64 {
    let Some((start, note)) = request.split_once("\n\n") else { return 400 };
    let mut lines = start.split('\n');
    let Some(old) = lines.next().and_then(|line| line.strip_prefix("old ")) else { return 400 };
    let Ok(old_size) = old.parse::<u64>() else { return 400 };
    if old_size.to_string() != old {
        return 400;
    }
    let Ok(proof) = lines.map(tlog_tiles::Hash::parse_hash).collect::<Result<Vec<_>, _>>() else {
        return 400;
    };
    let text = &note[..=note.rfind("\n\n").unwrap()];
    let Ok(checkpoint) = tlog_tiles::Checkpoint::from_bytes(text.as_bytes()) else { return 400 };
    if checkpoint.origin() != origin {
        return 404;
    }
    if signers(note, std::slice::from_ref(log)).unwrap_or_default().is_empty() {
        return 403;
    }
    if old_size > checkpoint.size() {
        return 400;
    }
    let stored_size = case["stored"]["size"].as_u64().unwrap_or(0);
    if old_size != stored_size {
        return 409;
    }
    let old_root = if stored_size == 0 { tlog_tiles::EMPTY_HASH } else { hash(&case["stored"]["root"]) };
    let empty_wrong = checkpoint.size() == 0 && *checkpoint.hash() != tlog_tiles::EMPTY_HASH;
    let consistent = extends(old_size, &old_root, checkpoint.size(), checkpoint.hash(), &proof);
    if empty_wrong || !consistent { 422 } else { 200 }
}
