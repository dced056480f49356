package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"madang/internal/account"
	"madang/internal/durable"
	"madang/internal/policy"
)

// FirstInvite returns the link by which the first operator joins, or "" once the roster has anyone. It is the same at
// every start until it is used, and does not expire: the node may not know the time yet. The node must be ready, since the link begins with its URL.
func (a *App) FirstInvite() (string, error) {
	name := filepath.Join(a.cfg.DataDir, "first-operator")
	if len(a.Policy.Members()) > 0 {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		return "", nil
	}
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	code := strings.TrimSpace(string(text))
	if code != "" {
		if _, err := a.Accounts.CheckInvite(code); err == nil {
			return account.InviteLink(a.URL(), code), nil
		}
	}
	code, err = a.Accounts.CreateInvite(account.Invite{Role: policy.Operator, Uses: 1, Expires: account.Never})
	if err != nil {
		return "", fmt.Errorf("inviting the first operator: %w", err)
	}
	if err := durable.AtomicWriteFile(name, []byte(code+"\n"), 0o600); err != nil {
		return "", err
	}
	return account.InviteLink(a.URL(), code), nil
}
