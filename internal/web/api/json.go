package api

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
)

const maxBody = 64 << 10 // bytes of a request

// decode reads a request's body, one JSON value, and returns it as it came too, because signatures cover it. It insists
// on the JSON content type, which no form on another site can send.
func decode(w http.ResponseWriter, r *http.Request, into any) (body []byte, err error) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return nil, &problem{http.StatusUnsupportedMediaType, "bad-request", "The content type must be application/json."}
	}
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, &problem{http.StatusRequestEntityTooLarge, "too-large", "The request is larger than 64 KiB."}
	}
	if err != nil {
		return nil, badRequest("The request was cut off.")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(into); err != nil {
		return nil, badRequest("The request is not the JSON that this address takes.")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, badRequest("The request holds more than one JSON value.")
	}
	return body, nil
}

// reply answers in JSON.
func reply(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the status is out: nothing can be done about a broken connection
	return nil
}

// hexBytes is a byte string that is hex in JSON.
type hexBytes []byte

func (h hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.AppendDecode(nil, b)
	return err
}
