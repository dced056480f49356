package search

// Documents returns how many events can be searched. 0 while the index is not open.
func (s *Search) Documents() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.store == nil {
		return 0
	}
	r, err := s.store.index.Reader()
	if err != nil {
		return 0
	}
	defer r.Close()
	n, err := r.DocCount()
	if err != nil {
		return 0
	}
	return n
}
