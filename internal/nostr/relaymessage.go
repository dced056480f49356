package nostr

import (
	"encoding/hex"
	"strconv"
)

// The functions below append one relay message each, as JSON (NIP-01 where no other is named). Text is escaped; the
// prefix of a message ("invalid: ", ...) is the caller's to put there.

// AppendEvent appends ["EVENT",subID,event]; eventJSON is the event's wire form.
func AppendEvent(dst []byte, subID string, eventJSON []byte) []byte {
	dst = appendLabel(dst, "EVENT", subID)
	dst = append(dst, ',')
	dst = append(dst, eventJSON...)
	return append(dst, ']')
}

// AppendOK appends ["OK",id,ok,message].
func AppendOK(dst []byte, id string, ok bool, message string) []byte {
	dst = appendLabel(dst, "OK", id)
	dst = append(dst, ',')
	dst = strconv.AppendBool(dst, ok)
	return appendLast(dst, message)
}

// AppendEOSE appends ["EOSE",subID], or with hints ["EOSE",subID,[hint,...]] (NIP-67).
func AppendEOSE(dst []byte, subID string, hints ...string) []byte {
	dst = appendLabel(dst, "EOSE", subID)
	for i, hint := range hints {
		if i == 0 {
			dst = append(dst, ",["...)
		} else {
			dst = append(dst, ',')
		}
		dst = appendString(dst, hint)
	}
	if len(hints) > 0 {
		dst = append(dst, ']')
	}
	return append(dst, ']')
}

// AppendClosed appends ["CLOSED",subID,message].
func AppendClosed(dst []byte, subID, message string) []byte {
	return appendLast(appendLabel(dst, "CLOSED", subID), message)
}

// AppendNotice appends ["NOTICE",message].
func AppendNotice(dst []byte, message string) []byte {
	return append(appendLabel(dst, "NOTICE", message), ']')
}

// AppendAuth appends ["AUTH",challenge] (NIP-42).
func AppendAuth(dst []byte, challenge string) []byte {
	return append(appendLabel(dst, "AUTH", challenge), ']')
}

// AppendCount appends ["COUNT",subID,{"count":n}] (NIP-45), with the registers of hll unless it is nil.
func AppendCount(dst []byte, subID string, n int, hll *HyperLogLog) []byte {
	dst = appendLabel(dst, "COUNT", subID)
	dst = append(dst, `,{"count":`...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	if hll != nil {
		dst = append(dst, `,"hll":"`...)
		dst = hex.AppendEncode(dst, hll.registers[:])
		dst = append(dst, '"')
	}
	return append(dst, `}]`...)
}

// AppendApproximateCount appends ["COUNT",subID,{"count":n,"approximate":true}] (NIP-45).
func AppendApproximateCount(dst []byte, subID string, n int) []byte {
	dst = append(appendLabel(dst, "COUNT", subID), `,{"count":`...)
	return append(strconv.AppendInt(dst, int64(n), 10), `,"approximate":true}]`...)
}

// AppendNegMsg appends ["NEG-MSG",subID,message in hex] (NIP-77).
func AppendNegMsg(dst []byte, subID string, message []byte) []byte {
	dst = appendLabel(dst, "NEG-MSG", subID)
	dst = append(dst, `,"`...)
	dst = hex.AppendEncode(dst, message)
	return append(dst, `"]`...)
}

// AppendNegErr appends ["NEG-ERR",subID,message] (NIP-77).
func AppendNegErr(dst []byte, subID, message string) []byte {
	return appendLast(appendLabel(dst, "NEG-ERR", subID), message)
}

// appendLabel begins a message with its label and first string.
func appendLabel(dst []byte, label, first string) []byte {
	dst = append(dst, `["`...)
	dst = append(dst, label...)
	dst = append(dst, `",`...)
	return appendString(dst, first)
}

// appendLast ends a message with a string.
func appendLast(dst []byte, message string) []byte {
	dst = append(dst, ',')
	return append(appendString(dst, message), ']')
}
