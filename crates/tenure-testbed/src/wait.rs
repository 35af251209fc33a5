//! Waiting for a condition with a deadline.
//!
//! The only place in the test bed that sleeps, and only between two looks at a condition. A wait that
//! ends without its condition is an error naming what was awaited; it never passes silently.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long any server may take for anything, on a machine under full load.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Pause between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Looks until `condition` answers true; errors of the condition end the wait at once.
pub(crate) fn until(
    awaited: &str,
    patience: Duration,
    mut condition: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let deadline = Instant::now() + patience;
    loop {
        if condition()? {
            return Ok(());
        }
        if Instant::now() >= deadline {
            bail!("waited {} s in vain: {awaited}", patience.as_secs());
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::until;

    #[test]
    fn a_condition_that_never_holds_is_an_error_that_names_it() {
        let error = until("the moon", Duration::ZERO, || Ok(false)).unwrap_err();
        assert_eq!(error.to_string(), "waited 0 s in vain: the moon");
    }

    #[test]
    fn a_condition_is_looked_at_until_it_holds() {
        let mut looks = 0;
        until("the third look", Duration::from_mins(1), || {
            looks += 1;
            Ok(looks == 3)
        })
        .unwrap();
        assert_eq!(looks, 3);
    }
}
