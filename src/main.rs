//! Hands the arguments to the command line.

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Our own types wipe what they hold; this wipes what passed through other people's.
#[global_allocator]
static HEAP: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    portcullis::cli::main(std::env::args_os())
}
