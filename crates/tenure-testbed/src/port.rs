//! Finding a loopback port for a server.
//!
//! Ports come from below the range the kernel hands to outgoing connections, so that a stopped server can
//! come back on its own port. The pick is a guess, never a reservation: a server that finds its port taken
//! is started again on another one (see `cluster.rs`).

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Result, bail};

use crate::home::random_hex;

/// First port of the range we choose from.
const PORT_MIN: u16 = 15_000;
/// How many ports the range has; its end stays below 32,768, where Linux's outgoing range starts.
const PORT_COUNT: u16 = 17_000;
/// Tries before we conclude that the machine has no port left.
const TRIES_MAX: usize = 200;

/// A port on which nothing listens at this moment.
pub(crate) fn pick() -> Result<u16> {
    for _ in 0..TRIES_MAX {
        let draw = u16::from_str_radix(&random_hex(2)?, 16)?;
        let port = PORT_MIN + draw % PORT_COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free loopback port found in {TRIES_MAX} tries from {PORT_MIN} up")
}
