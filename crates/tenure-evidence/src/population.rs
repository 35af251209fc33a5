//! A population as lines of text: its digest, and a sample that anybody draws again.
//!
//! The digest is the SHA-256 of the lines, each with its line feed: what `sha256sum` prints of a file of them. A sample is
//! the lines whose `SHA-256(seed LF id)` are the lowest, so that who knows seed and ids draws the same. It must never
//! order, leave out or change a line. Next: `entry.rs`, in which such a digest is recorded.

use aws_lc_rs::digest::{Context, SHA256};
use std::collections::BTreeMap;

/// Lines of a sample, at most.
pub const SAMPLE_MAX: usize = 1_000;

/// The digest of a population, line by line in its order.
#[derive(Clone)]
pub struct PopulationDigest {
    context: Context,
    lines: u64,
}

impl Default for PopulationDigest {
    fn default() -> Self {
        Self { context: Context::new(&SHA256), lines: 0 }
    }
}

impl PopulationDigest {
    /// Takes the next line, without its line feed.
    pub fn line(&mut self, line: &str) {
        self.context.update(line.as_bytes());
        self.context.update(b"\n");
        self.lines += 1;
    }

    /// How many lines there were.
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    /// The digest in hexadecimal, lower case.
    pub fn finish(self) -> String {
        hexadecimal(self.context.finish().as_ref())
    }
}

/// A sample in the drawing: it holds as many as are drawn, however large the population is.
#[derive(Debug, Clone)]
pub struct Sampler<T> {
    seed: String,
    size: usize,
    drawn: BTreeMap<Vec<u8>, T>,
}

impl<T> Sampler<T> {
    /// Draws `size` by a seed, at most [`SAMPLE_MAX`].
    pub fn new(seed: &str, size: usize) -> Self {
        Self { seed: seed.to_owned(), size: size.min(SAMPLE_MAX), drawn: BTreeMap::new() }
    }

    /// Looks at one of the population.
    pub fn look(&mut self, id: &str, one: impl FnOnce() -> T) {
        let mut context = Context::new(&SHA256);
        context.update(self.seed.as_bytes());
        context.update(b"\n");
        context.update(id.as_bytes());
        let rank = context.finish().as_ref().to_vec();
        let is_full = self.drawn.len() >= self.size;
        if is_full && self.drawn.last_key_value().is_none_or(|(highest, _)| *highest <= rank) {
            return;
        }
        self.drawn.insert(rank, one());
        if self.drawn.len() > self.size {
            self.drawn.pop_last();
        }
    }

    /// Those drawn, the lowest first.
    pub fn finish(self) -> Vec<T> {
        self.drawn.into_values().collect()
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::{PopulationDigest, Sampler};

    #[test]
    fn the_digest_is_that_of_a_file_of_the_lines() {
        let mut digest = PopulationDigest::default();
        digest.line("one");
        digest.line("two");
        assert_eq!(digest.lines(), 2);
        // printf 'one\ntwo\n' | sha256sum
        assert_eq!(digest.finish(), "c3f9c8c283a2b1f2f1896f27a01cbe3cddc0c9d93f752e4639035a0f5b36f6e8");
    }

    fn drawn(seed: &str, size: usize, ids: impl IntoIterator<Item = u32>) -> Vec<u32> {
        let mut sampler = Sampler::new(seed, size);
        for id in ids {
            sampler.look(&id.to_string(), || id);
        }
        sampler.finish()
    }

    #[test]
    fn a_sample_depends_on_seed_and_ids_and_not_on_their_order() {
        let forth = drawn("autumn", 10, 0..1_000);
        assert_eq!(forth.len(), 10);
        assert_eq!(forth, drawn("autumn", 10, (0..1_000).rev()));
        assert_ne!(forth, drawn("winter", 10, 0..1_000));
        assert_eq!(forth[..5], drawn("autumn", 5, 0..1_000), "a smaller one is the beginning of a larger");
        assert_eq!(drawn("autumn", 10, 0..3).len(), 3, "there are no more");
        assert!(drawn("autumn", 0, 0..3).is_empty());
    }

    /// Each is as likely as any other: over many seeds every tenth of the population is drawn about as often.
    #[test]
    fn a_sample_prefers_nothing() {
        let mut tenths = [0_u32; 10];
        for seed in 0..400 {
            for id in drawn(&format!("seed {seed}"), 10, 0..100) {
                if let Some(tenth) = tenths.get_mut((id / 10) as usize) {
                    *tenth += 1;
                }
            }
        }
        assert!(tenths.iter().all(|many| (320..480).contains(many)), "{tenths:?}");
    }
}
