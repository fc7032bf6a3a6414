//! What stays in this process after a key was sealed or opened and dropped.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;

use super::rig::{Rig, pull};
use crate::domain::secret::Key32;

/// What the search holds instead of the key and of the memory it reads.
const MASK: u8 = 0x5a;
/// Half a key is enough to be found.
const NEEDLE_LEN: usize = 16;
const BLOCK_LEN: usize = 65_536;

/// How often a key occurs in the memory of this process that can be written; `masked` is the key
/// under [`MASK`], so that the search does not find itself.
fn copies(masked: &[u8; 32]) -> usize {
    let memory = File::open("/proc/self/mem").expect("our own memory");
    let mut block = vec![0; BLOCK_LEN + NEEDLE_LEN];
    let own = block.as_ptr().addr()..block.as_ptr().addr() + block.len();
    let maps = fs::read_to_string("/proc/self/maps").expect("our own map");
    let mut found = 0;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (start, rest) = line.split_once('-').expect("a range");
        let address = |text: &str| usize::from_str_radix(text, 16).expect("an address");
        let (start, end) = (address(start), address(rest.split(' ').next().expect("an end")));
        for at in (start..end).step_by(BLOCK_LEN) {
            let part = &mut block[..(BLOCK_LEN + NEEDLE_LEN).min(end - at)];
            let readable = memory.read_exact_at(part, at as u64).is_ok();
            part.iter_mut().for_each(|byte| *byte ^= MASK);
            let halves = part.windows(NEEDLE_LEN).enumerate().filter(|_| readable);
            let elsewhere = halves.filter(|(offset, _)| !own.contains(&(at + offset)));
            found += elsewhere.filter(|(_, half)| masked.starts_with(half) || masked.ends_with(half)).count();
            part.fill(0);
        }
    }
    found
}

#[test]
fn a_key_that_was_dropped_leaves_no_copy_behind() {
    let rig = Rig::new();
    let urandom =
        |bytes: &mut [u8; 32]| File::open("/dev/urandom").and_then(|mut file| file.read_exact(bytes));
    let key = Key32::try_fill(urandom).expect("a random key");
    let masked: [u8; 32] = std::array::from_fn(|at| key.expose()[at] ^ MASK);
    assert_ne!(copies(&masked), 0, "the search finds a key that is there");
    let sealed = rig.chip.seal(&key).expect("sealed");
    let window = rig.chip.seal_window(&key, &rig.bounds(0, 600_000)).expect("sealed");
    drop(key);
    assert_eq!(copies(&masked), 0, "after sealing");
    drop(rig.chip.open_store(&sealed).expect("opened"));
    assert_eq!(copies(&masked), 0, "after opening");
    drop(pull(&rig.chip, &rig.auths, &window).expect("opened"));
    assert_eq!(copies(&masked), 0, "after opening a window");
}
