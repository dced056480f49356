package nostr

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// AppendJSON appends the event as it goes over the wire.
func (e *Event) AppendJSON(dst []byte) []byte {
	return e.appendSig(e.appendUnsigned(dst))
}

// AppendJSONAndID appends the event as it goes over the wire and returns besides what ComputeID does: tags and content
// are written once for both.
func (e *Event) AppendJSONAndID(dst []byte) ([]byte, ID) {
	var onStack [2048]byte
	canonical := e.appendCanonicalHead(onStack[:0])
	dst = e.appendHead(dst)
	start := len(dst)
	dst = e.Tags.appendJSON(dst)
	canonical = append(append(canonical, dst[start:]...), ',')
	dst = append(dst, `,"content":`...)
	start = len(dst)
	dst = appendString(dst, e.Content)
	canonical = append(append(canonical, dst[start:]...), ']')
	return e.appendSig(dst), sha256.Sum256(canonical)
}

// AppendRumor appends the event without its signature, as it goes into a seal (NIP-59).
func (e *Event) AppendRumor(dst []byte) []byte { return append(e.appendUnsigned(dst), '}') }

// appendUnsigned leaves out the signature and the closing brace.
func (e *Event) appendUnsigned(dst []byte) []byte {
	dst = e.Tags.appendJSON(e.appendHead(dst))
	dst = append(dst, `,"content":`...)
	return appendString(dst, e.Content)
}

// appendHead appends what stands before the tags.
func (e *Event) appendHead(dst []byte) []byte {
	dst = append(dst, `{"id":"`...)
	dst = hex.AppendEncode(dst, e.ID[:])
	dst = append(dst, `","pubkey":"`...)
	dst = hex.AppendEncode(dst, e.PubKey[:])
	dst = append(dst, `","created_at":`...)
	dst = strconv.AppendInt(dst, e.CreatedAt, 10)
	dst = append(dst, `,"kind":`...)
	dst = strconv.AppendUint(dst, uint64(e.Kind), 10)
	return append(dst, `,"tags":`...)
}

// appendSig appends what stands behind the content.
func (e *Event) appendSig(dst []byte) []byte {
	dst = append(dst, `,"sig":"`...)
	dst = hex.AppendEncode(dst, e.Sig[:])
	return append(dst, `"}`...)
}

// AppendCanonical appends the form whose SHA-256 is the id (NIP-01).
func (e *Event) AppendCanonical(dst []byte) []byte {
	dst = e.Tags.appendJSON(e.appendCanonicalHead(dst))
	dst = append(dst, ',')
	dst = appendString(dst, e.Content)
	return append(dst, ']')
}

// appendCanonicalHead appends what stands before the tags.
func (e *Event) appendCanonicalHead(dst []byte) []byte {
	dst = append(dst, `[0,"`...)
	dst = hex.AppendEncode(dst, e.PubKey[:])
	dst = append(dst, `",`...)
	dst = strconv.AppendInt(dst, e.CreatedAt, 10)
	dst = append(dst, ',')
	dst = strconv.AppendUint(dst, uint64(e.Kind), 10)
	return append(dst, ',')
}

// ComputeID returns the SHA-256 of the canonical form.
func (e *Event) ComputeID() ID {
	var onStack [1024]byte
	return sha256.Sum256(e.AppendCanonical(onStack[:0]))
}

// MarshalJSON returns the wire form.
func (e *Event) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil), nil }

// UnmarshalJSON is DecodeEvent.
func (e *Event) UnmarshalJSON(b []byte) error {
	decoded, err := DecodeEvent(b)
	if err == nil {
		*e = *decoded
	}
	return err
}

func (ts Tags) appendJSON(dst []byte) []byte {
	dst = append(dst, '[')
	for i, t := range ts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '[')
		for j, element := range t {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, element)
		}
		dst = append(dst, ']')
	}
	return append(dst, ']')
}

// appendString quotes s as NIP-01 says: seven characters have an escape of two, and all others stand as they are. The
// other control characters below U+0020, which NIP-01 does not speak of and JSON forbids as they are, become \u00xx in
// lowercase, as JSON.stringify writes them, and with it all other makers of events. U+007F stands as it is.
func appendString(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for {
		n := plainLen(s)
		dst = append(dst, s[:n]...)
		if n == len(s) {
			return append(dst, '"')
		}
		switch c := s[n]; c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
		s = s[n+1:]
	}
}
