// Verifies what an appliance exported with code that knows nothing of it: the notes and trees of
// golang.org/x/mod, and the standard library. It takes an unpacked bundle, or any folder with these files:
//
//	checkpoint            signed note
//	consistency           old size, hashes, blank line, checkpoint
//	frontier              peaks of the older tree
//	entries.ndjson        leaves from the older size on, a line each
//	keys/log.vkey         key of type 0x01
//	keys/operators.vkey   keys of type 0x04, a line each; may be missing or empty
//	proofs/*.tlog-proof   inclusion proofs; may be missing
//
// Usage: verify FOLDER. Says what was verified, a line each, or what was wrong, and then fails.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func check(err error, what string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

func require(holds bool, what string) {
	if !holds {
		check(fmt.Errorf("does not hold"), what)
	}
}

func read(parts ...string) string {
	bytes, err := os.ReadFile(filepath.Join(parts...))
	check(err, "reading")
	return string(bytes)
}

func lines(text string) []string {
	found := strings.Split(text, "\n")
	return found[:len(found)-1]
}

func hash(line string) tlog.Hash {
	parsed, err := tlog.ParseHash(line)
	check(err, "hash "+line)
	return parsed
}

func number(line string) int64 {
	parsed, err := strconv.ParseInt(line, 10, 64)
	check(err, "number "+line)
	return parsed
}

// A checkpoint that the log has signed.
type head struct {
	note *note.Note
	size int64
	root tlog.Hash
}

func open(signed string, log note.Verifier) head {
	opened, err := note.Open([]byte(signed), note.VerifierList(log))
	check(err, "checkpoint")
	text := lines(opened.Text)
	require(len(text) == 3 && text[0] == log.Name(), "checkpoint of three lines by "+log.Name())
	return head{opened, number(text[1]), hash(text[2])}
}

// The older tree, given by its peaks, and the leaves that came after it.
type tree struct {
	size  int64
	peaks []tlog.Hash
}

func (t *tree) add(leaf tlog.Hash) {
	for n := t.size; n&1 == 1; n >>= 1 {
		leaf = tlog.NodeHash(t.peaks[len(t.peaks)-1], leaf)
		t.peaks = t.peaks[:len(t.peaks)-1]
	}
	t.peaks = append(t.peaks, leaf)
	t.size++
}

func (t *tree) root() tlog.Hash {
	if len(t.peaks) == 0 {
		return sha256.Sum256(nil)
	}
	root := t.peaks[len(t.peaks)-1]
	for at := len(t.peaks) - 2; at >= 0; at-- {
		root = tlog.NodeHash(t.peaks[at], root)
	}
	return root
}

// A cosignature of type 0x04, by C2SP tlog-cosignature: id, time, Ed25519 over prefix, time and text.
func cosigned(n *note.Note, vkey string) (uint64, bool) {
	parts := strings.SplitN(vkey, "+", 3)
	key, err := base64.StdEncoding.DecodeString(parts[2])
	check(err, "key of "+parts[0])
	require(len(key) == 33 && key[0] == 4, "type 0x04 of "+parts[0])
	id := sha256.Sum256([]byte(parts[0] + "\n" + string(key)))
	require(fmt.Sprintf("%x", id[:4]) == parts[1], "id of "+parts[0])
	for _, signature := range n.UnverifiedSigs {
		if signature.Name != parts[0] || signature.Hash != binary.BigEndian.Uint32(id[:4]) {
			continue
		}
		bytes, err := base64.StdEncoding.DecodeString(signature.Base64)
		check(err, "cosignature of "+parts[0])
		require(len(bytes) == 76, "length of the cosignature of "+parts[0])
		seconds := binary.BigEndian.Uint64(bytes[4:12])
		signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", seconds, n.Text)
		require(ed25519.Verify(key[1:], []byte(signed), bytes[12:]), "cosignature of "+parts[0])
		return seconds, true
	}
	return 0, false
}

func main() {
	require(len(os.Args) == 2, "one argument, a folder")
	folder := os.Args[1]
	log, err := note.NewVerifier(strings.TrimSpace(read(folder, "keys", "log.vkey")))
	check(err, "keys/log.vkey")
	signed := read(folder, "checkpoint")
	newer := open(signed, log)
	fmt.Printf("checkpoint of %s, %d leaves, root %v\n", log.Name(), newer.size, newer.root)

	consistency := strings.SplitN(read(folder, "consistency"), "\n\n", 2)
	require(len(consistency) == 2 && consistency[1] == signed, "the same checkpoint in the consistency file")
	proof := strings.Split(consistency[0], "\n")
	older := tree{size: number(strings.TrimPrefix(proof[0], "old "))}
	for _, line := range lines(read(folder, "frontier")) {
		older.peaks = append(older.peaks, hash(line))
	}
	if older.size == 0 {
		require(len(proof) == 1 && len(older.peaks) == 0, "nothing to prove from an empty tree")
	} else {
		var hashes tlog.TreeProof
		for _, line := range proof[1:] {
			hashes = append(hashes, hash(line))
		}
		check(tlog.CheckTree(hashes, newer.size, newer.root, older.size, older.root()), "consistency")
	}
	fmt.Printf("consistent with %d leaves\n", older.size)

	first := older.size
	for _, line := range lines(read(folder, "entries.ndjson")) {
		older.add(tlog.RecordHash([]byte(line)))
	}
	require(older.size == newer.size && older.root() == newer.root, "the entries give the root")
	fmt.Printf("entries %d to %d\n", first, older.size)

	if vkeys, err := os.ReadFile(filepath.Join(folder, "keys", "operators.vkey")); err == nil {
		for _, vkey := range lines(string(vkeys)) {
			if seconds, found := cosigned(newer.note, vkey); found {
				fmt.Printf("cosigned by %s at %d\n", strings.SplitN(vkey, "+", 2)[0], seconds)
			}
		}
	}

	proofs, err := filepath.Glob(filepath.Join(folder, "proofs", "*.tlog-proof"))
	check(err, "proofs")
	leaves := lines(read(folder, "entries.ndjson"))
	for _, file := range proofs {
		parts := strings.SplitN(read(file), "\n\n", 2)
		require(len(parts) == 2, "checkpoint in "+file)
		text, tree := strings.Split(parts[0], "\n"), open(parts[1], log)
		require(len(text) > 1 && text[0] == "c2sp.org/tlog-proof@v1", "header of "+file)
		index := number(strings.TrimPrefix(text[1], "index "))
		var hashes tlog.RecordProof
		for _, line := range text[2:] {
			hashes = append(hashes, hash(line))
		}
		require(index >= first && index < older.size, "entry of "+file+" in this folder")
		leaf := tlog.RecordHash([]byte(leaves[index-first]))
		check(tlog.CheckRecord(hashes, tree.size, tree.root, index, leaf), "inclusion of "+file)
		fmt.Printf("entry %d is in the tree of %d leaves\n", index, tree.size)
	}
}
