//! Randomness that a test chose, and vectors from files.

use rand_core::{CryptoRng, Error, RngCore};
use serde_json::Value;

use crate::domain::secret::Key32;

/// Gives these bytes in order, and fails the test that asks for more.
pub(super) struct Given(pub(super) std::vec::IntoIter<u8>);

impl Given {
    pub(super) fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into().into_iter())
    }
}

impl RngCore for Given {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, to: &mut [u8]) {
        to.fill_with(|| self.0.next().expect("the test gave enough bytes"));
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(to);
        Ok(())
    }
}

impl CryptoRng for Given {}

/// One vector: a JSON object of texts and numbers.
pub(super) struct Vector(pub(super) Value);

impl Vector {
    pub(super) fn read(json: &str) -> Self {
        Self(serde_json::from_str(json).expect("the vector is JSON"))
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("the vector has the text {name}"))
    }

    pub(super) fn number(&self, name: &str) -> u32 {
        let number = self.0[name].as_u64().and_then(|n| u32::try_from(n).ok());
        number.unwrap_or_else(|| panic!("the vector has the number {name}"))
    }

    pub(super) fn bytes(&self, name: &str) -> Vec<u8> {
        hex::decode(self.text(name)).expect("hex")
    }

    pub(super) fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap_or_else(|_| panic!("{name} has {N} bytes"))
    }

    pub(super) fn key(&self, name: &str) -> Key32 {
        Key32::take(&mut self.array(name))
    }
}
