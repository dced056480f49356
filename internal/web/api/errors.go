package api

import (
	"errors"
	"math"
	"net/http"
	"strconv"

	"madang/internal/account"
	"madang/internal/clock"
	"madang/internal/durable"
)

// problem is an answer that refuses: an HTTP status, a code that the client translates, and English for everybody else.
type problem struct {
	status  int
	code    string
	message string
}

func (p *problem) Error() string { return p.code + ": " + p.message }

func badRequest(message string) error { return &problem{http.StatusBadRequest, "bad-request", message} }

var errNotAllowed = &problem{http.StatusForbidden, "not-allowed", "Your role does not allow this."}

// problems says which error of the packages below is which answer.
var problems = []struct {
	err error
	problem
}{
	{account.ErrInviteInvalid, problem{http.StatusNotFound, "invite-invalid", "There is no such invite."}},
	{account.ErrInviteUsed, problem{http.StatusGone, "invite-used", "This invite has been used."}},
	{account.ErrInviteExpired, problem{http.StatusGone, "invite-expired", "This invite has expired. Ask for a new one."}},
	{account.ErrNameTaken, problem{http.StatusConflict, "name-taken", "Somebody here has this name already."}},
	{account.ErrNameInvalid, problem{http.StatusBadRequest, "name-invalid",
		"A name has 1 to 40 letters, digits, spaces and . - _ '"}},
	{account.ErrVaultWeak, problem{http.StatusBadRequest, "vault-weak", "The vault's parameters are not acceptable."}},
	{account.ErrAlreadyMember, problem{http.StatusConflict, "already-member", "This key is a member already."}},
	{account.ErrNotMember, problem{http.StatusForbidden, "not-allowed", "This key is not a member."}},
	{account.ErrLastOperator, problem{http.StatusConflict, "last-operator",
		"This is the last operator. Make somebody else an operator first."}},
	{account.ErrWrongPassphrase, problem{http.StatusUnauthorized, "wrong-passphrase", "The name or passphrase is wrong."}},
	{clock.ErrImplausible, problem{http.StatusBadRequest, "time-implausible",
		"The node's program cannot run at that time. Is this device's own clock right?"}},
	{durable.ErrFull, problem{http.StatusInsufficientStorage, "disk-full", "The node's disk is full."}},
}

// fail answers with an error. What has no answer of its own is the node's fault: it is logged, and the caller learns
// nothing of it.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem
	var tooMany *account.TooManyGuesses
	switch {
	case errors.As(err, &p):
	case errors.As(err, &tooMany):
		seconds := max(1, int(math.Ceil(tooMany.RetryAfter.Seconds())))
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		p = &problem{http.StatusTooManyRequests, "too-many-guesses", "Too many wrong guesses. Wait a little."}
	case errors.Is(err, account.ErrRequestInvalid):
		p = &problem{http.StatusBadRequest, "bad-request", err.Error()}
	default:
		for _, known := range problems {
			if errors.Is(err, known.err) {
				p = &known.problem
				break
			}
		}
	}
	if p == nil {
		s.cfg.Logger.Error("api request failed", "path", r.Pattern, "err", err)
		p = &problem{http.StatusInternalServerError, "internal", "The node could not do this. Try again later."}
	}
	if p.status == http.StatusUnauthorized && p.code == "unauthorized" {
		w.Header().Set("WWW-Authenticate", "Nostr")
	}
	// The connection may be gone; there is nobody left to tell.
	_ = reply(w, p.status, map[string]string{"error": p.code, "message": p.message})
}
