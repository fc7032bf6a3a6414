//! Two consecutive bundles of the real program, with a release in them.

use std::path::{Path, PathBuf};

use portcullis::demo::stage::SECRET;
use tempfile::TempDir;

use crate::common::appliance::{Appliance, released};
use crate::common::bundles::{granted, take, unpack};

const CREDENTIAL: &str = "db/one";

/// An appliance that has released something, and what it exported.
pub struct Real {
    pub appliance: Appliance,
    pub folder: TempDir,
    /// The bundles as files, one going on from the other.
    pub files: [PathBuf; 2],
}

impl Real {
    /// A release, a bundle that bob and carol cosigned, a freeze, and a bundle of what came after.
    pub fn make() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut appliance = Appliance::found();
        appliance.furnish(&[CREDENTIAL]);
        appliance.arm("payroll", CREDENTIAL, &["--for", "1h"]).expect("armed");
        released(&appliance.pull("payroll", CREDENTIAL).expect("pulls"), "a release");
        let ask = ["request", CREDENTIAL, "--job", "payroll", "--reason", "night batch", "--ticket", "INC-1"];
        let open = appliance.does("alice", &ask).expect("asked");
        let open = appliance.request_id(&open).expect("an id");
        let first = granted(&appliance, &["--seal", "004711"]);
        // Its checkpoint is there once it was taken; taken again, it has their cosignatures.
        take(&appliance, &first, &made(&folder, "before"));
        for person in ["bob", "carol"] {
            appliance.does(person, &["audit", "cosign"]).expect("cosigned");
        }
        let first = take(&appliance, &first, &made(&folder, "first"));
        // Asked in the first, approved in the second.
        appliance.approve_by(&["bob", "carol"], &open).expect("approved");
        appliance.deposit("db/two", SECRET, &[]).expect("deposited");
        appliance.does("bob", &["freeze", "--reason", "a leak was reported"]).expect("frozen");
        let second = granted(&appliance, &[]);
        let second = take(&appliance, &second, &made(&folder, "second"));
        Self { appliance, folder, files: [first, second] }
    }

    /// One of the two, unpacked by the system's tar.
    pub fn unpacked(&self, which: usize) -> PathBuf {
        let into = self.folder.path().join(format!("unpacked-{which}"));
        if !into.exists() {
            unpack(&self.files[which], &into);
        }
        into
    }
}

fn made(folder: &TempDir, name: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::create_dir(&path).expect("a folder");
    path
}

/// The text of one file.
pub fn text(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
