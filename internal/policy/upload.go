package policy

import (
	"fmt"

	"madang/internal/nostr"
)

// Bounds of uploads, in bytes.
const (
	MemberUploadMax = 20 << 20  // one blob of a member
	MemberQuota     = 200 << 20 // all blobs of a member
	EditorUploadMax = 4 << 30   // one blob of an editor or operator
)

// MayUpload refuses with *Error a blob of this size in bytes by this key; used is what the key has stored so far.
func (p *Policy) MayUpload(pk nostr.PubKey, size, used int64) error {
	role := p.Role(pk)
	if size < 0 || size > EditorUploadMax {
		return tooLarge(EditorUploadMax)
	}
	if _, banned := p.bans.Load().authors[pk]; banned {
		return &Error{prefixBlocked, "this node has banned you"}
	}
	switch {
	case p.cfg.Open || role >= Editor:
		return nil
	case role == Stranger:
		return &Error{prefixRestricted, "only members of this node may upload"}
	case size > MemberUploadMax:
		return tooLarge(MemberUploadMax)
	case used+size > MemberQuota:
		return &Error{prefixRestricted, fmt.Sprintf("all your files together may have at most %d MiB", MemberQuota>>20)}
	}
	return nil
}

func tooLarge(limit int64) error {
	return &Error{prefixRestricted, fmt.Sprintf("a file may have at most %d MiB", limit>>20)}
}
