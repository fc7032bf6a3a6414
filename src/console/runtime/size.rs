//! How large the terminal is.

use std::io::{self, Write as _};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::console::profile::{Environment, Size};

/// Asks, in this order: the command line, the kernel, the environment, the terminal itself; else 80x24.
///
/// A serial line has no size for the kernel to know: it says 0x0, which is no answer.
pub(super) fn find(asked: Option<Size>, environment: &Environment) -> io::Result<Size> {
    if let Some(size) = asked.or_else(of_terminal).or_else(|| Size::of_environment(environment)) {
        return Ok(size);
    }
    Ok(probe()?.unwrap_or(Size::USUAL))
}

/// What the kernel says, unless that is nothing.
pub(super) fn of_terminal() -> Option<Size> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Size::new(size.ws_col, size.ws_row)
}

/// Sends the cursor as far as it goes and asks where it is; needs raw mode, and nobody else reading.
fn probe() -> io::Result<Option<Size>> {
    /// Save, go, ask, restore: the forms that a VT100 knows.
    const QUESTION: &[u8] = b"\x1b7\x1b[999;999H\x1b[6n\x1b8";
    /// How long a piece of the answer may take. At 9600 baud a whole one takes 10 ms.
    const PIECE_LIMIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 300_000_000 };
    /// More than any answer has.
    const ANSWER_LEN_MAX: usize = 64;
    let mut output = io::stdout();
    output.write_all(QUESTION)?;
    output.flush()?;
    let stdin = io::stdin();
    let mut answer = Vec::new();
    while answer.len() < ANSWER_LEN_MAX {
        let mut set = [PollFd::new(&stdin, PollFlags::IN)];
        if poll(&mut set, Some(&PIECE_LIMIT))? == 0 {
            break;
        }
        let mut bytes = [0; ANSWER_LEN_MAX];
        let len = rustix::io::read(&stdin, &mut bytes)?;
        answer.extend_from_slice(&bytes[..len]);
        let size = Size::of_cursor_report(&answer);
        if size.is_some() || len == 0 {
            return Ok(size);
        }
    }
    Ok(None)
}
