package blob

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"

	"madang/internal/durable"
)

const copyBuffer = 128 << 10 // bytes

// Put implements Store: stream to tmp while hashing, sync, then give the file its name and write its record.
func (d *Dir) Put(ctx context.Context, r io.Reader, p Put) (Info, bool, error) {
	temp, up, err := d.receive(ctx, r, p)
	if err != nil {
		return Info{}, false, err
	}
	rec, created, err := d.keep(temp, up, p)
	if err != nil {
		os.Remove(temp)
		return Info{}, false, durable.Full(err)
	}
	return rec.info(up.hash), created, nil
}

// upload is what is known once the bytes are there.
type upload struct {
	hash Hash
	size int64
	mime string
}

// receive writes r to a durable file in tmp and returns its path.
func (d *Dir) receive(ctx context.Context, r io.Reader, p Put) (path string, up upload, err error) {
	if err := d.Room(0); err != nil {
		return "", up, err
	}
	f, err := d.create(d.tmp())
	if err != nil {
		return "", up, durable.Full(err)
	}
	sum := sha256.New()
	head := make(headWriter, 0, sniffed)
	disk := diskWriter{w: &roomWriter{w: f, room: d.Room}}
	body := io.LimitReader(contextReader{ctx, r}, max(p.Max, 0))
	up.size, err = io.CopyBuffer(io.MultiWriter(sum, &head, &disk), body, make([]byte, copyBuffer))
	if err == nil {
		err = atEnd(contextReader{ctx, r})
	}
	up.hash = Hash(sum.Sum(nil))
	if err == nil && p.Want != nil && up.hash != *p.Want {
		err = ErrHash
	}
	if disk.err != nil {
		err = durable.Full(disk.err)
	}
	if err != nil {
		return "", up, finish(f, err)
	}
	up.mime = cleanType(p.Type, head)
	return f.Name(), up, durable.Full(finish(f, nil))
}

// keep makes a received file the blob that it is, durably. Where the blob is there already it only adds the owner.
func (d *Dir) keep(temp string, up upload, p Put) (rec *record, created bool, err error) {
	lock := &d.locks[up.hash[0]]
	lock.Lock()
	defer lock.Unlock()

	now := d.now().Unix()
	rec = &record{Type: up.mime, Size: up.size, Uploaded: now}
	old, known := d.catalog.get(up.hash)
	if known {
		rec = old
	}
	if rec, err = rec.with(p.Owner, now); err != nil {
		return nil, false, err
	}
	// A file that is there is replaced all the same: what has just been received matches its hash, the old one may have
	// been lost, cut or rotten since. Who is reading it goes on with the old.
	path := d.Path(up.hash)
	st, statErr := os.Stat(path)
	created = !known || statErr != nil || st.Size() != up.size
	switch err := os.Mkdir(filepath.Dir(path), 0o700); {
	case err == nil:
		if err := durable.SyncDir(d.path); err != nil {
			return nil, false, err
		}
	case !errors.Is(err, os.ErrExist):
		return nil, false, err
	}
	if err := os.Rename(temp, path); err != nil {
		return nil, false, err
	}
	if rec == old {
		return rec, created, durable.SyncDir(filepath.Dir(path))
	}
	if err := d.writeRecord(up.hash, rec); err != nil {
		if !known {
			os.Remove(d.recordPath(up.hash))
			os.Remove(path)
		}
		return nil, false, err
	}
	return rec, created, nil
}

// writeRecord replaces a blob's record durably, then the catalog's. The caller holds the blob's lock.
func (d *Dir) writeRecord(h Hash, r *record) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := d.create(d.tmp())
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err := finish(f, err); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), d.recordPath(h)); err != nil {
		os.Remove(f.Name())
		return err
	}
	if err := durable.SyncDir(filepath.Dir(d.recordPath(h))); err != nil {
		return err
	}
	d.catalog.set(h, r)
	return nil
}

// atEnd returns ErrTooLarge if r has more to give.
func atEnd(r io.Reader) error {
	var one [1]byte
	n, err := io.ReadFull(r, one[:])
	if n > 0 {
		return ErrTooLarge
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// headWriter keeps the first bytes of what is written, up to its capacity.
type headWriter []byte

func (h *headWriter) Write(p []byte) (int, error) {
	*h = append(*h, p[:min(len(p), cap(*h)-len(*h))]...)
	return len(p), nil
}

// diskWriter remembers that it was the disk that failed, not the one who sends.
type diskWriter struct {
	w   io.Writer
	err error
}

func (d *diskWriter) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	if err != nil {
		d.err = err
	}
	return n, err
}
