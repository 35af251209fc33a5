//! Laws of the growing tree: tiles, roots and proofs at every size.
//!
//! Compared with the recursive definitions of RFC 6962, written down here word for word. It must never share a line with
//! the code it checks; `second_opinion.rs` does the same with other crates.

use crate::support::{Log, Tiles};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tenure_evidence::tile::TILE_WIDTH;
use tenure_evidence::tree::partial_tile_ids;
use tenure_evidence::{
    Frontier, FrontierRefused, Hash, ProofBroken, ProofRefused, TileId, TileSource, consistency_proof,
    empty_root, inclusion_proof, leaf_hash, node_hash, root_at, verify_consistency, verify_inclusion,
};

const SIZES: u64 = 600;

/// Merkle tree hash, word for word as in RFC 6962 section 2.1.
fn tree_hash(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        several => {
            let (left, right) = several.split_at(several.len().next_power_of_two() / 2);
            node_hash(&tree_hash(left), &tree_hash(right))
        }
    }
}

/// Audit path, word for word as in RFC 6962 section 2.1.1.
fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut proof, sibling) = if index < left.len() {
        (path(index, left), tree_hash(right))
    } else {
        (path(index - left.len(), right), tree_hash(left))
    };
    proof.push(sibling);
    proof
}

/// Consistency proof, word for word as in RFC 6962 section 2.1.2.
fn subproof(old: usize, leaves: &[Hash], complete: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if complete { Vec::new() } else { vec![tree_hash(leaves)] };
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut proof, sibling) = if old <= left.len() {
        (subproof(old, left, complete), tree_hash(right))
    } else {
        (subproof(old - left.len(), right, false), tree_hash(left))
    };
    proof.push(sibling);
    proof
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|index| leaf_hash(&index.to_be_bytes())).collect()
}

fn grow(leaves: &[Hash]) -> (Frontier, Tiles) {
    let mut tiles = Tiles::new();
    let mut frontier = Frontier::empty();
    for leaf in leaves {
        frontier.append(*leaf, &mut |level: u8, index: u64, hashes: &[Hash]| {
            tiles.insert((level, index), hashes.to_vec());
        });
    }
    for (tile, hashes) in frontier.partial_tiles() {
        tiles.insert((tile.level, tile.index), hashes);
    }
    (frontier, tiles)
}

/// Indices worth trying in a tree of that size: all in a small one, the edges in a large one.
fn indices(size: u64) -> Vec<u64> {
    if size <= 40 {
        return (0..size).collect();
    }
    let mut indices = vec![0, 1, size / 3, size / 2, 255, 256, 511, 512, size - 2, size - 1];
    indices.retain(|index| *index < size);
    indices.sort_unstable();
    indices.dedup();
    indices
}

#[test]
fn roots_are_those_of_the_certificate_transparency_test_tree() {
    let inputs: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let expect = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut frontier = Frontier::empty();
    for (input, expect) in inputs.into_iter().zip(expect) {
        frontier.append(leaf_hash(input), &mut |_: u8, _: u64, _: &[Hash]| {});
        let hex =
            frontier.root().as_bytes().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        assert_eq!(hex, expect);
    }
}

#[test]
fn at_every_size_the_root_the_tiles_and_the_rebuilt_edge_agree() {
    let leaves = leaves(SIZES);
    let mut full: BTreeMap<(u8, u64), Vec<Hash>> = BTreeMap::new();
    let mut frontier = Frontier::empty();
    assert_eq!(frontier.root(), empty_root());
    for (index, leaf) in leaves.iter().enumerate() {
        let appended = frontier.append(*leaf, &mut |level: u8, index: u64, hashes: &[Hash]| {
            assert_eq!(hashes.len(), usize::from(TILE_WIDTH));
            full.insert((level, index), hashes.to_vec());
        });
        assert_eq!(appended, index as u64);
        let size = frontier.size();
        let so_far = &leaves[..=index];
        let partial = frontier.partial_tiles();
        assert_eq!(partial.iter().map(|(id, _)| *id).collect::<Vec<_>>(), partial_tile_ids(size));
        for (id, hashes) in &partial {
            assert_eq!(so_far.tile(id.level, id.index, id.width).as_ref(), Ok(hashes), "{}", id.path());
        }
        let rebuilt = Frontier::from_partial_tiles(size, &partial).unwrap();
        assert_eq!(rebuilt.root(), frontier.root());
        assert_eq!(rebuilt, frontier);
        if size <= 40 || size.is_multiple_of(37) || size % 256 < 3 {
            assert_eq!(frontier.root(), tree_hash(so_far), "size {size}");
        }
    }
    assert_eq!(full.keys().copied().collect::<Vec<_>>(), [(0, 0), (0, 1)]);
}

#[test]
fn a_rebuilt_edge_grows_like_the_one_it_came_from() {
    let leaves = leaves(SIZES);
    for cut in [0, 1, 2, 255, 256, 257, 511, 512, 599] {
        let (frontier, _) = grow(&leaves[..cut]);
        let mut rebuilt = Frontier::from_partial_tiles(cut as u64, &frontier.partial_tiles()).unwrap();
        let mut tiles = Vec::new();
        for leaf in &leaves[cut..] {
            rebuilt.append(*leaf, &mut |level: u8, index: u64, hashes: &[Hash]| {
                tiles.push((level, index, hashes.to_vec()));
            });
        }
        let (whole, all_tiles) = grow(&leaves);
        assert_eq!(rebuilt, whole, "cut at {cut}");
        for (level, index, hashes) in tiles {
            assert_eq!(all_tiles[&(level, index)], hashes, "cut at {cut}");
        }
    }
}

#[test]
fn a_tree_of_seventy_thousand_has_the_tiles_of_the_specification() {
    // tlog-tiles, "Partial Tiles".
    let widths: Vec<_> =
        partial_tile_ids(70_000).iter().map(|tile| (tile.level, tile.index, tile.width)).collect();
    assert_eq!(widths, [(0, 273, 112), (1, 1, 17), (2, 0, 1)]);
    assert_eq!(partial_tile_ids(256), [TileId { level: 1, index: 0, width: 1 }]);
    let mut full: BTreeMap<u8, u64> = BTreeMap::new();
    let mut frontier = Frontier::empty();
    let leaf = leaf_hash(b"same");
    for _ in 0..70_000 {
        frontier.append(leaf, &mut |level: u8, _: u64, _: &[Hash]| *full.entry(level).or_default() += 1);
    }
    assert_eq!(full, BTreeMap::from([(0, 273), (1, 1)]));
    let rebuilt = Frontier::from_partial_tiles(70_000, &frontier.partial_tiles()).unwrap();
    assert_eq!(rebuilt.root(), frontier.root());
}

#[test]
fn at_every_size_inclusion_is_proved_and_no_other_leaf_root_or_place_is() {
    let leaves = leaves(SIZES);
    let (_, tiles) = grow(&leaves);
    for size in 1..=SIZES {
        let root = root_at(size, &tiles).unwrap();
        for index in indices(size) {
            let place = usize::try_from(index).unwrap();
            let proof = inclusion_proof(size, index, &tiles).unwrap();
            let leaf = leaves[place];
            if size <= 40 {
                assert_eq!(proof, path(place, &leaves[..usize::try_from(size).unwrap()]));
            }
            assert_eq!(verify_inclusion(index, size, &leaf, &root, &proof), Ok(()), "{index} of {size}");
            assert!(verify_inclusion(index, size, &root, &root, &proof).is_err() || size == 1);
            assert!(verify_inclusion(index, size, &leaf, &leaf, &proof).is_err() || size == 1);
            assert!(verify_inclusion(index ^ 1, size, &leaf, &root, &proof).is_err());
            assert!(verify_inclusion(size, size, &leaf, &root, &proof).is_err());
            let longer: Vec<Hash> = proof.iter().copied().chain([root]).collect();
            assert!(verify_inclusion(index, size, &leaf, &root, &longer).is_err());
            if let Some((_, shorter)) = proof.split_last() {
                assert!(verify_inclusion(index, size, &leaf, &root, shorter).is_err());
            }
        }
    }
}

#[test]
fn between_any_two_sizes_consistency_is_proved_and_no_other_root_is() {
    let leaves = leaves(SIZES);
    let (_, tiles) = grow(&leaves);
    let roots: Vec<Hash> = (0..=SIZES).map(|size| root_at(size, &tiles).unwrap()).collect();
    let root = |size: u64| roots[usize::try_from(size).unwrap()];
    for new in 1..=SIZES {
        for old in indices(new).into_iter().chain([new]) {
            let proof = consistency_proof(old, new, &tiles).unwrap();
            if new <= 40 && old > 0 {
                let expect =
                    subproof(usize::try_from(old).unwrap(), &leaves[..usize::try_from(new).unwrap()], true);
                assert_eq!(proof, expect, "{old} to {new}");
            }
            let (old_root, new_root) = (root(old), root(new));
            assert_eq!(verify_consistency(old, &old_root, new, &new_root, &proof), Ok(()), "{old} to {new}");
            let wrong = leaf_hash(b"wrong");
            assert!(verify_consistency(old, &wrong, new, &new_root, &proof).is_err(), "{old} to {new}");
            if old > 0 {
                assert!(verify_consistency(old, &old_root, new, &wrong, &proof).is_err(), "{old} to {new}");
            }
            let longer: Vec<Hash> = proof.iter().copied().chain([wrong]).collect();
            assert!(verify_consistency(old, &old_root, new, &new_root, &longer).is_err(), "{old} to {new}");
            if let Some((_, shorter)) = proof.split_last() {
                assert!(
                    verify_consistency(old, &old_root, new, &new_root, shorter).is_err(),
                    "{old} to {new}"
                );
            }
        }
    }
}

#[test]
fn proofs_of_a_tree_three_levels_high_verify() {
    let leaves: Vec<Hash> = (0_u64..66_000).map(|index| leaf_hash(&index.to_be_bytes())).collect();
    let (frontier, tiles) = grow(&leaves);
    assert_eq!(root_at(66_000, &tiles).unwrap(), frontier.root());
    for index in [0, 255, 256, 65_279, 65_280, 65_535, 65_536, 65_791, 65_792, 65_999] {
        let proof = inclusion_proof(66_000, index, &tiles).unwrap();
        let leaf = leaves[usize::try_from(index).unwrap()];
        assert_eq!(verify_inclusion(index, 66_000, &leaf, &frontier.root(), &proof), Ok(()), "{index}");
    }
    for old in [1, 255, 256, 257, 65_535, 65_536, 65_537, 65_999] {
        let proof = consistency_proof(old, 66_000, &tiles).unwrap();
        let root = root_at(old, &tiles).unwrap();
        assert_eq!(verify_consistency(old, &root, 66_000, &frontier.root(), &proof), Ok(()), "{old}");
    }
}

#[test]
fn questions_outside_the_tree_are_refused() {
    let (_, tiles) = grow(&leaves(10));
    assert_eq!(inclusion_proof(10, 10, &tiles), Err(ProofRefused::IndexOutsideTree { index: 10, size: 10 }));
    assert_eq!(inclusion_proof(0, 0, &tiles), Err(ProofRefused::IndexOutsideTree { index: 0, size: 0 }));
    assert_eq!(consistency_proof(11, 10, &tiles), Err(ProofRefused::SizesReversed { old: 11, new: 10 }));
    assert_eq!(root_at(u64::MAX, &tiles), Err(ProofRefused::SizeTooLarge(u64::MAX)));
    let missing = root_at(11, &tiles).unwrap_err();
    assert_eq!(missing.to_string(), "tile `tile/0/000.p/11` could not be read");
    let root = empty_root();
    let reversed = ProofBroken::SizesReversed { old: 2, new: 1 };
    assert_eq!(verify_consistency(2, &root, 1, &root, &[]), Err(reversed));
    assert_eq!(verify_consistency(0, &leaf_hash(b""), 1, &root, &[]), Err(ProofBroken::OldRootDiffers));
    assert_eq!(verify_consistency(0, &root, 0, &leaf_hash(b""), &[]), Err(ProofBroken::RootDiffers));
}

#[test]
fn an_edge_is_rebuilt_only_from_exactly_its_tiles() {
    let (frontier, _) = grow(&leaves(300));
    let good = frontier.partial_tiles();
    let (leaf_tile, top) = (good[0].0, good[1].0);
    let check = |tiles: &[(TileId, Vec<Hash>)], expect: FrontierRefused| {
        assert_eq!(Frontier::from_partial_tiles(300, tiles), Err(expect));
    };
    check(&good[..1], FrontierRefused::TileMissing(top));
    check(&[good.clone(), good.clone()].concat(), FrontierRefused::TileUnexpected(leaf_tile));
    let short = (leaf_tile, good[0].1[1..].to_vec());
    check(&[short, good[1].clone()], FrontierRefused::TileWidth { tile: leaf_tile, got: 43 });
    let stray = (TileId { level: 2, index: 0, width: 1 }, vec![empty_root()]);
    check(&[good.clone(), vec![stray.clone()]].concat(), FrontierRefused::TileUnexpected(stray.0));
    assert_eq!(Frontier::from_partial_tiles(u64::MAX, &good), Err(FrontierRefused::SizeTooLarge(u64::MAX)));
    assert_eq!(Frontier::from_partial_tiles(0, &[]), Ok(Frontier::empty()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn one_flipped_bit_breaks_an_inclusion_proof(
        size in 2_u64..600, index in any::<u64>(), at in any::<usize>(), bit in 0_u32..8,
    ) {
        let log = leaves(size);
        let (frontier, tiles) = grow(&log);
        let index = index % size;
        let mut proof = inclusion_proof(size, index, &tiles).unwrap();
        let at = at % (proof.len() * 32);
        let mut bytes = *proof[at / 32].as_bytes();
        bytes[at % 32] ^= 1 << bit;
        proof[at / 32] = Hash::from_bytes(bytes);
        let leaf = log[usize::try_from(index).unwrap()];
        prop_assert_eq!(
            verify_inclusion(index, size, &leaf, &frontier.root(), &proof),
            Err(ProofBroken::RootDiffers)
        );
    }

    #[test]
    fn one_changed_leaf_breaks_consistency(size in 3_u64..600, old in any::<u64>(), changed in any::<u64>()) {
        let old = 1 + old % (size - 1);
        let before = leaves(size);
        let mut after = before.clone();
        let changed = changed % old;
        after[usize::try_from(changed).unwrap()] = leaf_hash(b"changed");
        let (_, old_tiles) = grow(&before);
        let (frontier, tiles) = grow(&after);
        let proof = consistency_proof(old, size, &tiles).unwrap();
        let old_root = root_at(old, &old_tiles).unwrap();
        prop_assert!(verify_consistency(old, &old_root, size, &frontier.root(), &proof).is_err());
    }
}

#[test]
fn the_sample_log_is_what_its_tiles_say() {
    let log = Log::sample(300);
    assert_eq!(root_at(300, &log.tiles).unwrap(), log.frontier.root());
}
