//! Bundles for the tests: folders of members that hold together, and archives made by hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::header;
use crate::domain::audit::manifest::{Manifest, Member, Range};
use crate::domain::time::Timestamp;

/// What the members of one bundle contain.
#[derive(Clone)]
pub(super) struct Parts {
    pub range: Range,
    pub content: BTreeMap<Member, Vec<u8>>,
}

impl Parts {
    /// Two entries; every member with other bytes.
    pub(super) fn sample() -> Self {
        let mut content: BTreeMap<Member, Vec<u8>> =
            Member::listed().map(|member| (member, format!("this is {member}\n").into_bytes())).collect();
        content.insert(Member::Frontier, Vec::new());
        content.insert(Member::Policy, vec![b'p'; 512]);
        content.insert(Member::Entries, format!("{0}\n{0}\n", "e".repeat(300)).into_bytes());
        Self { range: Range::new(3, 5).expect("a range"), content }
    }

    pub(super) fn created() -> Timestamp {
        Timestamp::parse("2025-11-23T21:00:07Z").expect("an instant")
    }

    /// MANIFEST over them, under a signature that nobody looks at here.
    pub(super) fn note(&self) -> Vec<u8> {
        let digest = |(member, bytes): (&Member, &Vec<u8>)| (*member, Sha256::digest(bytes).into());
        let digests = self.content.iter().map(digest).collect();
        let manifest = Manifest::new("corp.example/gate-1", self.range, Self::created(), digests);
        format!("{}\n\u{2014} corp.example/gate-1/bundle AAAA\n", manifest.expect("a manifest").to_text())
            .into_bytes()
    }

    /// All members with MANIFEST, in the order of a bundle.
    pub(super) fn members(&self) -> Vec<(Member, Vec<u8>)> {
        let rest = self.content.iter().map(|(member, bytes)| (*member, bytes.clone()));
        std::iter::once((Member::Manifest, self.note())).chain(rest).collect()
    }

    /// Writes a folder of them.
    pub(super) fn unpack(&self, top: &Path) {
        for folder in ["keys", "quote", "reports"] {
            fs::create_dir_all(top.join(folder)).expect("a folder");
        }
        for (member, bytes) in self.members() {
            fs::write(top.join(member.path()), bytes).expect("a file");
        }
    }

    /// The archive, its blocks one by one.
    pub(super) fn archive(&self) -> Archive {
        let part = |(member, bytes): (Member, Vec<u8>)| Piece {
            header: header::write(member, bytes.len() as u64, Self::created()),
            bytes,
        };
        Archive(self.members().into_iter().map(part).collect())
    }
}

/// One member of an archive.
#[derive(Clone)]
pub(super) struct Piece {
    pub header: [u8; 512],
    pub bytes: Vec<u8>,
}

impl Piece {
    /// Changes the header, and its checksum so that it is right again.
    pub(super) fn with(mut self, change: impl FnOnce(&mut [u8; 512])) -> Self {
        change(&mut self.header);
        self.header[148..156].copy_from_slice(b"        ");
        let sum: u32 = self.header.iter().map(|byte| u32::from(*byte)).sum();
        self.header[148..156].copy_from_slice(format!("{sum:07o}\0").as_bytes());
        self
    }
}

/// An archive that is changed before it is written.
#[derive(Clone)]
pub(super) struct Archive(pub Vec<Piece>);

impl Archive {
    /// Where the header of a member begins.
    pub(super) fn place(&self, member: Member) -> usize {
        let mut at = 0;
        for piece in &self.0 {
            if piece.header.starts_with(member.path().as_bytes()) {
                return at;
            }
            at += (512 + piece.bytes.len()).next_multiple_of(512);
        }
        panic!("{member} is not in the archive")
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for Piece { header, bytes: content } in &self.0 {
            bytes.extend(header);
            bytes.extend(content);
            bytes.resize(bytes.len().next_multiple_of(512), 0);
        }
        bytes.resize((bytes.len() + 1024).next_multiple_of(10_240), 0);
        bytes
    }

    pub(super) fn write(&self, to: &Path) -> PathBuf {
        let path = to.join("x.pcab.tar");
        fs::write(&path, self.to_bytes()).expect("a file");
        path
    }
}
