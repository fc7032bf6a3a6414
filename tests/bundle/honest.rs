//! Bundles that nobody changed.

use super::common::bundles::export;
use super::world::{busy, verify};

#[test]
fn two_bundles_verify_together_and_alone() {
    let (appliance, keys) = busy();
    let first = export(&appliance, &appliance.prop("out"), None);
    let second = export(&appliance, &appliance.prop("out"), None);
    let keys = keys.display().to_string();
    for files in [vec![&first], vec![&second], vec![&second, &first]] {
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let mut args: Vec<&str> = names.iter().map(String::as_str).collect();
        args.extend(["--keys", &keys, "--allow-evaluation"]);
        let said = verify(&args);
        println!("{}\n{}", said.text(), said.stderr);
        assert_eq!(said.code, 0, "{args:?}: {}", said.stderr);
    }
}
