//! Options of the shape in which a credential is written.

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::failure::Failure;
use crate::domain::ebcdic::CodePage;
use crate::domain::shape::{Layout, Record, Shape, ShapeError};

const HEADING: &str = "For legacy readers";

/// How the credential is written.
#[derive(Debug, Args)]
pub struct ShapeArgs {
    /// Write one record of 80 bytes, padded with blanks, without a newline
    #[arg(long, value_enum, ignore_case = true, help_heading = HEADING)]
    recfm: Option<Recfm>,
    /// Translate the text into this EBCDIC code page
    #[arg(long, value_name = "PAGE", value_enum, ignore_case = true, help_heading = HEADING)]
    code_page: Option<Page>,
    /// Put this account into the record too
    #[arg(long, value_name = "TEXT", requires = "recfm", help_heading = HEADING)]
    account: Option<String>,
    /// Columns of the record [default: password=1-72, with an account account=1-8,password=10-72]
    #[arg(long, value_name = "COLUMNS", requires = "recfm", value_parser = Layout::parse, help_heading = HEADING)]
    columns: Option<Layout>,
}

/// A format of records.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Recfm {
    /// Fixed, 80 bytes
    Fb80,
}

/// A code page, or none.
#[derive(Clone, Copy, Debug)]
struct Page(Option<CodePage>);

impl ValueEnum for Page {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [Page; 6] = {
            let [a, b, c, d, e] = CodePage::ALL;
            [Page(None), Page(Some(a)), Page(Some(b)), Page(Some(c)), Page(Some(d)), Page(Some(e))]
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.map_or("none", CodePage::name)))
    }
}

impl ShapeArgs {
    /// What is asked for, before a pull is spent for what cannot be.
    pub fn shape(&self) -> Result<Shape, Failure> {
        let page = self.code_page.and_then(|page| page.0);
        match (self.recfm, page) {
            (Some(Recfm::Fb80), page) => {
                let record = Record::new(page, self.columns, self.account.as_deref());
                let advice = "check --columns, --account and --code-page; nothing was pulled";
                record.map(Shape::Record).map_err(|error| Failure::usage("shape", error.to_string(), advice))
            }
            (None, Some(page)) => Ok(Shape::Page(page)),
            (None, None) => Ok(Shape::AsIs),
        }
    }
}

/// What a credential that does not fit its shape means for the job.
pub fn refused(error: &ShapeError) -> Failure {
    let what = format!("{error}; nothing was written");
    let advice = "the pull is spent: choose another shape, or have the credential changed, \
                  then ask for another window";
    Failure::refused("shape", what, advice)
}
