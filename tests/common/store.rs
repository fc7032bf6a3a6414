//! What root has: the store, opened with the key that the chip gives to whoever is in its measured state.

use std::path::Path;

use portcullis::domain::home::Home;
use portcullis::domain::secret::Key32;
use portcullis::services::home::{Wiring, pins_file, read_file, store_file, store_key_file};
use portcullis::tpm::{Chip, SealedKey};
use rusqlite::Connection;

/// The home of an appliance in `dir`.
pub fn home(dir: &Path) -> Home {
    Home::at(dir.to_owned())
}

/// The chip of an appliance, as its files name it.
pub fn chip(dir: &Path) -> Chip {
    let home = home(dir);
    let pins = serde_json::from_slice(&read_file(&pins_file(&home)).expect("read")).expect("pins");
    let tcti = Wiring::read(&home).expect("wired").tpm.connect(&home).expect("a TPM");
    Chip::new(tcti, pins)
}

/// The key of the store, from the chip.
pub fn store_key(dir: &Path) -> Key32 {
    let sealed = read_file(&store_key_file(&home(dir))).expect("read");
    let sealed: SealedKey = serde_json::from_slice(&sealed).expect("a sealed key");
    chip(dir).open_store(&sealed).expect("unsealed")
}

/// The database of an appliance whose daemon is stopped, opened with its own key.
pub fn open(dir: &Path) -> Connection {
    let connection = Connection::open(store_file(&home(dir))).expect("opened");
    let key = hex::encode(store_key(dir).expose());
    connection.execute_batch(&format!("PRAGMA key = \"x'{key}'\"")).expect("keyed");
    connection
}

/// One value of one row.
pub fn blob(connection: &Connection, query: &str) -> Vec<u8> {
    connection.query_row(query, [], |row| row.get(0)).expect(query)
}

/// The authorisation of the gate index, which lies in the store.
pub fn gate_auth(connection: &Connection) -> Key32 {
    let bytes = blob(connection, "SELECT value FROM kept WHERE name = 'nv-auth-gate'");
    Key32::take(&mut <[u8; 32]>::try_from(bytes).expect("32 bytes"))
}
