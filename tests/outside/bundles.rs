//! Bundles of the real program, in front of verifiers that others wrote.

use std::fs;
use std::path::Path;
use std::process::Command;

use ct_merkle::RootHash;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2_for_ct_merkle::Sha256;

use crate::common::bundles::files;
use crate::go::Verifier;
use crate::real::{Real, text};
use crate::shell::{commands, execute};

const DONE: &str = "the bundle is what MANIFEST says, and the signatures verify with the keys in keys/";

/// Runs a tool to its end.
fn run(folder: &Path, tool: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(tool).args(arguments).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("{tool} is needed: {error}"));
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.success() { Ok(said) } else { Err(said) }
}

#[test]
fn tools_of_others_verify_two_consecutive_bundles() {
    let real = Real::make();
    for which in [0, 1] {
        let folder = real.unpacked(which);
        let typed = commands(&text(&folder, "VERIFY.txt"));
        let said = execute(&typed, &folder).unwrap_or_else(|why| panic!("bundle {which}: {why}"));
        assert!(said.ends_with(&format!("{DONE}\n")), "bundle {which}: {said}");
        the_chip_says_it(&folder);
    }
    what_people_and_the_chip_said_is_read_from_the_formats(&real);
    another_library_reads_them(&real);
    another_tree_comes_to_the_same(&real);
}

/// `tpm2_checkquote` with what it was told, and with something else.
fn the_chip_says_it(folder: &Path) {
    let note = text(folder, "checkpoint");
    let told = note.split("\n\n").next().expect("a text").to_owned() + "\n";
    let checkpoint = portcullis::domain::audit::checkpoint::Checkpoint::read(&told).expect("three lines");
    let check = |told: &str| {
        fs::write(folder.join("told"), told).expect("written");
        let digest = run(folder, "sha256sum", &["told"]).expect("a digest");
        fs::remove_file(folder.join("told")).expect("removed");
        let files = ["-u", "quote/ak.pem", "-m", "quote/quote.msg", "-s", "quote/quote.sig"];
        let more = ["-f", "quote/quote.pcrs", "-g", "sha256", "-q", &digest[..64]];
        run(folder, "tpm2_checkquote", &[&files[..], &more].concat())
    };
    check(&checkpoint.to_string()).expect("the quote is about this checkpoint");
    let other = told.replacen(&format!("\n{}\n", checkpoint.size()), "\n1\n", 1);
    check(&other).expect_err("the quote is about no other");
}

/// The verifier in Python: entries, approvals, rosters, the quote; and an approval that nobody gave.
fn what_people_and_the_chip_said_is_read_from_the_formats(real: &Real) {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/outside/verify.py");
    let folders = [0, 1].map(|which| real.unpacked(which).display().to_string());
    let verify = || run(real.folder.path(), "python3", &[program, &folders[0], &folders[1]]);
    let said = verify().expect("both bundles");
    let [first, second] = said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
    assert!(first.starts_with("entries 0 to ") && first.contains(", 6 approvals, "), "{said}");
    assert!(second.contains(", 4 approvals, "), "{said}");
    assert_ne!(text(&real.unpacked(1), "open-requests.ndjson"), "", "what was asked before and approved now");
    let path = real.unpacked(1).join("entries.ndjson");
    let good = fs::read_to_string(&path).expect("read");
    let (number, line) = good
        .lines()
        .enumerate()
        .find(|(_, line)| line.contains("\"type\":\"approved\""))
        .expect("an approval in the second");
    let at = line.find("\"signature\":\"").expect("a signature") + 14;
    let other = if line.as_bytes()[at] == b'0' { "1" } else { "0" };
    let bad = good.replacen(line, &format!("{}{other}{}", &line[..at], &line[at + 1..]), 1);
    fs::write(&path, bad).expect("written");
    let why = verify().expect_err("nobody signed that");
    let (_, old, _) = head(&real.unpacked(0));
    assert!(why.contains(&format!("entry {} is signed by", old + number as u64)), "{why}");
    fs::write(&path, good).expect("written");
}

/// Go's notes and trees: both bundles, and single entries of the second by their own proofs.
fn another_library_reads_them(real: &Real) {
    let verifier = Verifier::build();
    let heads: Vec<(String, u64, String)> = [0, 1].map(|which| head(&real.unpacked(which))).into();
    let (old, new) = (heads[0].1, heads[1].1);
    let folder = real.unpacked(1);
    fs::create_dir(folder.join("proofs")).expect("a folder");
    let proofs = folder.join("proofs").display().to_string();
    let proved = [old, new - 1];
    for number in proved {
        let prove = ["audit", "prove", &number.to_string(), "--to", &proofs];
        real.appliance.does("carol", &prove).expect("proved");
        let leaf = text(&folder, &format!("proofs/{number}.json"));
        let line = text(&folder, "entries.ndjson").lines().nth((number - old) as usize).map(str::to_owned);
        assert_eq!(Some(leaf), line, "the entry beside its proof");
    }
    for (which, from) in [(0, 0), (1, old)] {
        let said =
            verifier.verify(&real.unpacked(which)).unwrap_or_else(|why| panic!("bundle {which}: {why}"));
        let (origin, size, root) = &heads[which];
        let expected = format!(
            "checkpoint of {origin}, {size} leaves, root {root}\n\
             consistent with {from} leaves\nentries {from} to {size}\n"
        );
        assert!(said.starts_with(&expected), "bundle {which}: {said}");
        for person in ["bob", "carol"] {
            let cosigned = said.contains(&format!("cosigned by {origin}/operators/{person} at "));
            assert_eq!(cosigned, which == 0, "bundle {which}, {person}: {said}");
        }
        for number in proved {
            let line = format!("entry {number} is in the tree of {size} leaves\n");
            assert_eq!(said.contains(&line), which == 1, "bundle {which}: {said}");
        }
    }
}

/// Origin, size and root of the checkpoint of an unpacked bundle.
fn head(folder: &Path) -> (String, u64, String) {
    let note = text(folder, "checkpoint");
    let lines: Vec<&str> = note.lines().collect();
    (lines[0].to_owned(), lines[1].parse().expect("a size"), lines[2].to_owned())
}

/// `ct-merkle` over all entries: roots, every inclusion, and that one grew out of the other.
fn another_tree_comes_to_the_same(real: &Real) {
    use base64::prelude::*;
    let root = |folder: &Path| {
        let (_, size, root) = head(folder);
        let bytes = BASE64_STANDARD.decode(root).expect("base64");
        let digest = ct_merkle::digest::Output::<Sha256>::try_from(&bytes[..]).expect("32 bytes");
        RootHash::<Sha256>::new(digest, size)
    };
    let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut roots = Vec::new();
    for which in [0, 1] {
        let folder = real.unpacked(which);
        for line in text(&folder, "entries.ndjson").lines() {
            tree.push(line.as_bytes().to_vec());
        }
        assert_eq!(tree.root(), root(&folder), "bundle {which}");
        roots.push(tree.root());
    }
    let text = text(&real.unpacked(1), "entries.ndjson");
    let grown = text.lines().count();
    let proof = tree.prove_consistency(grown);
    roots[1].verify_consistency(&roots[0], &proof).expect("one grew out of the other");
    let ours = text_of_consistency(&real.unpacked(1));
    assert_eq!(ours, proof.as_bytes(), "the proof in the bundle is the one that others make");
    for (index, line) in (tree.len() as usize - grown..).zip(text.lines()) {
        let proof = tree.prove_inclusion(index);
        roots[1].verify_inclusion(&line.as_bytes().to_vec(), index as u64, &proof).expect("in the tree");
    }
}

/// The hashes in `consistency`, one after the other.
fn text_of_consistency(folder: &Path) -> Vec<u8> {
    use base64::prelude::*;
    let text = text(folder, "consistency");
    let proof = text.split("\n\n").next().expect("a proof").lines().skip(1);
    proof.flat_map(|line| BASE64_STANDARD.decode(line).expect("base64")).collect()
}

#[test]
fn what_verify_txt_tells_finds_a_change_in_any_file() {
    let real = Real::make();
    let folder = real.unpacked(1);
    let typed = commands(&text(&folder, "VERIFY.txt"));
    execute(&typed, &folder).expect("nothing was changed");
    let names = files(&folder);
    assert!(names.len() >= 27, "{names:?}");
    for name in &names {
        let path = folder.join(name);
        let good = fs::read(&path).expect("read");
        let mut bad = good.clone();
        match bad.len() / 2 {
            0 => bad.push(b'x'),
            middle => bad[middle] ^= 1,
        }
        fs::write(&path, bad).expect("written");
        execute(&typed, &folder).expect_err(name);
        fs::remove_file(&path).expect("removed");
        execute(&typed, &folder).expect_err(name);
        fs::write(&path, good).expect("written");
    }
    // What signs all others is looked at line by line.
    let good = text(&folder, "MANIFEST");
    for (number, line) in good.lines().enumerate() {
        let changed = match line.char_indices().nth(line.chars().count() / 2) {
            Some((at, of)) => {
                format!("{}{}{}", &line[..at], if of == 'a' { 'b' } else { 'a' }, &line[at + of.len_utf8()..])
            }
            None => "a".to_owned(),
        };
        let lines = good.lines().enumerate().map(|(at, line)| if at == number { &changed } else { line });
        let bad: String = lines.map(|line| format!("{line}\n")).collect();
        fs::write(folder.join("MANIFEST"), bad).expect("written");
        execute(&typed, &folder).expect_err(line);
    }
    let renamed = good.replacen("/bundle ", "/bundel ", 1);
    assert_ne!(renamed, good, "the signature has the name of its key");
    fs::write(folder.join("MANIFEST"), renamed).expect("written");
    execute(&typed, &folder).expect_err("the signature of another name");
    fs::write(folder.join("MANIFEST"), good).expect("written");
    execute(&typed, &folder).expect("all is as it was");
}

#[test]
fn age_opens_a_bundle_that_was_encrypted_to_the_auditor() {
    let real = Real::make();
    let folder = real.folder.path();
    let made = run(folder, "age-keygen", &["-o", "auditor.key"]).expect("age-keygen");
    let recipient = made.split_whitespace().last().expect("a recipient");
    assert!(recipient.starts_with("age1"), "{made}");
    let id = crate::common::bundles::granted(&real.appliance, &["--from", "0", "--recipient", recipient]);
    let file = crate::common::bundles::take(&real.appliance, &id, folder);
    let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
    assert!(name.ends_with(".pcab.tar.age"), "{name}");
    let plain = name.trim_end_matches(".age");
    run(folder, "age", &["-d", "-i", "auditor.key", "-o", plain, name]).expect("decrypted");
    let unpacked = folder.join("decrypted");
    crate::common::bundles::unpack(&folder.join(plain), &unpacked);
    execute(&commands(&text(&unpacked, "VERIFY.txt")), &unpacked).expect("it verifies");
    let earlier = text(&real.unpacked(0), "entries.ndjson") + &text(&real.unpacked(1), "entries.ndjson");
    assert!(text(&unpacked, "entries.ndjson").starts_with(&earlier), "the same log");
    let custody = text(&unpacked, "reports/custody.json");
    assert!(custody.contains(recipient), "whom it is for: {custody}");
    run(folder, "age-keygen", &["-o", "other.key"]).expect("age-keygen");
    run(folder, "age", &["-d", "-i", "other.key", "-o", "nothing", name]).expect_err("nobody else");
}
