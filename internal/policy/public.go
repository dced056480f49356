package policy

// HidesMailAlone reports whether MayRead keeps nothing from anybody but gift wraps from those they are not for. Then a
// list of all other events may be shared by whoever asks; else each event must be asked about.
func (p *Policy) HidesMailAlone() bool {
	b := p.bans.Load()
	return len(b.authors)+len(b.events) == 0
}
