package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// plainEvery is how often a long command writes a line where nobody looks at a bar.
const plainEvery = 10 * time.Second

// progress shows how far a long command is, on stderr: a bar on a terminal, else a line now and then.
type progress struct {
	out  io.Writer
	what string
	max  int64 // -1: not known
	bar  *progressbar.ProgressBar
	last time.Time
}

// newProgress counts to max (-1: not known), in bytes or in things.
func (m *Main) newProgress(what string, max int64, bytes bool) *progress {
	p := &progress{out: m.Stderr, what: what, max: max, last: time.Now()}
	if isTerminal(m.Stderr) {
		p.bar = progressbar.NewOptions64(max, progressbar.OptionSetWriter(m.Stderr),
			progressbar.OptionSetDescription(what), progressbar.OptionShowBytes(bytes), progressbar.OptionShowCount(),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	return p
}

// set shows that the work has come to n; more says it in other words, or is "".
func (p *progress) set(n int64, more string) {
	switch {
	case p.bar != nil:
		if more != "" {
			p.bar.Describe(p.what + " " + more)
		}
		// The bar fails only where the terminal does, and then there is nobody to tell.
		_ = p.bar.Set64(n)
	case time.Since(p.last) >= plainEvery:
		p.last = time.Now()
		if p.max > 0 {
			more = fmt.Sprintf("%d%% %s", min(100*n/p.max, 100), more)
		}
		fmt.Fprintln(p.out, p.what, more)
	}
}

// clear makes room for a line of text.
func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
