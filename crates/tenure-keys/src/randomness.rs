//! Randomness as a parameter (law 10), and the one place that draws it from the system.
//!
//! Pure parts take `&mut dyn Randomness`; only the binary and tests construct one. This
//! room must never fall back to a weaker source: a failure is returned. Next: `key.rs`.

/// A source of bytes that nobody else can guess.
pub trait Randomness: Send {
    /// Fills `bytes` whole, or fails and leaves nothing usable in it.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessFailed>;
}

/// The source of randomness did not deliver, or delivered something that cannot be random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the source of randomness failed; no key, nonce or password was made")]
pub struct RandomnessFailed;

/// The random generator of the cryptographic library, seeded by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessFailed> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| RandomnessFailed)
    }
}

/// Draws `N` bytes, for nonces, salts and ids. Keys are drawn in place on the heap instead.
pub fn draw<const N: usize>(randomness: &mut dyn Randomness) -> Result<[u8; N], RandomnessFailed> {
    let mut bytes = [0; N];
    randomness.fill(&mut bytes)?;
    Ok(bytes)
}

/// Test sources of randomness.
#[cfg(test)]
pub(crate) mod scripted {
    use super::{Randomness, RandomnessFailed};

    /// Counts upwards: different on every call, the same in every run.
    #[derive(Debug, Default)]
    pub(crate) struct Counting(u64);

    impl Counting {
        /// Starts at `seed`.
        pub(crate) const fn from(seed: u64) -> Self {
            Self(seed)
        }
    }

    impl Randomness for Counting {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessFailed> {
            for byte in bytes {
                // Knuth's multiplicative congruential step; the high byte is well mixed.
                self.0 =
                    self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = self.0.to_be_bytes()[0];
            }
            Ok(())
        }
    }

    /// Always fails.
    #[derive(Debug)]
    pub(crate) struct Broken;

    impl Randomness for Broken {
        fn fill(&mut self, _: &mut [u8]) -> Result<(), RandomnessFailed> {
            Err(RandomnessFailed)
        }
    }

    /// Repeats one byte, as a broken device might.
    #[derive(Debug)]
    pub(crate) struct Stuck(pub(crate) u8);

    impl Randomness for Stuck {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessFailed> {
            bytes.fill(self.0);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SystemRandomness, draw};

    #[test]
    fn the_system_does_not_repeat_itself() {
        let first = draw::<32>(&mut SystemRandomness).unwrap();
        let second = draw::<32>(&mut SystemRandomness).unwrap();
        assert_ne!(first, second);
        assert_ne!(first, [0; 32]);
    }
}
