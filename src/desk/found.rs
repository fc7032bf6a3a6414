//! The founders of an appliance: whose keys sign the first roster, and are bound to the keeper afterwards.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rand_core::OsRng;

use super::error::DeskError;
use super::key::{create_key_file, open_key_file, read_key_file, refused, replace_key_file};
use crate::crypto::operator_key::{KeeperPin, OperatorKey};
use crate::domain::ids::OperatorId;
use crate::domain::operator::{Role, Roster, RosterError, SignedRoster};
use crate::domain::secret::Passphrase;

/// One person at set-up, with an open key file.
#[derive(Debug)]
pub struct Founder {
    path: PathBuf,
    passphrase: Passphrase,
    key: OperatorKey,
    roles: BTreeSet<Role>,
}

impl Founder {
    /// Opens the person's key file, or makes one where there is none.
    ///
    /// # Errors
    /// [`DeskError::CannotApprove`] when the file is another person's; those of opening and making one.
    pub fn arrive(
        id: OperatorId,
        roles: BTreeSet<Role>,
        path: &Path,
        passphrase: Passphrase,
    ) -> Result<Self, DeskError> {
        let key = if path.exists() {
            open_key_file(path, &passphrase)?
        } else {
            create_key_file(path, id.clone(), &passphrase)?
        };
        if *key.id() != id {
            let what = format!("{} is the key file of {}, not of {id}", path.display(), key.id());
            return Err(DeskError::CannotApprove { what });
        }
        Ok(Self { path: path.to_owned(), passphrase, key, roles })
    }

    /// Whose key it is.
    pub const fn id(&self) -> &OperatorId {
        self.key.id()
    }

    /// The person's key.
    pub const fn key(&self) -> &OperatorKey {
        &self.key
    }

    /// Binds the key file to the appliance: its name, its keeper's key and its first roster.
    ///
    /// # Errors
    /// [`DeskError::File`] and [`DeskError::KeyFile`].
    pub fn bind(&self, pin: KeeperPin) -> Result<(), DeskError> {
        let bound = read_key_file(&self.path)?.with_keeper(pin, &self.passphrase, &mut OsRng);
        replace_key_file(&self.path, &bound.map_err(|error| refused(&self.path, error))?)
    }
}

/// Makes the first roster, signed by every operator on it.
///
/// # Errors
/// [`RosterError`], the first rule that is broken.
pub fn first_roster(quorum: u32, founders: &[Founder]) -> Result<SignedRoster, RosterError> {
    let people = founders.iter().map(|founder| founder.key.public(founder.roles.clone())).collect();
    let mut signed = SignedRoster::unsigned(Roster::new(1, quorum, people)?, [0; 32]);
    let operators = founders.iter().filter(|founder| founder.roles.contains(&Role::Operator));
    let signatures =
        operators.map(|founder| (founder.id().clone(), founder.key.sign_roster(&signed))).collect();
    signed.signatures = signatures;
    Ok(signed)
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::crypto::roster::verify_chain;
    use crate::domain::ids::ApplianceName;

    fn passphrase() -> Passphrase {
        Passphrase::new(Zeroizing::new("correct horse battery".to_owned()))
    }

    fn id(text: &str) -> OperatorId {
        OperatorId::parse(text).expect("an id")
    }

    #[test]
    fn founders_make_a_roster_that_verifies_and_are_bound_to_its_keeper() {
        let home = tempfile::tempdir().expect("a folder");
        let path = |name: &str| home.path().join(format!("{name}.pcop"));
        let arrive = |name: &str, role| Founder::arrive(id(name), [role].into(), &path(name), passphrase());
        let people = [("alice", Role::Operator), ("bo", Role::Operator), ("dora", Role::Custodian)];
        let founders: Vec<_> = people.map(|(name, role)| arrive(name, role).expect("arrives")).into();
        let signed = first_roster(2, &founders).expect("a roster");
        assert_eq!(signed.signatures.len(), 2, "the custodian has no say");
        assert_eq!(verify_chain(std::slice::from_ref(&signed)).expect("verifies").people().len(), 3);
        assert!(first_roster(3, &founders).is_err(), "only two are operators");

        let appliance = ApplianceName::parse("vault-1").expect("a name");
        let pin = KeeperPin { appliance, noise: [7; 32], roster: signed.digest() };
        founders[0].bind(pin.clone()).expect("binds");
        let again = arrive("alice", Role::Operator).expect("opens");
        assert_eq!(again.key().keeper(), Some(&pin));
        let other = Founder::arrive(id("bo"), [Role::Operator].into(), &path("alice"), passphrase());
        assert!(matches!(other, Err(DeskError::CannotApprove { .. })), "another person's file");
    }
}
