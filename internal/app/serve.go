package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"madang/internal/nostr"
	"madang/internal/verify"
	"madang/internal/web"
)

// drainTime is how long what is under way may take to end, within the 5 s that Serve promises.
const drainTime = 4 * time.Second

// Serve listens and serves until ctx is done, and then ends within 5 s. It may be called once.
func (a *App) Serve(ctx context.Context) error {
	listener, err := net.Listen("tcp", a.cfg.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", a.cfg.Listen, err)
	}
	defer listener.Close()
	a.addr = listener.Addr()
	file := a.identity()
	file.URL = a.URL()
	if err := a.keep(file); err != nil {
		return err
	}
	control, err := listenControl(a.cfg.DataDir)
	if err != nil {
		return err
	}
	defer control.Close()

	handler, sockets, err := a.handlers()
	if err != nil {
		return err
	}
	server, controlServer := web.NewServer(handler, a.cfg.Logger), web.NewServer(a.Control, a.cfg.Logger)
	controlServer.RegisterOnShutdown(a.peers.end)

	group, ctx := errgroup.WithContext(ctx)
	bounded := web.NewListener(listener, a.cfg.Logger)
	a.measureListener(bounded)
	group.Go(func() error { return served(server.Serve(bounded)) })
	group.Go(func() error { return served(controlServer.Serve(control)) })
	group.Go(func() error {
		<-ctx.Done()
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		var ending errgroup.Group
		ending.Go(func() error { return sockets.Shutdown(drain) })
		for _, s := range []*http.Server{server, controlServer} {
			ending.Go(func() error {
				if s.Shutdown(drain) != nil { // a download may take hours: it is cut off, and resumed later
					return s.Close()
				}
				return nil
			})
		}
		if err := ending.Wait(); !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return nil
	})
	group.Go(func() error { return a.sweep(ctx) })
	group.Go(func() error { return a.watchDisk(ctx) })
	a.Index.PrepareTimeline()
	close(a.ready)
	a.cfg.Logger.Info("serving", "address", a.addr.String(), "name", a.Name(), "events", a.Index.Len())
	err = group.Wait()
	a.cfg.Logger.Info("stopped")
	return err
}

func served(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Ready is closed when the node can be reached.
func (a *App) Ready() <-chan struct{} { return a.ready }

// Addr returns where the node listens, once it is ready.
func (a *App) Addr() net.Addr { return a.addr }

// URL returns where people reach the node: the public URL if there is one, else the address that it listens on, or
// where it listens on all, the one that the local network knows this machine by. A node that does not serve has the URL
// of the last time, or that of a node with default settings.
func (a *App) URL() string {
	switch {
	case a.cfg.PublicURL != "":
		return a.cfg.PublicURL
	case a.addr == nil && a.file.URL != "":
		return a.file.URL
	case a.addr == nil:
		return "http://localhost:8080"
	}
	host, port, err := net.SplitHostPort(a.addr.String())
	if err != nil {
		panic(err) // a TCP listener's address always has both
	}
	switch ip := net.ParseIP(host); {
	case ip == nil || ip.IsLoopback():
		host = "localhost"
	case ip.IsUnspecified():
		host = lanHost()
	}
	return "http://" + net.JoinHostPort(host, port)
}

// lanHost returns this machine's first IPv4 address on a network, or "localhost".
func lanHost() string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "localhost"
	}
	for _, addr := range addrs {
		if n, ok := addr.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP.String()
		}
	}
	return "localhost"
}

// info is the node's NIP-11 document.
func (a *App) info() web.Info {
	self := a.NodeKey.PubKey().String()
	l := a.cfg.Limits
	return web.Info{
		Name:          a.Name(),
		Description:   a.description(),
		Icon:          a.identity().Icon,
		PubKey:        self,
		Self:          self,
		SupportedNIPs: []int{1, 9, 11, 13, 17, 40, 42, 43, 45, 50, 59, 62, 67, 70, 77, 86},
		Version:       a.cfg.Version,
		Limitation: web.InfoLimits{
			MaxMessageLength: l.Frame, MaxSubscriptions: l.Subs, MaxLimit: l.Results, DefaultLimit: l.Results,
			MaxSubIDLength: nostr.MaxSubIDLength, CreatedAtUpperLimit: 15 * 60,
			MaxEventTags: nostr.MaxTags, MaxContentLength: verify.MaxSize, MinPowDifficulty: a.cfg.MinWork,
			RestrictedWrites: !a.cfg.Open,
		},
	}
}
