package ingest_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"madang/internal/hub"
	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
)

var (
	duplicate = ingest.Result{OK: true, Message: "duplicate: already have this event"}
	replaced  = ingest.Result{OK: true, Message: "duplicate: have a newer version"}
	deleted   = ingest.Result{Message: "blocked: deleted by its author"}
	badID     = ingest.Result{Message: "invalid: id does not match the event"}
	badSig    = ingest.Result{Message: "invalid: bad signature: it is not the author's"}
)

// forgeID returns an event that claims another's id.
func forgeID(e *nostr.Event) *nostr.Event {
	forged := *e
	forged.Content += "!"
	return &forged
}

// forgeSig returns the same event with a bad signature.
func forgeSig(e *nostr.Event) *nostr.Event {
	forged := *e
	forged.Sig[63] ^= 1
	return &forged
}

// take submits events together and compares their results.
func (h *house) take(w policy.Writer, events []*nostr.Event, want ...ingest.Result) {
	h.t.Helper()
	for i, got := range h.in.SubmitMany(h.t.Context(), events, w) {
		if expected := want[i%len(want)]; got != expected {
			h.t.Errorf("road %d, event %d: %+v, want %+v", w.Road, i, got, expected)
		}
	}
}

// TestHeldIsNotVerifiedAgain: what is there already is known by its id, alone and with others. What comes live is not
// looked for.
func TestHeldIsNotVerifiedAgain(t *testing.T) {
	h := open(t, true)
	alice := key(2)
	events := []*nostr.Event{
		signed(t, alice, nostr.KindProfile, now, "{}"),
		signed(t, alice, nostr.KindArticle, now, "article", nostr.Tag{"d", "x"}),
		signed(t, key(90), nostr.KindGiftWrap, now, "sealed", nostr.Tag{"p", alice.PubKey().String()}),
		signed(t, alice, nostr.KindDeletion, now, "", nostr.Tag{"e", nostr.ID{}.String()}),
		signed(t, key(3), nostr.KindVanish, now, "", nostr.Tag{"relay", "ALL_RELAYS"}),
	}
	for i := range 60 {
		events = append(events, signed(t, key(byte(4+i%3)), 1, now, strconv.Itoa(i)))
	}
	h.take(policy.Writer{Road: policy.Import}, events, stored)
	before, end := h.signatures(), h.log.End()
	if before != len(events) {
		t.Errorf("%d signatures checked for %d events", before, len(events))
	}
	for _, road := range []policy.Road{policy.Import, policy.Self} {
		w := policy.Writer{Road: road, Source: "somebody"}
		h.take(w, events, duplicate)
		h.take(w, events[:1], duplicate)
	}
	if n := h.signatures() - before; n != 0 {
		t.Errorf("%d signatures of what was held were checked", n)
	}
	if n, want := h.stat("madang_ingest_held_events_total"), 2*(len(events)+1); n != want {
		t.Errorf("%d counted, want %d", n, want)
	}
	h.take(policy.Writer{Road: policy.Live}, events, duplicate)
	if n := h.signatures() - before; n != len(events) {
		t.Errorf("%d signatures of what came live were checked, want %d", n, len(events))
	}
	if h.log.End() != end {
		t.Error("the log grew")
	}
}

// TestHeldAmongOthers: each result is its own event's, and only what needs it has its signature checked.
func TestHeldAmongOthers(t *testing.T) {
	imported := policy.Writer{Road: policy.Import}
	h := open(t, true)
	alice, d := key(2), nostr.Tag{"d", "x"}
	held := signed(t, alice, 1, now, "held")
	wrap := signed(t, key(90), nostr.KindGiftWrap, now, "sealed", nostr.Tag{"p", alice.PubKey().String()})
	old := signed(t, alice, nostr.KindArticle, 1, "old", d)
	gone := signed(t, alice, 1, now, "gone")
	h.take(imported, []*nostr.Event{
		held, wrap, old, signed(t, alice, nostr.KindArticle, 2, "new", d),
		gone, signed(t, alice, nostr.KindDeletion, now, "", nostr.Tag{"e", gone.ID.String()}),
	}, stored)
	fresh, typing := signed(t, alice, 1, now, "fresh"), signed(t, alice, 20001, now, "typing")
	var heard []nostr.ID
	h.hub.Subscribe([]nostr.Filter{nostr.All()}, nil, each(func(d *hub.Live) {
		heard = append(heard, d.Event.Event().ID)
	}))

	cases := []struct {
		event      *nostr.Event
		want       ingest.Result
		signatures int
	}{
		{held, duplicate, 0},
		{forgeID(held), badID, 0},
		{forgeSig(held), duplicate, 0}, // of the very same event: nothing comes of it
		{wrap, duplicate, 0},
		{forgeID(wrap), badID, 0},
		{old, replaced, 1},
		{gone, deleted, 1},
		{forgeSig(gone), badSig, 1},
		{fresh, stored, 1},
		{fresh, duplicate, 1}, // not held when both were checked
		{held, duplicate, 0},
		{forgeSig(signed(t, alice, 1, now, "other")), badSig, 1},
		{typing, stored, 1},
		{typing, stored, 1},
		{forgeSig(typing), badSig, 1},
		{signed(t, alice, 1, now, "", nostr.Tag{"expiration", "5"}),
			ingest.Result{Message: "invalid: this event has expired"}, 0},
	}
	var events []*nostr.Event
	var want []ingest.Result
	signatures := h.signatures()
	for _, c := range cases {
		events, want, signatures = append(events, c.event), append(want, c.want), signatures+c.signatures
	}
	h.take(imported, events, want...)
	if n := h.signatures(); n != signatures {
		t.Errorf("%d signatures checked, want %d", n, signatures)
	}
	if want := []nostr.ID{typing.ID, typing.ID, fresh.ID}; !slices.Equal(heard, want) {
		t.Errorf("subscribers heard %v, want %v", heard, want)
	}
	for _, e := range []*nostr.Event{held, wrap} {
		f := nostr.All()
		f.IDs = []nostr.ID{e.ID}
		if ids := h.held(f); !slices.Equal(ids, f.IDs) {
			t.Errorf("%v held of %s", ids, e.ID)
		}
	}
}

// TestHeldIsJudgedInItsTurn: what came before it, in the same call or in one that waits, may have deleted it.
func TestHeldIsJudgedInItsTurn(t *testing.T) {
	h := open(t, true)
	alice, d := key(2), nostr.Tag{"d", "x"}
	note, other := signed(t, alice, 1, now, "note"), signed(t, alice, 1, now, "other")
	old, newer := signed(t, alice, nostr.KindArticle, 1, "old", d), signed(t, alice, nostr.KindArticle, 2, "new", d)
	erase := func(e *nostr.Event) *nostr.Event {
		return signed(t, alice, nostr.KindDeletion, now, "", nostr.Tag{"e", e.ID.String()})
	}
	imported := policy.Writer{Road: policy.Import}
	h.take(imported, []*nostr.Event{note, other, old}, stored)
	h.take(imported, []*nostr.Event{note, erase(note), note, old, newer, old},
		duplicate, stored, deleted, duplicate, stored, duplicate)
	h.take(imported, []*nostr.Event{old, newer}, replaced, duplicate)

	h.log.gate.Lock()
	results := make(chan []ingest.Result, 2)
	for i, e := range []*nostr.Event{erase(other), other} {
		h.in.Start(t.Context(), []*nostr.Event{e}, imported, func(r []ingest.Result) { results <- r })
		waitFor(t, func() bool { return h.log.groups.Load() == 3 && h.in.Queued() == i })
	}
	h.log.gate.Unlock()
	for _, want := range []ingest.Result{stored, deleted} {
		if r := <-results; r[0] != want {
			t.Errorf("%+v, want %+v", r, want)
		}
	}
}

// TestHeldAndSwept: what has expired and is swept between its check and its turn is no longer held, and is stored for
// its signature alone.
func TestHeldAndSwept(t *testing.T) {
	for _, forge := range []bool{false, true} {
		h := open(t, true)
		e := signed(t, key(2), 1, now, "", nostr.Tag{"expiration", strconv.Itoa(now + 1)})
		if r := h.submit(e); r != stored {
			t.Fatalf("%+v", r)
		}
		again, want := e, stored
		if forge {
			again, want = forgeSig(e), badSig
		}
		h.log.gate.Lock()
		results := make(chan []ingest.Result, 2)
		for i, e := range []*nostr.Event{signed(t, key(2), 1, now, "first"), again} {
			h.in.Start(t.Context(), []*nostr.Event{e}, policy.Writer{Road: policy.Import}, func(r []ingest.Result) { results <- r })
			waitFor(t, func() bool { return h.log.groups.Load() == 2 && h.in.Queued() == i })
		}
		if n := h.stat("madang_ingest_held_events_total"); n != 1 {
			t.Errorf("%d were held, want 1", n)
		}
		if n, err := h.index.Sweep(t.Context(), now+1); n != 1 || err != nil {
			t.Errorf("%d swept, %v", n, err)
		}
		h.log.gate.Unlock()
		for _, want := range []ingest.Result{stored, want} {
			if r := <-results; r[0] != want {
				t.Errorf("forged %v: %+v, want %+v", forge, r, want)
			}
		}
	}
}

// TestHeldIsToldToNobodyElse: on the Live road, what somebody may not write has the same answer whether it is held or
// not; and so has what they do not know.
func TestHeldIsToldToNobodyElse(t *testing.T) {
	h := open(t, false)
	member, banned := key(8), key(9)
	roster := signed(t, h.node, nostr.KindMembers, now, "", nostr.Tag{"-"},
		nostr.Tag{"member", member.PubKey().String()}, nostr.Tag{"member", banned.PubKey().String()})
	bans := signed(t, h.node, nostr.KindMuteList, now, "", policy.Ban{PubKey: banned.PubKey(), Reason: "spam"}.Tag())
	h.take(policy.Writer{Road: policy.Self}, []*nostr.Event{roster, bans}, stored)

	// Each makes two events that differ in nothing but their content.
	wrap := func(to nostr.SecretKey) func(string) *nostr.Event {
		return func(content string) *nostr.Event {
			return signed(t, key(90), nostr.KindGiftWrap, now, content, nostr.Tag{"p", to.PubKey().String()})
		}
	}
	note := func(by nostr.SecretKey, tags ...nostr.Tag) func(string) *nostr.Event {
		return func(content string) *nostr.Event { return signed(t, by, 1, now, content, tags...) }
	}
	whole := func(e *nostr.Event) *nostr.Event { return e }
	for name, c := range map[string]struct {
		make  func(content string) *nostr.Event
		forge func(*nostr.Event) *nostr.Event
		want  string
	}{
		"a stranger's":         {note(key(7)), whole, "auth-required: only members of this node may write"},
		"a stranger's, forged": {note(key(7)), forgeSig, "auth-required: only members of this node may write"},
		"mail for a stranger": {wrap(key(7)), whole,
			"restricted: none of its recipients is a member of this node"},
		"mail for a member, guessed": {wrap(member), forgeID, badID.Message},
		"protected": {note(member, nostr.Tag{"-"}), whole,
			"auth-required: this event may only be published by its author"},
		"banned":         {note(banned), whole, "blocked: this node has banned you: spam"},
		"banned, forged": {note(banned), forgeSig, badSig.Message},
	} {
		here, elsewhere := c.make(fmt.Sprint(name, " here")), c.make(fmt.Sprint(name, " elsewhere"))
		h.take(policy.Writer{Road: policy.Import}, []*nostr.Event{here}, stored)
		for _, e := range []*nostr.Event{here, elsewhere} {
			if r := h.submit(c.forge(e)); r.OK || r.Message != c.want {
				t.Errorf("%s, %s: %+v, want %q", name, e.Content, r, c.want)
			}
		}
	}
	if n := h.stat("madang_ingest_held_events_total"); n != 0 {
		t.Errorf("%d were taken for held", n)
	}
}

// TestHeldWithoutAnIndex: where the index cannot say what is held, signatures are checked, and the commit answers.
func TestHeldWithoutAnIndex(t *testing.T) {
	h := open(t, true)
	e := signed(t, key(2), 1, now, "")
	if r := h.submit(e); r != stored {
		t.Fatalf("%+v", r)
	}
	if err := h.index.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		event *nostr.Event
		want  ingest.Result
	}{{e, ingest.Result{Message: "error: the node could not store the event"}}, {forgeSig(e), badSig}} {
		h.take(policy.Writer{Road: policy.Import}, []*nostr.Event{c.event}, c.want)
	}
}
