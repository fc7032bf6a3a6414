use std::cell::RefCell;
use std::convert::Infallible;
use std::ops::Range;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

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
