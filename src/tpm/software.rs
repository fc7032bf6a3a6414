//! The software TPM that plays the board: for evaluation, tests and CI, never for a credential
//! that matters, since whoever is root reads its memory.
//!
//! It runs as a process of its own session, so it survives whoever started it, as a chip would.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use sha2::{Digest as _, Sha256};
use tss_esapi::Context;
use tss_esapi::constants::StartupType;
use tss_esapi::handles::PcrHandle;
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::{Digest, DigestValues};

use crate::tpm::connect::{Tcti, context, library};
use crate::tpm::errand::{Errands, PATIENCE};
use crate::tpm::error::TpmError;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PID_FILE: &str = "swtpm.pid";
const PORT_FILE: &str = "swtpm.port";
/// How many port pairs are tried.
const ATTEMPTS_MAX: u32 = 64;
/// Pairs are looked for from here up, below the ports that Linux gives to outgoing connections:
/// one of those could take a port during a restart.
const PORT_FIRST: u16 = 20_000;
/// How many pairs there are.
const PAIRS: u32 = 6_000;
/// How long a software TPM may take to stop, in seconds.
const STOP_SECONDS: i64 = 10;

/// A running swtpm with its state in a directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SoftTpm {
    directory: PathBuf,
    port: u16,
    pid: u32,
}

/// A software TPM that stops when this is dropped, for tests and demonstrations.
#[derive(Debug)]
pub struct SoftTpmGuard(SoftTpm);

fn failed(what: &'static str) -> impl Fn(std::io::Error) -> TpmError {
    move |cause| TpmError::Software { what, cause: cause.to_string() }
}

impl SoftTpm {
    /// Starts a software TPM on a free pair of loopback ports, its state in `directory`, which is
    /// made with mode 0700. Where one ran before, its ports are taken again if they are free.
    ///
    /// # Errors
    /// [`TpmError::Software`], also when one already runs there.
    pub fn start(directory: &Path) -> Result<Self, TpmError> {
        let what = "could not be started";
        let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
        made.and_then(|()| fs::set_permissions(directory, Permissions::from_mode(0o700)))
            .map_err(failed(what))?;
        let directory = fs::canonicalize(directory).map_err(failed(what))?;
        if Self::attach(&directory)?.is_some() {
            return Err(TpmError::Software { what, cause: format!("one runs in {}", directory.display()) });
        }
        let mut last = TpmError::Software { what, cause: "no free pair of ports".to_owned() };
        for port in pairs(&directory).filter(|port| is_free(*port)) {
            match Self::launch(&directory, port) {
                Ok(started) => return Ok(started),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Finds the software TPM that runs on `directory`, if one does.
    ///
    /// # Errors
    /// [`TpmError::Software`] when its files cannot be read.
    pub fn attach(directory: &Path) -> Result<Option<Self>, TpmError> {
        let read = |name: &str| match fs::read_to_string(directory.join(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("could not be found")(error)),
        };
        let (Some(pid), Some(port)) = (read(PID_FILE)?, read(PORT_FILE)?) else { return Ok(None) };
        let (Ok(pid), Ok(port)) = (pid.trim().parse(), port.trim().parse()) else { return Ok(None) };
        let directory = fs::canonicalize(directory).map_err(failed("could not be found"))?;
        let found = Self { directory, port, pid };
        Ok(found.process().map(|_| found))
    }

    /// The connection to it.
    pub const fn tcti(&self) -> Tcti {
        Tcti::Swtpm { host: LOOPBACK, port: self.port }
    }

    /// Its process.
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Makes it stop when the result is dropped.
    pub const fn guarded(self) -> SoftTpmGuard {
        SoftTpmGuard(self)
    }

    /// Shuts the TPM down in order, so that its clock stays `safe`, and ends its process.
    ///
    /// # Errors
    /// [`TpmError::Software`] when it does not end.
    pub fn stop(self) -> Result<(), TpmError> {
        self.end(true)
    }

    /// What a reset of the board does: the TPM keeps what is in its NV, forgets the PCRs and
    /// sessions, and counts one more boot. It comes back on the same port. One that takes no orders,
    /// as after a disk that was full, loses its power.
    ///
    /// # Errors
    /// [`TpmError::Software`] when it does not end or does not come back.
    pub fn power_cycle(&mut self) -> Result<(), TpmError> {
        self.end(true).or_else(|_| self.end(false))?;
        self.relaunch()
    }

    /// The same without an orderly shutdown: the clock is no longer `safe` afterwards.
    ///
    /// # Errors
    /// [`TpmError::Software`] when it does not end or does not come back.
    pub fn power_loss(&mut self) -> Result<(), TpmError> {
        self.end(false)?;
        self.relaunch()
    }

    /// Extends one PCR of the SHA-256 bank with a fixed event, as a changed boot would.
    ///
    /// # Errors
    /// [`TpmError::Library`] for a PCR that is none.
    pub fn extend(&self, pcr: u8) -> Result<(), TpmError> {
        let refused = library("TPM2_PCR_Extend");
        let handle = PcrHandle::try_from(u32::from(pcr)).map_err(&refused)?;
        let event =
            Digest::try_from(Sha256::digest(b"portcullis: another boot").to_vec()).map_err(&refused)?;
        let mut events = DigestValues::new();
        events.set(HashingAlgorithm::Sha256, event);
        self.ask(move |context| {
            let extended = context.execute_with_session(Some(AuthSession::Password), |context| {
                context.pcr_extend(handle, events)
            });
            extended.map_err(library("TPM2_PCR_Extend"))
        })
    }

    fn ask(
        &self,
        work: impl FnOnce(&mut Context) -> Result<(), TpmError> + Send + 'static,
    ) -> Result<(), TpmError> {
        let tcti = self.tcti();
        Errands::new(tcti.clone(), PATIENCE).run(move || work(&mut context(&tcti)?))
    }

    fn launch(directory: &Path, port: u16) -> Result<Self, TpmError> {
        let what = "could not be started";
        let pid_file = directory.join(PID_FILE);
        // Before it runs: should this process end meanwhile, the next one finds it.
        fs::write(directory.join(PORT_FILE), format!("{port}\n")).map_err(failed(what))?;
        let status = Command::new("swtpm")
            .args(["socket", "--tpm2", "--daemon", "--flags", "not-need-init,startup-clear"])
            .arg("--tpmstate")
            .arg(format!("dir={},mode=0600", directory.display()))
            .args(["--server", &format!("type=tcp,bindaddr=127.0.0.1,port={port}")])
            .args(["--ctrl", &format!("type=tcp,bindaddr=127.0.0.1,port={}", port + 1)])
            .arg("--pid")
            .arg(format!("file={}", pid_file.display()))
            .args(["--log", "file=-"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map_err(failed(what))?;
        if !status.success() {
            return Err(TpmError::Software { what, cause: format!("swtpm ended with {status}") });
        }
        let pid = fs::read_to_string(&pid_file).map_err(failed(what))?;
        let malformed = |_| TpmError::Software { what, cause: "its pid file has no pid".to_owned() };
        let pid = pid.trim().parse().map_err(malformed)?;
        Ok(Self { directory: directory.to_owned(), port, pid })
    }

    /// The port may still be held by connections that are closing down, or taken by chance.
    fn relaunch(&mut self) -> Result<(), TpmError> {
        *self = Self::launch(&self.directory, self.port)?;
        Ok(())
    }

    /// A handle of the process, if it is still this swtpm: a pid may have gone to another program.
    fn process(&self) -> Option<OwnedFd> {
        let pid = Pid::from_raw(i32::try_from(self.pid).ok()?)?;
        let process = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        let line = fs::read(format!("/proc/{}/cmdline", self.pid)).ok()?;
        let wanted = format!("dir={},mode=0600", self.directory.display());
        let mut words = line.split(|byte| *byte == 0);
        let swtpm = words.next().is_some_and(|word| word == b"swtpm" || word.ends_with(b"/swtpm"));
        (swtpm && words.any(|word| word == wanted.as_bytes())).then_some(process)
    }

    fn end(&self, orderly: bool) -> Result<(), TpmError> {
        let what = "could not be stopped";
        let Some(process) = self.process() else { return Ok(()) };
        if orderly {
            self.ask(|context| context.shutdown(StartupType::Clear).map_err(library("TPM2_Shutdown")))?;
        }
        if !orderly || self.ask_to_end().is_err() {
            let signal = if orderly { Signal::TERM } else { Signal::KILL };
            pidfd_send_signal(&process, signal).map_err(|error| failed(what)(error.into()))?;
        }
        let limit = Timespec { tv_sec: STOP_SECONDS, tv_nsec: 0 };
        let mut ended = [PollFd::new(&process, PollFlags::IN)];
        match poll(&mut ended, Some(&limit)) {
            Ok(1..) => Ok(()),
            Ok(0) => Err(TpmError::Software { what, cause: format!("process {} stays", self.pid) }),
            Err(error) => Err(failed(what)(error.into())),
        }
    }

    /// CMD_SHUTDOWN on the control channel.
    fn ask_to_end(&self) -> std::io::Result<()> {
        const CMD_SHUTDOWN: [u8; 4] = [0, 0, 0, 3];
        let mut control = TcpStream::connect((LOOPBACK, self.port + 1))?;
        control.set_read_timeout(Some(Duration::from_secs(STOP_SECONDS.unsigned_abs())))?;
        control.write_all(&CMD_SHUTDOWN)?;
        control.read_exact(&mut [0; 4])
    }
}

/// The ports to try: those of last time, then some that the path of `directory` points to, so that
/// many software TPMs on one machine seldom want the same.
fn pairs(directory: &Path) -> impl Iterator<Item = u16> {
    let last = fs::read_to_string(directory.join(PORT_FILE)).ok().and_then(|port| port.trim().parse().ok());
    let [a, b, ..] = <[u8; 32]>::from(Sha256::digest(directory.as_os_str().as_encoded_bytes()));
    let start = u32::from(u16::from_be_bytes([a, b]));
    let pair = move |attempt| PORT_FIRST + 2 * ((start + attempt) % PAIRS) as u16;
    last.into_iter().chain((0..ATTEMPTS_MAX).map(pair))
}

/// Whether nobody listens on a port and its neighbour just now.
fn is_free(port: u16) -> bool {
    let free = |port| TcpListener::bind((LOOPBACK, port)).is_ok();
    port < u16::MAX - 1 && free(port) && free(port + 1)
}

impl SoftTpmGuard {
    /// The software TPM.
    pub const fn tpm(&self) -> &SoftTpm {
        &self.0
    }

    /// The software TPM, to restart it.
    pub const fn tpm_mut(&mut self) -> &mut SoftTpm {
        &mut self.0
    }
}

impl Drop for SoftTpmGuard {
    fn drop(&mut self) {
        // Nobody looks at its state any more, and a drop has nobody to tell.
        let _ = self.0.end(false);
    }
}
