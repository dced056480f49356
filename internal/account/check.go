package account

import (
	"fmt"
	"path/filepath"

	"madang/internal/durable"
)

// Check reads every account and invite below a data directory that no node uses, and calls bad for each file, named
// from there, that cannot be what it should. It returns how many files there are.
func Check(dataDir string, bad func(file string, err error)) (files int, err error) {
	accounts := filepath.Join(dataDir, "accounts")
	rs, err := openRecords(durable.OS{}, accounts, func(file string, err error) {
		bad(filepath.Join("accounts", file), err)
	})
	if err != nil {
		return 0, fmt.Errorf("accounts: %w", err)
	}
	files = len(rs.byPubKey) + len(rs.damaged)
	invites := invitesDir(dataDir)
	if err := (durable.OS{}).MkdirAll(invites); err != nil {
		return files, fmt.Errorf("invites: %w", err)
	}
	err = eachFile(durable.OS{}, invites, func(file string, b []byte, err error) error {
		files++
		if err == nil {
			_, err = decodeInvite(b)
		}
		if err != nil {
			bad(filepath.Join("invites", file), err)
		}
		return nil
	})
	return files, err
}
