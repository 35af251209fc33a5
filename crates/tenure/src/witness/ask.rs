//! Asking a witness: a checkpoint, a proof that it extends what the witness saw, an answer.
//!
//! The proof is computed from the tiles that the log serves to everybody; nothing of the
//! deployment is trusted for it. The answer counts only if a pinned witness key verifies it.

use crate::failure::{Failure, chain};
use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use std::{collections::HashMap, time::Duration};
use tenure_evidence::{
    Checkpoint, Hash, NoteSignature, TileId, TileSource, VerifierKey, consistency_proof,
    tile::parse_tile,
    tree::ProofRefused,
    witness::{RESPONSE_BYTES_MAX, add_checkpoint_body, parse_conflict, parse_cosignatures},
};
use tokio::net::TcpStream;

/// How long one call to a witness may take.
const CALL_DEADLINE: Duration = Duration::from_secs(20);
/// Tiles of one proof, at most: a few a level.
const TILES_MAX: usize = 64;

/// Where a witness is: `http://host:port`, with a path it may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WitnessAddress {
    authority: String,
    prefix: String,
}

impl WitnessAddress {
    /// Reads an address.
    pub(crate) fn parse(given: &str) -> Result<Self, Failure> {
        let shown = tenure_model::printable(given, 100);
        let refuse = || {
            Failure::usage(format!("`{shown}` is not the address of a witness"))
                .because("expected http://HOST:PORT; a cosignature protects itself, so plain HTTP takes nothing from it")
        };
        let rest = given.strip_prefix("http://").ok_or_else(refuse)?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |text: &str| text.chars().all(|letter| letter.is_ascii_graphic());
        if authority.is_empty()
            || authority.contains('@')
            || !plain(authority)
            || !plain(path)
            || path.contains(['?', '#'])
        {
            return Err(refuse());
        }
        let authority = if authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
            authority.to_owned()
        } else {
            format!("{authority}:80")
        };
        let path = path.trim_end_matches('/');
        let prefix = if path.is_empty() { String::new() } else { format!("/{path}") };
        Ok(Self { authority, prefix })
    }

    async fn post(&self, body: String) -> Result<(u16, String), Failure> {
        let failed = |why: String| {
            Failure::new("the witness was not asked").because(format!("{}: {why}", self.authority))
        };
        let call = async {
            let stream =
                TcpStream::connect(&self.authority).await.map_err(|error| failed(error.to_string()))?;
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
                .await
                .map_err(|error| failed(chain(&error)))?;
            let driver = tokio::spawn(connection);
            let request = Request::builder()
                .method(Method::POST)
                .uri(format!("{}/add-checkpoint", self.prefix))
                .header(header::HOST, &self.authority)
                .header(header::USER_AGENT, concat!("tenure/", env!("CARGO_PKG_VERSION")))
                .body(Full::new(Bytes::from(body)))
                .map_err(|error| failed(chain(&error)))?;
            let answer = sender.send_request(request).await.map_err(|error| failed(chain(&error)))?;
            let status = answer.status().as_u16();
            let bytes = Limited::new(answer.into_body(), RESPONSE_BYTES_MAX)
                .collect()
                .await
                .map_err(|error| failed(error.to_string()))?
                .to_bytes();
            driver.abort();
            Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
        };
        let called = tokio::time::timeout(CALL_DEADLINE, call).await;
        called.unwrap_or_else(|_| Err(failed(format!("no answer within {} s", CALL_DEADLINE.as_secs()))))
    }
}

/// Tiles that were fetched, and the first one that is missing.
#[derive(Default)]
struct Fetched(HashMap<TileId, Vec<Hash>>);

/// A tile that was not fetched yet.
#[derive(Debug, thiserror::Error)]
#[error("tile {} is missing", .0.path())]
struct TileMissing(TileId);

impl TileSource for Fetched {
    type Error = TileMissing;
    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<Hash>, TileMissing> {
        let tile = TileId { level, index, width };
        self.0.get(&tile).cloned().ok_or(TileMissing(tile))
    }
}

/// Gives the bytes of one resource of the log, by its path below the log's prefix.
pub(crate) trait LogReader {
    /// The bytes.
    async fn read(&self, path: &str) -> Result<Bytes, Failure>;
}

/// A consistency proof from the tiles that the log serves.
pub(crate) async fn proof(log: &impl LogReader, old: u64, new: u64) -> Result<Vec<Hash>, Failure> {
    let failed = |error: &dyn std::error::Error| Failure::new("the proof was not built").caused_by(error);
    let mut fetched = Fetched::default();
    for _ in 0..=TILES_MAX {
        match consistency_proof(old, new, &fetched) {
            Ok(proof) => return Ok(proof),
            Err(ProofRefused::Source { source: TileMissing(tile), .. }) => {
                let bytes = log.read(&tile.path()).await?;
                let hashes = parse_tile(&bytes, tile.width).map_err(|error| failed(&error))?;
                fetched.0.insert(tile, hashes);
            }
            Err(refused) => return Err(failed(&refused)),
        }
    }
    Err(Failure::new("the proof was not built").because("it needs more tiles than a proof can"))
}

/// What a witness gave.
pub(crate) struct Cosigned {
    /// Its cosignatures, verified under the pinned keys.
    pub(crate) signatures: Vec<NoteSignature>,
    /// The size the witness had cosigned before.
    pub(crate) previous_size: u64,
}

/// Asks a witness to cosign `note`.
pub(crate) async fn cosign(
    log: &impl LogReader,
    witness: &WitnessAddress,
    witness_keys: &[VerifierKey],
    note: &str,
) -> Result<Cosigned, Failure> {
    let failed = || Failure::new("the checkpoint was not cosigned");
    let (checkpoint, signed) =
        Checkpoint::parse_unverified(note).map_err(|error| failed().caused_by(&error))?;
    let mut old = 0;
    // Once to learn where the witness stands, once to go on from there, once more if somebody was faster.
    for _ in 0..4 {
        let hashes = proof(log, old, checkpoint.size).await?;
        let (status, body) = witness.post(add_checkpoint_body(old, &hashes, note)).await?;
        match status {
            200 => {
                let signatures = parse_cosignatures(&body, &signed.text, witness_keys).map_err(|error| {
                    failed().caused_by(&error).next("check --witness-key: the answer is not by that witness")
                })?;
                return Ok(Cosigned { signatures, previous_size: old });
            }
            409 => {
                let latest = parse_conflict(&body).map_err(|error| failed().caused_by(&error))?;
                if latest > checkpoint.size {
                    return Err(failed()
                        .because(format!("the witness has cosigned size {latest} already, this checkpoint has {}", checkpoint.size))
                        .next("cosign a newer checkpoint; or, if the log has no newer one, its tail was cut: tenure help keys"));
                }
                old = latest;
            }
            _ => {
                let why = tenure_model::printable(body.trim(), 300);
                return Err(failed().because(format!("the witness answered {status}: {why}")));
            }
        }
    }
    Err(failed().because("the witness moved on each time it was asked").next("try again"))
}

#[cfg(test)]
mod tests {
    use super::WitnessAddress;

    #[test]
    fn the_address_of_a_witness_is_read_strictly() {
        let of =
            |given: &str| WitnessAddress::parse(given).map(|address| (address.authority, address.prefix));
        assert_eq!(of("http://127.0.0.1:8421").unwrap(), ("127.0.0.1:8421".into(), String::new()));
        assert_eq!(of("http://w.example/a/").unwrap(), ("w.example:80".into(), "/a".into()));
        for bad in
            ["https://w.example", "w.example", "http://", "http://u:p@w.example", "http://w/?x", "http://w /"]
        {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
