package index

import "madang/internal/eventlog"

// recent holds events that queries have found lately, since most people ask for the newest.
type recent struct{ items eventlog.Recent[Item] }

// recentSize is how many bytes an event may have: all together some 6 MiB where events have the usual size, three times
// as much at worst.
const recentSize = 4 << 10

func (r *recent) get(pos eventlog.Position) (Item, bool) { return r.items.Get(pos) }

func (r *recent) put(it Item) {
	if len(it.JSON) <= recentSize {
		r.items.Put(it.Pos, it)
	}
}
