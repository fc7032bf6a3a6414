//! Set-up of a chip that belongs to nobody yet.

use std::time::Duration;

use tss_esapi::Context;
use tss_esapi::attributes::{NvIndexAttributes, ObjectAttributesBuilder, SessionAttributesBuilder};
use tss_esapi::constants::{CapabilityType, PropertyTag, SessionType};
use tss_esapi::handles::{
    AuthHandle, KeyHandle, NvIndexHandle, NvIndexTpmHandle, ObjectHandle, PersistentTpmHandle, TpmHandle,
};
use tss_esapi::interface_types::algorithm::{HashingAlgorithm, PublicAlgorithm};
use tss_esapi::interface_types::dynamic_handles::Persistent;
use tss_esapi::interface_types::ecc::EccCurve;
use tss_esapi::interface_types::resource_handles::{Hierarchy, NvAuth, Provision};
use tss_esapi::interface_types::session_handles::AuthSession;
use tss_esapi::structures::{
    Auth, CapabilityData, EccParameter, EccPoint, MaxNvBuffer, NvPublic, Public, PublicBuilder,
    PublicEccParametersBuilder, SymmetricDefinition, SymmetricDefinitionObject,
};
use tss_esapi::traits::Marshall;

use crate::domain::secret::Key32;
use crate::tpm::connect::{Tcti, context, library};
use crate::tpm::errand::{Errands, PATIENCE, SETUP_PATIENCE};
use crate::tpm::error::{Taken, TpmError};
use crate::tpm::nvram::{NvAuths, Role, copy};
use crate::tpm::pcr::{PcrSelection, digest};
use crate::tpm::pins::{Pins, SRK_HANDLE};

/// The authorisation values that make the chip the appliance's: random, made by the caller, and
/// wrapped to the recovery recipient before [`provision`] is called.
#[derive(Debug)]
pub struct Hierarchies {
    /// Of the owner hierarchy.
    pub owner: Key32,
    /// Of the lockout hierarchy.
    pub lockout: Key32,
}

impl Hierarchies {
    /// A copy for another thread.
    fn copy(&self) -> Self {
        Self { owner: copy(&self.owner), lockout: copy(&self.lockout) }
    }
}

/// Makes a chip the appliance's own and pins it.
///
/// Makes the storage root key from the TCG's ECC template and keeps it, defines and first writes
/// the three NV indices, sets the owner's and the lockout authorisation, and last forbids
/// TPM2_Clear, which only the firmware could allow again. All values travel encrypted in a session
/// salted to the new key. What fails is undone with the values at hand; after a loss of power
/// before the lockout authorisation was set, `tpm2_clear` makes the chip anybody's again, and
/// later the firmware can.
///
/// # Errors
/// [`TpmError::AlreadyTaken`] before anything was changed; [`TpmError::Silent`] after five minutes.
/// # Source
/// TCG TPM v2.0 Provisioning Guidance, storage root key; its ECC NIST P-256 template.
pub fn provision(
    tcti: &Tcti,
    pcrs: &PcrSelection,
    hierarchies: &Hierarchies,
    auths: &NvAuths,
) -> Result<Pins, TpmError> {
    let errands = Errands::new(tcti.clone(), SETUP_PATIENCE);
    let (tcti, pcrs) = (tcti.clone(), *pcrs);
    let (hierarchies, auths) = (hierarchies.copy(), auths.copy());
    errands.run(move || {
        let mut context = context(&tcti)?;
        look_for_owner(&mut context)?;
        let software = matches!(tcti, Tcti::Swtpm { .. }) || is_software(&mut context)?;
        let mut ceremony =
            Ceremony { context, session: None, kept: None, indices: Vec::new(), taken: Vec::new() };
        let outcome = ceremony.run(&pcrs, &hierarchies, &auths, software);
        if outcome.is_err() {
            ceremony.undo();
        }
        outcome
    })
}

/// Looks whether the chip answers and belongs to nobody; changes nothing.
///
/// # Errors
/// [`TpmError::Unreachable`], [`TpmError::Silent`] and [`TpmError::AlreadyTaken`].
pub fn refuse_taken(tcti: &Tcti) -> Result<(), TpmError> {
    refuse_taken_within(tcti, PATIENCE)
}

/// The same within another time than 20 seconds.
pub(super) fn refuse_taken_within(tcti: &Tcti, patience: Duration) -> Result<(), TpmError> {
    let to = tcti.clone();
    Errands::new(tcti.clone(), patience).run(move || look_for_owner(&mut context(&to)?))
}

fn look_for_owner(context: &mut Context) -> Result<(), TpmError> {
    /// The bits of TPMA_PERMANENT for authorisation values that are set.
    const HIERARCHIES: [(u32, &str); 3] = [(1, "owner"), (1 << 1, "endorsement"), (1 << 2, "lockout")];
    let permanent =
        context.get_tpm_property(PropertyTag::Permanent).map_err(library("TPM2_GetCapability"))?;
    let permanent = permanent.unwrap_or(0);
    let set = HIERARCHIES.into_iter().find(|(bit, _)| permanent & bit != 0);
    if let Some((_, name)) = set {
        return Err(TpmError::AlreadyTaken { what: Taken::Hierarchy(name) });
    }
    let objects = [(SRK_HANDLE, Taken::Object(SRK_HANDLE))].into_iter();
    let indices = Role::ALL.map(|role| (role.index(), Taken::Index(role.index())));
    for (handle, what) in objects.chain(indices) {
        if holds(context, handle)? {
            return Err(TpmError::AlreadyTaken { what });
        }
    }
    Ok(())
}

/// Whether a persistent object or NV index exists.
pub(super) fn holds(context: &mut Context, handle: u32) -> Result<bool, TpmError> {
    let listed = context.get_capability(CapabilityType::Handles, handle, 1);
    match listed.map_err(library("TPM2_GetCapability"))? {
        (CapabilityData::Handles(handles), _) => {
            Ok(handles.into_inner().first().is_some_and(|first| u32::from(*first) == handle))
        }
        _ => Err(TpmError::Malformed { what: "an answer to TPM2_GetCapability" }),
    }
}

/// Whether the chip says of itself that it is software.
fn is_software(context: &mut Context) -> Result<bool, TpmError> {
    const IBM: &[u8; 4] = b"IBM ";
    const SOFTWARE: &[u8; 2] = b"SW";
    let mut property = |tag| context.get_tpm_property(tag).map_err(library("TPM2_GetCapability"));
    let maker = property(PropertyTag::Manufacturer)?.unwrap_or(0).to_be_bytes();
    let vendor = property(PropertyTag::VendorString1)?.unwrap_or(0).to_be_bytes();
    Ok(maker == *IBM || vendor.starts_with(SOFTWARE))
}

/// A set-up under way, and what it has made so far.
struct Ceremony {
    context: Context,
    session: Option<AuthSession>,
    kept: Option<ObjectHandle>,
    indices: Vec<NvIndexHandle>,
    taken: Vec<AuthHandle>,
}

impl Ceremony {
    fn run(
        &mut self,
        pcrs: &PcrSelection,
        hierarchies: &Hierarchies,
        auths: &NvAuths,
        software: bool,
    ) -> Result<Pins, TpmError> {
        let public = self.make_root()?;
        for (role, auth) in Role::ALL.into_iter().zip([&auths.gate, &auths.epoch, &auths.head]) {
            self.make_index(role, auth)?;
        }
        let pcr_digest = self.measure(*pcrs)?;
        let area = public.marshall().map_err(library("TPM2_CreatePrimary"))?;
        let pins = Pins::new(area, *pcrs, pcr_digest, software)?;
        self.take(hierarchies)?;
        Ok(pins)
    }

    /// Makes the storage root key, keeps it, and goes on in a session salted to it.
    fn make_root(&mut self) -> Result<Public, TpmError> {
        let failed = library("TPM2_CreatePrimary");
        let template = root_template().map_err(&failed)?;
        let made = self.context.execute_with_session(Some(AuthSession::Password), |context| {
            context.create_primary(Hierarchy::Owner, template, None, None, None, None)
        });
        let made = made.map_err(&failed)?;
        let (kind, cipher) = (SessionType::Hmac, SymmetricDefinition::AES_128_CFB);
        let key = Some(made.key_handle);
        let session =
            self.context.start_auth_session(key, None, None, kind, cipher, HashingAlgorithm::Sha256);
        self.session = session.map_err(library("TPM2_StartAuthSession"))?;
        self.attributes(SessionAttributesBuilder::new().with_decrypt(true).with_encrypt(true))?;
        self.context.set_sessions((self.session, None, None));
        self.keep(made.key_handle)?;
        Ok(made.out_public)
    }

    fn attributes(&mut self, wanted: SessionAttributesBuilder) -> Result<(), TpmError> {
        let session = self.session.ok_or(TpmError::Malformed { what: "a session of the TPM" })?;
        let all = SessionAttributesBuilder::new().with_decrypt(true).with_encrypt(true).with_audit(true);
        let ((wanted, _), (_, mask)) = (wanted.build(), all.build());
        let set = self.context.tr_sess_set_attributes(session, wanted, mask);
        set.map_err(library("TPM2_StartAuthSession"))
    }

    /// Reads the PCRs in a session that authenticates the answer: they are believed from now on.
    fn measure(&mut self, pcrs: PcrSelection) -> Result<[u8; 32], TpmError> {
        self.attributes(SessionAttributesBuilder::new().with_audit(true))?;
        let measured = digest(&mut self.context, pcrs)?;
        self.attributes(SessionAttributesBuilder::new().with_decrypt(true).with_encrypt(true))?;
        Ok(measured)
    }

    fn keep(&mut self, root: KeyHandle) -> Result<(), TpmError> {
        let failed = library("TPM2_EvictControl");
        let at = Persistent::Persistent(PersistentTpmHandle::new(SRK_HANDLE).map_err(&failed)?);
        let kept = self.context.evict_control(Provision::Owner, root.into(), at).map_err(&failed)?;
        self.kept = Some(kept);
        self.context.flush_context(root.into()).map_err(library("TPM2_FlushContext"))
    }

    /// Defines one index, gives it its first value, and checks that it is named as it is pinned.
    fn make_index(&mut self, role: Role, auth: &Key32) -> Result<(), TpmError> {
        let failed = library("TPM2_NV_DefineSpace");
        let public = NvPublic::builder()
            .with_nv_index(NvIndexTpmHandle::new(role.index()).map_err(&failed)?)
            .with_index_name_algorithm(HashingAlgorithm::Sha256)
            .with_index_attributes(NvIndexAttributes::try_from(role.attributes()).map_err(&failed)?)
            .with_data_area_size(usize::from(role.size()))
            .build()
            .map_err(&failed)?;
        let context = &mut self.context;
        let auth = auth_of(auth).map_err(&failed)?;
        let index = context.nv_define_space(Provision::Owner, Some(auth), public).map_err(&failed)?;
        self.indices.push(index);
        let own = NvAuth::NvIndex(index);
        match role {
            Role::Gate | Role::Epoch => {
                context.nv_increment(own, index).map_err(library("TPM2_NV_Increment"))?;
            }
            Role::Head => {
                let empty = MaxNvBuffer::try_from(vec![0; usize::from(role.size())]).map_err(&failed)?;
                context.nv_write(own, index, empty, 0).map_err(library("TPM2_NV_Write"))?;
            }
        }
        let handle = TpmHandle::try_from(role.index()).map_err(&failed)?;
        let seen = context.execute_without_session(|context| {
            context.tr_from_tpm_public(handle).and_then(|index| context.tr_get_name(index))
        });
        let seen = seen.map_err(library("TPM2_NV_ReadPublic"))?;
        let same = seen.value() == role.name();
        if same { Ok(()) } else { Err(TpmError::NvNotOurs { index: role.index() }) }
    }

    /// Makes the chip the appliance's: what comes last cannot be undone.
    fn take(&mut self, hierarchies: &Hierarchies) -> Result<(), TpmError> {
        let failed = library("TPM2_HierarchyChangeAuth");
        let wanted = [(AuthHandle::Owner, &hierarchies.owner), (AuthHandle::Lockout, &hierarchies.lockout)];
        for (hierarchy, value) in wanted {
            let value = auth_of(value).map_err(&failed)?;
            self.context.hierarchy_change_auth(hierarchy, value).map_err(&failed)?;
            self.taken.push(hierarchy);
        }
        self.context.clear_control(AuthHandle::Lockout, true).map_err(library("TPM2_ClearControl"))
    }

    /// Takes back what was made, as far as the chip lets it; what remains is found by the next
    /// attempt, which names it.
    fn undo(&mut self) {
        for hierarchy in std::mem::take(&mut self.taken) {
            let _ = self.context.hierarchy_change_auth(hierarchy, Auth::default());
        }
        for index in self.indices.drain(..) {
            let _ = self.context.nv_undefine_space(Provision::Owner, index);
        }
        let at = PersistentTpmHandle::new(SRK_HANDLE).map(Persistent::Persistent);
        if let (Some(kept), Ok(at)) = (self.kept.take(), at) {
            let _ = self.context.evict_control(Provision::Owner, kept, at);
        }
    }
}

pub(super) fn auth_of(key: &Key32) -> tss_esapi::Result<Auth> {
    Auth::try_from(key.expose().to_vec())
}

/// The TCG's template of an ECC P-256 storage root key.
fn root_template() -> tss_esapi::Result<Public> {
    const COORDINATE_LEN: usize = 32;
    let attributes = ObjectAttributesBuilder::new()
        .with_fixed_tpm(true)
        .with_fixed_parent(true)
        .with_sensitive_data_origin(true)
        .with_user_with_auth(true)
        .with_no_da(true)
        .with_restricted(true)
        .with_decrypt(true)
        .build()?;
    let cipher = SymmetricDefinitionObject::AES_128_CFB;
    let parameters =
        PublicEccParametersBuilder::new_restricted_decryption_key(cipher, EccCurve::NistP256).build()?;
    let zero = || EccParameter::try_from(vec![0; COORDINATE_LEN]);
    PublicBuilder::new()
        .with_public_algorithm(PublicAlgorithm::Ecc)
        .with_name_hashing_algorithm(HashingAlgorithm::Sha256)
        .with_object_attributes(attributes)
        .with_ecc_parameters(parameters)
        .with_ecc_unique_identifier(EccPoint::new(zero()?, zero()?))
        .build()
}
