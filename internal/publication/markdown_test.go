package publication

import (
	"strings"
	"testing"
)

const hash = "3093509d1e0bc604ff60cb9286f4cd7c781553bc8991937befaacfdc28ec5cdc"

func TestHTML(t *testing.T) {
	for _, tt := range []struct{ name, markdown, want string }{
		{"headings are one step lower", "# Top\n\n###### Deep", "<h2>Top</h2>\n<h6>Deep</h6>\n"},
		{"words with marks", "**a** _b_ ~~c~~ `d<e>`",
			"<p><strong>a</strong> <em>b</em> <del>c</del> <code>d&lt;e&gt;</code></p>\n"},
		{"a picture of the node", "![The well](http://far.example/" + hash + ".jpg)",
			`<p><img src="/` + hash + `.jpg" alt="The well" loading="lazy"></p>` + "\n"},
		{"a picture elsewhere becomes a link", "![The well](http://far.example/well.jpg)",
			`<p><a href="http://far.example/well.jpg" rel="nofollow noreferrer">The well</a></p>` + "\n"},
		{"a picture elsewhere without words", "![](http://far.example/well.jpg)",
			`<p><a href="http://far.example/well.jpg" rel="nofollow noreferrer">picture</a></p>` + "\n"},
		{"a picture elsewhere in a link", "[![The well](http://far.example/well.jpg)](http://far.example/)",
			`<p><a href="http://far.example/" rel="nofollow noreferrer">The well</a></p>` + "\n"},
		{"a picture that is not one", "![x](javascript:alert(1))", "<p>x</p>\n"},
		{"a link that runs", "[click](javascript:alert(1)) [me](JaVaScRiPt:alert(1))", "<p>click me</p>\n"},
		{"a link that is data", "[click](data:text/html;base64,PHNjcmlwdD4=)", "<p>click</p>\n"},
		{"a link into the node", "[click](/upload)", "<p>click</p>\n"},
		{"an autolink that runs", "<javascript:alert(1)> <vbscript:x>", "<p>javascript:alert(1) vbscript:x</p>\n"},
		{"an autolink of mail", "<a@b.example>",
			`<p><a href="mailto:a@b.example" rel="nofollow noreferrer">a@b.example</a></p>` + "\n"},
		{"a bare link", "see http://maps.example/x",
			`<p>see <a href="http://maps.example/x" rel="nofollow noreferrer">http://maps.example/x</a></p>` + "\n"},
		{"HTML between words", "a <b onclick=x>bold</b> <script>alert(1)</script> word",
			"<p>a bold alert(1) word</p>\n"},
		{"a block of HTML keeps its words", "<div onclick=x>\nHear <b>this</b> &amp; that\n</div>\n",
			"<p>Hear this &amp; that</p>\n"},
		{"a block of script keeps none", "<script>\nalert(1)\n</script>\n", "<p></p>\n"},
		{"a title that breaks out", `[a](http://x.example/ "\"><script>alert(1)</script>")`,
			`<p><a href="http://x.example/" title="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" ` +
				`rel="nofollow noreferrer">a</a></p>` + "\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := HTML(tt.markdown, HTMLOptions{}); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestHTMLPictureThatIsNotHere(t *testing.T) {
	none := HTMLOptions{Picture: func(Blob) (string, bool) { return "", false }}
	got := HTML("![The well](http://far.example/"+hash+".jpg)", none)
	if got != "<p>The well</p>\n" {
		t.Errorf("got %q", got)
	}
}

func TestHTMLNostrLinks(t *testing.T) {
	o := HTMLOptions{Nostr: func(code string) string {
		if strings.HasPrefix(code, "naddr1") {
			return "/news/" + code
		}
		return ""
	}}
	got := HTML("[one](nostr:naddr1qq) [two](nostr:npub1qq)", o)
	if want := `<p><a href="/news/naddr1qq" rel="nofollow noreferrer">one</a> two</p>` + "\n"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestHasHTML(t *testing.T) {
	for source, want := range map[string]bool{
		"a < b":              false,
		`\<b>not\</b>`:       false,
		"`<b>`":              false,
		"a <b>c</b>":         true,
		"<div>\nx\n</div>":   true,
		"<!-- hidden -->":    true,
		"<http://a.example>": false,
	} {
		if got := HasHTML(source); got != want {
			t.Errorf("HasHTML(%q) = %t", source, got)
		}
	}
}

func TestPlainText(t *testing.T) {
	got := PlainText("# Head\n\nSome **bold** words,\nand a [link](http://x.example) &amp; more.\n\n![pic](y.png)\n\n"+
		"```\ncode\n```", 200)
	if want := "Head Some bold words, and a link & more."; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	long := PlainText(strings.Repeat("낱말 ", 500), 20)
	if n := len([]rune(long)); n > 20 || !strings.HasSuffix(long, "…") {
		t.Errorf("got %d runes: %q", n, long)
	}
}

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"  two \n\t words  ":        "two words",
		"a\u202Eb\u2066c\x00d\x1Be": "abcde",
		"مرحبا\u200F.":              "مرحبا\u200F.",
		"":                          "",
		"123456789":                 "123456789",
		"12345678901":               "123456789…",
	} {
		if got := Line(in, 10); got != want {
			t.Errorf("Line(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzHTML holds that no input gets a script, a handler or a dangerous address into a page, by sanitising again: the
// wall finds nothing more to take away.
func FuzzHTML(f *testing.F) {
	for _, s := range []string{
		"# a\n\n<script>x</script>\n\n[a](javascript:b) ![c](d)", "<a href=x onclick=y>", "[x]: javascript:z\n\n[x]",
		"| a | b |\n|---|:-:|\n| <img src=x onerror=y> | c |", "<![CDATA[ x ]]>", "&lt;script&gt;", "`<script>`",
		"![a](http://x/" + hash + ".png \"t\")", "1000000000. x", "[a](nostr:b)",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		out := HTML(source, HTMLOptions{})
		if again := wall.Sanitize(out); again != out {
			t.Errorf("the wall changes its own output:\n%q\n%q", out, again)
		}
		low := strings.ToLower(out)
		for _, bad := range []string{"<script", "<iframe", "<style", "<svg", "<object"} {
			if strings.Contains(low, bad) {
				t.Errorf("%q in %q", bad, out)
			}
		}
	})
}

// A hostile text costs a node no more than its size: what a parser would blow up stays within a small multiple.
func TestHTMLStaysSmall(t *testing.T) {
	wide := strings.Repeat("|", 900) + "a\n" + strings.Repeat("-|", 899) + "-\n"
	for name, source := range map[string]string{
		"nested quotes":     strings.Repeat(">", 50_000),
		"nested lists":      strings.Repeat("1. ", 20_000),
		"open emphasis":     strings.Repeat("**a_ ", 10_000),
		"open links":        strings.Repeat("[a](", 12_000),
		"rows of few cells": strings.Repeat(wide+strings.Repeat("a\n", 8_000)+"\n", 3),
	} {
		t.Run(name, func(t *testing.T) {
			if out := HTML(source, HTMLOptions{}); len(out) > 4*len(source)+30*maxPadding {
				t.Errorf("%d bytes became %d", len(source), len(out))
			}
		})
	}
}

func TestTameLeavesTextAlone(t *testing.T) {
	for _, source := range []string{
		"", "a\n\n> > b\n> - c\n", strings.Repeat("-", 80) + "\n", "Head\n" + strings.Repeat("=", 200) + "\n",
		strings.Repeat("* ", 40) + "\n", "| a | b |\n|---|---|\n| c |\n", "1. a\n   1. b\n", "no newline at the end",
	} {
		if got := tame(source); got != source {
			t.Errorf("tame(%q) = %q", source, got)
		}
	}
}
