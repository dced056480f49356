package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
)

// advice says what a person can do about an error of the machine that a command ran on, or is "".
func advice(err error) string {
	var network *net.OpError
	listening := errors.As(err, &network) && network.Op == "listen"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "Another program listens there, perhaps another madang: stop it, or choose another port with --listen"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "That is no address of this computer: name one that is with --listen, or 0.0.0.0 for all of them"
	case listening && errors.Is(err, fs.ErrPermission):
		return "Ports below 1024 are not for everyone: choose a higher one with --listen"
	case listening:
		return "Name where to listen as HOST:PORT, for example --listen localhost:8080"
	case errors.Is(err, fs.ErrPermission):
		return "You may not do that there: run madang as the user who owns it, or name another directory with --data"
	case errors.Is(err, syscall.ENOSPC):
		return "The disk is full: make room, then try again; what was there is safe"
	case errors.Is(err, syscall.EROFS):
		return "That disk can only be read: name a directory on another one with --data"
	}
	return ""
}

// mustHoldNode refuses a directory without a node, where only a mistyped one would make a new node.
func mustHoldNode(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "node.key")); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no node in %s\nStart one with madang serve, or name its directory with --data", dir)
	}
	return nil
}

// phonesHint says how to let phones in where an address leads nowhere but to the computer that opens it; else "".
func phonesHint(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host, port := u.Hostname(), u.Port()
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return ""
	}
	if port == "" {
		port = "80"
	}
	return "Only this computer can open that address. To let phones in, start it with --listen 0.0.0.0:" + port
}
