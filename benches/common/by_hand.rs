//! What a pull needs of the chip, written straight down: the baseline of the bench `pull`.
//!
//! It shares nothing with `src/tpm` but libtss2, so that a detour of the appliance cannot hide in
//! both sides. Whoever writes this by hand wants the same properties and pays for them: both sessions
//! are salted to the storage root key as set-up saw it, the unsealed key travels encrypted, each NV
//! index is authorised by an HMAC that does not show its value, PolicyPCR is told what to expect, and
//! the library's answer with the key is wiped. What is not needed is not done: one HMAC session serves
//! four commands, sessions end with their last one, the boot counters are compared in one go, the head
//! of the log travels in the clear, and a refusal is a panic.
//!
//! Set-up is not measured and takes the short way: passwords, and a trial session for the policy.

#![allow(unsafe_code, reason = "libtss2 without its wrapper, which does not have two of the commands")]

use std::ffi::{CStr, CString};
use std::ptr::{null, null_mut};

use sha2::{Digest as _, Sha256};
use tss_esapi::tss2_esys::*;
use zeroize::Zeroize as _;

const NONE: ESYS_TR = ESYS_TR_NONE;
const PASSWORD: ESYS_TR = ESYS_TR_PASSWORD;

const ALG_AES: u16 = 0x0006;
const ALG_KEYEDHASH: u16 = 0x0008;
const ALG_SHA256: u16 = 0x000b;
const ALG_NULL: u16 = 0x0010;
const ALG_ECC: u16 = 0x0023;
const ALG_CFB: u16 = 0x0043;
const NIST_P256: u16 = 0x0003;

const SE_HMAC: u8 = 0x00;
const SE_POLICY: u8 = 0x01;
const SE_TRIAL: u8 = 0x03;
const CONTINUE: TPMA_SESSION = 0x01;
const ENCRYPT: TPMA_SESSION = 0x40;

const EQUAL: u16 = 0x0000;
const BELOW: u16 = 0x0005;
const AT_LEAST: u16 = 0x0007;
/// Offset of `clock` in TPMS_TIME_INFO.
const CLOCK: u16 = 8;
/// Offset of `resetCount` in TPMS_TIME_INFO; `restartCount` follows it.
const BOOT: u16 = 16;

const ROOT: u32 = 0x8100_0001;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// A chip that was set up, and one window on it that is open for a day of this boot.
pub struct ByHand {
    tcti: CString,
    /// As `Esys_TR_Serialize` wrote it, like those of the indices.
    root: Vec<u8>,
    epoch: Index,
    head: Index,
    window: Window,
    private: TPM2B_PRIVATE,
    public: TPM2B_PUBLIC,
}

struct Index {
    description: Vec<u8>,
    auth: TPM2B_AUTH,
}

/// What must hold for the chip to unseal.
struct Window {
    pcrs: TPML_PCR_SELECTION,
    pcr_digest: TPM2B_DIGEST,
    opens: TPM2B_OPERAND,
    closes: TPM2B_OPERAND,
    boot: TPM2B_OPERAND,
    gate: Index,
    gate_value: TPM2B_OPERAND,
}

impl ByHand {
    /// Set-up of a new chip, and `key` sealed for the window.
    pub fn set_up(tcti: &str, key: &[u8; 32]) -> Self {
        let tcti = CString::new(tcti).expect("no NUL");
        let link = Link::open(&tcti);
        let root = link.make_root();
        let [gate, epoch, head] =
            [(1, true), (2, true), (3, false)].map(|(n, counts)| link.make_index(n, counts));
        let window = link.make_window(gate);
        let (private, public) = link.seal(root, &window, key);
        Self { root: link.describe(root), epoch, head, window, private, public, tcti }
    }

    /// The anchor and the window of one pull, from connecting to the end of the connection.
    pub fn anchor_and_open(&self, head: &[u8; 32]) -> [u8; 32] {
        let link = Link::open(&self.tcti);
        let root = link.adopt(&self.root);
        let hmac = link.start(SE_HMAC, root);
        link.nv_write(link.index(&self.head), hmac, head);
        link.nv_increment(link.index(&self.epoch), hmac);
        let policy = link.start(SE_POLICY, root);
        link.meet(&self.window, policy, hmac);
        link.use_last(hmac, 0);
        let item = link.load(root, hmac, &self.private, &self.public);
        link.use_last(policy, ENCRYPT);
        let key = link.unseal(item, policy);
        link.flush(item);
        key
    }
}

/// One connection.
struct Link {
    tcti: *mut TSS2_TCTI_CONTEXT,
    context: *mut ESYS_CONTEXT,
}

fn must(command: &str, rc: TSS2_RC) {
    assert!(rc == 0, "{command}: 0x{rc:x}");
}

/// Copies an answer and gives its memory back.
///
/// # Safety
/// `answer` was filled in by the library and is used nowhere else.
unsafe fn take<T: Copy>(answer: *mut T) -> T {
    // SAFETY: as above.
    unsafe {
        let copy = *answer;
        Esys_Free(answer.cast());
        copy
    }
}

// SAFETY of every call below: `context` and `tcti` live until `drop`, every pointer is a live reference
// of the type that bindgen read in the C prototype, a null nonce or answer means that there is none, and
// answers are taken only after success.
impl Link {
    fn open(tcti: &CStr) -> Self {
        let mut link = Self { tcti: null_mut(), context: null_mut() };
        unsafe {
            must("connect", Tss2_TctiLdr_Initialize(tcti.as_ptr(), &mut link.tcti));
            must("connect", Esys_Initialize(&mut link.context, link.tcti, null_mut()));
        }
        link
    }

    fn adopt(&self, description: &[u8]) -> ESYS_TR {
        let (start, len, mut tr) = (description.as_ptr(), description.len() as size_t, NONE);
        must("deserialize", unsafe { Esys_TR_Deserialize(self.context, start, len, &mut tr) });
        tr
    }

    fn index(&self, index: &Index) -> ESYS_TR {
        let tr = self.adopt(&index.description);
        must("set auth", unsafe { Esys_TR_SetAuth(self.context, tr, &index.auth) });
        tr
    }

    fn start(&self, kind: u8, root: ESYS_TR) -> ESYS_TR {
        let cipher = TPMT_SYM_DEF {
            algorithm: ALG_AES,
            keyBits: TPMU_SYM_KEY_BITS { aes: 128 },
            mode: TPMU_SYM_MODE { aes: ALG_CFB },
        };
        let mut tr = NONE;
        must("TPM2_StartAuthSession", unsafe {
            let (c, no, nonce) = (self.context, NONE, null());
            Esys_StartAuthSession(c, root, no, no, no, no, nonce, kind, &cipher, ALG_SHA256, &mut tr)
        });
        tr
    }

    /// The next command is the last of this session, which ends with it.
    fn use_last(&self, session: ESYS_TR, flags: TPMA_SESSION) {
        let all = CONTINUE | ENCRYPT;
        must("set attributes", unsafe { Esys_TRSess_SetAttributes(self.context, session, flags, all) });
    }

    fn nv_write(&self, index: ESYS_TR, session: ESYS_TR, bytes: &[u8; 32]) {
        let mut data = TPM2B_MAX_NV_BUFFER { size: 32, ..Default::default() };
        data.buffer[..32].copy_from_slice(bytes);
        must("TPM2_NV_Write", unsafe {
            Esys_NV_Write(self.context, index, index, session, NONE, NONE, &data, 0)
        });
    }

    fn nv_increment(&self, index: ESYS_TR, session: ESYS_TR) {
        must("TPM2_NV_Increment", unsafe {
            Esys_NV_Increment(self.context, index, index, session, NONE, NONE)
        });
    }

    fn meet(&self, window: &Window, policy: ESYS_TR, session: ESYS_TR) {
        let (c, w) = (self.context, window);
        must("TPM2_PolicyPCR", unsafe {
            Esys_PolicyPCR(c, policy, NONE, NONE, NONE, &w.pcr_digest, &w.pcrs)
        });
        let timers = [(&w.opens, CLOCK, AT_LEAST), (&w.closes, CLOCK, BELOW), (&w.boot, BOOT, EQUAL)];
        for (operand, offset, operation) in timers {
            must("TPM2_PolicyCounterTimer", unsafe {
                Esys_PolicyCounterTimer(c, policy, NONE, NONE, NONE, operand, offset, operation)
            });
        }
        let gate = self.index(&w.gate);
        must("TPM2_PolicyNV", unsafe {
            Esys_PolicyNV(c, gate, gate, policy, session, NONE, NONE, &w.gate_value, 0, EQUAL)
        });
    }

    fn load(
        &self,
        root: ESYS_TR,
        session: ESYS_TR,
        private: &TPM2B_PRIVATE,
        public: &TPM2B_PUBLIC,
    ) -> ESYS_TR {
        let mut tr = NONE;
        must("TPM2_Load", unsafe {
            Esys_Load(self.context, root, session, NONE, NONE, private, public, &mut tr)
        });
        tr
    }

    fn unseal(&self, item: ESYS_TR, policy: ESYS_TR) -> [u8; 32] {
        let mut out = null_mut();
        must("TPM2_Unseal", unsafe { Esys_Unseal(self.context, item, policy, NONE, NONE, &mut out) });
        let data = unsafe { &mut *out };
        let key = data.buffer[..usize::from(data.size)].try_into().expect("32 bytes");
        data.buffer.zeroize();
        unsafe { Esys_Free(out.cast()) };
        key
    }

    fn flush(&self, item: ESYS_TR) {
        must("TPM2_FlushContext", unsafe { Esys_FlushContext(self.context, item) });
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        unsafe {
            Esys_Finalize(&mut self.context);
            Tss2_TctiLdr_Finalize(&mut self.tcti);
        }
    }
}

// Set-up; what was said above of safety goes for it too.
impl Link {
    /// The TCG's ECC P-256 storage root key, kept.
    fn make_root(&self) -> ESYS_TR {
        const COORDINATE: TPM2B_ECC_PARAMETER = TPM2B_ECC_PARAMETER { size: 32, buffer: [0; 128] };
        let ecc = TPMS_ECC_PARMS {
            symmetric: TPMT_SYM_DEF_OBJECT {
                algorithm: ALG_AES,
                keyBits: TPMU_SYM_KEY_BITS { aes: 128 },
                mode: TPMU_SYM_MODE { aes: ALG_CFB },
            },
            scheme: TPMT_ECC_SCHEME { scheme: ALG_NULL, ..Default::default() },
            curveID: NIST_P256,
            kdf: TPMT_KDF_SCHEME { scheme: ALG_NULL, ..Default::default() },
        };
        let area = TPMT_PUBLIC {
            type_: ALG_ECC,
            nameAlg: ALG_SHA256,
            // fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, restricted, decrypt.
            objectAttributes: 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 10 | 1 << 16 | 1 << 17,
            authPolicy: TPM2B_DIGEST::default(),
            parameters: TPMU_PUBLIC_PARMS { eccDetail: ecc },
            unique: TPMU_PUBLIC_ID { ecc: TPMS_ECC_POINT { x: COORDINATE, y: COORDINATE } },
        };
        let template = TPM2B_PUBLIC { size: 0, publicArea: area };
        let (sensitive, outside) = (TPM2B_SENSITIVE_CREATE::default(), TPM2B_DATA::default());
        let (pcrs, owner, mut made, mut kept) = (TPML_PCR_SELECTION::default(), ESYS_TR_RH_OWNER, NONE, NONE);
        unsafe {
            let (c, s, no, t, o, p) = (self.context, &sensitive, NONE, &template, &outside, &pcrs);
            let none = (null_mut(), null_mut(), null_mut(), null_mut());
            let rc = Esys_CreatePrimary(
                c, owner, PASSWORD, no, no, s, t, o, p, &mut made, none.0, none.1, none.2, none.3,
            );
            must("TPM2_CreatePrimary", rc);
            must("TPM2_EvictControl", Esys_EvictControl(c, owner, made, PASSWORD, no, no, ROOT, &mut kept));
        }
        self.flush(made);
        kept
    }

    fn describe(&self, tr: ESYS_TR) -> Vec<u8> {
        let (mut bytes, mut len) = (null_mut(), 0);
        unsafe {
            must("serialize", Esys_TR_Serialize(self.context, tr, &mut bytes, &mut len));
            let copy = std::slice::from_raw_parts(bytes, len as usize).to_vec();
            Esys_Free(bytes.cast());
            copy
        }
    }

    /// An index under a value of its own alone, which was written once.
    fn make_index(&self, number: u8, counts: bool) -> Index {
        let (size, counter) = if counts { (8, 1 << 4) } else { (32, 0) };
        let auth = digest(&[number; 32]);
        let public = TPMS_NV_PUBLIC {
            nvIndex: 0x0180_0100 + u32::from(number),
            nameAlg: ALG_SHA256,
            // AUTHWRITE, AUTHREAD, NO_DA: a chip that counts wrong values would write its NV more often.
            attributes: 1 << 2 | 1 << 18 | 1 << 25 | counter,
            authPolicy: TPM2B_DIGEST::default(),
            dataSize: size,
        };
        let public = TPM2B_NV_PUBLIC { size: 0, nvPublic: public };
        let mut tr = NONE;
        must("TPM2_NV_DefineSpace", unsafe {
            let c = self.context;
            Esys_NV_DefineSpace(c, ESYS_TR_RH_OWNER, PASSWORD, NONE, NONE, &auth, &public, &mut tr)
        });
        if counts {
            self.nv_increment(tr, PASSWORD)
        } else {
            self.nv_write(tr, PASSWORD, &[0; 32])
        }
        Index { description: self.describe(tr), auth }
    }

    fn make_window(&self, gate: Index) -> Window {
        let mut pcrs = TPML_PCR_SELECTION { count: 1, ..Default::default() };
        let numbers = 1 << 0 | 1 << 2 | 1 << 4 | 1 << 7;
        pcrs.pcrSelections[0] =
            TPMS_PCR_SELECTION { hash: ALG_SHA256, sizeofSelect: 3, pcrSelect: [numbers, 0, 0, 0] };
        let (c, nv) = (self.context, self.index(&gate));
        let (mut update, mut values, mut now, mut count) = (0, null_mut(), null_mut(), null_mut());
        let (values, now, count) = unsafe {
            let rc = Esys_PCR_Read(c, NONE, NONE, NONE, &pcrs, &mut update, null_mut(), &mut values);
            must("TPM2_PCR_Read", rc);
            must("TPM2_ReadClock", Esys_ReadClock(c, NONE, NONE, NONE, &mut now));
            must("TPM2_NV_Read", Esys_NV_Read(c, nv, nv, PASSWORD, NONE, NONE, 8, 0, &mut count));
            (take(values), take(now).clockInfo, take(count))
        };
        let mut measured = Sha256::new();
        for value in &values.digests[..values.count as usize] {
            measured.update(&value.buffer[..usize::from(value.size)]);
        }
        let boot = [now.resetCount.to_be_bytes(), now.restartCount.to_be_bytes()].concat();
        Window {
            pcrs,
            pcr_digest: digest(&measured.finalize()),
            opens: digest(&now.clock.to_be_bytes()),
            closes: digest(&(now.clock + DAY_MS).to_be_bytes()),
            boot: digest(&boot),
            gate,
            gate_value: digest(&count.buffer[..8]),
        }
    }

    fn seal(&self, root: ESYS_TR, window: &Window, key: &[u8; 32]) -> (TPM2B_PRIVATE, TPM2B_PUBLIC) {
        let (c, trial) = (self.context, self.start(SE_TRIAL, root));
        self.meet(window, trial, PASSWORD);
        let mut policy = null_mut();
        let rc = unsafe { Esys_PolicyGetDigest(c, trial, NONE, NONE, NONE, &mut policy) };
        must("TPM2_PolicyGetDigest", rc);
        self.flush(trial);
        let scheme = TPMT_KEYEDHASH_SCHEME { scheme: ALG_NULL, ..Default::default() };
        let area = TPMT_PUBLIC {
            type_: ALG_KEYEDHASH,
            nameAlg: ALG_SHA256,
            // fixedTPM, fixedParent, adminWithPolicy, noDA.
            objectAttributes: 1 << 1 | 1 << 4 | 1 << 7 | 1 << 10,
            authPolicy: unsafe { take(policy) },
            parameters: TPMU_PUBLIC_PARMS { keyedHashDetail: TPMS_KEYEDHASH_PARMS { scheme } },
            unique: TPMU_PUBLIC_ID { keyedHash: TPM2B_DIGEST::default() },
        };
        let template = TPM2B_PUBLIC { size: 0, publicArea: area };
        let mut sensitive = TPM2B_SENSITIVE_CREATE::default();
        sensitive.sensitive.data.size = 32;
        sensitive.sensitive.data.buffer[..32].copy_from_slice(key);
        let (outside, pcrs) = (TPM2B_DATA::default(), TPML_PCR_SELECTION::default());
        let (mut private, mut public) = (null_mut(), null_mut());
        unsafe {
            let (pass, no, s, t, o, p) = (PASSWORD, NONE, &sensitive, &template, &outside, &pcrs);
            let none = (null_mut(), null_mut(), null_mut());
            let (made, area) = (&mut private, &mut public);
            let rc = Esys_Create(c, root, pass, no, no, s, t, o, p, made, area, none.0, none.1, none.2);
            must("TPM2_Create", rc);
            (take(private), take(public))
        }
    }
}

/// TPM2B_DIGEST, which is also what an authorisation value and an operand are.
fn digest(bytes: &[u8]) -> TPM2B_DIGEST {
    let mut digest = TPM2B_DIGEST { size: bytes.len() as u16, ..Default::default() };
    digest.buffer[..bytes.len()].copy_from_slice(bytes);
    digest
}
