package eventlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// A segment is a file named after its first position, 16 lowercase hex digits and ".log". It begins with a header:
//
//	0   8  magic "MDNGLOG\n"
//	8   4  version, u32le: 1
//	12  16 the log's id, the same in every segment
//	28  8  first position, u64le: that of this header's first byte
//	36  4  CRC32C of the 36 bytes before, u32le
//
// and holds records, one after the other:
//
//	0   4  length of the JSON in bytes, u32le; bit 31 is set in the first record of each group, bit 24 in an erased one
//	4   4  CRC32C of the length field, the received field and the JSON, u32le
//	8   8  received, i64le: Unix milliseconds
//	16  n  JSON; of an erased record what was left in its place, and spaces
const (
	magic            = "MDNGLOG\n"
	version          = 1
	headerSize       = 40
	recordHeaderSize = 16
	groupStart       = 1 << 31
	erased           = 1 << 24
	suffix           = ".log"

	// maxJSON bounds one record, so that a damaged length is noticed before it is trusted. Below 8 MiB no length field
	// can stand inside a JSON text: its last byte is 0x00 or 0x01, or 0x80 or 0x81 after a byte below 0x80, which is not
	// UTF-8. So the search for the next good record after damage cannot be led astray by an event's content.
	maxJSON = 8<<20 - 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func segmentName(first Position) string { return fmt.Sprintf("%016x%s", uint64(first), suffix) }

func parseSegmentName(name string) (Position, bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	if !ok || len(digits) != 16 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	return Position(n), err == nil && segmentName(Position(n)) == name
}

func appendHeader(dst []byte, id ID, first Position) []byte {
	at := len(dst)
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint32(dst, version)
	dst = append(dst, id[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(first))
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[at:], castagnoli))
}

// errVersion: a later Madang wrote the segment. It is no damage, and nothing may be cut or written there.
var errVersion = errors.New("written by a later version")

func parseHeader(b []byte) (id ID, first Position, err error) {
	if len(b) < headerSize || string(b[:8]) != magic ||
		crc32.Checksum(b[:36], castagnoli) != binary.LittleEndian.Uint32(b[36:]) {
		return id, 0, fmt.Errorf("%w: segment header", ErrCorrupt)
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != version {
		return id, 0, fmt.Errorf("%w: format %d", errVersion, v)
	}
	copy(id[:], b[12:28])
	return id, Position(binary.LittleEndian.Uint64(b[28:])), nil
}

func appendRecord(dst []byte, first bool, received int64, json []byte) []byte {
	length := uint32(len(json))
	if first {
		length |= groupStart
	}
	return appendRaw(dst, length, received, json)
}

// appendRaw adds a record whose length field has its flags already.
func appendRaw(dst []byte, length uint32, received int64, json []byte) []byte {
	at := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, length)
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(received))
	dst = append(dst, json...)
	binary.LittleEndian.PutUint32(dst[at+4:], recordCRC(dst[at:]))
	return dst
}

func recordCRC(record []byte) uint32 {
	return crc32.Update(crc32.Checksum(record[:4], castagnoli), castagnoli, record[8:])
}

// recordSize returns a record's whole size from its header, and whether that can be.
func recordSize(header []byte) (int, bool) {
	n := binary.LittleEndian.Uint32(header) &^ (groupStart | erased)
	return recordHeaderSize + int(n), n > 0 && n <= maxJSON
}

func startsGroup(record []byte) bool { return binary.LittleEndian.Uint32(record)&groupStart != 0 }

// parseRecord reads a whole record, header and JSON; the JSON is shared with b.
func parseRecord(pos Position, b []byte) (Record, bool) {
	if recordCRC(b) != binary.LittleEndian.Uint32(b[4:]) {
		return Record{}, false
	}
	r := Record{Pos: pos, Received: int64(binary.LittleEndian.Uint64(b[8:])), JSON: b[recordHeaderSize:]}
	if r.Erased = binary.LittleEndian.Uint32(b)&erased != 0; r.Erased {
		r.JSON = bytes.TrimRight(r.JSON, " ")
	}
	return r, true
}
