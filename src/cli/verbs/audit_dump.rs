//! `audit dump`: the whole log as files that are verified elsewhere.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::audit::{DumpArgs, PAGE, page};
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::render::note;
use crate::cli::session::Session;

/// One leaf per line; a leaf is the line's bytes without the LF.
pub const ENTRIES: &str = "entries.ndjson";
/// What the keeper says the log is.
pub const HEAD: &str = "head.json";

/// What the copy claims to be; `audit verify` recomputes it from the entries.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Dump {
    /// The origin of the log.
    pub origin: String,
    /// Whether a software TPM holds the appliance's keys.
    pub evaluation: bool,
    /// How many entries there are.
    pub size: u64,
    /// RFC 6962 root over all of them, in hex.
    pub root: String,
}

/// Copies every leaf and the head over all of them into a new folder.
pub fn run(args: &DumpArgs, context: &Context) -> Result<(), Stop> {
    let mut session = Session::open(context)?;
    let status = session.status()?;
    let failed = |error: io::Error| {
        let what = format!("{} cannot be written: {error}", args.dir.display());
        Stop::from(Failure::unexpected(
            "dump",
            what,
            "name a folder that does not exist yet, on a medium with room",
        ))
    };
    DirBuilder::new().mode(0o700).create(&args.dir).map_err(failed)?;
    let mut entries = BufWriter::new(create(&args.dir.join(ENTRIES)).map_err(failed)?);
    let (mut size, mut root) = (0, None);
    // The log may grow meanwhile: the copy ends when it has all that the last answer spoke of.
    while root.is_none() {
        let page = page(&mut session, size, PAGE)?;
        for leaf in &page.leaves {
            entries.write_all(leaf.as_bytes()).and_then(|()| entries.write_all(b"\n")).map_err(failed)?;
            size += 1;
        }
        if size == page.size {
            root = Some(page.root);
        } else if page.leaves.is_empty() || size > page.size {
            let what = format!("the keeper gave {size} entries of a log of {}", page.size);
            return Err(Failure::link("entries", what, "run `portcullis audit verify --live`").into());
        }
    }
    let file = entries.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    let root = root.unwrap_or_default();
    let head = Dump { origin: status.origin, evaluation: status.evaluation, size, root };
    let text = serde_json::to_string_pretty(&head).expect("texts and numbers encode as JSON");
    let mut file = create(&args.dir.join(HEAD)).map_err(failed)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    note(&format!("portcullis: {size} entries in {}", args.dir.display()));
    if context.screen.json { context.screen.json(&head) } else { Ok(()) }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}
