//! Arguments of the verbs that run on the appliance itself, not as a client of its keeper.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Arguments of `setup`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis setup\n  \
    portcullis --home ./try setup --answers answers.toml\n\n\
    Without --answers every question is asked at the terminal, and the recovery shares are shown once.\n\
    --answers is for EVALUATION appliances only: it leaves the recovery shares in files.")]
pub struct SetupArgs {
    /// Take the answers from a TOML file; on an EVALUATION appliance only
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis serve\n  \
    portcullis --home ./try serve\n\n\
    Runs in the foreground until SIGTERM or SIGINT. A window that is armed survives a restart.")]
pub struct ServeArgs {}

/// Arguments of `console`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis console\n  \
    portcullis console --size 80x24 --ascii     on a serial terminal\n  \
    portcullis console --plain                  questions and answers, for a screen reader or a teletype\n\n\
    Where TERM is dumb or unset, or the terminal is below 40x10, it is questions and answers by itself.\n\
    Passphrases are typed at the terminal: --passphrase-fd is refused.")]
pub struct ConsoleArgs {
    /// The terminal's size, when it does not know it
    #[arg(long, value_name = "COLUMNSxROWS", value_parser = size)]
    pub size: Option<(u16, u16)>,
    /// Draw with ASCII only
    #[arg(long)]
    pub ascii: bool,
    /// Use no colour
    #[arg(long)]
    pub mono: bool,
    /// Let nothing but the clock change by itself: the line is slow
    #[arg(long)]
    pub slow: bool,
    /// Show no credential here: this line is logged, by a terminal server, script or tmux
    #[arg(long)]
    pub logged: bool,
    /// Ask and answer line by line instead of drawing screens
    #[arg(long)]
    pub plain: bool,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis doctor\n  portcullis doctor --json")]
pub struct DoctorArgs {}

/// Arguments of `demo`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis demo                    ends in the console, with a job waiting\n  \
    portcullis demo --unattended --keep ./story\n\n\
    Everything it makes is an EVALUATION appliance with a software TPM.")]
pub struct DemoArgs {
    /// Play the whole story without asking; exit 0 only when every step did what it should
    #[arg(long)]
    pub unattended: bool,
    /// Leave the appliance's home, its log and its public keys in this folder
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}

/// Arguments of `softtpm`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    portcullis softtpm stop            pull the plug\n  \
    portcullis softtpm start           power on: a new boot, every window is gone\n  \
    portcullis softtpm extend 7        measure something unexpected\n\n\
    EVALUATION only: a software TPM protects nothing from whoever has this machine.")]
pub struct SofttpmArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub switch: Switch,
}

/// What can be done with the software TPM.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Subcommand)]
pub enum Switch {
    /// Power it on
    Start,
    /// Power it off
    Stop,
    /// Power it off and on: a reboot
    Reset,
    /// Extend one PCR of the SHA-256 bank, as a changed boot would
    Extend {
        /// The PCR's number
        #[arg(value_parser = clap::value_parser!(u8).range(0..=23))]
        pcr: u8,
    },
}

/// Arguments of the listener, which the keeper starts with its socket as standard input.
#[derive(Debug, Args)]
pub struct ListenerArgs {}

/// Reads `80x24`.
fn size(text: &str) -> Result<(u16, u16), String> {
    let number = |digits: &str| digits.parse::<u16>().ok().filter(|number| (1..=1_000).contains(number));
    let read = text.split_once('x').and_then(|(columns, rows)| Some((number(columns)?, number(rows)?)));
    read.ok_or_else(|| "write columns and rows, like 80x24".to_owned())
}
