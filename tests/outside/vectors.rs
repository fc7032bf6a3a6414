//! The vectors of `tests/vectors/audit`, which `generate.py` there made with other code.

use std::collections::BTreeMap;

use portcullis::crypto::note::{OpenError, open, sign_note, vkey_of};
use portcullis::domain::audit::checkpoint::Checkpoint;
use portcullis::domain::audit::files::{ConsistencyFile, InclusionFile};
use portcullis::domain::audit::frontier;
use portcullis::domain::audit::note::Note;
use portcullis::domain::audit::proof::{verify_consistency, verify_inclusion};
use portcullis::domain::audit::tree::{Tree, TreeHash};
use portcullis::domain::audit::vkey::Vkey;
use portcullis::domain::audit::witness::WitnessPolicy;
use portcullis::domain::secret::Key32;
use serde_json::Value;

fn parse(json: &str) -> Value {
    serde_json::from_str(json).expect("JSON")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("{name} in {value}"))
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap_or_else(|| panic!("{name} in {value}"))
}

fn texts<'a>(value: &'a Value, name: &str) -> Vec<&'a str> {
    list(value, name).iter().map(|item| item.as_str().expect("a text")).collect()
}

fn hash(text: &str) -> TreeHash {
    TreeHash::from_hex(text).expect("a hash")
}

fn hashes(value: &Value, name: &str) -> Vec<TreeHash> {
    texts(value, name).into_iter().map(hash).collect()
}

fn tree(size: u64) -> Tree {
    let mut tree = Tree::default();
    (0..size).for_each(|n| tree.append(format!("entry {n}").as_bytes()));
    tree
}

/// All keys by what the vectors call them.
fn keys() -> BTreeMap<String, Vkey> {
    let keys = parse(include_str!("../vectors/audit/keys.json"));
    let keys = keys.as_object().expect("an object").iter();
    keys.map(|(name, key)| (name.clone(), Vkey::parse(text(key, "vkey")).expect(name))).collect()
}

fn named(keys: &BTreeMap<String, Vkey>, names: &[&str]) -> Vec<Vkey> {
    names.iter().map(|name| keys[*name].clone()).collect()
}

#[test]
fn keys_are_written_as_other_code_writes_them() {
    let vectors = parse(include_str!("../vectors/audit/keys.json"));
    for (name, key) in keys() {
        let vector = &vectors[&name];
        assert_eq!(key.to_string(), text(vector, "vkey"), "{name}");
        assert_eq!(hex::encode(key.id().to_be_bytes()), text(vector, "id"), "{name}");
        assert_eq!(hex::encode(key.key().bytes()), text(vector, "public"), "{name}");
        assert_eq!(u64::from(key.key().kind()), number(vector, "type"), "{name}");
    }
}

#[test]
fn the_log_signs_as_other_code_does() {
    let vectors = parse(include_str!("../vectors/audit/notes.json"));
    let note = Note::read(text(&vectors[0], "note").as_bytes()).expect("a note");
    let key = parse(include_str!("../vectors/audit/keys.json"))["log"].clone();
    let mut bytes: [u8; 32] = hex::decode(text(&key, "secret")).expect("hex").try_into().expect("32 bytes");
    let seed = Key32::take(&mut bytes);
    assert_eq!(vkey_of(&seed, text(&key, "name")).expect("a name").to_string(), text(&key, "vkey"));
    let ours = sign_note(&seed, text(&key, "name"), note.text()).expect("a name");
    assert_eq!(ours, note.signatures()[0]);
}

#[test]
fn notes_are_believed_or_refused_as_the_vectors_say() {
    let vectors = parse(include_str!("../vectors/audit/notes.json"));
    let keys = keys();
    for vector in vectors.as_array().expect("a list") {
        let (name, bytes) = (text(vector, "name"), text(vector, "note").as_bytes());
        let known = named(&keys, &texts(vector, "known"));
        let note = Note::read(bytes);
        if vector["refused"].is_null() {
            let note = note.expect(name);
            let signed = open(&note, &known).expect(name);
            let signed: Vec<&Vkey> = signed.iter().map(|by| by.key).collect();
            assert_eq!(signed, named(&keys, &texts(vector, "signed")).iter().collect::<Vec<_>>(), "{name}");
            assert_eq!(note.to_string().as_bytes(), bytes, "{name}");
            continue;
        }
        let found = match note.map(|note| open(&note, &known).map(|signed| signed.len())) {
            Err(_) => "form",
            Ok(Err(OpenError::NobodyKnown)) => "unknown",
            Ok(Err(OpenError::Signature { .. })) => "signature",
            Ok(other) => panic!("{name}: {other:?}"),
        };
        assert_eq!(found, text(vector, "refused"), "{name}");
    }
}

#[test]
fn a_cosignature_carries_its_time() {
    let vector = parse(include_str!("../vectors/audit/cosignature.json"));
    let note = format!("{}\n{}", text(&vector, "text"), text(&vector, "line"));
    let (note, known) =
        (Note::read(note.as_bytes()).expect("a note"), named(&keys(), &[text(&vector, "key")]));
    let signed = open(&note, &known).expect("cosigned");
    assert_eq!(signed[0].seconds, Some(number(&vector, "seconds")));
    assert_eq!(hex::encode(note.signatures()[0].blob()), text(&vector, "blob"));
}

#[test]
fn checkpoints_are_read_or_refused_as_the_vectors_say() {
    let vectors = parse(include_str!("../vectors/audit/checkpoints.json"));
    for vector in list(&vectors, "good") {
        let read = Checkpoint::read(text(vector, "text")).expect("a checkpoint");
        assert_eq!((read.size(), read.root()), (number(vector, "size"), hash(text(vector, "root"))));
        assert_eq!(read.to_string(), text(vector, "text"));
    }
    for vector in list(&vectors, "bad") {
        let name = text(vector, "name");
        assert!(Checkpoint::read(text(vector, "text")).is_err(), "{name}");
    }
}

#[test]
fn proofs_hold_as_the_vectors_say() {
    let vectors = parse(include_str!("../vectors/audit/proofs.json"));
    for vector in list(&vectors, "inclusion") {
        let (index, size) = (number(vector, "index"), number(vector, "size"));
        let (leaf, root) = (hash(text(vector, "leaf")), hash(text(vector, "root")));
        assert_eq!(tree(size).root(), root, "{size}");
        let proof = hashes(vector, "proof");
        assert_eq!(verify_inclusion(&proof, index, leaf, size, root), Ok(()), "{index} in {size}");
    }
    for vector in list(&vectors, "consistency") {
        let (old, new) = (number(vector, "old"), number(vector, "new"));
        let roots = (hash(text(vector, "old_root")), hash(text(vector, "new_root")));
        let proof = hashes(vector, "proof");
        assert_eq!(verify_consistency(&proof, (old, roots.0), (new, roots.1)), Ok(()), "{old} to {new}");
        assert_eq!(tree(old).peaks(), hashes(vector, "peaks"), "{old}");
    }
}

#[test]
fn files_of_other_code_are_read() {
    let vectors = parse(include_str!("../vectors/audit/proofs.json"));
    let bytes = text(&vectors, "consistency_file");
    let file = ConsistencyFile::read(bytes.as_bytes()).expect("a consistency file");
    assert_eq!(file.verify(tree(file.old()).root()), Ok(()));
    assert_eq!(file.to_string(), bytes);
    assert_eq!(open(file.checkpoint().note(), &named(&keys(), &["log"])).map(|signed| signed.len()), Ok(1));
    let bytes = text(&vectors, "inclusion_file");
    let file = InclusionFile::read(bytes.as_bytes()).expect("an inclusion file");
    assert_eq!(file.verify(TreeHash::of_leaf(b"entry 100")), Ok(()));
    assert_eq!(file.to_string(), bytes);
    let frontier = &vectors["frontier"];
    let size = number(frontier, "size");
    let read = frontier::read(size, text(frontier, "text")).expect("a frontier");
    assert_eq!(read.head(), tree(size).head());
    assert_eq!(frontier::write(&read), text(frontier, "text"));
}

#[test]
fn policies_count_as_the_vectors_say() {
    let vectors = parse(include_str!("../vectors/audit/policies.json"));
    let keys = keys();
    for (at, vector) in list(&vectors, "evaluated").iter().enumerate() {
        let policy = WitnessPolicy::read(text(vector, "policy").as_bytes()).expect("a policy");
        let cosigned = named(&keys, &texts(vector, "cosigned"));
        let enough = vector["enough"].as_bool().expect("true or false");
        assert_eq!(policy.is_satisfied_by(&cosigned), enough, "number {at}");
    }
    for vector in list(&vectors, "refused") {
        let name = text(vector, "name");
        assert!(WitnessPolicy::read(text(vector, "policy").as_bytes()).is_err(), "{name}");
    }
}
