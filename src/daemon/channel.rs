//! The only way between keeper and listener: one pair of packet sockets.
//!
//! Descriptors travel from the keeper to the listener and never back: a descriptor in a message could be a
//! connection that carries another process's credentials, so the keeper has no room to receive one.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::io::Errno;
use rustix::net::sockopt::{set_socket_send_buffer_size, socket_domain, socket_type};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, Shutdown, SocketFlags, SocketType, recvmsg, send, sendmsg, shutdown,
    socketpair,
};

use super::message::{FromListener, LinkKind, MESSAGE_LEN_MAX, Number, ToListener};

/// Why nothing came through the channel.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// The other process is gone.
    #[error("the other process is gone")]
    Closed,
    /// The other process does not read; nothing was sent.
    #[error("the other process does not keep up")]
    Full,
    /// What came is no message: the other process is not to be trusted any more.
    #[error("the other process sent what is no message, {len} bytes")]
    NoMessage {
        /// How long it was.
        len: usize,
    },
    /// A descriptor came along, and was closed unseen: the other process is not to be trusted any more.
    #[error("the other process tried to hand over a descriptor")]
    Descriptor,
    /// The descriptor is not an end of a channel.
    #[error("this process was started without a channel")]
    NotAChannel,
    /// The system refused.
    #[error("cannot {doing} the channel: {cause}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// The system's answer.
        cause: Errno,
    },
}

/// Room for a few of the largest messages, in bytes; the system may allow less.
const BUFFER_LEN: usize = 1 << 20;

/// Makes the channel: the keeper's end in two halves, and the descriptor that the listener is started with.
///
/// Both are closed on exec; [`super::listener::spawn`] puts the second one in its place.
///
/// # Errors
/// [`ChannelError::System`].
pub fn pair() -> Result<(KeeperMouth, KeeperEar, OwnedFd), ChannelError> {
    let failed = |cause| ChannelError::System { doing: "make", cause };
    let (ours, theirs) =
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).map_err(failed)?;
    for end in [&ours, &theirs] {
        set_socket_send_buffer_size(end, BUFFER_LEN).map_err(failed)?;
    }
    let ours = Arc::new(ours);
    Ok((KeeperMouth { socket: ours.clone() }, KeeperEar { socket: ours, buffer: packet_buffer() }, theirs))
}

/// One byte more than a message, so that a longer one shows.
fn packet_buffer() -> Box<[u8]> {
    vec![0; MESSAGE_LEN_MAX + 1].into_boxed_slice()
}

/// The speaking half of the keeper's end. It never waits for the listener to read.
#[derive(Clone, Debug)]
pub struct KeeperMouth {
    socket: Arc<OwnedFd>,
}

/// The hearing half of the keeper's end.
#[derive(Debug)]
pub struct KeeperEar {
    socket: Arc<OwnedFd>,
    buffer: Box<[u8]>,
}

impl KeeperMouth {
    /// Gives the listener a duplicate of a connection to read from.
    ///
    /// Flags of the connection such as `O_NONBLOCK` are shared with the duplicate: do not rely on them.
    ///
    /// # Errors
    /// [`ChannelError::Full`] and [`ChannelError::Closed`]; the connection should be refused then.
    pub fn announce(
        &self,
        number: Number,
        kind: LinkKind,
        connection: BorrowedFd<'_>,
    ) -> Result<(), ChannelError> {
        let packet = ToListener::NewConnection { number, kind }.encode();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let passed = [connection];
        // The space is measured for one descriptor, so the push has no way to fail.
        control.push(SendAncillaryMessage::ScmRights(&passed));
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        sendmsg(&*self.socket, &[IoSlice::new(&packet)], &mut control, flags).map(drop).map_err(not_sent)
    }

    /// Tells the listener to drop its duplicate.
    ///
    /// Should the channel be full, a `shutdown` of the connection has the same effect a moment later.
    ///
    /// # Errors
    /// [`ChannelError::Full`] and [`ChannelError::Closed`].
    pub fn close(&self, number: Number) -> Result<(), ChannelError> {
        send_packet(&self.socket, &ToListener::Close { number }.encode())
    }

    /// Ends the channel for both sides, however many hold this half.
    pub fn hang_up(&self) {
        // The listener may be gone already.
        let _ = shutdown(&*self.socket, Shutdown::Both);
    }
}

impl KeeperEar {
    /// Waits for the next message; `None` when the listener is gone.
    ///
    /// # Errors
    /// [`ChannelError::NoMessage`] and [`ChannelError::Descriptor`] say that the listener is not to be
    /// trusted any more: end it.
    pub fn receive(&mut self) -> Result<Option<FromListener>, ChannelError> {
        let outcome = loop {
            let mut iov = [IoSliceMut::new(&mut self.buffer)];
            // No room for descriptors: the kernel closes what was passed, and says so.
            let mut control = RecvAncillaryBuffer::default();
            match recvmsg(&*self.socket, &mut iov, &mut control, RecvFlags::CMSG_CLOEXEC) {
                Err(Errno::INTR) => {}
                outcome => break outcome,
            }
        };
        let got = match outcome {
            Err(Errno::CONNRESET) => return Ok(None),
            outcome => outcome.map_err(|cause| ChannelError::System { doing: "read", cause })?,
        };
        if got.flags.contains(ReturnFlags::CTRUNC) {
            return Err(ChannelError::Descriptor);
        }
        if got.bytes == 0 {
            return Ok(None);
        }
        let message = FromListener::decode(&self.buffer[..got.bytes]);
        message.map(Some).ok_or(ChannelError::NoMessage { len: got.bytes })
    }
}

impl AsFd for KeeperEar {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The end of the listener. It never waits at all.
#[derive(Debug)]
pub(super) struct ListenerEnd {
    socket: OwnedFd,
}

/// What the listener found in the channel.
#[derive(Debug)]
pub(super) enum Heard {
    /// A message, and the descriptor that came along.
    Message(ToListener, Option<OwnedFd>),
    /// Nothing for now.
    Nothing,
}

impl ListenerEnd {
    pub fn new(socket: OwnedFd) -> Result<Self, ChannelError> {
        let is = (socket_domain(&socket), socket_type(&socket));
        let should = (Ok(AddressFamily::UNIX), Ok(SocketType::SEQPACKET));
        if is == should { Ok(Self { socket }) } else { Err(ChannelError::NotAChannel) }
    }

    pub fn send(&self, message: &FromListener) -> Result<(), ChannelError> {
        send_packet(&self.socket, &message.encode())
    }

    pub fn receive(&self) -> Result<Heard, ChannelError> {
        let mut packet = [0; 64];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut iov = [IoSliceMut::new(&mut packet)];
        let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
        let len = match recvmsg(&self.socket, &mut iov, &mut control, flags) {
            Ok(got) if got.bytes > 0 => got.bytes,
            Ok(_) | Err(Errno::CONNRESET) => return Err(ChannelError::Closed),
            Err(Errno::AGAIN | Errno::INTR) => return Ok(Heard::Nothing),
            Err(cause) => return Err(ChannelError::System { doing: "read", cause }),
        };
        let passed = control.drain().find_map(|part| match part {
            RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
            _ => None,
        });
        let message = ToListener::decode(&packet[..len]).ok_or(ChannelError::NoMessage { len })?;
        Ok(Heard::Message(message, passed))
    }
}

impl AsFd for ListenerEnd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn send_packet(socket: &OwnedFd, packet: &[u8]) -> Result<(), ChannelError> {
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    send(socket, packet, flags).map(drop).map_err(not_sent)
}

const fn not_sent(cause: Errno) -> ChannelError {
    match cause {
        Errno::AGAIN | Errno::INTR | Errno::NOBUFS => ChannelError::Full,
        Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN => ChannelError::Closed,
        cause => ChannelError::System { doing: "write", cause },
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, pipe};

    use super::*;
    use crate::domain::wire::record::RECORD_LEN_MAX;

    #[test]
    fn the_longest_record_fits() {
        let (mouth, mut keeper, theirs) = pair().expect("a channel");
        let listener = ListenerEnd::new(theirs).expect("an end");
        for len in [1, RECORD_LEN_MAX] {
            let record = FromListener::Record { conn: 7, bytes: vec![9; len] };
            listener.send(&record).expect("sent");
            assert_eq!(keeper.receive(), Ok(Some(record)), "{len}");
        }
        drop(listener);
        assert_eq!(keeper.receive(), Ok(None));
        assert_eq!(mouth.close(7), Err(ChannelError::Closed));
    }

    #[test]
    fn p32_a_descriptor_never_reaches_the_keeper() {
        let (_, mut keeper, theirs) = pair().expect("a channel");
        let (mut reader, writer) = pipe().expect("a pipe");
        let packet = FromListener::Closed { conn: 1 }.encode();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let passed = [writer.as_fd()];
        assert!(control.push(SendAncillaryMessage::ScmRights(&passed)));
        sendmsg(&theirs, &[IoSlice::new(&packet)], &mut control, SendFlags::empty()).expect("sent");
        drop(writer);
        assert_eq!(keeper.receive(), Err(ChannelError::Descriptor));
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).expect("the pipe has no writer any more");
        assert!(rest.is_empty());
    }

    #[test]
    fn a_message_that_is_none_is_refused_and_the_next_is_whole() {
        let (_, mut keeper, theirs) = pair().expect("a channel");
        for packet in [&[0xff; 40][..], &[7; MESSAGE_LEN_MAX + 1], &[7; MESSAGE_LEN_MAX + 9_000]] {
            send(&theirs, packet, SendFlags::empty()).expect("sent");
            send(&theirs, &FromListener::Closed { conn: 3 }.encode(), SendFlags::empty()).expect("sent");
            assert!(matches!(keeper.receive(), Err(ChannelError::NoMessage { .. })), "{}", packet.len());
            assert_eq!(keeper.receive(), Ok(Some(FromListener::Closed { conn: 3 })));
        }
    }

    #[test]
    fn a_listener_that_does_not_read_does_not_stop_the_keeper() {
        let (keeper, _, _theirs) = pair().expect("a channel");
        let outcome = (0..u32::MAX).find_map(|number| keeper.close(number).err());
        assert_eq!(outcome, Some(ChannelError::Full));
    }

    #[test]
    fn only_a_packet_socket_is_a_channel() {
        let file = File::open("/dev/null").expect("opened");
        let (stream, _other) = std::os::unix::net::UnixStream::pair().expect("a pair");
        for wrong in [OwnedFd::from(file), OwnedFd::from(stream)] {
            assert_eq!(ListenerEnd::new(wrong).map(drop), Err(ChannelError::NotAChannel));
        }
    }
}
