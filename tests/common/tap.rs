//! Somebody on the wire between the appliance and its chip, who keeps all that goes by and can hold it up.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use portcullis::tpm::Tcti;

/// TPM2_Unseal.
pub const UNSEAL: u32 = 0x015e;
/// TPM2_NV_Increment.
pub const NV_INCREMENT: u32 = 0x0134;
/// TPM2_NV_Write.
pub const NV_WRITE: u32 = 0x0137;
/// TPM2_PolicyPCR.
pub const POLICY_PCR: u32 = 0x017f;
/// TPM2_PolicyCounterTimer.
pub const POLICY_COUNTER_TIMER: u32 = 0x016d;
/// TPM2_PolicyNV.
pub const POLICY_NV: u32 = 0x0149;

#[derive(Default)]
struct Seen {
    /// Command codes since they were last taken.
    codes: Vec<u32>,
    /// Everything that went by in either direction on either port, from the first byte on.
    bytes: Vec<u8>,
    /// The command that is not passed on.
    hold_at: Option<u32>,
    /// Whether one is held.
    held: bool,
}

/// A tap on the way to one software TPM.
pub struct Tap {
    port: u16,
    shared: Arc<(Mutex<Seen>, Condvar)>,
}

impl Tap {
    /// Listens on a pair of ports and passes everything on to the pair of `tcti`.
    pub fn on(tcti: &Tcti) -> Self {
        let Tcti::Swtpm { port: target, .. } = tcti else { panic!("a software TPM") };
        let (data, control, port) = listeners();
        let shared = Arc::<(Mutex<Seen>, Condvar)>::default();
        for (listener, target, is_data) in [(data, *target, true), (control, target + 1, false)] {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                // One client at a time, as the software TPM takes them.
                for client in listener.incoming().flatten() {
                    let Ok(chip) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)) else { continue };
                    if is_data {
                        pass_commands(client, chip, &shared)
                    } else {
                        pass_bytes(client, chip, &shared)
                    }
                }
            });
        }
        Self { port, shared }
    }

    /// The way that goes past the tap.
    pub fn tcti(&self) -> Tcti {
        Tcti::Swtpm { host: Ipv4Addr::LOCALHOST.into(), port: self.port }
    }

    /// The codes of the commands since the last call.
    pub fn take_codes(&self) -> Vec<u32> {
        std::mem::take(&mut self.seen().codes)
    }

    /// Everything that went by.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen().bytes.clone()
    }

    /// Holds up the next command of this kind, for good.
    pub fn hold_at(&self, code: u32) {
        self.seen().hold_at = Some(code);
    }

    /// Waits until a command is held up.
    pub fn wait_until_held(&self) {
        const PATIENCE: Duration = Duration::from_secs(30);
        let (_, changed) = &*self.shared;
        let (seen, limit) = changed
            .wait_timeout_while(self.seen(), PATIENCE, |seen| !seen.held)
            .unwrap_or_else(PoisonError::into_inner);
        assert!(!limit.timed_out(), "no command came that was to be held: {:x?}", seen.codes);
    }

    /// Drops what is held up, and lets the next ones through.
    pub fn let_go(&self) {
        let mut seen = self.seen();
        (seen.hold_at, seen.held) = (None, false);
        self.shared.1.notify_all();
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn listeners() -> (TcpListener, TcpListener, u16) {
    for _ in 0..32 {
        let data = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = data.local_addr().expect("an address").port();
        if let Ok(control) = TcpListener::bind((Ipv4Addr::LOCALHOST, port.saturating_add(1))) {
            return (data, control, port);
        }
    }
    panic!("no pair of ports");
}

/// One message of the TPM protocol: a tag, the length of all of it, and the rest.
fn message(from: &mut TcpStream) -> Option<Vec<u8>> {
    let mut message = vec![0; 6];
    from.read_exact(&mut message).ok()?;
    let len = u32::from_be_bytes(message[2..6].try_into().expect("4 bytes"));
    message.resize(len as usize, 0);
    from.read_exact(&mut message[6..]).ok()?;
    Some(message)
}

fn pass_commands(mut client: TcpStream, mut chip: TcpStream, shared: &(Mutex<Seen>, Condvar)) {
    let lock = || shared.0.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some(command) = message(&mut client) {
        let code = u32::from_be_bytes(command[6..10].try_into().expect("4 bytes"));
        {
            let mut seen = lock();
            seen.codes.push(code);
            seen.bytes.extend_from_slice(&command);
            if seen.hold_at == Some(code) {
                seen.held = true;
                shared.1.notify_all();
                drop(shared.1.wait_while(seen, |seen| seen.held).unwrap_or_else(PoisonError::into_inner));
                return;
            }
        }
        let Some(response) = chip.write_all(&command).ok().and_then(|()| message(&mut chip)) else { return };
        lock().bytes.extend_from_slice(&response);
        if client.write_all(&response).is_err() {
            return;
        }
    }
}

fn pass_bytes(client: TcpStream, chip: TcpStream, shared: &(Mutex<Seen>, Condvar)) {
    let copy = |mut from: TcpStream, mut to: TcpStream| {
        let mut buffer = [0; 4096];
        while let Ok(len @ 1..) = from.read(&mut buffer) {
            shared.0.lock().unwrap_or_else(PoisonError::into_inner).bytes.extend_from_slice(&buffer[..len]);
            if to.write_all(&buffer[..len]).is_err() {
                break;
            }
        }
        // The other direction ends with this one.
        drop(to.shutdown(Shutdown::Both));
        drop(from.shutdown(Shutdown::Both));
    };
    let back = (chip.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
    thread::scope(|scope| {
        scope.spawn(|| copy(back.0, back.1));
        copy(client, chip);
    });
}
