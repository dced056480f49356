package eventlog

import (
	"context"
	"slices"
)

// Newest returns where and when (Unix milliseconds) the last good record was received; ok is false where there is none.
func (l *Files) Newest(ctx context.Context) (pos Position, received int64, ok bool, err error) {
	segments, err := l.snapshot()
	if err != nil {
		return 0, 0, false, err
	}
	for _, s := range slices.Backward(segments) { // the last one may be empty
		err = l.walk(ctx, s.first, func(r Record) error {
			pos, received, ok = r.Pos, r.Received, true
			return nil
		}, func(damage) {})
		if ok || err != nil {
			break
		}
	}
	return pos, received, ok, err
}
