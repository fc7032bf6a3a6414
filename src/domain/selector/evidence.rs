//! What the kernel said of a peer.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How the kernel tied the evidence to one process.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KernelProof {
    /// The socket itself gave a handle of the process (SO_PEERPIDFD, Linux 6.5).
    Pidfd,
    /// A handle was opened by process number; start time and owner were compared before and after.
    StartTime,
}

/// What the kernel said of a peer.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Effective user id when it connected.
    pub uid: u32,
    /// Effective group id when it connected.
    pub gid: u32,
    /// The name of `uid`, where it has one.
    pub user: Option<String>,
    /// The name of `gid`, where it has one.
    pub group: Option<String>,
    /// Process number when it connected.
    pub pid: u32,
    /// The executable, where it could be read and is the file of that name on this host.
    pub path: Option<String>,
    /// SHA-256 of the executable in lower-case hex, where it was read.
    pub sha256: Option<String>,
    /// How process and evidence were tied together.
    pub kernel: KernelProof,
}

impl Evidence {
    /// SHA-256 of the canonical JSON without `pid`, so that two runs of one job give one digest.
    ///
    /// # Source
    /// RFC 8785 (canonical JSON).
    pub fn digest(&self) -> [u8; 32] {
        let Self { uid, gid, user, group, pid: _, path, sha256, kernel } = self;
        let without_pid = serde_json::json!({
            "uid": uid, "gid": gid, "user": user, "group": group, "path": path, "sha256": sha256, "kernel": kernel,
        });
        // Writing a value of numbers and texts into memory has no way to fail.
        let canonical =
            serde_json_canonicalizer::to_vec(&without_pid).expect("plain values have a canonical form");
        Sha256::digest(canonical).into()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A job that runs as one would expect.
    pub(crate) fn evidence() -> Evidence {
        Evidence {
            uid: 1000,
            gid: 100,
            user: Some("batch".into()),
            group: None,
            pid: 4242,
            path: Some("/usr/bin/job".into()),
            sha256: Some("a".repeat(64)),
            kernel: KernelProof::Pidfd,
        }
    }

    #[test]
    fn the_digest_of_evidence_covers_all_but_the_process_number() {
        let base = evidence();
        assert_eq!(Evidence { pid: 1, ..base.clone() }.digest(), base.digest());
        let others = [
            Evidence { uid: 1, ..base.clone() },
            Evidence { user: None, ..base.clone() },
            Evidence { sha256: None, ..base.clone() },
            Evidence { kernel: KernelProof::StartTime, ..base.clone() },
        ];
        for other in others {
            assert_ne!(other.digest(), base.digest(), "{other:?}");
        }
        let text = serde_json::to_string(&base).expect("JSON");
        assert!(text.contains(r#""kernel":"pidfd""#), "{text}");
        assert_eq!(serde_json::from_str::<Evidence>(&text).expect("back"), base);
        assert!(serde_json::from_str::<Evidence>(&text.replace("\"gid\"", "\"x\":1,\"gid\"")).is_err());
    }
}
