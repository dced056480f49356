package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestAdvice(t *testing.T) {
	listen := func(err error) error { return fmt.Errorf("cannot listen: %w", &net.OpError{Op: "listen", Err: err}) }
	for _, test := range []struct {
		err  error
		want string // within the advice; "" for none
	}{
		{listen(os.NewSyscallError("bind", syscall.EADDRINUSE)), "another port with --listen"},
		{listen(os.NewSyscallError("bind", syscall.EADDRNOTAVAIL)), "no address of this computer"},
		{listen(os.NewSyscallError("bind", syscall.EACCES)), "below 1024"},
		{listen(errors.New("missing port")), "HOST:PORT"},
		{&os.PathError{Op: "open", Path: "d/lock", Err: syscall.EACCES}, "--data"},
		{&os.PathError{Op: "write", Path: "d/log", Err: syscall.ENOSPC}, "make room"},
		{&os.PathError{Op: "mkdir", Path: "d", Err: syscall.EROFS}, "--data"},
		{errors.New("the data is damaged"), ""},
	} {
		got := advice(test.err)
		if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("advice(%v) = %q, want %q within", test.err, got, test.want)
		}
	}
}

func TestPhonesHint(t *testing.T) {
	for address, want := range map[string]string{
		"http://localhost:8080": "--listen 0.0.0.0:8080", "http://127.0.0.2:9000": "--listen 0.0.0.0:9000",
		"http://[::1]": "--listen 0.0.0.0:80", "http://192.168.1.10:8080": "", "http://madang.lan": "",
	} {
		got := phonesHint(address)
		if (want == "") != (got == "") || !strings.HasSuffix(got, want) {
			t.Errorf("phonesHint(%q) = %q, want %q at its end", address, got, want)
		}
	}
}
