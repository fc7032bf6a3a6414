//! The members of a bundle: their names, their order and how long each may be.

use super::Range;

/// One file of a bundle. The order is that of the bundle.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Member {
    /// The range, and the hashes of all others, as a signed note.
    Manifest,
    /// The signed note over the tree at its end.
    Checkpoint,
    /// How the tree before grew into this one.
    Consistency,
    /// The peaks of the tree before.
    Frontier,
    /// The leaves, one a line.
    Entries,
    /// The requests that were live before.
    OpenRequests,
    /// Every roster from set-up on.
    Rosters,
    /// The policy whose hash the requests name.
    Policy,
    /// The log's Ed25519 key.
    LogKey,
    /// The log's P-256 key in the chip.
    TpmKey,
    /// The key under MANIFEST.
    BundleKey,
    /// The operators' keys.
    OperatorKeys,
    /// All keys, and the state of the platform at set-up.
    Register,
    /// What the chip attests.
    QuoteMessage,
    /// Its signature.
    QuoteSignature,
    /// The values that it attests.
    QuotePcrs,
    /// The attestation key.
    AttestationKey,
    /// The maker's certificate of the chip, when it has one.
    EndorsementCertificate,
    /// That the log's key is in the same chip.
    CertifyMessage,
    /// Its signature.
    CertifySignature,
    /// The public area of the log's key.
    LogPublic,
    /// What must change, and by when.
    Rotation,
    /// Why each credential still exists.
    Exceptions,
    /// Who had which generation.
    Access,
    /// Who approved with whom.
    Pairs,
    /// Who was refused.
    Failed,
    /// Who asked for this export, and who approved it.
    Custody,
    /// How to verify all this with tools of others.
    Verify,
}

impl Member {
    /// All of them, in the order of a bundle.
    pub const ALL: [Self; 28] = [
        Self::Manifest,
        Self::Checkpoint,
        Self::Consistency,
        Self::Frontier,
        Self::Entries,
        Self::OpenRequests,
        Self::Rosters,
        Self::Policy,
        Self::LogKey,
        Self::TpmKey,
        Self::BundleKey,
        Self::OperatorKeys,
        Self::Register,
        Self::QuoteMessage,
        Self::QuoteSignature,
        Self::QuotePcrs,
        Self::AttestationKey,
        Self::EndorsementCertificate,
        Self::CertifyMessage,
        Self::CertifySignature,
        Self::LogPublic,
        Self::Rotation,
        Self::Exceptions,
        Self::Access,
        Self::Pairs,
        Self::Failed,
        Self::Custody,
        Self::Verify,
    ];

    /// Those that MANIFEST lists: all but itself.
    pub fn listed() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|member| *member != Self::Manifest)
    }

    /// Its path in the bundle.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Manifest => "MANIFEST",
            Self::Checkpoint => "checkpoint",
            Self::Consistency => "consistency",
            Self::Frontier => "frontier",
            Self::Entries => "entries.ndjson",
            Self::OpenRequests => "open-requests.ndjson",
            Self::Rosters => "rosters.json",
            Self::Policy => "policy.txt",
            Self::LogKey => "keys/log.vkey",
            Self::TpmKey => "keys/tpm.vkey",
            Self::BundleKey => "keys/bundle.vkey",
            Self::OperatorKeys => "keys/operators.vkey",
            Self::Register => "keys/register.json",
            Self::QuoteMessage => "quote/quote.msg",
            Self::QuoteSignature => "quote/quote.sig",
            Self::QuotePcrs => "quote/quote.pcrs",
            Self::AttestationKey => "quote/ak.pem",
            Self::EndorsementCertificate => "quote/ek.crt",
            Self::CertifyMessage => "quote/certify.msg",
            Self::CertifySignature => "quote/certify.sig",
            Self::LogPublic => "quote/log.pub",
            Self::Rotation => "reports/rotation.json",
            Self::Exceptions => "reports/exceptions.json",
            Self::Access => "reports/access.json",
            Self::Pairs => "reports/pairs.json",
            Self::Failed => "reports/failed.json",
            Self::Custody => "reports/custody.json",
            Self::Verify => "VERIFY.txt",
        }
    }

    /// The member of this path.
    pub fn of_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|member| member.path() == path)
    }

    /// Whether a bundle may do without it.
    pub const fn is_optional(self) -> bool {
        matches!(self, Self::EndorsementCertificate)
    }

    /// The most bytes that it may have. MANIFEST, which says the range, is limited without it.
    pub fn len_max(self, range: Option<Range>) -> u64 {
        const KIB: u64 = 1024;
        const MIB: u64 = 1024 * KIB;
        /// An entry and its LF.
        const LINE: u64 = 65_536;
        match self {
            Self::Manifest => 64 * KIB,
            Self::Checkpoint | Self::Consistency => MIB,
            Self::Frontier => 4 * KIB,
            Self::Entries => range.map_or(0, Range::count).saturating_mul(LINE).min(Self::LEN_MAX),
            Self::OpenRequests | Self::Rosters => 64 * MIB,
            Self::Policy | Self::OperatorKeys | Self::Register | Self::Verify => MIB,
            Self::LogKey | Self::TpmKey | Self::BundleKey => 4 * KIB,
            Self::QuoteMessage | Self::QuoteSignature | Self::QuotePcrs | Self::AttestationKey => 16 * KIB,
            Self::CertifyMessage | Self::CertifySignature | Self::LogPublic => 16 * KIB,
            Self::EndorsementCertificate => 64 * KIB,
            Self::Rotation | Self::Exceptions | Self::Access | Self::Pairs | Self::Failed => 64 * MIB,
            Self::Custody => 64 * KIB,
        }
    }

    /// The fewest bytes that it may have: so many entries do not fit less.
    pub fn len_min(self, range: Option<Range>) -> u64 {
        /// The shortest entry has more than this with its LF.
        const LINE: u64 = 64;
        match self {
            Self::Entries => range.map_or(0, Range::count).saturating_mul(LINE),
            _ => 0,
        }
    }

    /// The most that eleven octal digits say, in bytes.
    ///
    /// # Source
    /// POSIX.1-1988, ustar: the field `size`.
    pub const LEN_MAX: u64 = (1 << 33) - 1;
}

impl std::fmt::Display for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.path())
    }
}
