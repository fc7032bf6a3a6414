//! Writing to jobs: short lines at once or never, credentials from a thread of their own.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::Sender;
use std::time::Duration;

use rustix::net::{SendFlags, send};

use super::event::Event;
use crate::domain::ids::{JobName, RequestId};
use crate::domain::secret::Plaintext;
use crate::domain::wire::pc1::{Line, Seq, ServerMessage, encode_secret};

/// How long a peer may leave a credential in its socket before it counts as gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Says one line; false when the peer does not take it, which no peer that reads can bring about.
pub fn say(stream: &UnixStream, seq: Seq, message: ServerMessage<'_>) -> bool {
    let mut line = Line::empty();
    message.write(seq, &mut line);
    let wire = line.wire();
    send(stream, wire, SendFlags::DONTWAIT | SendFlags::NOSIGNAL).is_ok_and(|sent| sent == wire.len())
}

/// One hand-over.
pub struct Delivery {
    /// The number of the connection.
    pub conn: u32,
    /// The number of the GET.
    pub seq: Seq,
    /// Which request.
    pub request: RequestId,
    /// To whom.
    pub job: JobName,
}

/// Writes a credential to its job and reports whether the kernel took every byte.
///
/// # Errors
/// What the system says when there is no descriptor or thread for it.
pub fn deliver(
    stream: &UnixStream,
    delivery: Delivery,
    plaintext: Plaintext,
    events: Sender<Event>,
) -> std::io::Result<()> {
    let mut stream = stream.try_clone()?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let write = move || {
        let written = encode_secret(&plaintext, delivery.seq, &mut |line| stream.write_all(line)).is_ok();
        drop(plaintext);
        // The keeper is gone when nobody receives, and then there is no log to write it to.
        drop(events.send(Event::Handed { delivery, written }));
    };
    std::thread::Builder::new().name("deliver".to_owned()).stack_size(128 * 1024).spawn(write).map(drop)
}
