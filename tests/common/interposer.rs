//! Somebody on the wire between the appliance and its TPM, who can stop time at one command.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand_core::{OsRng, RngCore};

/// TPM2_NV_Increment, which advances the epoch.
pub const NV_INCREMENT: u32 = 0x134;
/// TPM2_NV_Write, which writes the head of the log.
pub const NV_WRITE: u32 = 0x137;

/// How long anything may take before it counts as stuck.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The command that is held up when it comes, and who hears of it.
type Trap = Arc<Mutex<Option<(u32, Sender<()>)>>>;

/// A pair of ports that lead to a software TPM.
pub struct Interposer {
    port: u16,
    trap: Trap,
}

impl Interposer {
    /// Stands before the software TPM at `upstream`.
    pub fn before(upstream: u16) -> Self {
        let (data, control, port) = pair();
        let trap = Trap::default();
        let held = trap.clone();
        std::thread::spawn(move || {
            for client in data.incoming().map_while(Result::ok) {
                let held = held.clone();
                // Ends with an error when either side hangs up, which is how every connection ends.
                std::thread::spawn(move || drop(pass(client, upstream, &held)));
            }
        });
        std::thread::spawn(move || {
            for client in control.incoming().map_while(Result::ok) {
                drop(copy_both(client, upstream + 1));
            }
        });
        Self { port, trap }
    }

    /// How the appliance reaches it.
    pub fn tcti(&self) -> String {
        format!("swtpm:host=127.0.0.1,port={}", self.port)
    }

    /// Holds the next `command` up until its sender hangs up: the TPM never sees it.
    pub fn catch(&self, command: u32) -> Receiver<()> {
        let (said, heard) = channel();
        *self.trap.lock().unwrap_or_else(PoisonError::into_inner) = Some((command, said));
        heard
    }
}

/// Two free ports, one after the other, below those of the software TPMs.
fn pair() -> (TcpListener, TcpListener, u16) {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok();
    let ports = std::iter::repeat_with(|| 10_000 + 2 * (OsRng.next_u32() % 4_900) as u16);
    let mut free = ports.take(1_000).filter_map(|port| Some((bind(port)?, bind(port + 1)?, port)));
    free.next().expect("a free pair of ports")
}

fn pass(mut client: TcpStream, upstream: u16, trap: &Trap) -> std::io::Result<()> {
    let mut chip = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream))?;
    loop {
        let command = message(&mut client)?;
        let code = u32::from_be_bytes([command[6], command[7], command[8], command[9]]);
        let caught = {
            let mut trap = trap.lock().unwrap_or_else(PoisonError::into_inner);
            if trap.as_ref().is_some_and(|(wanted, _)| *wanted == code) { trap.take() } else { None }
        };
        if let Some((_, said)) = caught {
            // Whoever set the trap may be gone.
            let _ = said.send(());
            return client.read_to_end(&mut Vec::new()).map(drop);
        }
        chip.write_all(&command)?;
        client.write_all(&message(&mut chip)?)?;
    }
}

/// A command or a response: tag, length of all, code, and the rest.
fn message(from: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    const HEADER_LEN: usize = 10;
    let mut bytes = vec![0; HEADER_LEN];
    from.read_exact(&mut bytes)?;
    let len = u32::from_be_bytes([bytes[2], bytes[3], bytes[4], bytes[5]]) as usize;
    bytes.resize(len.max(HEADER_LEN), 0);
    from.read_exact(&mut bytes[HEADER_LEN..])?;
    Ok(bytes)
}

fn copy_both(mut client: TcpStream, upstream: u16) -> std::io::Result<()> {
    let mut control = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream))?;
    let (mut from, mut to) = (control.try_clone()?, client.try_clone()?);
    let back = std::thread::spawn(move || {
        drop(std::io::copy(&mut from, &mut to));
        drop(to.shutdown(Shutdown::Both));
    });
    drop(std::io::copy(&mut client, &mut control));
    drop(control.shutdown(Shutdown::Both));
    drop(back.join());
    Ok(())
}
