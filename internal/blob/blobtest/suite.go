// Package blobtest is the conformance suite of package blob's Store, and a store in memory for other packages' tests.
package blobtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"madang/internal/blob"
	"madang/internal/nostr"
)

var (
	alice = nostr.PubKey{1}
	bob   = nostr.PubKey{2}
)

// Run tests a store. open returns an empty one, and sees to its end by t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	for name, test := range map[string]func(*testing.T, blob.Store){
		"PutAndOpen":       testPutAndOpen,
		"EmptyBlob":        testEmptyBlob,
		"Types":            testTypes,
		"Refusals":         testRefusals,
		"CutUploads":       testCutUploads,
		"Owners":           testOwners,
		"ListPages":        testListPages,
		"ReadWhileDeleted": testReadWhileDeleted,
		"SameAtOnce":       testSameAtOnce,
		"Check":            testCheck,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// Content returns n bytes that depend on seed.
func Content(seed uint64, n int) []byte {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	b := make([]byte, n)
	rand.NewChaCha8(key).Read(b)
	return b
}

func put(t *testing.T, s blob.Store, content []byte, owner nostr.PubKey) (blob.Info, bool) {
	t.Helper()
	info, created, err := s.Put(t.Context(), bytes.NewReader(content), blob.Put{Owner: owner, Max: int64(len(content))})
	if err != nil {
		t.Fatal(err)
	}
	return info, created
}

func get(t *testing.T, s blob.Store, h blob.Hash) []byte {
	t.Helper()
	r, info, err := s.Open(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(b)) != info.Size {
		t.Errorf("info says %d bytes, there are %d", info.Size, len(b))
	}
	return b
}

func used(t *testing.T, s blob.Store, owner nostr.PubKey) int64 {
	t.Helper()
	n, err := s.Used(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func absent(t *testing.T, s blob.Store, h blob.Hash) {
	t.Helper()
	if _, err := s.Stat(t.Context(), h); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("Stat: %v, want ErrNotFound", err)
	}
	if _, _, err := s.Open(t.Context(), h); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("Open: %v, want ErrNotFound", err)
	}
}

func testPutAndOpen(t *testing.T, s blob.Store) {
	content := Content(1, 300_001)
	h := blob.Hash(sha256.Sum256(content))
	absent(t, s, h)
	info, created := put(t, s, content, alice)
	if !created || info.Hash != h || info.Size != int64(len(content)) || info.Uploaded == 0 {
		t.Errorf("Put: %+v, created %v", info, created)
	}
	if !bytes.Equal(get(t, s, h), content) {
		t.Error("another content came back")
	}
	stat, err := s.Stat(t.Context(), h)
	if err != nil || stat.Size != info.Size || stat.Type != info.Type || !slices.Equal(stat.Owners, info.Owners) {
		t.Errorf("Stat: %+v, %v; Put said %+v", stat, err, info)
	}
	r, _, err := s.Open(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Seek(-7, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	if tail, err := io.ReadAll(r); err != nil || !bytes.Equal(tail, content[len(content)-7:]) {
		t.Errorf("after Seek: %x, %v", tail, err)
	}
}

func testEmptyBlob(t *testing.T, s blob.Store) {
	info, created := put(t, s, nil, alice)
	if !created || info.Size != 0 || info.Hash != blob.Hash(sha256.Sum256(nil)) || len(get(t, s, info.Hash)) != 0 {
		t.Errorf("the empty blob: %+v, created %v", info, created)
	}
}

func testTypes(t *testing.T, s blob.Store) {
	png := "\x89PNG\r\n\x1a\n"
	for i, c := range []struct{ given, content, want string }{
		{"", png, "image/png"},
		{"application/octet-stream", png, "image/png"},
		{"application/octet-stream", "\x00\x01\x02", "application/octet-stream"},
		{"video/webm", png, "video/webm"},
		{"Text/Plain; Charset=UTF-8", "x", "text/plain; charset=UTF-8"},
		{"text/plain\r\nSet-Cookie: a=b", png, "image/png"},
		{"nonsense", png, "image/png"},
		{"a/" + strings.Repeat("b", 300), png, "image/png"},
		{"", "", "text/plain; charset=utf-8"},
	} {
		content := c.content
		if content != "" {
			content += fmt.Sprint(i)
		}
		info, _, err := s.Put(t.Context(), strings.NewReader(content), blob.Put{Type: c.given, Owner: alice, Max: 1 << 10})
		if err != nil || info.Type != c.want {
			t.Errorf("%q with %q: type %q, %v; want %q", content, c.given, info.Type, err, c.want)
		}
	}
}

func testRefusals(t *testing.T, s blob.Store) {
	content := Content(2, 1000)
	h := blob.Hash(sha256.Sum256(content))
	_, _, err := s.Put(t.Context(), bytes.NewReader(content), blob.Put{Owner: alice, Max: 999})
	if !errors.Is(err, blob.ErrTooLarge) {
		t.Errorf("a byte too many: %v", err)
	}
	other := blob.Hash{9}
	_, _, err = s.Put(t.Context(), bytes.NewReader(content), blob.Put{Want: &other, Owner: alice, Max: 1000})
	if !errors.Is(err, blob.ErrHash) {
		t.Errorf("other content than wanted: %v", err)
	}
	absent(t, s, h)
	absent(t, s, other)
	if n := used(t, s, alice); n != 0 {
		t.Errorf("refused uploads count %d bytes", n)
	}
	if _, _, err := s.Put(t.Context(), bytes.NewReader(content), blob.Put{Want: &h, Owner: alice, Max: 1000}); err != nil {
		t.Errorf("the same upload as it should be: %v", err)
	}
}

func testCutUploads(t *testing.T, s blob.Store) {
	content := Content(3, 200_000)
	h := blob.Hash(sha256.Sum256(content))
	half := bytes.NewReader(content[:100_000])
	for _, end := range []error{io.ErrUnexpectedEOF, errors.New("connection reset")} {
		half.Seek(0, io.SeekStart)
		cut := io.MultiReader(half, iotest.ErrReader(end))
		if _, _, err := s.Put(t.Context(), cut, blob.Put{Owner: alice, Max: 1 << 20}); !errors.Is(err, end) {
			t.Errorf("upload cut by %v: %v", end, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	stop := io.MultiReader(bytes.NewReader(content[:100_000]), readerFunc(func([]byte) (int, error) {
		cancel()
		return 0, nil
	}))
	if _, _, err := s.Put(ctx, stop, blob.Put{Owner: alice, Max: 1 << 20}); !errors.Is(err, context.Canceled) {
		t.Errorf("upload cancelled: %v", err)
	}
	absent(t, s, h)
	absent(t, s, blob.Hash(sha256.Sum256(content[:100_000])))
	if n := used(t, s, alice); n != 0 {
		t.Errorf("cut uploads count %d bytes", n)
	}
}

func testOwners(t *testing.T, s blob.Store) {
	content := Content(4, 500)
	first, _ := put(t, s, content, alice)
	for range 2 { // a second upload by the same owner changes nothing
		second, created := put(t, s, content, bob)
		if created || !slices.Equal(second.Owners, []nostr.PubKey{alice, bob}) || second.Uploaded != first.Uploaded {
			t.Errorf("the same again: %+v, created %v", second, created)
		}
	}
	if a, b := used(t, s, alice), used(t, s, bob); a != 500+blob.Overhead || b != 500+blob.Overhead {
		t.Errorf("used %d and %d, want 500 and the overhead each", a, b)
	}
	if err := s.Delete(t.Context(), first.Hash, alice); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), first.Hash, alice); !errors.Is(err, blob.ErrNotOwner) {
		t.Errorf("deleting again: %v, want ErrNotOwner", err)
	}
	if !bytes.Equal(get(t, s, first.Hash), content) {
		t.Error("bob's blob went with alice")
	}
	if a, b := used(t, s, alice), used(t, s, bob); a != 0 || b != 500+blob.Overhead {
		t.Errorf("used %d and %d, want 0, and 500 and the overhead", a, b)
	}
	if err := s.Delete(t.Context(), first.Hash, bob); err != nil {
		t.Fatal(err)
	}
	absent(t, s, first.Hash)
	if err := s.Delete(t.Context(), first.Hash, bob); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("deleting what is gone: %v, want ErrNotFound", err)
	}
	if _, created := put(t, s, content, bob); !created {
		t.Error("a deleted blob cannot come back")
	}
}

func testListPages(t *testing.T, s blob.Store) {
	want := make(map[blob.Hash]bool)
	for i := range 23 {
		info, _ := put(t, s, Content(uint64(100+i), 10+i), alice)
		want[info.Hash] = true
		put(t, s, Content(uint64(200+i), 10), bob)
	}
	var cursor *blob.Hash
	var last int64
	for page := 0; len(want) > 0; page++ {
		list, err := s.List(t.Context(), alice, cursor, 5)
		if err != nil || len(list) == 0 || len(list) > 5 {
			t.Fatalf("page %d: %d blobs, %v; %d still to come", page, len(list), err, len(want))
		}
		for _, info := range list {
			if !want[info.Hash] || last != 0 && info.Uploaded > last {
				t.Fatalf("page %d: %v out of place", page, info.Hash)
			}
			delete(want, info.Hash)
			last = info.Uploaded
		}
		cursor = &list[len(list)-1].Hash
	}
	if list, err := s.List(t.Context(), alice, cursor, 5); err != nil || len(list) != 0 {
		t.Errorf("after the last page: %v, %v", list, err)
	}
	if list, err := s.List(t.Context(), nostr.PubKey{3}, nil, 5); err != nil || len(list) != 0 {
		t.Errorf("of a stranger: %v, %v", list, err)
	}
	notHers := blob.Hash(sha256.Sum256(Content(200, 10)))
	if _, err := s.List(t.Context(), alice, &notHers, 5); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("another's blob as cursor: %v, want ErrNotFound", err)
	}
}

func testReadWhileDeleted(t *testing.T, s blob.Store) {
	content := Content(5, 100_000)
	info, _ := put(t, s, content, alice)
	r, _, err := s.Open(t.Context(), info.Hash)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := s.Delete(t.Context(), info.Hash, alice); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err != nil || !bytes.Equal(b, content) {
		t.Errorf("a reader lost the blob under its hands: %d bytes, %v", len(b), err)
	}
}

func testSameAtOnce(t *testing.T, s blob.Store) {
	content := Content(6, 50_000)
	var wg sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for i := range 16 {
		wg.Go(func() {
			_, created, err := s.Put(t.Context(), bytes.NewReader(content), blob.Put{Owner: nostr.PubKey{byte(i)}, Max: 1 << 20})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if created {
				made++
			}
		})
	}
	wg.Wait()
	info, err := s.Stat(t.Context(), blob.Hash(sha256.Sum256(content)))
	if err != nil || made != 1 || len(info.Owners) != 16 {
		t.Errorf("16 uploads at once: made %d times, %d owners, %v", made, len(info.Owners), err)
	}
	if !bytes.Equal(get(t, s, info.Hash), content) {
		t.Error("another content came back")
	}
}

func testCheck(t *testing.T, s blob.Store) {
	for i := range 5 {
		put(t, s, Content(uint64(i), 1000), alice)
	}
	n, err := s.Check(t.Context(), func(h blob.Hash, err error) { t.Errorf("%v: %v", h, err) })
	if n != 5 || err != nil {
		t.Errorf("Check: %d blobs, %v", n, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
