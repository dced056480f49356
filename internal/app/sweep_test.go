package app

import "testing"

func TestPast(t *testing.T) {
	var p past
	for i := range int64(2 * sweepAfter) {
		then, ok := p.note(1000 + i)
		if ok != (i >= sweepAfter) || ok && then != 1000+i-sweepAfter {
			t.Fatalf("after %d sweeps: %d, %v", i, then, ok)
		}
	}
	for i := range int64(sweepAfter) { // the clock was set back
		if then, ok := p.note(i); ok {
			t.Fatalf("%d sweeps after it was set back: %d", i, then)
		}
	}
	if then, ok := p.note(sweepAfter); !ok || then != 0 {
		t.Fatalf("%d, %v", then, ok)
	}
}
