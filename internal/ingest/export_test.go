package ingest

// Queued returns how many events wait for their commit.
func (in *Ingest) Queued() int { return in.committing.len() }
