package index

// DiskBytes returns about how much of the disk the index takes; 0 while it is not open.
func (x *Index) DiskBytes() int64 {
	if x.enter() != nil {
		return 0
	}
	defer x.users.Done()
	return int64(x.db.Metrics().DiskSpaceUsage())
}
