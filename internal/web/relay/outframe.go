package relay

import (
	"sync"
	"sync/atomic"

	"github.com/gobwas/ws"

	"madang/internal/nostr"
)

// outFrame is what waits to be written: either frames ready for the wire, or an event that is put into its frame only as
// it is written, so that what waits for a thousand readers is in memory once.
type outFrame struct {
	head  []byte // frames, or where there is an event what its message begins with: eventHead
	event *outEvent
}

// outEvent is an event on its way to connections. Its frames are of JSON, or of what it was deflated to.
type outEvent struct {
	json []byte
	refs atomic.Int32 // of queues, so that what they share is counted once

	once     sync.Once
	deflate  func(json []byte) []byte // nil: not worth it
	deflated []byte                   // set by once: see deflateEvent; nil: none
}

// eventHead is what an EVENT message to a subscription has before the event.
func eventHead(subID string) []byte {
	whole := nostr.AppendEvent(nil, subID, nil)
	return whole[: len(whole)-1 : len(whole)-1]
}

const frameRoom = 20 // at least what a frame has beside head and event

// size is how many bytes the frame has on the wire at most. It counts for what a reader may leave waiting.
func (f *outFrame) size() int {
	if f.event == nil {
		return len(f.head)
	}
	return frameRoom + len(f.head) + len(f.event.json)
}

const maxFrameHeader = 10

// parts returns the frame's bytes, in order; header is room for those that are made up.
func (f *outFrame) parts(header *[maxFrameHeader + storedHeader]byte, deflate bool) [4][]byte {
	if f.event == nil {
		return [4][]byte{f.head}
	}
	if deflate {
		if body := f.event.compressed(); body != nil {
			n := storedHeader + len(f.head) + len(body)
			b := appendHeader(header[:0], ws.OpText, n)
			b[0] |= rsv1
			return [4][]byte{appendStored(b, len(f.head)), f.head, body}
		}
	}
	n := len(f.head) + len(f.event.json) + 1
	return [4][]byte{appendHeader(header[:0], ws.OpText, n), f.head, f.event.json, closingBracket}
}

var closingBracket = []byte{']'}

// length is how many bytes the frame has on the wire.
func (f *outFrame) length(deflate bool) (n int) {
	var header [maxFrameHeader + storedHeader]byte
	for _, part := range f.parts(&header, deflate) {
		n += len(part)
	}
	return n
}

// fill appends the frame's bytes from offset on, as many as dst has room for.
func (f *outFrame) fill(dst []byte, offset int, deflate bool) []byte {
	var header [maxFrameHeader + storedHeader]byte
	for _, part := range f.parts(&header, deflate) {
		if offset >= len(part) {
			offset -= len(part)
			continue
		}
		n := copy(dst[len(dst):cap(dst)], part[offset:])
		dst, offset = dst[:len(dst)+n], 0
	}
	return dst
}

// appendHeader appends the header of an unmasked, unfragmented frame of n bytes (RFC 6455, section 5.2).
func appendHeader(dst []byte, op ws.OpCode, n int) []byte {
	dst = append(dst, 0x80|byte(op))
	switch {
	case n < 126:
		return append(dst, byte(n))
	case n < 1<<16:
		return append(dst, 126, byte(n>>8), byte(n))
	}
	dst = append(dst, 127)
	for shift := 56; shift >= 0; shift -= 8 {
		dst = append(dst, byte(uint64(n)>>shift))
	}
	return dst
}

// appendFrame appends a frame. Most payloads need the header of two bytes or of four; four are left free before the
// payload is written, and it is moved where that was wrong.
func appendFrame(dst []byte, op ws.OpCode, message func(dst []byte) []byte) []byte {
	const guess = 4
	start := len(dst)
	dst = message(append(dst, make([]byte, guess)...))
	n := len(dst) - start - guess
	var room [maxFrameHeader]byte
	header := appendHeader(room[:0], op, n)
	if len(header) > guess {
		dst = append(dst, make([]byte, len(header)-guess)...)
	}
	copy(dst[start+len(header):], dst[start+guess:start+guess+n])
	copy(dst[start:], header)
	return dst[:start+len(header)+n]
}
