use std::cell::RefCell;
use std::convert::Infallible;
use std::ops::Range;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2_for_ct_merkle::Sha256;

use super::super::tree::{GROUP, Subtrees};
use super::*;

/// A log, the nodes over its groups, and which leaves were asked for.
struct Log {
    leaves: Vec<TreeHash>,
    subtrees: Subtrees,
    asked: RefCell<Vec<Range<u64>>>,
}

fn leaf(n: u64) -> TreeHash {
    TreeHash::of_leaf(&n.to_be_bytes())
}

impl Log {
    fn of(size: u64) -> Self {
        let leaves: Vec<_> = (0..size).map(leaf).collect();
        let mut subtrees = Subtrees::default();
        leaves.iter().for_each(|hash| subtrees.append_hash(*hash));
        Self { leaves, subtrees, asked: RefCell::default() }
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<TreeHash>, Infallible> {
        self.asked.borrow_mut().push(range.clone());
        Ok(self.leaves[range.start as usize..range.end as usize].to_vec())
    }

    fn tree(&self, size: u64) -> Tree {
        let mut tree = Tree::default();
        self.leaves[..size as usize].iter().for_each(|hash| tree.append_hash(*hash));
        tree
    }

    fn inclusion(&self, index: u64, size: u64) -> Vec<TreeHash> {
        prove_inclusion(index, size, self.subtrees.groups(), |range| self.read(range)).expect("a proof")
    }

    fn consistency(&self, old: u64, new: u64) -> Vec<TreeHash> {
        prove_consistency(old, new, self.subtrees.groups(), |range| self.read(range)).expect("a proof")
    }

    fn growth(&self, old: u64, new: u64) -> (Vec<TreeHash>, Tree) {
        let mut growth = Growth::of(self.tree(old));
        self.leaves[old as usize..new as usize].iter().for_each(|hash| growth.append_hash(*hash));
        growth.finish()
    }
}

/// The proof of other code, in bytes: `ct-merkle` builds its own tree of the same leaves.
struct Other(MemoryBackedTree<Sha256, [u8; 8]>);

impl Other {
    fn of(size: u64) -> Self {
        let mut tree = MemoryBackedTree::new();
        (0..size).for_each(|n| tree.push(n.to_be_bytes()));
        Self(tree)
    }
}

fn bytes(proof: &[TreeHash]) -> Vec<u8> {
    proof.iter().flat_map(|hash| *hash.bytes()).collect()
}

fn is_consistent(log: &Log, proof: &[TreeHash], old: u64, new: u64) -> Result<(), ProofError> {
    let at = |size: u64| (size, log.tree(size).root());
    verify_consistency(proof, at(old), at(new))
}

#[test]
fn all_proofs_of_small_trees_are_those_of_other_code() {
    let log = Log::of(40);
    for new in 1..=40 {
        let (other, root) = (Other::of(new), log.tree(new).root());
        assert_eq!(other.0.root().as_bytes().as_slice(), root.bytes(), "root of {new}");
        for index in 0..new {
            let proof = log.inclusion(index, new);
            assert_eq!(verify_inclusion(&proof, index, leaf(index), new, root), Ok(()));
            assert_eq!(other.0.prove_inclusion(index as usize).as_bytes(), bytes(&proof), "{index} in {new}");
        }
        for old in 0..=new {
            let (proof, grown) = log.growth(old, new);
            assert_eq!(grown.head(), log.tree(new).head(), "{old} to {new}");
            assert_eq!(is_consistent(&log, &proof, old, new), Ok(()), "{old} to {new}");
            assert_eq!(proof, log.consistency(old, new), "{old} to {new}");
            if (1..new).contains(&old) {
                let theirs = other.0.prove_consistency((new - old) as usize);
                assert_eq!(theirs.as_bytes(), bytes(&proof), "{old} to {new}");
            }
        }
    }
}

#[test]
fn at_most_two_groups_are_asked_for() {
    let log = Log::of(4 * GROUP + 3);
    let asked = |work: &dyn Fn()| -> Vec<(u64, u64)> {
        log.asked.borrow_mut().clear();
        work();
        log.asked.take().iter().map(|range| (range.start, range.end)).collect()
    };
    let end = 4 * GROUP;
    let incomplete = (end, end + 3);
    let cases = [
        (
            "a leaf of a complete group",
            asked(&|| drop(log.inclusion(300, end + 3))),
            vec![(256, 512), incomplete],
        ),
        ("a leaf of the last group", asked(&|| drop(log.inclusion(end + 1, end + 3))), vec![incomplete]),
        ("complete groups only", asked(&|| drop(log.inclusion(300, end))), vec![(256, 512)]),
        ("between ends of groups", asked(&|| drop(log.consistency(256, end))), vec![]),
        ("from the middle of one", asked(&|| drop(log.consistency(257, end))), vec![(256, 512)]),
        ("to the middle of one", asked(&|| drop(log.consistency(256, end + 3))), vec![incomplete]),
        ("within one", asked(&|| drop(log.consistency(end + 1, end + 2))), vec![(end, end + 2)]),
        ("both", asked(&|| drop(log.consistency(1, end + 1))), vec![(0, 256), (end, end + 1)]),
        ("from nothing", asked(&|| drop(log.consistency(0, end + 1))), vec![]),
        ("nothing new", asked(&|| drop(log.consistency(end + 1, end + 1))), vec![]),
    ];
    for (name, found, expected) in cases {
        assert_eq!(found, expected, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn proofs_over_groups_are_those_of_other_code(new in 1..1200_u64, a in any::<u64>(), b in any::<u64>()) {
        let (log, other) = (Log::of(1200), Other::of(new));
        let (index, old) = (a % new, b % (new + 1));
        let proof = log.inclusion(index, new);
        let theirs = other.0.prove_inclusion(index as usize);
        prop_assert_eq!(theirs.as_bytes(), bytes(&proof));
        prop_assert!(other.0.root().verify_inclusion(&index.to_be_bytes(), index, &theirs).is_ok());
        let root = log.tree(new).root();
        prop_assert_eq!(verify_inclusion(&proof, index, leaf(index), new, root), Ok(()));
        let proof = log.consistency(old, new);
        prop_assert_eq!(&proof, &log.growth(old, new).0);
        prop_assert_eq!(is_consistent(&log, &proof, old, new), Ok(()));
        if (1..new).contains(&old) {
            let theirs = other.0.prove_consistency((new - old) as usize);
            prop_assert_eq!(theirs.as_bytes(), bytes(&proof));
        }
    }

    #[test]
    fn a_proof_with_anything_changed_proves_nothing(
        new in 2..600_u64, a in any::<u64>(), b in any::<u64>(), at in any::<usize>(), bit in 0..256_usize,
    ) {
        let log = Log::of(600);
        let root = log.tree(new).root();
        let flip = |hash: &TreeHash| {
            let mut bytes = *hash.bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            TreeHash::new(bytes)
        };
        let index = a % new;
        let good = log.inclusion(index, new);
        let refused = Err(ProofError::Inclusion { index, size: new });
        prop_assert_eq!(verify_inclusion(&good, index, flip(&leaf(index)), new, root), refused);
        prop_assert_eq!(verify_inclusion(&good, index, leaf(index), new, flip(&root)), refused);
        for bad in spoilt(&good, at, &flip) {
            prop_assert_eq!(verify_inclusion(&bad, index, leaf(index), new, root), refused);
        }
        let old = 1 + b % new;
        let (good, before) = (log.consistency(old, new), log.tree(old).root());
        let refused = Err(ProofError::Consistency { old, new });
        prop_assert_eq!(verify_consistency(&good, (old, flip(&before)), (new, root)), refused);
        prop_assert_eq!(verify_consistency(&good, (old, before), (new, flip(&root))), refused);
        for bad in spoilt(&good, at, &flip) {
            prop_assert_eq!(verify_consistency(&bad, (old, before), (new, root)), refused);
        }
    }
}

/// A proof with one hash changed, one more, one fewer.
fn spoilt(good: &[TreeHash], at: usize, flip: &impl Fn(&TreeHash) -> TreeHash) -> Vec<Vec<TreeHash>> {
    let mut spoilt = vec![[good, &[leaf(0)]].concat(), [&[leaf(0)], good].concat()];
    if !good.is_empty() {
        let at = at % good.len();
        let mut changed = good.to_vec();
        changed[at] = flip(&changed[at]);
        spoilt.extend([changed, good[1..].to_vec(), good[..good.len() - 1].to_vec()]);
    }
    spoilt
}

#[test]
fn every_tree_begins_with_the_empty_one() {
    let (empty, one) = (Tree::default().root(), Log::of(1).tree(1).root());
    let none: &[TreeHash] = &[];
    let refused = |old, new| Err(ProofError::Consistency { old, new });
    let cases = [
        ("to one leaf", none, (0, empty), (1, one), Ok(())),
        ("to itself", none, (0, empty), (0, empty), Ok(())),
        ("with a hash too many", &[one], (0, empty), (1, one), refused(0, 1)),
        ("with another root", none, (0, one), (1, one), refused(0, 1)),
        ("to an empty one of another root", none, (0, empty), (0, one), refused(0, 0)),
        ("back to it", none, (1, one), (0, empty), Err(ProofError::Shrunk { old: 1, new: 0 })),
    ];
    for (name, proof, old, new, expected) in cases {
        assert_eq!(verify_consistency(proof, old, new), expected, "{name}");
    }
}

#[test]
fn what_is_not_there_cannot_be_proved() {
    let log = Log::of(300);
    let missing = TreeHash::new([0; 32]);
    let found = verify_inclusion(&[], 1, missing, 1, missing);
    assert_eq!(found, Err(ProofError::NoSuchLeaf { index: 1, size: 1 }), "behind the end");
    let many = [missing; PROOF_HASHES_MAX + 1];
    let found = verify_inclusion(&many, 0, missing, u64::MAX, missing);
    assert_eq!(found, Err(ProofError::Inclusion { index: 0, size: u64::MAX }), "too many hashes");
    let found = verify_consistency(&many, (1, missing), (u64::MAX, missing));
    assert_eq!(found, Err(ProofError::Consistency { old: 1, new: u64::MAX }), "too many hashes");
    let said =
        |made: Result<Vec<TreeHash>, ProveError<&'static str>>| made.expect_err("no proof").to_string();
    let groups = log.subtrees.groups();
    let few = |range: Range<u64>| Ok(vec![missing; (range.end - range.start - 1) as usize]);
    let cases = [
        (prove_inclusion(300, 300, groups, few), "a tree of 300 leaves has no leaf 300"),
        (prove_consistency(301, 300, groups, few), "a tree of 300 leaves has not grown from one of 301"),
        (
            prove_inclusion(0, 512, groups, few),
            "1 groups of leaves are known, and 2 are complete in a tree of 512 leaves",
        ),
        (prove_inclusion(0, 300, groups, few), "255 leaves came for the 256 from 0 on"),
        (prove_inclusion(0, 300, groups, |_| Err("the disk is gone")), "the disk is gone"),
    ];
    for (made, expected) in cases {
        assert_eq!(said(made), expected);
    }
}
