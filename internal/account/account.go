// Package account keeps what lets a person in: names (NIP-05), sealed keys and invites (NIP-43). The node holds no key
// and no passphrase: only a sealed secret key and a hash of what the passphrase yields. Who is a member and in which
// role, the events say that this package publishes in the node's name. See docs/formats.md, 'Accounts'.
package account

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"madang/internal/durable"
	"madang/internal/index"
	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
)

var (
	ErrInviteInvalid   = errors.New("no such invite")
	ErrInviteUsed      = errors.New("invite has been used")
	ErrInviteExpired   = errors.New("invite has expired")
	ErrRequestInvalid  = errors.New("join request is not valid")
	ErrNameTaken       = errors.New("name is taken")
	ErrNameInvalid     = errors.New("name is not allowed")
	ErrVaultWeak       = errors.New("vault is not acceptable")
	ErrAlreadyMember   = errors.New("already a member")
	ErrWrongPassphrase = errors.New("wrong name or passphrase")
	ErrNotMember       = errors.New("not a member")
	ErrLastOperator    = errors.New("the last operator")
	ErrNotBannable     = errors.New("cannot be banned")
)

// Config of the accounts.
type Config struct {
	Dir     string          // the node's data directory: accounts/ and invites/ are below it
	NodeKey nostr.SecretKey // signs the roster
	Ingest  *ingest.Ingest
	Index   *index.Index     // where the present roster is read
	Policy  *policy.Policy   // must have observed the stored roster before Open
	FS      durable.FS       // default: durable.OS{}
	Now     func() time.Time // default: time.Now
	Logger  *slog.Logger     // default: slog.Default()
}

// Accounts is safe for concurrent use.
type Accounts struct {
	cfg     Config
	saltKey []byte // derives the salts of names that nobody has
	guesses *guesses

	admission sync.Mutex   // one join, or change of roster or invite, at a time; taken before mu
	unsure    *nostr.Event // guarded by admission: a roster that may or may not have been stored; see resolve
	mu        sync.RWMutex // guards records
	records   *records
}

// Open reads the accounts and settles the joins that a crash cut short: see Join.
func Open(cfg Config) (*Accounts, error) {
	if cfg.FS == nil {
		cfg.FS = durable.OS{}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	saltKey, err := hkdf.Key(sha256.New, cfg.NodeKey[:], nil, "madang unknown name v1", 32)
	if err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	a := &Accounts{cfg: cfg, saltKey: saltKey, guesses: newGuesses()}
	a.records, err = openRecords(cfg.FS, filepath.Join(cfg.Dir, "accounts"), func(file string, err error) {
		cfg.Logger.Error("account file is damaged; its owner can still get in by recovery card", "file", file, "err", err)
	})
	if err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	return a, a.settleAll()
}

// Close ends nothing yet: every change is on the disk when the call that made it returns.
func (a *Accounts) Close() error { return nil }

// Params returns what a client needs to derive its keys. For a name that nobody has, the answer is as believable and
// always the same, so that nobody learns which names exist.
func (a *Accounts) Params(name string) (salt []byte, n, r, p int) {
	folded := foldForLookup(name)
	mac := hmac.New(sha256.New, a.saltKey)
	mac.Write([]byte(folded))
	unknown := mac.Sum(nil)
	a.mu.RLock()
	defer a.mu.RUnlock()
	if acct := a.records.byName[folded]; acct != nil {
		return acct.vault.Salt, acct.vault.N, acct.vault.R, acct.vault.P
	}
	return unknown, DefaultN, DefaultR, DefaultP
}

// Unseal returns the sealed key on a match, else ErrWrongPassphrase (for an unknown name too) or *TooManyGuesses. addr
// is the caller's address with or without port, for limiting guesses, kept in memory only. Someone who is no longer a
// member still gets the key: it is theirs.
func (a *Accounts) Unseal(name string, auth []byte, addr string) (pk nostr.PubKey, sealed []byte, err error) {
	folded, now := foldForLookup(name), a.cfg.Now()
	if err := a.guesses.allow(folded, addr, now); err != nil {
		return pk, nil, err
	}
	a.mu.RLock()
	acct := a.records.byName[folded]
	a.mu.RUnlock()
	hash, want := sha256.Sum256(auth), [32]byte{}
	if acct != nil {
		want = acct.authHash
	}
	if subtle.ConstantTimeCompare(hash[:], want[:]) != 1 || acct == nil {
		a.guesses.missed(folded, addr, now)
		return pk, nil, ErrWrongPassphrase
	}
	a.guesses.hit(folded)
	return acct.pubkey, acct.vault.Sealed, nil
}

// foldForLookup folds a name as ParseName does; one that cannot be anybody's counts as the empty name.
func foldForLookup(name string) string {
	parsed, err := ParseName(name)
	if err != nil {
		return ""
	}
	return parsed.Folded
}

// SetVault replaces the record of a member, or makes the first one for a member who has none. An empty name keeps the
// present one. It fails with ErrNotMember, ErrVaultWeak, ErrNameInvalid or ErrNameTaken.
func (a *Accounts) SetVault(pk nostr.PubKey, name string, v Vault) error {
	if role := a.cfg.Policy.Role(pk); role < policy.Member || role == policy.Node {
		return ErrNotMember
	}
	if err := v.check(); err != nil {
		return err
	}
	a.admission.Lock() // no join may take the name meanwhile
	defer a.admission.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	if old := a.records.byPubKey[pk]; old != nil && name == "" {
		name = old.name.Shown
	}
	parsed, err := ParseName(name)
	if err != nil {
		return err
	}
	if err := a.records.free(parsed, pk); err != nil {
		return err
	}
	acct := newAccount(parsed, pk, v)
	acct.created = a.cfg.Now().Unix()
	return a.records.put(acct)
}

// Lookup resolves a NIP-05 local part to a present member.
func (a *Accounts) Lookup(local string) (nostr.PubKey, bool) {
	a.mu.RLock()
	acct := a.records.byLocal[local]
	a.mu.RUnlock()
	if acct == nil || a.cfg.Policy.Role(acct.pubkey) < policy.Member {
		return nostr.PubKey{}, false
	}
	return acct.pubkey, true
}

// settleAll settles every invite that a crash left with joins under way, and removes those that expired long ago.
func (a *Accounts) settleAll() error {
	a.admission.Lock()
	defer a.admission.Unlock()
	dir := invitesDir(a.cfg.Dir)
	if err := a.cfg.FS.MkdirAll(dir); err != nil {
		return fmt.Errorf("invites: %w", err)
	}
	return eachFile(a.cfg.FS, dir, func(file string, _ []byte, _ error) error {
		path := filepath.Join(dir, file)
		inv, err := readInvite(a.cfg.FS, path)
		switch {
		case err != nil:
			a.cfg.Logger.Error("invite file is damaged", "file", file, "err", err)
			return nil
		case len(inv.Pending) > 0:
			return a.settle(inv, path)
		case a.cfg.Now().Unix() > inv.Expires+int64(keepExpired.Seconds()):
			return removeFile(a.cfg.FS, path)
		}
		return nil
	})
}

// background lets what has begun be finished though the caller has gone: a join half done helps nobody.
func background(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }
