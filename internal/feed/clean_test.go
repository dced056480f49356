package feed

import (
	"strings"
	"testing"

	"madang/internal/publication"
)

func keep(ref string) string { return ref }

func TestMarkdown(t *testing.T) {
	c := newCleaner()
	for _, tt := range []struct{ name, html, want string }{
		{"no hard line breaks", "<p>one\n two\n\tthree</p>", "one two three"},
		{"words that look like HTML", "<p>a &lt;b&gt; c</p>", "a &lt;b&gt; c"},
		{"words that look like Markdown", "<p># no *head*</p><p>1. no list</p>", "\\# no \\*head*\n\n1\\. no list"},
		{"two lists", "<ul><li>a</li></ul><ul><li>b</li></ul>", "- a\n\n- b"},
		{"unknown elements keep their words", "<marquee>a <blink>b</blink></marquee>", "a b"},
		{"scripts keep none", "<script>a</script><style>b</style><iframe>c</iframe>d", "d"},
		{"comments go", "a<!-- b -->c", "ac"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.markdown(tt.html, keep, keep)
			if err != nil || got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
}

func TestMarkdownIsBounded(t *testing.T) {
	c := newCleaner()
	got, err := c.markdown("<p>"+strings.Repeat("마당 ", 20_000)+"</p><p>"+strings.Repeat("뜰 ", 60_000)+"</p>", keep, keep)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) > maxContent+10 || !strings.HasSuffix(got, "…") || strings.Contains(got, "뜰") {
		t.Errorf("%d bytes, ends in %q", len(got), got[max(0, len(got)-20):])
	}
}

// What a converter would work on for minutes, or blow up to gigabytes, comes out small.
func TestMarkdownOfHostileHTML(t *testing.T) {
	c := newCleaner()
	for name, source := range map[string]string{
		"brackets":  "<p>" + strings.Repeat("[", 300_000) + "</p>",
		"wide rows": "<table><tr>" + strings.Repeat("<td>x", 5000) + strings.Repeat("<tr><td>x", 20_000) + "</table>",
		"breaks":    strings.Repeat("<br>", 300_000),
		"text":      strings.Repeat("word ", 400_000),
	} {
		t.Run(name, func(t *testing.T) {
			if md, err := c.markdown(source, keep, keep); err != nil || len(md) > maxContent+10 {
				t.Errorf("%d bytes of Markdown, %v", len(md), err)
			}
		})
	}
	if _, err := c.markdown(strings.Repeat("<blockquote>", 5000), keep, keep); err == nil {
		t.Error("5000 quotes inside one another were read")
	}
}

func TestMarkdownKeepsOrdinaryTables(t *testing.T) {
	got, err := newCleaner().markdown("<table><tr><th>a<th>b<tr><td>c<td>d</table>", keep, keep)
	if want := "| a | b |\n|---|---|\n| c | d |"; err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestHeadline(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "",
		"One. Two.":                    "One.",
		"Version 1.2 is out. Take it.": "Version 1.2 is out.",
		"무엇을 심을까요? 콩입니다.":              "무엇을 심을까요?",
		"هل وصلت السفينة؟ نعم.":        "هل وصلت السفينة؟",
		strings.Repeat("word ", 40):    strings.TrimSpace(strings.Repeat("word ", 16)) + "…",
		strings.Repeat("x", 100):       strings.Repeat("x", 40) + "…",
	} {
		if got := headline(in); got != want {
			t.Errorf("headline(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzMarkdown holds that whatever a feed says becomes Markdown without HTML (NIP-23), and that a page made of it has
// no script, handler or dangerous address: sanitising the page again takes nothing away.
func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{
		`<p onclick=a>x<script>y</script><a href="javascript:z">w</a>`, `<img src=x onerror=y>`, `&lt;script&gt;x`,
		`<pre><code>` + "```" + `<b></code></pre>`, "<table><tr><td>|<br>`", `<a href="http://x/ (<script>)">y</a>`,
		"<p>\\<b>", "<ul><li><ul><li></ul></ul><ul><li>", `<svg><style><img src=x onerror=y>`, "<p>[a](javascript:b)</p>",
		"<p>&#60;b&#62;</p>", "<blockquote><pre>\n<b>", "<em>a</em><em>b</em><![CDATA[<b>]]>", "<a href='http://a\n<b>'>x",
	} {
		f.Add(s)
	}
	c := newCleaner()
	again := newCleaner().policy
	again.AllowAttrs("loading", "title").OnElements("img", "a")
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > 4096 {
			return
		}
		md, err := c.markdown(source, keep, keep)
		if err != nil {
			return // nested too deep: the item is skipped
		}
		if publication.HasHTML(md) {
			t.Errorf("%q became Markdown with HTML in it: %q", source, md)
		}
		page := publication.HTML(md, publication.HTMLOptions{})
		low := strings.ToLower(page)
		for _, bad := range []string{"<script", "<iframe", "<style", "<svg", "<object", "<form"} {
			if strings.Contains(low, bad) {
				t.Errorf("%q in %q", bad, page)
			}
		}
		if got := again.Sanitize(page); strings.Count(got, "<") != strings.Count(page, "<") ||
			strings.Count(got, "=") < strings.Count(page, "=")-2*strings.Count(page, ` rel="`) {
			t.Errorf("%q became a page of which a second cleaning takes something away:\n%q\n%q", source, page, got)
		}
	})
}
