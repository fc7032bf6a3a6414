//! The SQL of the document, executed as it is written there.

use std::path::Path;
use std::process::Output;

use portcullis::domain::audit::entry::{Body, Entry};
use portcullis::domain::request::doc::Requester;

use crate::cluster::{Cluster, said};
use crate::example::{members, mill, quay};
use crate::samples::{approved, armed, arming, doc, entry, operator, release, samples};

const MILL: &str = "example.org/mill";
const QUAY: &str = "example.org/quay";
/// The moment of the document's answers.
const AS_OF: &str = "asof=2026-12-01T12:00:00Z";
const QUESTIONS: [&str; 5] = ["exposure.sql", "pairs.sql", "refused.sql", "deadlines.sql", "gaps.sql"];

/// The blocks of the document in order: language and text.
fn blocks() -> Vec<(String, String)> {
    let document = include_str!("../../docs/fleet.md");
    let parts: Vec<&str> = document.split("\n```").collect();
    let inside = parts.iter().skip(1).step_by(2);
    inside.map(|part| part.split_once('\n').expect("a language")).map(|(a, b)| (a.into(), b.into())).collect()
}

/// Writes the document's files into `folder`; gives the loop that loads.
fn unpack(folder: &Path) -> String {
    for (_, text) in blocks().iter().filter(|(language, _)| language == "sql") {
        let name = text.lines().next().and_then(|line| line.strip_prefix("-- ")).expect("the name of a file");
        std::fs::write(folder.join(name), text).expect("written");
    }
    let shell =
        blocks().into_iter().find(|(language, text)| language == "sh" && text.contains("for bundle in"));
    shell.expect("the loop that loads").1
}

/// The answer that the document has after the question in the file `name`.
fn documented(name: &str) -> String {
    let blocks = blocks();
    let question = blocks.iter().position(|(_, text)| text.starts_with(&format!("-- {name}\n")));
    let (language, answer) = &blocks[question.expect("the question") + 1];
    assert_eq!(language, "text", "an answer after {name}");
    answer.trim_end().to_owned()
}

/// One database, and the folder in which the document's commands are given.
struct Desk<'a> {
    cluster: &'a Cluster,
    database: &'static str,
    folder: tempfile::TempDir,
    load: String,
}

impl<'a> Desk<'a> {
    fn new(cluster: &'a Cluster, database: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("bundles")).expect("a folder");
        let load = unpack(folder.path());
        cluster.psql("postgres", folder.path(), &["--command", &format!("CREATE DATABASE {database}")]);
        cluster.psql(database, folder.path(), &["--file", "schema.sql"]);
        Self { cluster, database, folder, load }
    }

    /// Gives the loop of the document these bundles and no others.
    fn try_load(&self, bundles: &[(&str, &[Entry], usize, usize)]) -> Output {
        let place = self.folder.path().join("bundles");
        std::fs::remove_dir_all(&place).expect("removed");
        std::fs::create_dir(&place).expect("made");
        for (number, (origin, log, from, to)) in bundles.iter().enumerate() {
            let (note, entries) = members(origin, log, *from, *to);
            let file = std::fs::File::create(place.join(format!("{number}.pcab.tar"))).expect("a file");
            let mut tar = tar::Builder::new(file);
            for (name, bytes) in [("checkpoint", note.as_bytes()), ("entries.ndjson", &entries)] {
                let mut header = tar::Header::new_ustar();
                header.set_size(bytes.len().try_into().expect("small"));
                header.set_mode(0o644);
                tar.append_data(&mut header, name, bytes).expect("written");
            }
            tar.finish().expect("written");
        }
        let mut shell = self.cluster.client("bash", self.database, self.folder.path());
        shell.args(["-c", &self.load]).output().expect("bash is needed")
    }

    fn load(&self, bundles: &[(&str, &[Entry], usize, usize)]) {
        let output = self.try_load(bundles);
        assert!(output.status.success(), "{}", said(&output));
    }

    fn psql(&self, args: &[&str]) -> String {
        self.cluster.psql(self.database, self.folder.path(), args)
    }

    fn answer(&self, file: &str) -> String {
        let answer = self.psql(&["--set", AS_OF, "--file", file]);
        answer.lines().map(|line| line.trim_end().to_owned() + "\n").collect::<String>().trim_end().to_owned()
    }

    fn count(&self) -> String {
        self.psql(&["-At", "-c", "SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM checkpoint)"])
    }
}

#[test]
fn the_sql_of_the_document_loads_a_fleet_and_answers_as_it_says() {
    let cluster = Cluster::start();
    answers(&cluster);
    contradictions(&cluster);
    findings(&cluster);
    bytes(&cluster);
}

/// Bundles that overlap, come twice and in the wrong order, and one that never came.
fn answers(cluster: &Cluster) {
    let desk = Desk::new(cluster, "fleet");
    let (mill, quay) = (mill(), quay());
    let (m, q) = (mill.len(), quay.len());
    desk.load(&[(MILL, &mill, 10, m), (QUAY, &quay, 0, q - 3), (MILL, &mill, 0, 17)]);
    let before = desk.count();
    desk.load(&[(MILL, &mill, 0, 17), (MILL, &mill, 10, m), (QUAY, &quay, 0, q - 3)]);
    assert_eq!(desk.count(), before, "what comes again changes nothing");
    desk.load(&[(QUAY, &quay, q - 1, q)]);
    let (answered, expected) = (QUESTIONS.map(|file| desk.answer(file)), QUESTIONS.map(documented));
    assert_eq!(answered, expected, "\n{}", answered.join("\n\n"));
}

/// What does not fit is refused whole.
fn contradictions(cluster: &Cluster) {
    let desk = Desk::new(cluster, "contradictions");
    let (mill, quay) = (mill(), quay());
    desk.load(&[(MILL, &mill, 0, 17), (QUAY, &quay, 0, 12)]);
    let before = desk.count();
    let mut forked = mill.clone();
    forked[16].epoch += 1;
    let mut other_root = mill.clone();
    other_root[3].mono += 1;
    let cases = [
        (
            "another entry 16",
            (MILL, forked.as_slice(), 10, 19),
            "there are two entries 16 of example.org/mill",
        ),
        ("another root", (MILL, &other_root, 10, 17), "there are two checkpoints of example.org/mill at 17"),
        ("nothing", (MILL, &mill, 17, 17), "incomplete: the entries do not lead up to the checkpoint"),
        ("a gap inside", (MILL, &[&mill[..4], &mill[5..]].concat(), 2, 18), "incomplete"),
        ("an entry twice", (MILL, &[&mill[..4], &mill[3..]].concat(), 2, 21), "incomplete"),
    ];
    for (name, bundle, expected) in cases {
        let output = desk.try_load(&[bundle, (QUAY, &quay, 10, 14)]);
        assert!(!output.status.success() && said(&output).contains(expected), "{name}: {}", said(&output));
        assert_eq!(desk.count(), before, "{name}: nothing of it is loaded, nor what comes after");
    }
    desk.load(&[(MILL, &mill, 10, 19), (QUAY, &quay, 10, 14)]);
}

/// What no appliance of ours lets happen is found when it happened.
fn findings(cluster: &Cluster) {
    let desk = Desk::new(cluster, "findings");
    let mut log = mill()[..2].to_vec();
    let mut add = |actor: &str, body: Body| {
        let seq = log.len().try_into().expect("small");
        log.push(entry(seq, 1_795_000_000_000 + seq, actor, body));
    };
    // The same id again and again: each time it is another request.
    let cases: [&[&str]; 4] = [&["bob"], &["bob", "bob"], &["alice", "bob"], &["bob", "carol"]];
    for people in cases {
        let asked = doc("7K2M", release("db2", 1, "payroll"), Requester::Operator(operator("alice")));
        add("operator:alice", Body::Requested { doc: Box::new(asked) });
        for person in people {
            add("operator", approved("7K2M", person, Some(arming())));
        }
        add("keeper", armed("7K2M"));
    }
    desk.load(&[(MILL, &log, 0, log.len())]);
    let rows = desk.psql(&["-At", "--file", "pairs.sql"]);
    assert_eq!(
        rows,
        "bob|f|3|1|example.org/mill#4 example.org/mill#8 example.org/mill#12\nbob + carol|t|1|1|\n"
    );
}

/// Every type of entry comes out as it went in.
fn bytes(cluster: &Cluster) {
    let desk = Desk::new(cluster, "bytes");
    let log = samples();
    desk.load(&[(MILL, &log, 0, log.len())]);
    let stored = desk.psql(&["-At", "--command", "SELECT leaf FROM entry ORDER BY seq"]);
    let written =
        log.iter().map(|entry| String::from_utf8(entry.to_leaf().expect("a leaf")).expect("text") + "\n");
    assert_eq!(stored, written.collect::<String>());
    let whole = "SELECT count(*) FROM entry WHERE (entry ->> 'ts')::numeric = extract(epoch FROM at) * 1000";
    assert_eq!(desk.psql(&["-At", "--command", whole]).trim(), log.len().to_string());
}
