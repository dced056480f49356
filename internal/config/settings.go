package config

import (
	"maps"
	"slices"

	"madang/internal/web/relay"
)

// setting is one key of the file.
type setting struct {
	key   string // dotted, its last part within the table that the rest names
	means string // a sentence without its full stop
	value value
}

// settings are all keys in the order in which they are written, bound to c.
func (c *Config) settings() []setting {
	r := &c.Relay
	all := []setting{
		{"relay.connections", "Connections to the relay, in all", count{&r.Conns, 1}},
		{"relay.connections_per_address", "Connections from one address; many phones may sit behind one",
			count{&r.ConnsPerAddr, 1}},
		{"relay.message", "The largest message from a client", size{&r.Frame, 1 << 10}},
		{"relay.unfinished", "What all connections may have sent of messages that are not whole yet; beyond it each may " +
			"only have 8 KiB", size{&r.Unfinished, 64 << 10}},
		{"relay.queue", "What may wait to be sent to one connection; one that reads more slowly is dropped",
			size{&r.Queue, 64 << 10}},
		{"relay.queues", "The same of all connections; beyond it each may only have a sixteenth", size{&r.Queues, 1 << 20}},
		{"relay.subscriptions", "Open subscriptions of one connection", count{&r.Subs, 1}},
		{"relay.filters", "What the open subscriptions of one connection may ask for, as the text of its filters",
			size{&r.Filters, 1 << 10}},
		{"relay.filters_all", "The same of all connections; beyond it each may only have a sixteenth",
			size{&r.FiltersAll, 64 << 10}},
		{"relay.results", "Events that one filter is answered with", count{&r.Results, 1}},
		{"relay.keys", "Keys that may log in on one connection", count{&r.Keys, 1}},
		{"relay.queries_per_address", "Queries of one address that are worked on at the same time; 0 is no bound",
			count{&r.AddrQueries, 0}},
		{"relay.reconciliations", "Open reconciliations (NIP-77) of one connection", count{&r.NegSessions, 0}},
		{"relay.reconciled", "Events in one reconciliation", count{&r.NegItems, 0}},
		{"relay.reconciled_all", "Events in all reconciliations; the second half is kept for members",
			count{&r.NegItemsAll, 0}},
	}
	all = append(all, rates("relay.connection", "from one connection", &r.Conn)...)
	all = append(all, rates("relay.address", "from one address", &r.Addr)...)
	return append(all,
		setting{"relay.key.events", "Events by one author over all connections, letters apart", rate{&r.Key, false}},
		setting{"relay.strangers.work",
			"Bits of work (NIP-13) that letters from strangers must bear; 0 asks for none, 20 costs a phone some seconds",
			count{&c.MinWork, 0}},
		setting{"index.cache", "Memory for the part of the index that is asked most", size64{&c.CacheSize, 1 << 20}},
	)
}

func rates(table, from string, r *relay.Rates) []setting {
	return []setting{
		{table + ".messages", "Messages of any kind " + from, rate{&r.Messages, false}},
		{table + ".bytes", "Bytes " + from + "; what comes faster is read more slowly", rate{&r.Bytes, true}},
		{table + ".events", "Events and logins " + from, rate{&r.Events, false}},
		{table + ".letters", "Letters from strangers " + from + ", a large one counting once for each 8 KiB",
			rate{&r.Wraps, false}},
		{table + ".queries", "Queries " + from, rate{&r.Queries, false}},
	}
}

// Keys returns every key that a file may have, dotted, in the order in which Write writes them.
func Keys() []string {
	c := Default()
	var keys []string
	for _, s := range c.settings() {
		keys = append(keys, s.key)
	}
	return keys
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
