//! The pictures of the documents: what is committed is what the code draws.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::screens::{PROFILES, SCREENS};
use super::seen;
use super::svg::svg;

/// Set by the command that draws them anew.
const WRITE: &str = "PORTCULLIS_PICTURES";
const COMMAND: &str = "./packaging/pictures.sh";
const SIZE: &str = "80x24";
const INDEX: &str = "README.md";
/// For each PNG the digest of the SVG it was made from, as `sha256sum` writes it.
const MADE_FROM: &str = "png.sha256";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/pictures")
}

/// All pictures and their index, by file name.
fn drawn() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut index = format!(
        "# Pictures\n\nEvery screen of the console at {SIZE}, in colour and on a terminal that has only ASCII. \
         The code draws them:\n`{COMMAND}` writes this folder, and a test compares it.\n"
    );
    for screen in SCREENS {
        index += &format!("\n## {}\n\n", screen.shows);
        for (profile_name, profile) in PROFILES {
            let desk = (screen.arrange)(profile, SIZE);
            let name = format!("{}_{profile_name}.svg", screen.name);
            let picture = svg(&seen(&desk), profile, screen.shows);
            index += &format!("![{}, {}]({name})\n", screen.shows, profile_name.replace('_', ", "));
            files.insert(name, picture);
        }
    }
    files.insert(INDEX.to_owned(), index);
    files
}

/// What is in the folder now and was drawn.
fn committed() -> BTreeMap<String, String> {
    let is_drawn = |name: &String| name.ends_with(".svg") || name == INDEX;
    let names =
        fs::read_dir(folder()).into_iter().flatten().map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned()).filter(is_drawn);
    names.map(|name| (name.clone(), fs::read_to_string(folder().join(name)).expect("text"))).collect()
}

fn write(drawn: &BTreeMap<String, String>, old: &BTreeMap<String, String>) {
    fs::create_dir_all(folder()).expect("a folder");
    old.keys().for_each(|name| fs::remove_file(folder().join(name)).expect("removed"));
    drawn.iter().for_each(|(name, text)| fs::write(folder().join(name), text).expect("written"));
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a variable says that the pictures are to be drawn anew")]
fn the_pictures_of_the_documents_are_what_the_code_draws() {
    let (drawn, committed) = (drawn(), committed());
    if std::env::var_os(WRITE).is_some() {
        return write(&drawn, &committed);
    }
    let names = drawn.keys().chain(committed.keys());
    let other: BTreeSet<&String> = names.filter(|name| drawn.get(*name) != committed.get(*name)).collect();
    assert!(
        other.is_empty(),
        "not what the code draws now: {other:?} in docs/pictures\nlook at the change after: {COMMAND}"
    );
}

#[test]
fn the_pictures_that_are_not_text_were_made_from_those_that_are() {
    let list = fs::read_to_string(folder().join(MADE_FROM)).expect("a list");
    let made: Vec<(&str, &str)> = list.lines().filter_map(|line| line.split_once("  ")).collect();
    let mut names: Vec<String> = made.iter().map(|(_, name)| name.replace(".svg", ".png")).collect();
    for (digest, name) in made {
        let svg = fs::read(folder().join(name)).expect("its source");
        assert_eq!(
            hex::encode(Sha256::digest(svg)),
            digest,
            "the PNG of {name} is old\nlook at the change after: {COMMAND}"
        );
    }
    let found = fs::read_dir(folder()).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let found = found.map(|name| name.to_string_lossy().into_owned()).filter(|name| name.ends_with(".png"));
    let mut found: Vec<String> = found.collect();
    found.sort();
    names.sort();
    assert_eq!(found, names, "PNGs and their sources");
}
