package index

// DiskBytes returns about how much of the disk the index takes; 0 while it is not open.
func (x *Index) DiskBytes() int64 {
	if x.enter() != nil {
		return 0
	}
	defer x.users.Done()
	return int64(x.db.Metrics().DiskSpaceUsage())
}

// WrittenBytes returns how many bytes of tables were written since the index was opened, by flushes and by compactions.
func (x *Index) WrittenBytes() int64 {
	if x.enter() != nil {
		return 0
	}
	defer x.users.Done()
	total := x.db.Metrics().Total()
	return int64(total.TableBytesFlushed + total.TableBytesCompacted)
}

// Trouble says why the index answers queries and takes nothing in, or nil.
func (x *Index) Trouble() error {
	if err := x.enter(); err != nil {
		return err
	}
	defer x.users.Done()
	return x.health.err()
}
