//! Where a request came from, as the listener saw it. Nothing a caller sends can change it.

/// Where a request came from. Put into the extensions of every request by the listener; a request
/// without one counts as [`Peer::Network`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// The data directory's own socket, from this local account.
    Local {
        /// The account, as the operating system says.
        uid: u32,
    },
    /// A network address; who it is shows a token or a session.
    Network,
}
