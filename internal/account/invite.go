package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"madang/internal/durable"
	"madang/internal/policy"
)

const (
	codeAlphabet = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford's base32: 5 bits a character
	codeLen      = 20                                 // characters: 100 bits

	DefaultInviteLife = 7 * 24 * time.Hour
	MaxInviteLife     = 366 * 24 * time.Hour
	MaxInviteUses     = 100 // a school class and its parents

	keepExpired = 30 * 24 * time.Hour // so that a late guest is told "expired", not "no such invite"
)

// Invite is one invitation as it is stored; its code is known only to whom it was given.
type Invite struct {
	Role    policy.Role
	Uses    int       // how many may join by it; 0: one
	Expires time.Time // zero: in seven days; within a year, or Never
}

// Never is for the first operator, whose node may not know the time yet.
var Never = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// invite is invites/<SHA-256 of the code>.json.
type invite struct {
	Role    string  `json:"role"`
	Uses    int     `json:"uses"`
	Used    int     `json:"used"`
	Created int64   `json:"created"` // Unix seconds
	Expires int64   `json:"expires"`
	Pending []claim `json:"pending,omitempty"` // joins under way: see Join
}

// claim is one join under way. Fresh: the person had no account record before it.
type claim struct {
	PubKey string `json:"pubkey"`
	Fresh  bool   `json:"fresh,omitempty"`
}

// RoleName is the role's word in invites, the roster and the API; "" for those that cannot be given.
func RoleName(r policy.Role) string {
	if r < policy.Member || r > policy.Operator {
		return ""
	}
	return r.String()
}

// ParseRole reads what RoleName writes.
func ParseRole(s string) (policy.Role, bool) {
	for _, r := range []policy.Role{policy.Member, policy.Editor, policy.Operator} {
		if RoleName(r) == s {
			return r, true
		}
	}
	return policy.Stranger, false
}

// CreateInvite makes a code. It works on the data directory of a running or a stopped node alike: the file appears
// whole under a name that nobody else can choose, and the node looks for it only when someone brings the code. now is by
// the node's clock.
func CreateInvite(dataDir string, inv Invite, now time.Time) (code string, err error) {
	code, err = createInvite(durable.OS{}, dataDir, inv, now)
	if err == nil && os.Geteuid() == 0 {
		err = giveToOwner(dataDir, invitesDir(dataDir), filepath.Join(invitesDir(dataDir), inviteFile(code)))
	}
	return code, err
}

// giveToOwner makes what root has written, under sudo, the data directory's owner's: the node, which runs as that user,
// must be able to read it.
func giveToOwner(dataDir string, paths ...string) error {
	info, err := os.Stat(dataDir)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	for _, path := range paths {
		if err := os.Lchown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	return nil
}

// CreateInvite is the function of that name by this node's clock.
func (a *Accounts) CreateInvite(inv Invite) (code string, err error) {
	return createInvite(a.cfg.FS, a.cfg.Dir, inv, a.cfg.Now())
}

func createInvite(fsys durable.FS, dataDir string, inv Invite, now time.Time) (string, error) {
	if inv.Uses == 0 {
		inv.Uses = 1
	}
	if inv.Expires.IsZero() {
		inv.Expires = now.Add(DefaultInviteLife)
	}
	role := RoleName(inv.Role)
	switch {
	case role == "":
		return "", errors.New("an invite is for a member, an editor or an operator")
	case inv.Uses < 1 || inv.Uses > MaxInviteUses:
		return "", fmt.Errorf("an invite may be used 1 to %d times, not %d", MaxInviteUses, inv.Uses)
	case !inv.Expires.After(now) || inv.Expires.After(now.Add(MaxInviteLife)) && !inv.Expires.Equal(Never):
		return "", errors.New("an invite must expire within a year from now")
	}
	dir := invitesDir(dataDir)
	if err := fsys.MkdirAll(dir); err != nil {
		return "", err
	}
	code := newCode()
	stored := &invite{Role: role, Uses: inv.Uses, Created: now.Unix(), Expires: inv.Expires.Unix()}
	return code, stored.write(fsys, filepath.Join(dir, inviteFile(code)))
}

// InviteLink is what an invited person opens. The code is in the fragment, so that it reaches no log.
func InviteLink(baseURL, code string) string {
	return strings.TrimRight(baseURL, "/") + "/#/join/" + code
}

// CheckInvite returns an invite that may still be used, or fails with ErrInviteInvalid, ErrInviteUsed or
// ErrInviteExpired.
func (a *Accounts) CheckInvite(code string) (Invite, error) {
	a.admission.Lock()
	defer a.admission.Unlock()
	inv, _, err := a.findInvite(code)
	if err != nil {
		return Invite{}, err
	}
	role, _ := ParseRole(inv.Role)
	return Invite{Role: role, Uses: inv.Uses - inv.Used, Expires: time.Unix(inv.Expires, 0)}, nil
}

// findInvite reads the invite of a code and says whether it may be used now. a.admission is held.
func (a *Accounts) findInvite(code string) (*invite, string, error) {
	code, ok := parseCode(code)
	if !ok {
		return nil, "", ErrInviteInvalid
	}
	path := filepath.Join(invitesDir(a.cfg.Dir), inviteFile(code))
	inv, err := readInvite(a.cfg.FS, path)
	if err == nil && len(inv.Pending) > 0 {
		err = a.settle(inv, path)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", ErrInviteInvalid
	case err != nil:
		return nil, "", fmt.Errorf("invite %s: %w", filepath.Base(path), err)
	case inv.Used >= inv.Uses:
		return nil, "", ErrInviteUsed
	case a.cfg.Now().Unix() >= inv.Expires:
		return nil, "", ErrInviteExpired
	}
	return inv, path, nil
}

func readInvite(fsys durable.FS, path string) (*invite, error) {
	b, err := durable.ReadFile(fsys, path, maxRecord)
	if err != nil {
		return nil, err
	}
	return decodeInvite(b)
}

func decodeInvite(b []byte) (*invite, error) {
	var inv invite
	if err := json.Unmarshal(b, &inv); err != nil {
		return nil, err
	}
	if _, ok := ParseRole(inv.Role); !ok {
		return nil, fmt.Errorf("unknown role %q", inv.Role)
	}
	return &inv, nil
}

func (inv *invite) write(fsys durable.FS, path string) error {
	b, err := json.MarshalIndent(inv, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteFile(fsys, path, append(b, '\n'), 0o600)
}

func invitesDir(dataDir string) string { return filepath.Join(dataDir, "invites") }

// inviteFile hashes the code, so that who reads the disk cannot join by it.
func inviteFile(code string) string {
	h := sha256.Sum256([]byte(code))
	return hex.EncodeToString(h[:]) + recordSuffix
}

func newCode() string {
	code := make([]byte, codeLen)
	rand.Read(code)
	for i, b := range code {
		code[i] = codeAlphabet[b%32] // 256 is a multiple of 32: no bias
	}
	return string(code)
}

// parseCode reads a code as people type it: capitals, hyphens and spaces, and the letters that Crockford's base32 reads
// as digits.
func parseCode(s string) (string, bool) {
	if len(s) > 4*codeLen {
		return "", false
	}
	s = strings.NewReplacer("-", "", " ", "", "o", "0", "i", "1", "l", "1").Replace(strings.ToLower(s))
	if len(s) != codeLen || strings.Trim(s, codeAlphabet) != "" {
		return "", false
	}
	return s, true
}
