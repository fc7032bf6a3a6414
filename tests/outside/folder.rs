//! The files of an export, written with the product's own code.

use std::convert::Infallible;
use std::fs;
use std::ops::Range;
use std::path::Path;

use p256::ecdsa::signature::Signer;
use portcullis::crypto::note::{cosign, operator_key_name, sign_note, vkey_of};
use portcullis::crypto::operator_key::OperatorKey;
use portcullis::domain::audit::checkpoint::{Checkpoint, SignedCheckpoint};
use portcullis::domain::audit::files::{ConsistencyFile, InclusionFile};
use portcullis::domain::audit::frontier;
use portcullis::domain::audit::note::{Note, NoteSignature};
use portcullis::domain::audit::proof::{Growth, prove_inclusion};
use portcullis::domain::audit::tree::{Subtrees, Tree, TreeHash};
use portcullis::domain::audit::vkey::{NoteKey, Vkey};
use portcullis::domain::ids::OperatorId;
use portcullis::domain::secret::Key32;
use rand_core::OsRng;
use tempfile::TempDir;

const ORIGIN: &str = "bank.example/keeper-1";
const SECONDS: u64 = 1_700_000_000;

pub struct Export {
    folder: TempDir,
    old: u64,
    checkpoint: SignedCheckpoint,
}

fn entry(n: u64) -> String {
    format!("entry {n}")
}

fn leaf(n: u64) -> TreeHash {
    TreeHash::of_leaf(entry(n).as_bytes())
}

impl Export {
    /// A log of `new` entries, exported from `old` on, with a proof for its first and last entry there.
    pub fn write(old: u64, new: u64) -> Self {
        let mut before = Tree::default();
        (0..old).for_each(|n| before.append_hash(leaf(n)));
        let mut growth = Growth::of(before.clone());
        (old..new).for_each(|n| growth.append_hash(leaf(n)));
        let (proof, tree) = growth.finish();
        let people = ["alice", "bo"]
            .map(|id| OperatorKey::generate(OperatorId::parse(id).expect("an id"), &mut OsRng));
        let checkpoint =
            signed(&Checkpoint::of_head(ORIGIN, &tree.head()).expect("a head").to_string(), &people);
        let export = Self { folder: tempfile::tempdir().expect("a folder"), old, checkpoint };
        let consistency = ConsistencyFile::new(old, proof, export.checkpoint.clone()).expect("a proof");
        let keys: Vec<_> = people.iter().map(|key| format!("{}\n", person(key))).collect();
        export.save("checkpoint", &export.checkpoint);
        export.save("consistency", &consistency);
        export.save("frontier", &frontier::write(&before));
        export.save("entries.ndjson", &(old..new).map(|n| entry(n) + "\n").collect::<String>());
        export.save("keys/log.vkey", &format!("{}\n", vkey_of(&log(), ORIGIN).expect("a name")));
        export.save("keys/operators.vkey", &keys.concat());
        for index in export.proved() {
            export.save(&format!("proofs/{index}.tlog-proof"), &export.inclusion(index));
        }
        export
    }

    fn inclusion(&self, index: u64) -> InclusionFile {
        let size = self.checkpoint.checkpoint().size();
        let mut subtrees = Subtrees::default();
        (0..size).for_each(|n| subtrees.append_hash(leaf(n)));
        let leaves = |range: Range<u64>| Ok::<_, Infallible>(range.map(leaf).collect());
        let proof = prove_inclusion(index, size, subtrees.groups(), leaves).expect("a proof");
        InclusionFile::new(index, proof, self.checkpoint.clone()).expect("a file")
    }

    /// The entries with a proof of their own, in the order of the names of the files.
    fn proved(&self) -> Vec<u64> {
        let range = self.old..self.checkpoint.checkpoint().size();
        let mut proved: Vec<u64> = [range.start, 300, range.end.saturating_sub(1)]
            .into_iter()
            .filter(|n| range.contains(n))
            .collect();
        proved.sort_by_key(u64::to_string);
        proved.dedup();
        proved
    }

    fn save(&self, name: &str, content: &impl ToString) {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, content.to_string()).expect("written");
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What another verifier has to say of it.
    pub fn expected(&self) -> String {
        let head = self.checkpoint.checkpoint();
        let (old, new) = (self.old, head.size());
        let text = head.to_string();
        let root = text.lines().nth(2).expect("three lines");
        let mut said = format!("checkpoint of {ORIGIN}, {new} leaves, root {root}\n");
        said += &format!("consistent with {old} leaves\nentries {old} to {new}\n");
        for id in ["alice", "bo"] {
            said += &format!("cosigned by {} at {SECONDS}\n", operator_key_name(ORIGIN, id));
        }
        for index in self.proved() {
            said += &format!("entry {index} is in the tree of {new} leaves\n");
        }
        said
    }

    /// The checkpoint with the last cosignature a second later than it was made.
    pub fn with_later_cosignature(&self) -> String {
        let note = self.checkpoint.note();
        let last = note.signatures().last().expect("a cosignature");
        let text = fs::read_to_string(self.folder().join("keys/operators.vkey")).expect("keys");
        let keys = text.lines().map(|line| Vkey::parse(line).expect("a key"));
        let key = keys.into_iter().find(|key| last.is_by(key)).expect("its key");
        let mut blob = last.blob().to_vec();
        blob[7] += 1;
        note.with(NoteSignature::new(&key, &blob)).expect("a note").to_string()
    }
}

fn log() -> Key32 {
    Key32::take(&mut [1; 32])
}

fn person(key: &OperatorKey) -> Vkey {
    let cosign = key.public(Default::default()).cosign;
    Vkey::new(&operator_key_name(ORIGIN, key.id().as_str()), NoteKey::Cosignature(cosign)).expect("a name")
}

/// The text with the lines of the log, of the chip and of two people.
fn signed(text: &str, people: &[OperatorKey]) -> SignedCheckpoint {
    let chip = p256::ecdsa::SigningKey::from_slice(&[2; 32]).expect("a scalar");
    let point = chip.verifying_key().to_encoded_point(false).as_bytes().try_into().expect("a point");
    let der: p256::ecdsa::DerSignature = chip.sign(text.as_bytes());
    let chip = Vkey::new(ORIGIN, NoteKey::P256(point)).expect("a name");
    let mut lines =
        vec![sign_note(&log(), ORIGIN, text).expect("a name"), NoteSignature::new(&chip, der.as_bytes())];
    lines.extend(people.iter().map(|key| cosign(key, ORIGIN, SECONDS, text).expect("a name")));
    let note = Note::new(text, lines).expect("a note");
    SignedCheckpoint::of_note(note).expect("a checkpoint")
}
