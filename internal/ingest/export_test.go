package ingest

// Queued returns how many events wait for the commit loop.
func (in *Ingest) Queued() int { return len(in.queue) }
