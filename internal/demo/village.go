package demo

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"madang/internal/account"
	"madang/internal/policy"
)

//go:embed village
var villageFiles embed.FS

// village is what the files below village/ tell.
type village struct {
	people   []person
	rooms    []room
	articles []article
	videos   []video
}

type person struct {
	ID         string
	Name       string
	Role       string
	Language   string
	Passphrase string
	About      string
	Motif      string // of the avatar
	Colour     string
}

// room is a private conversation. A room of two has no subject.
type room struct {
	file     string
	people   []string // ids
	subject  string
	messages []message
}

type message struct {
	from string // a person's id
	ago  time.Duration
	text string
}

// article is Markdown under a few lines of "key: value". Pictures in it are written picture:SCENE.
type article struct {
	slug, language          string
	title, summary, section string
	author                  string
	picture                 string // a scene, or ""
	ago                     time.Duration
	content                 string
}

// video is made by ffmpeg: Graph is a lavfi graph whose outputs are out0, the picture, and out1, the sound.
type video struct {
	ID, Author, Language, Title, Description, Graph string
	Ago                                             age
	Seconds                                         int
}

// readVillage reads and checks all files.
func readVillage() (*village, error) {
	v := &village{}
	if err := readJSON("people.json", &v.people); err != nil {
		return nil, err
	}
	if err := readJSON("videos.json", &v.videos); err != nil {
		return nil, err
	}
	err := eachFile("rooms", func(name, text string) error {
		r, err := parseRoom(name, text)
		v.rooms = append(v.rooms, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = eachFile("articles", func(name, text string) error {
		a, err := parseArticle(name, text)
		v.articles = append(v.articles, a)
		return err
	})
	if err != nil {
		return nil, err
	}
	return v, v.check()
}

// check makes sure that whoever is named exists and may do what the files have them do.
func (v *village) check() error {
	roles := map[string]policy.Role{}
	for _, p := range v.people {
		role, ok := account.ParseRole(p.Role)
		if _, twice := roles[p.ID]; !ok || twice {
			return fmt.Errorf("people.json: %q is there twice or has no role", p.ID)
		}
		roles[p.ID] = role
	}
	for _, r := range v.rooms {
		for _, id := range r.people {
			if roles[id] == policy.Stranger {
				return fmt.Errorf("%s: nobody is called %q", r.file, id)
			}
		}
		for _, m := range r.messages {
			if !slices.Contains(r.people, m.from) {
				return fmt.Errorf("%s: %q is not in the room", r.file, m.from)
			}
		}
	}
	for _, a := range v.articles {
		if roles[a.author] < policy.Editor {
			return fmt.Errorf("%s: %q is no editor", a.slug, a.author)
		}
	}
	for _, film := range v.videos {
		if roles[film.Author] < policy.Editor {
			return fmt.Errorf("videos.json: %q is no editor", film.Author)
		}
	}
	return nil
}

func readJSON(name string, into any) error {
	b, err := villageFiles.ReadFile("village/" + name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func eachFile(dir string, fn func(name, text string) error) error {
	entries, err := villageFiles.ReadDir("village/" + dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		b, err := villageFiles.ReadFile(path.Join("village", dir, entry.Name()))
		if err != nil {
			return err
		}
		if err := fn(entry.Name(), string(b)); err != nil {
			return fmt.Errorf("%s: %w", entry.Name(), err)
		}
	}
	return nil
}

// header reads lines of "key: value" up to an empty line, each of which must be known, and returns what follows.
func header(text string, known map[string]*string) (rest string, err error) {
	head, rest, _ := strings.Cut(text, "\n\n")
	for line := range strings.Lines(head) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		into := known[key]
		if !ok || into == nil {
			return "", fmt.Errorf("line %q is not known here", line)
		}
		*into = strings.TrimSpace(value)
	}
	return rest, nil
}

func parseArticle(name, text string) (article, error) {
	a := article{slug: strings.TrimSuffix(name, ".md"), language: name[:2]}
	var ago string
	content, err := header(text, map[string]*string{
		"title": &a.title, "summary": &a.summary, "section": &a.section, "author": &a.author,
		"picture": &a.picture, "ago": &ago,
	})
	if err != nil {
		return a, err
	}
	a.content = strings.TrimSpace(content)
	a.ago, err = parseAgo(ago)
	return a, err
}

var messageLine = regexp.MustCompile(`^(\S+) ([a-z]+): (.+)$`)

// parseRoom reads lines of "AGO WHO: TEXT" under the room's header.
func parseRoom(name, text string) (room, error) {
	r := room{file: name}
	var people string
	rest, err := header(text, map[string]*string{"people": &people, "subject": &r.subject})
	if err != nil {
		return r, err
	}
	for id := range strings.SplitSeq(people, ",") {
		r.people = append(r.people, strings.TrimSpace(id))
	}
	for line := range strings.Lines(strings.TrimSpace(rest)) {
		found := messageLine.FindStringSubmatch(strings.TrimSpace(line))
		if found == nil {
			return r, fmt.Errorf("line %q is not AGO WHO: TEXT", line)
		}
		ago, err := parseAgo(found[1])
		if err != nil {
			return r, err
		}
		if n := len(r.messages); n > 0 && ago >= r.messages[n-1].ago {
			return r, fmt.Errorf("line %q is not later than the one above", line)
		}
		r.messages = append(r.messages, message{from: found[2], ago: ago, text: found[3]})
	}
	return r, nil
}

var agoForm = regexp.MustCompile(`^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?$`)

// parseAgo reads days, hours and minutes, as in 2d3h or 45m.
func parseAgo(s string) (time.Duration, error) {
	found := agoForm.FindStringSubmatch(s)
	if found == nil || s == "" {
		return 0, fmt.Errorf("%q is no time like 2d3h or 45m", s)
	}
	var sum time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute} {
		if found[i+1] == "" {
			continue
		}
		n, err := strconv.Atoi(found[i+1])
		if err != nil {
			return 0, err
		}
		sum += time.Duration(n) * unit
	}
	return sum, nil
}

// age is a duration that is written like 2d3h in JSON.
type age time.Duration

func (a *age) UnmarshalText(b []byte) error {
	d, err := parseAgo(string(b))
	*a = age(d)
	return err
}
