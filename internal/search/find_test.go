package search

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"madang/internal/nostr"
)

// TestWords has, for each script, what is found by what, and what is not.
func TestWords(t *testing.T) {
	for _, tt := range []struct {
		text      string
		finds     []string
		findsNone []string
	}{
		{"동네 마당에서 만나요",
			[]string{"마당", "마", "당", "마당에서", "당에", "동네 마당", "만나 동네", `"마당에서 만나요"`, `"네 마당"`,
				"ㅁㄷ", "ㄷㄴ", "ㅁㄷㅇㅅ", "ㄷㄴ ㅁㄷ", "마ㄷ", "ㅁ당", "만ㄴ요", "마당에ㅅ", `"ㄷㄴ 마당"`},
			[]string{"마루", "당마", "마당은", "ㄷㅁ", "마ㄴ", "ㅁㄷㅇㄴ", `"만나요 마당"`, "마당 바다", "네마요"}},
		{"값이 싸다 ㅋㅋㅋ", []string{"값", "ㄱㅇ", "ㅋㅋ", "ㅋㅋㅋ", "ㅆㄷ", "ㅆ"}, []string{"ㅋㅋㅋㅋ", "갑"}},
		{"각시탈 이야기", []string{"ㄱㅅ", "ㄳ", "ㄳㅌ"}, []string{"ㄳㄴ"}},
		{"東京タワーで会いましょう", []string{"東京", "タワー", "東", "会い", "ましょう", "ﾀﾜｰ", "京タ"}, []string{"京都", "タワ会"}},
		{"村里的广场今天有集市", []string{"广场", "集市", "村", "今天有集", "广 场"}, []string{"场广", "广场集市"}},
		{"السوق في المَدْرَسَـــة يوم الأحد", []string{"مدرسة", "المدرسة", "الاحد", "أحد", "سوق", "والسوق"}, []string{"مستشفى"}},
		{"کتاب ۱۴۰۳ می\u200cرود", []string{"كتاب", "کتاب", "1403", "١٤٠٣"}, []string{"1404"}},
		{"Le café d'été, naïve Œuvre", []string{"cafe", "CAFÉ", "cafe\u0301", "ete", "naive", "oeuvre", "oeuv", "d'ete"},
			[]string{"caf cafe thé", "uvre"}},
		{"Straße in Łódź, smørrebrød og İstanbul", []string{"strasse", "STRASSE", "lodz", "smorrebrod", "istanbul"},
			[]string{"strase"}},
		{"Всё село ждёт ёлку; мой дом", []string{"все", "елку", "ЖДЕТ", "мой", "село"}, []string{"мои", "хата"}},
		{"Η αγορά ανοίγει στις οκτώ", []string{"αγορα", "ΑΓΟΡΆ", "οκτω", "στισ"}, []string{"αγορες"}},
		{"ตลาดนัดวันอาทิตย์", []string{"ตลาด", "วันอาทิตย์"}, []string{"วันจันทร์"}},
		{"गाँव का बाज़ार", []string{"गाँव", "बाज़ार"}, []string{"शहर"}},
		{"the goat 🐐 is lost, call 010-1234", []string{"🐐", "goat", "GOAT lost", "010-1234", "goat 🐐", "los", "goat:", "(goat"},
			[]string{"🐑", "goats", "oat", "lo", `"lost goat"`, "the goat sheep"}},
		{"full ｗｉｄｔｈ and ﬁne ligatures", []string{"width", "fine", "ｆｕｌｌ"}, nil},
	} {
		h := newHouse(t)
		h.notes(tt.text, "something else 아무 것도 없는 글")
		for _, s := range tt.finds {
			h.want(s, tt.text)
		}
		for _, s := range tt.findsNone {
			h.want(s)
		}
	}
}

// TestOddSearches has texts that other relays fail on, or might: none is an error.
func TestOddSearches(t *testing.T) {
	h := newHouse(t)
	h.notes(`she said "hello" to the goat`, "마당 \\ * 그리고")
	for _, s := range []string{
		`"`, `""`, `"""`, "*", ":", "\\", "(", ")", "((", "+", "-", "~", "^2", "/", "/.*/", "[", "{}", "?", "!", "&&", "||",
		" ", "   ", "\t\n", "\x00", "\x7f", "\u200b", "\ufeff", "🐐🐐", "👨‍👩‍👧", "\u0301", "ᅡ", "ㅏ", "\xff\xfe", "a:", ":a",
		"title:", "_id:", "NOT", "AND OR", "goat~1", "goat^", "field:goat", "http://", "%00", "'; --", "\u202e",
		repeat("a", 10<<10), repeat("마당 ", 10<<10), repeat(`"`, 10<<10), repeat("ㅁㄷ", 10<<10), repeat("( ", 10<<10),
		repeat("x:y ", 10<<10), repeat("ﷺ", 10<<10), repeat("e\u0301", 10<<10),
	} {
		for _, text := range []string{s, s + " goat", "goat " + s, `"` + s} {
			f := nostr.All()
			f.Search = text
			if _, err := h.search.Search(t.Context(), Query{Filter: f, Now: now}); err != nil {
				t.Errorf("a search for %.40q: %v", text, err)
			}
			if _, _, err := h.search.Count(t.Context(), Query{Filter: f, Now: now}); err != nil {
				t.Errorf("a count for %.40q: %v", text, err)
			}
		}
	}
	h.want(`"`)
	h.want("")
	h.want(" ")
	h.want(`"goat`, `she said "hello" to the goat`)
	h.want(`said "hello`, `she said "hello" to the goat`)
	h.want(`"hello to" goat`, `she said "hello" to the goat`)
	h.want(`“to the goat”`, `she said "hello" to the goat`)
	h.want(`goat * : \ (`, `she said "hello" to the goat`)
}

func TestExtensions(t *testing.T) {
	h := newHouse(t)
	label := func(l string) nostr.Tag { return nostr.Tag{"l", l, "ISO-639-1"} }
	h.add(note(t, "market news", label("en")), note(t, "market 소식", label("ko")), note(t, "market 말"),
		note(t, "market goats", nostr.Tag{"content-warning", "goats"}))
	h.settle()
	h.wantSet("market include:spam domain:example.com sentiment:negative foo:bar",
		"market news", "market 소식", "market 말", "market goats")
	h.wantSet("market language:ko", "market 소식")
	h.wantSet("language:KO market", "market 소식")
	h.wantSet("language:en", "market news")
	h.wantSet("language:fr market")
	h.wantSet("nsfw:false market", "market news", "market 소식", "market 말")
	h.wantSet("nsfw:true goats", "market goats")
	h.wantSet("foo:bar")
}

// TestKinds finds each kind by the words that its table says.
func TestKinds(t *testing.T) {
	h := newHouse(t)
	const profile = `{"name":"minji","display_name":"김민지","about":"keeps goats","nip05":"minji@village","x":"hidden"}`
	tag := func(name, value string) nostr.Tag { return nostr.Tag{name, value} }
	h.add(
		event(t, 1, nostr.KindProfile, 5, profile),
		event(t, 2, nostr.KindProfile, 5, `not JSON`),
		event(t, 3, nostr.KindProfile, 5, `{"name":7,"about":["list"]}`),
		event(t, 1, nostr.KindComment, 5, "comment words"),
		event(t, 1, nostr.KindArticle, 5, "article words", tag("d", "a"), tag("title", "headline"),
			tag("summary", "shorter"), tag("t", "harvest")),
		event(t, 1, nostr.KindAddressableVideo, 5, "film words", tag("d", "v"), tag("title", "boats")),
		event(t, 1, nostr.KindVideo, 5, "clip words", tag("title", "ferry")),
		event(t, 1, kindTimeEvent, 5, "meeting words", tag("d", "c"), tag("title", "assembly"),
			tag("location", "schoolhouse")),
	)
	h.settle()
	for search, want := range map[string][]string{
		"minji": {profile}, "민지": {profile}, "ㄱㅁㅈ": {profile}, "goats": {profile}, "village": {profile},
		"hidden": nil, "name": nil, "list": nil, "JSON": nil, "comment": {"comment words"}, "headline": {"article words"},
		"shorter": {"article words"},
		"harvest": {"article words"}, "boats": {"film words"}, "ferry": {"clip words"}, "schoolhouse": {"meeting words"},
		"assembly meeting": {"meeting words"},
	} {
		h.want(search, want...)
	}
}

func TestFilters(t *testing.T) {
	h := newHouse(t)
	old := event(t, 1, nostr.KindNote, 100, "goat one", nostr.Tag{"t", "lost"})
	mine := event(t, 2, nostr.KindNote, 200, "goat two")
	article := event(t, 2, nostr.KindArticle, 300, "goat three", nostr.Tag{"d", ""},
		nostr.Tag{"expiration", "1700000000"})
	lasting := event(t, 3, nostr.KindComment, 400, "goat four", nostr.Tag{"expiration", "1900000000"})
	h.add(old, mine, article, lasting)
	h.settle()
	for name, tt := range map[string]struct {
		change func(*nostr.Filter)
		want   []string
	}{
		"none":        {func(*nostr.Filter) {}, []string{"goat four", "goat one", "goat two"}},
		"kinds":       {func(f *nostr.Filter) { f.Kinds = []uint16{1111, 7, 30023} }, []string{"goat four"}},
		"other kinds": {func(f *nostr.Filter) { f.Kinds = []uint16{7, 1059} }, nil},
		"no kinds":    {func(f *nostr.Filter) { f.Kinds = []uint16{} }, nil},
		"authors":     {func(f *nostr.Filter) { f.Authors = []nostr.PubKey{mine.PubKey} }, []string{"goat two"}},
		"many authors": {func(f *nostr.Filter) {
			f.Authors = append(make([]nostr.PubKey, maxAuthors), mine.PubKey)
		}, []string{"goat two"}},
		"ids":    {func(f *nostr.Filter) { f.IDs = []nostr.ID{old.ID, {}} }, []string{"goat one"}},
		"no ids": {func(f *nostr.Filter) { f.IDs = []nostr.ID{} }, nil},
		"tags": {func(f *nostr.Filter) {
			f.Tags = []nostr.TagFilter{{Letter: 't', Values: []string{"lost"}}}
		}, []string{"goat one"}},
		"since":   {func(f *nostr.Filter) { f.Since = 150 }, []string{"goat four", "goat two"}},
		"until":   {func(f *nostr.Filter) { f.Until = 199 }, []string{"goat one"}},
		"limit 0": {func(f *nostr.Filter) { f.Limit = 0 }, nil},
	} {
		f := nostr.All()
		f.Search = "goat"
		tt.change(&f)
		got := slices.Sorted(slices.Values(h.filter(f)))
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	f := nostr.All()
	f.Search = "goat"
	two := f
	two.Limit = 2
	for _, q := range []Query{{Filter: f, MaxLimit: 2}, {Filter: two}, {Filter: two, MaxLimit: 3}} {
		q.Now = now
		if got, err := h.search.Search(t.Context(), q); err != nil || len(got) != 2 {
			t.Errorf("with a limit of 2: %v, %v", got, err)
		}
	}
	visible := func(e *nostr.Event) bool { return e.ID != mine.ID }
	got, err := h.search.Search(t.Context(), Query{Filter: f, Now: now, Visible: visible})
	if err != nil {
		t.Fatal(err)
	}
	if contents := h.read(got); slices.Contains(contents, "goat two") || len(contents) != 2 {
		t.Errorf("what is not visible: %q", contents)
	}
	if n, exact, err := h.search.Count(t.Context(), Query{Filter: f, Now: now}); n != 3 || !exact || err != nil {
		t.Errorf("count %d, %v, %v", n, exact, err)
	}
}

// TestRanking: the title weighs more than the text, a rare word more than a common one, and of equals the newer comes
// first.
func TestRanking(t *testing.T) {
	h := newHouse(t)
	text := strings.Repeat("filler ", 20)
	title := func(s string) nostr.Tag { return nostr.Tag{"title", s} }
	h.add(
		event(t, 1, nostr.KindArticle, now-10, "goat in the text, "+text, nostr.Tag{"d", "1"}, title("about sheep")),
		event(t, 1, nostr.KindArticle, now-10, "in the title, "+text, nostr.Tag{"d", "2"}, title("about goat")),
		event(t, 1, nostr.KindNote, now-10, "goatherd, "+text),
		event(t, 1, nostr.KindNote, now-500*24*3600, "barn old"),
		event(t, 1, nostr.KindNote, now-10, "barn new"),
		event(t, 1, nostr.KindNote, now-50*24*3600, "barn mid"),
	)
	h.settle()
	h.want("goat", "in the title, "+text, "goat in the text, "+text, "goatherd, "+text)
	h.want("barn", "barn new", "barn mid", "barn old")

	h.add(
		event(t, 1, nostr.KindNote, now-10, "마당 새"),
		event(t, 1, nostr.KindNote, now-90*24*3600, "마당 헌"),
		event(t, 1, nostr.KindArticle, now-500*24*3600, "제목", nostr.Tag{"d", "3"}, title("마당"),
			nostr.Tag{"l", "ko", "ISO-639-1"}),
	)
	h.settle()
	h.want("ㅁㄷ", "제목", "마당 새", "마당 헌")
	f := nostr.All()
	f.Search, f.Kinds, f.Since, f.Until = "ㅁㄷ", []uint16{1, 30023}, now-99*24*3600, now
	if got, want := h.filter(f), []string{"마당 새", "마당 헌"}; !slices.Equal(got, want) {
		t.Errorf("with conditions: %q, want %q", got, want)
	}
}

// TestManyMatches: of more equal matches than are examined the newest come first, and the count says that it is an
// estimate.
func TestManyMatches(t *testing.T) {
	h := newHouse(t)
	const n = maxExamined + 100
	for i := range n {
		h.add(event(t, 1, nostr.KindNote, now-int64(n-i)*daySeconds/4, fmt.Sprintf("마당 %04d", i)))
	}
	h.settle()
	f := nostr.All()
	f.Search, f.Limit = "ㅁㄷ", 2
	if got, want := h.filter(f), []string{fmt.Sprintf("마당 %04d", n-1), fmt.Sprintf("마당 %04d", n-2)}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	if got, exact, err := h.search.Count(t.Context(), Query{Filter: f, Now: now}); got != n || exact || err != nil {
		t.Errorf("counted %d of %d, %v, %v", got, n, exact, err)
	}
	f.Until = now - n/2*daySeconds/4
	got, exact, err := h.search.Count(t.Context(), Query{Filter: f, Now: now})
	if got < maxExamined/2-100 || got > maxExamined/2+100 || exact || err != nil {
		t.Errorf("counted %d of about %d, %v, %v", got, maxExamined/2, exact, err)
	}
}

func TestSearchStops(t *testing.T) {
	h := newHouse(t)
	h.notes("goat")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := nostr.All()
	f.Search = "goat"
	if _, err := h.search.Search(ctx, Query{Filter: f}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
	h.close()
	if _, err := h.search.Search(t.Context(), Query{Filter: f}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("after Close: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", `"`, `a "b c" d`, "ㅁㄷ 마당", "language:ko nsfw:false x:y", "마ㄷ 마당에서", `"동네 ㅁ`, "e\u0301 ﷺ", "\xff", "東京タワー 🐐",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := parse(s)
		total := 0
		for i := range r.clauses {
			c := &r.clauses[i]
			total += len(c.elems)
			terms := 0
			count := func(string) { terms++ }
			if c.terms(count, count); terms == 0 {
				t.Errorf("%q: a clause without terms: %+v", s, c)
			}
		}
		if total > maxElems || len(r.clauses) > maxClauses {
			t.Errorf("%d clauses, %d elements", len(r.clauses), total)
		}
		if len(s) > 300 { // what follows takes the square of that
			return
		}
		// What is looked for is found in itself, word by word.
		text := split.Analyze([]byte(fold(s)))
		for _, c := range runs(elems(s)) {
			if !c.met(text) {
				t.Errorf("%q does not have its own %+v", s, c)
			}
		}
	})
}
