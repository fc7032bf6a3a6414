//! The verifier in Go, built from `verify.go` with the libraries that Debian packs.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Where Debian's `golang-golang-x-mod-dev` puts the source.
const LIBRARIES: &str = "/usr/share/gocode";

pub struct Verifier(TempDir);

impl Verifier {
    /// Builds it; nothing is downloaded, and nothing kept outside a folder of its own.
    pub fn build() -> Self {
        let verifier = Self(tempfile::tempdir().expect("a folder"));
        let mut go = Command::new("go");
        go.arg("build").arg("-o").arg(verifier.program());
        go.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/outside/verify.go"));
        go.env("GO111MODULE", "off").env("GOPATH", LIBRARIES).env("GOPROXY", "off").env("GOFLAGS", "");
        go.env("GOCACHE", verifier.0.path().join("cache")).env("HOME", verifier.0.path());
        let built = go.output().expect("go is needed, from golang-go and golang-golang-x-mod-dev");
        assert!(built.status.success(), "go build: {}", String::from_utf8_lossy(&built.stderr));
        verifier
    }

    fn program(&self) -> std::path::PathBuf {
        self.0.path().join("verify")
    }

    /// What it says of a folder, or why it refuses it.
    pub fn verify(&self, folder: &Path) -> Result<String, String> {
        let output = Command::new(self.program()).arg(folder).output().expect("the program that was built");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }
}
