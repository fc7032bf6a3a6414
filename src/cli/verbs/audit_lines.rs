//! `audit export --format`: a bundle as lines for collectors.

use std::fs::OpenOptions;
use std::io::{self, BufWriter};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::auditor::collect::lines::{Format, LinesError};
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::render;

/// In which form the log is handed over.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Form {
    /// A signed bundle
    #[default]
    Bundle,
    /// The bundle, and beside it a line for each entry in OCSF classes
    Ocsf,
    /// The bundle, and beside it a line for each entry as RFC 5424 has it
    Syslog,
}

impl Form {
    /// The lines beside the bundle, if any.
    pub const fn lines(self) -> Option<Format> {
        match self {
            Self::Bundle => None,
            Self::Ocsf => Some(Format::Ocsf),
            Self::Syslog => Some(Format::Syslog),
        }
    }
}

/// Writes bundles that are here already to standard output, as lines.
pub fn print(bundles: &[PathBuf], format: Format) -> Result<(), Stop> {
    let mut out = BufWriter::new(io::stdout().lock());
    for bundle in bundles {
        match format.write(bundle, &mut out) {
            Err(LinesError::System(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Err(Stop::OutputClosed);
            }
            written => written.map_err(|error| failed(bundle, &error))?,
        };
    }
    Ok(())
}

/// Writes the lines of a bundle beside it; gives the file.
pub fn beside(bundle: &Path, format: Format) -> Result<PathBuf, Stop> {
    let name = bundle.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".pcab.tar").unwrap_or(&name);
    let path = bundle.with_file_name(format!("{stem}.{}", format.ending()));
    let fails = |error: io::Error| {
        let what = format!("{} cannot be written: {error}", path.display());
        let advice = "the bundle is written; move the file away, then: portcullis audit export --bundle FILE --format ...";
        Stop::from(Failure::unexpected("file", what, advice))
    };
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(fails)?;
    let mut to = BufWriter::new(file);
    format.write(bundle, &mut to).map_err(|error| failed(bundle, &error))?;
    let file = to.into_inner().map_err(|error| fails(error.into_error()))?;
    file.sync_all().map_err(fails)?;
    Ok(path)
}

fn failed(bundle: &Path, error: &LinesError) -> Stop {
    let what = format!("{}: {error}", bundle.display());
    match error {
        LinesError::System(_) => {
            Failure::unexpected("lines", what, "look at the file and at where the lines go")
        }
        _ => {
            Failure::integrity("lines", what, "keep it as it is, and verify it: portcullis audit verify FILE")
        }
    }
    .into()
}

/// Shows where the lines are.
pub fn show(path: &Path, context: &Context) -> Result<(), Stop> {
    if context.screen.json {
        return Ok(());
    }
    context.screen.facts(&[("lines", render::shown(&path.display().to_string()))])
}
