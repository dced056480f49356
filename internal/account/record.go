package account

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"madang/internal/durable"
	"madang/internal/nostr"
)

const (
	recordSuffix = ".json"
	maxRecord    = 64 << 10 // bytes of an account or invite file
)

// record is one account as it is kept in accounts/<SHA-256 of the folded name>.json.
type record struct {
	Name     string `json:"name"`
	PubKey   string `json:"pubkey"`
	Local    string `json:"nip05"`
	Salt     string `json:"salt"` // hex
	N        int    `json:"n"`
	R        int    `json:"r"`
	P        int    `json:"p"`
	AuthHash string `json:"authHash"` // hex SHA-256 of the authentication key
	Sealed   string `json:"sealed"`   // base64
	Created  int64  `json:"created"`  // Unix seconds of this person's first record
	Version  int    `json:"version"`  // counts this person's records
}

// account is a record, parsed and checked.
type account struct {
	name     Name
	pubkey   nostr.PubKey
	vault    Vault // without Auth
	authHash [32]byte
	created  int64
	version  int
}

func newAccount(name Name, pk nostr.PubKey, v Vault) *account {
	hash := sha256.Sum256(v.Auth)
	v.Auth = nil
	return &account{name: name, pubkey: pk, vault: v, authHash: hash, version: 1}
}

// sameAs reports whether both hold the same name, owner and vault.
func (a *account) sameAs(b *account) bool {
	return a.name == b.name && a.pubkey == b.pubkey && a.authHash == b.authHash &&
		string(a.vault.Salt) == string(b.vault.Salt) && string(a.vault.Sealed) == string(b.vault.Sealed) &&
		a.vault.N == b.vault.N && a.vault.R == b.vault.R && a.vault.P == b.vault.P
}

func (a *account) encode() ([]byte, error) {
	return json.MarshalIndent(record{
		Name: a.name.Shown, PubKey: a.pubkey.String(), Local: a.name.Local,
		Salt: hex.EncodeToString(a.vault.Salt), N: a.vault.N, R: a.vault.R, P: a.vault.P,
		AuthHash: hex.EncodeToString(a.authHash[:]), Sealed: base64.StdEncoding.EncodeToString(a.vault.Sealed),
		Created: a.created, Version: a.version,
	}, "", "  ")
}

// decodeAccount reads a record and checks it as strictly as if it came from outside.
func decodeAccount(b []byte) (*account, error) {
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, err
	}
	name, err := ParseName(r.Name)
	if err != nil {
		return nil, err
	}
	if name.Shown != r.Name || name.Local != r.Local {
		return nil, errors.New("name and nip05 do not belong together")
	}
	pk, err := nostr.ParsePubKey(r.PubKey)
	if err != nil {
		return nil, fmt.Errorf("pubkey: %w", err)
	}
	a := &account{name: name, pubkey: pk, created: r.Created, version: r.Version}
	a.vault = Vault{N: r.N, R: r.R, P: r.P}
	if a.vault.Salt, err = hex.DecodeString(r.Salt); err != nil {
		return nil, fmt.Errorf("salt: %w", err)
	}
	if a.vault.Sealed, err = base64.StdEncoding.DecodeString(r.Sealed); err != nil {
		return nil, fmt.Errorf("sealed: %w", err)
	}
	hash, err := hex.DecodeString(r.AuthHash)
	if err != nil || len(hash) != len(a.authHash) {
		return nil, errors.New("authHash is not 64 hex digits")
	}
	copy(a.authHash[:], hash)
	if err := checkParameters(a.vault.Salt, a.vault.N, a.vault.R, a.vault.P); err != nil {
		return nil, err
	}
	return a, checkSealed(a.vault.Sealed)
}

// records is the directory of accounts with an index in memory. Its methods are not safe for concurrent use: Accounts
// guards them.
type records struct {
	fs       durable.FS
	dir      string
	byName   map[string]*account // folded name
	byLocal  map[string]*account
	byPubKey map[nostr.PubKey]*account
	damaged  map[string]bool // files that cannot be read; their names count as taken
}

// openRecords reads every account. What cannot be read is left alone and reported to bad, so that one damaged file
// keeps nobody else out.
func openRecords(fsys durable.FS, dir string, bad func(file string, err error)) (*records, error) {
	if err := fsys.MkdirAll(dir); err != nil {
		return nil, err
	}
	rs := &records{
		fs: fsys, dir: dir, byName: map[string]*account{}, byLocal: map[string]*account{},
		byPubKey: map[nostr.PubKey]*account{}, damaged: map[string]bool{},
	}
	err := eachFile(fsys, dir, func(file string, b []byte, err error) error {
		var a *account
		if err == nil {
			a, err = decodeAccount(b)
		}
		if err == nil && recordFile(a.name) != file {
			err = errors.New("file is named after another name")
		}
		if err != nil {
			rs.damaged[file] = true
			bad(file, err)
			return nil
		}
		return rs.load(a)
	})
	return rs, err
}

// load takes an account from disk into the index. Of two by one person, which a crash in the middle of a change of name
// leaves, the later one stays.
func (rs *records) load(a *account) error {
	if other := rs.byPubKey[a.pubkey]; other != nil {
		older := other
		if other.version > a.version {
			older = a
		}
		rs.forget(other)
		if err := rs.unlink(older.name); err != nil {
			return err
		}
		if older == a {
			a = other
		}
	}
	rs.index(a)
	return nil
}

func (rs *records) index(a *account) {
	rs.byName[a.name.Folded], rs.byLocal[a.name.Local], rs.byPubKey[a.pubkey] = a, a, a
}

func (rs *records) forget(a *account) {
	delete(rs.byName, a.name.Folded)
	delete(rs.byLocal, a.name.Local)
	delete(rs.byPubKey, a.pubkey)
}

// free fails with ErrNameTaken unless the name is nobody's, or pk's own.
func (rs *records) free(name Name, pk nostr.PubKey) error {
	for _, a := range []*account{rs.byName[name.Folded], rs.byLocal[name.Local]} {
		if a != nil && a.pubkey != pk {
			return ErrNameTaken
		}
	}
	if rs.damaged[recordFile(name)] {
		return ErrNameTaken
	}
	return nil
}

// put stores an account durably in place of the one that the person may have had.
func (rs *records) put(a *account) error {
	old := rs.byPubKey[a.pubkey]
	if old != nil {
		a.created, a.version = old.created, old.version+1
	}
	b, err := a.encode()
	if err != nil {
		return err
	}
	if err := durable.WriteFile(rs.fs, filepath.Join(rs.dir, recordFile(a.name)), append(b, '\n'), 0o600); err != nil {
		if old == nil || old.name.Folded != a.name.Folded {
			err = errors.Join(err, rs.unlink(a.name)) // it may be there though the write failed at its last step
		}
		return err
	}
	if old != nil {
		rs.forget(old)
	}
	rs.index(a)
	if old != nil && old.name.Folded != a.name.Folded {
		return rs.unlink(old.name)
	}
	return nil
}

// remove deletes a person's account.
func (rs *records) remove(a *account) error {
	if err := rs.unlink(a.name); err != nil {
		return err
	}
	rs.forget(a)
	return nil
}

func (rs *records) unlink(name Name) error {
	return removeFile(rs.fs, filepath.Join(rs.dir, recordFile(name)))
}

// recordFile hashes the name, so that no name can be a path and no listing of the directory tells who is here.
func recordFile(name Name) string {
	h := sha256.Sum256([]byte(name.Folded))
	return hex.EncodeToString(h[:]) + recordSuffix
}

// removeFile deletes a file durably; one that is gone already is well.
func removeFile(fsys durable.FS, path string) error {
	if err := fsys.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fsys.SyncDir(filepath.Dir(path))
}

// eachFile calls fn with each JSON file of a directory; err says why one could not be read.
func eachFile(fsys durable.FS, dir string, fn func(file string, b []byte, err error) error) error {
	files, err := fsys.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, file := range files {
		if !strings.HasSuffix(file, recordSuffix) {
			continue
		}
		b, err := durable.ReadFile(fsys, filepath.Join(dir, file), maxRecord)
		if err := fn(file, b, err); err != nil {
			return err
		}
	}
	return nil
}
