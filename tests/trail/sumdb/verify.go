// Verifies a sealed trail with Go's own transparency log packages (golang.org/x/mod/sumdb), which serve the checksum database
// of the Go modules: signatures of checkpoints, consistency of each with the next, and the inclusion of every entry.
//
//	verify ROOT    where ROOT holds trail/
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(what string, err error) {
	if err != nil {
		fmt.Printf("broken: %s: %v\n", what, err)
		os.Exit(3)
	}
}

// tiles reads the tiles of a trail; the package writes their paths in an older layout.
type tiles struct{ root string }

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		path := strings.TrimPrefix(tile.Path(), "tile/8/")
		content, err := os.ReadFile(filepath.Join(t.root, "trail/tile", path))
		if err != nil {
			return nil, err
		}
		found = append(found, content)
	}
	return found, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func verifiers(root string) note.Verifiers {
	var all []note.Verifier
	for number := 1; ; number++ {
		content, err := os.ReadFile(filepath.Join(root, "trail/keys", fmt.Sprintf("%d.json", number)))
		if err != nil {
			break
		}
		var statement struct{ Vkey string }
		fail("key", json.Unmarshal(content, &statement))
		verifier, err := note.NewVerifier(statement.Vkey)
		fail("key", err)
		all = append(all, verifier)
	}
	return note.VerifierList(all...)
}

func checkpoint(path string, known note.Verifiers) tlog.Tree {
	content, err := os.ReadFile(path)
	fail(path, err)
	opened, err := note.Open(content, known)
	fail(path, err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	fail(path, err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	fail(path, err)
	var tree tlog.Tree
	tree.N = size
	copy(tree.Hash[:], root)
	return tree
}

func entries(root string, size int64) [][]byte {
	var found [][]byte
	for n := int64(0); n*256 < size; n++ {
		tile := tlog.Tile{H: 8, L: -1, N: n, W: 256}
		if left := size - n*256; left < 256 {
			tile.W = int(left)
		}
		path := strings.TrimPrefix(tile.Path(), "tile/8/data/")
		content, err := os.ReadFile(filepath.Join(root, "trail/tile/entries", path))
		fail("entries", err)
		for len(content) > 0 {
			length := int(binary.BigEndian.Uint16(content))
			found = append(found, content[2:2+length])
			content = content[2+length:]
		}
	}
	return found
}

func main() {
	root := os.Args[1]
	known := verifiers(root)
	paths, err := filepath.Glob(filepath.Join(root, "trail/checkpoints/*"))
	fail("checkpoints", err)
	sort.Strings(paths)
	var before tlog.Tree
	for _, path := range paths {
		tree := checkpoint(path, known)
		reader := tlog.TileHashReader(tree, tiles{root})
		hash, err := tlog.TreeHash(tree.N, reader)
		fail(path, err)
		if hash != tree.Hash {
			fail(path, fmt.Errorf("the tiles have another root hash"))
		}
		if before.N > 0 {
			proof, err := tlog.ProveTree(tree.N, before.N, reader)
			fail(path, err)
			fail(path, tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash))
		}
		before = tree
	}
	all := entries(root, before.N)
	if int64(len(all)) != before.N {
		fail("entries", fmt.Errorf("%d of %d are there", len(all), before.N))
	}
	reader := tlog.TileHashReader(before, tiles{root})
	for n, entry := range all {
		if !json.Valid(entry) || bytes.Contains(entry, []byte("\n")) {
			fail("entry", fmt.Errorf("entry %d is no line of JSON", n))
		}
		proof, err := tlog.ProveRecord(before.N, int64(n), reader)
		fail("entry", err)
		fail("entry", tlog.CheckRecord(proof, before.N, before.Hash, int64(n), tlog.RecordHash(entry)))
	}
	fmt.Printf("ok: %d entries, %d checkpoints\n", before.N, len(paths))
}
