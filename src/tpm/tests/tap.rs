//! Somebody on the wire between the appliance and the chip, who reads everything and may spoil
//! one command.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::tpm::Tcti;

/// TPM2_Unseal.
pub(super) const UNSEAL: u32 = 0x015e;
/// TPM2_HierarchyChangeAuth.
pub(super) const HIERARCHY_CHANGE_AUTH: u32 = 0x0129;
/// TPM2_ClearControl.
pub(super) const CLEAR_CONTROL: u32 = 0x0127;
/// TPM2_Quote.
pub(super) const QUOTE: u32 = 0x0158;
/// TPM2_NV_Write.
pub(super) const NV_WRITE: u32 = 0x0137;

#[derive(Default)]
struct Seen {
    commands: Vec<Vec<u8>>,
    responses: Vec<Vec<u8>>,
    /// A command code, and how many of that code to let through before one is spoiled.
    spoil: Option<(u32, u32)>,
    /// A command code, and before how many more of that code a PCR is extended.
    extend: Option<(u32, u32)>,
    /// Bytes in what the chip says, and what is said instead.
    exchange: Option<(Vec<u8>, Vec<u8>)>,
}

/// A tap on the way to one software TPM.
pub(super) struct Tap {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

impl Tap {
    /// Listens on a pair of ports and passes everything on to the pair of `tcti`.
    pub(super) fn on(tcti: &Tcti) -> Self {
        let Tcti::Swtpm { port: target, .. } = tcti else { panic!("a software TPM") };
        let (data, control, port) = listeners();
        let seen = Arc::new(Mutex::new(Seen::default()));
        for (listener, target, framed) in [(data, *target, true), (control, target + 1, false)] {
            let seen = Arc::clone(&seen);
            thread::spawn(move || {
                for client in listener.incoming().flatten() {
                    pass_on(client, target, framed, &seen);
                }
            });
        }
        Self { port, seen }
    }

    pub(super) fn tcti(&self) -> Tcti {
        Tcti::Swtpm { host: Ipv4Addr::LOCALHOST.into(), port: self.port }
    }

    /// Makes the chip refuse one command, by naming a handle that cannot be.
    pub(super) fn spoil(&self, code: u32, after: u32) {
        lock(&self.seen).spoil = Some((code, after));
    }

    /// Extends PCR 4 before each of the next `times` commands of one code.
    pub(super) fn extend_before(&self, code: u32, times: u32) {
        lock(&self.seen).extend = Some((code, times));
    }

    /// Says `other` wherever the chip says `own`, which has as many bytes.
    pub(super) fn exchange(&self, own: &[u8], other: &[u8]) {
        assert_eq!(own.len(), other.len());
        lock(&self.seen).exchange = Some((own.to_vec(), other.to_vec()));
    }

    /// The codes of the commands so far, and forgets them.
    pub(super) fn take_codes(&self) -> Vec<u32> {
        let mut seen = lock(&self.seen);
        seen.responses.clear();
        seen.commands.drain(..).map(|command| code_of(&command)).collect()
    }

    /// Whether `bytes` went over the wire in either direction.
    pub(super) fn saw(&self, bytes: &[u8]) -> bool {
        let seen = lock(&self.seen);
        let mut all = seen.commands.iter().chain(&seen.responses);
        all.any(|message| message.windows(bytes.len()).any(|window| window == bytes))
    }
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
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

fn code_of(command: &[u8]) -> u32 {
    u32::from_be_bytes(command[6..10].try_into().expect("4 bytes"))
}

/// TPM2_PCR_Extend of PCR 4 in the SHA-256 bank, under the empty password.
fn extend_pcr_4() -> Vec<u8> {
    let mut command = vec![0x80, 0x02, 0, 0, 0, 65, 0, 0, 0x01, 0x82, 0, 0, 0, 4];
    command.extend([0, 0, 0, 9, 0x40, 0, 0, 0x09, 0, 0, 0, 0, 0]);
    command.extend([&[0, 0, 0, 1, 0, 0x0b][..], &[7; 32]].concat());
    command
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

/// Serves one client until it goes; the software TPM takes one at a time anyway.
fn pass_on(mut client: TcpStream, target: u16, framed: bool, seen: &Mutex<Seen>) {
    let Ok(mut chip) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)) else { return };
    if !framed {
        let mut back = (chip.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
        thread::spawn(move || std::io::copy(&mut back.0, &mut back.1));
        let _ = std::io::copy(&mut client, &mut chip);
        let _ = chip.shutdown(std::net::Shutdown::Both);
        return;
    }
    while let Some(mut command) = message(&mut client) {
        {
            let mut seen = lock(seen);
            seen.commands.push(command.clone());
            match seen.spoil {
                Some((code, 0)) if code == code_of(&command) => {
                    command[10..14].fill(0xff);
                    seen.spoil = None;
                }
                Some((code, after)) if code == code_of(&command) => seen.spoil = Some((code, after - 1)),
                _ => {}
            }
        }
        let extends = match &mut lock(seen).extend {
            Some((code, times @ 1..)) if *code == code_of(&command) => {
                *times -= 1;
                true
            }
            _ => false,
        };
        if extends {
            chip.write_all(&extend_pcr_4()).expect("said");
            let answer = message(&mut chip).expect("answered");
            assert_eq!(answer[6..10], [0; 4], "{answer:?}");
        }
        let passed = chip.write_all(&command).is_ok();
        let Some(mut response) = passed.then(|| message(&mut chip)).flatten() else { return };
        if let Some((own, other)) = &lock(seen).exchange {
            let found = response.windows(own.len()).position(|window| window == own);
            found.into_iter().for_each(|at| response[at..at + other.len()].copy_from_slice(other));
        }
        lock(seen).responses.push(response.clone());
        if client.write_all(&response).is_err() {
            return;
        }
    }
}
