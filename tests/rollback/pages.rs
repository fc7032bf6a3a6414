//! Single old pages of the database put back: each opens under the key, and SQLCipher does not notice.

use std::fs;

use portcullis::demo::stage::CREDENTIAL;
use portcullis::services::start;

use super::common::appliance::{copy_dir, refused};
use super::common::store;
use super::copies::spent;

const PAGE: usize = 4096;

#[test]
fn p34_one_old_page_changes_nothing_that_decides_or_keeps_the_appliance_down() {
    let mut appliance = spent();
    let read = |name: &str| fs::read(appliance.prop(name).join("portcullis.db")).expect("read");
    let (old, new) = (read("old"), read("new"));
    let home = store::home(appliance.home());
    copy_dir(&appliance.prop("new"), &appliance.store());
    let truth = format!("{:?}", start::open(&home).expect("the newest store opens").state());
    let pages = new.chunks(PAGE).zip(old.chunks(PAGE)).enumerate();
    let mut changed: Vec<usize> = pages.filter(|(_, (new, old))| new != old).map(|(at, _)| at).collect();
    // One page that belongs to the new one alone is emptied, as if it had never been written.
    changed.extend(old.len() / PAGE..new.len() / PAGE);
    assert!(changed.len() > 2, "pages differ: {changed:?}");
    let mut refusals = 0;
    for page in changed {
        let bytes = page * PAGE..(page + 1) * PAGE;
        let mut mixed = new.clone();
        match old.get(bytes.clone()) {
            Some(earlier) => mixed[bytes].copy_from_slice(earlier),
            None => mixed[bytes].fill(0),
        }
        copy_dir(&appliance.prop("new"), &appliance.store());
        fs::write(appliance.database(), mixed).expect("written");
        match start::open(&home) {
            Ok(opened) => assert_eq!(format!("{:?}", opened.state()), truth, "page {page}"),
            Err(error) => {
                assert_eq!(error.parts().0, 6, "page {page}: {error}");
                refusals += 1;
            }
        }
    }
    assert!(refusals > 0, "some page holds what decides");
    copy_dir(&appliance.prop("new"), &appliance.store());
    appliance.serve().expect("the newest store serves");
    refused(&appliance.pull("payroll", CREDENTIAL).expect("pulls"), 3, "spent");
}
