//! The shape in which a job is handed its credential: as it is, in a code page, or as a record of 80 bytes.

mod columns;

pub use columns::{Columns, Layout};

use zeroize::Zeroizing;

use super::ebcdic::{CodePage, Untranslatable};
use super::secret::Plaintext;

/// The bytes of a record.
pub const RECORD_LEN: usize = 80;

/// What is done to a credential before it is handed over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shape {
    /// Nothing.
    AsIs,
    /// It is translated.
    Page(CodePage),
    /// It is put into a record.
    Record(Record),
}

/// A record of fixed length with everything in it but the credential.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Record {
    page: Option<CodePage>,
    password: Columns,
    rest: [u8; RECORD_LEN],
}

/// Why there is no such shape, or a credential does not fit it. It names places and never characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ShapeError {
    /// Not a description of columns.
    #[error("columns are written as account=1-8,password=10-72, each name once")]
    Layout,
    /// Not columns.
    #[error("columns are written as 10-72, the first is 1 and the last not before it")]
    Columns,
    /// Columns of the sequence number.
    #[error("columns end at 72: from 73 on stands the sequence number")]
    Sequence,
    /// The same column twice.
    #[error("the columns of the account and of the password overlap")]
    Overlap,
    /// There is no place for the credential.
    #[error("there are no columns for the password")]
    NoPassword,
    /// An account without columns, or columns without an account.
    #[error("an account needs columns, and columns of an account need one")]
    Account,
    /// A field that cannot be written.
    #[error("the {field} {why}")]
    Field {
        /// Which.
        field: Field,
        /// Why.
        why: FieldError,
    },
    /// It would end the data that it stands in.
    #[error("the record would begin with // or /*, which ends in-stream data of JCL")]
    Delimiter,
}

/// What stands in columns of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Field {
    /// The account, which is no secret.
    Account,
    /// The credential.
    Password,
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Account => "account",
            Self::Password => "credential",
        })
    }
}

/// Why a text cannot stand in its columns.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FieldError {
    /// The code page lacks it.
    #[error(transparent)]
    Page(#[from] Untranslatable),
    /// A newline or the like would break the record for some of its readers.
    #[error("has a control character at place {place}")]
    Control {
        /// Counted from 1: in characters, or in bytes without a code page.
        place: usize,
    },
    /// It is longer than its columns.
    #[error("does not fit into its columns {columns}")]
    TooLong {
        /// The columns.
        columns: Columns,
    },
    /// Readers take blanks at the end for padding.
    #[error("ends with a blank, which nobody could tell from padding")]
    EndsBlank,
    /// Nothing at all.
    #[error("is empty")]
    Empty,
}

impl Shape {
    /// Gives the credential in this shape; what came in is wiped, and so is what goes out when dropped.
    ///
    /// # Errors
    /// [`ShapeError::Field`] of the password, [`ShapeError::Delimiter`]; the credential is wiped then too.
    pub fn apply(&self, plaintext: Plaintext) -> Result<Plaintext, ShapeError> {
        let field = |why| ShapeError::Field { field: Field::Password, why };
        let bytes = match self {
            Self::AsIs => return Ok(plaintext),
            Self::Page(page) => page.encode(plaintext.expose()).map_err(|why| field(why.into()))?,
            Self::Record(record) => record.fill(plaintext.expose())?,
        };
        // A page has one byte for each character, which in UTF-8 has one at least, and a record has 80.
        Ok(Plaintext::new(bytes).expect("no less than one byte and no more than there were, or 80"))
    }
}

impl Record {
    /// Prepares a record, in ASCII and whatever extends it if there is no code page.
    ///
    /// Without `layout` the credential stands in columns 1-72, or in 10-72 after an account in 1-8.
    ///
    /// # Errors
    /// [`ShapeError::Account`], [`ShapeError::Field`] of the account, [`ShapeError::Delimiter`].
    pub fn new(
        page: Option<CodePage>,
        layout: Option<Layout>,
        account: Option<&str>,
    ) -> Result<Self, ShapeError> {
        let usual = if account.is_some() { Layout::WITH_ACCOUNT } else { Layout::ALONE };
        let layout = layout.unwrap_or(usual);
        let mut record = Self { page, password: layout.password, rest: [blank(page); RECORD_LEN] };
        match (layout.account, account) {
            (None, None) => {}
            (Some(columns), Some(account)) => {
                let put = put(page, columns, account.as_bytes(), &mut record.rest);
                put.map_err(|why| ShapeError::Field { field: Field::Account, why })?;
            }
            _ => return Err(ShapeError::Account),
        }
        if record.is_delimiter(&record.rest) { Err(ShapeError::Delimiter) } else { Ok(record) }
    }

    fn fill(&self, credential: &[u8]) -> Result<Zeroizing<Vec<u8>>, ShapeError> {
        let mut bytes = Zeroizing::new(self.rest.to_vec());
        put(self.page, self.password, credential, &mut bytes)
            .map_err(|why| ShapeError::Field { field: Field::Password, why })?;
        if self.is_delimiter(&bytes) { Err(ShapeError::Delimiter) } else { Ok(bytes) }
    }

    /// Whether JES would take the record for the end of the data.
    fn is_delimiter(&self, record: &[u8]) -> bool {
        ["//", "/*"]
            .into_iter()
            .any(|sign| sign.bytes().zip(record).all(|(sign, &byte)| ascii(self.page, sign) == byte))
    }
}

/// Puts a text at the beginning of its columns.
fn put(page: Option<CodePage>, columns: Columns, text: &[u8], record: &mut [u8]) -> Result<(), FieldError> {
    let translated = page.map(|page| page.encode(text)).transpose()?;
    let bytes = translated.as_ref().map_or(text, |bytes| bytes.as_slice());
    let is_control = |byte: u8| page.map_or(byte.is_ascii_control(), |page| page.char(byte).is_control());
    let last = *bytes.last().ok_or(FieldError::Empty)?;
    if let Some(index) = bytes.iter().position(|&byte| is_control(byte)) {
        return Err(FieldError::Control { place: index + 1 });
    }
    if bytes.len() > columns.count() {
        return Err(FieldError::TooLong { columns });
    }
    if last == blank(page) {
        return Err(FieldError::EndsBlank);
    }
    record[columns.range()][..bytes.len()].copy_from_slice(bytes);
    Ok(())
}

/// The byte that records are padded with.
fn blank(page: Option<CodePage>) -> u8 {
    ascii(page, b' ')
}

fn ascii(page: Option<CodePage>, sign: u8) -> u8 {
    // Every page has all of ASCII.
    page.and_then(|page| page.byte(char::from(sign))).unwrap_or(sign)
}

#[cfg(test)]
mod tests;
