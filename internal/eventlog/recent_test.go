package eventlog

import "testing"

// TestRecent: a position that takes another's place is not taken for it.
func TestRecent(t *testing.T) {
	var r Recent[string]
	if got, ok := r.Get(1); ok {
		t.Errorf("nothing was put, and there is %q", got)
	}
	r.Put(1, "one")
	r.Put(1, "first")
	if got, ok := r.Get(1); !ok || got != "first" {
		t.Errorf("%q, %v", got, ok)
	}
	other := Position(2)
	for r.place(other) != r.place(1) {
		other++
	}
	if got, ok := r.Get(other); ok {
		t.Errorf("%d has what is of 1: %q", other, got)
	}
	r.Put(other, "other")
	if got, ok := r.Get(1); ok {
		t.Errorf("two in one place: %q", got)
	}
}
