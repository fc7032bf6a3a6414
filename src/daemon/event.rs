//! What the keeper's one thread of decisions reacts to.

use std::os::unix::net::UnixStream;

use super::line::Delivery;
use super::message::{FromListener, LinkKind, Number};
use crate::domain::ids::CredentialName;
use crate::domain::wire::pc1::Seq;
use crate::links::peer::{Peer, PeerError};

/// One thing that happened.
pub enum Event {
    /// Somebody connected.
    Connected {
        /// The number both processes know the connection by.
        conn: Number,
        /// To which socket.
        kind: LinkKind,
        /// The keeper's own descriptor.
        stream: UnixStream,
        /// What the kernel says of the peer.
        peer: Result<Peer, PeerError>,
    },
    /// The listener read something.
    Said(FromListener),
    /// The executable of a caller was read.
    Measured {
        /// Which connection.
        conn: Number,
        /// The number of the GET.
        seq: Seq,
        /// What it asked for.
        name: CredentialName,
        /// The caller, with a digest where it could be had.
        peer: Result<Peer, PeerError>,
    },
    /// A credential was written, or could not be.
    Handed {
        /// Which.
        delivery: Delivery,
        /// Whether the kernel took every byte.
        written: bool,
    },
    /// The listener is gone.
    ListenerGone,
    /// A signal asked the daemon to end.
    Stop,
}
