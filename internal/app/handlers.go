package app

import (
	"net/url"

	"madang/internal/nostr"
	"madang/internal/policy"
	"madang/internal/web"
	"madang/internal/web/api"
	"madang/internal/web/blossom"
	"madang/internal/web/httpauth"
	"madang/internal/web/manage"
	"madang/internal/web/pages"
	"madang/internal/web/relay"
	client "madang/web"
)

// handlers puts together what answers over HTTP. The relay is returned too, since it is shut down by itself.
func (a *App) handlers() (*web.Handler, *relay.Relay, error) {
	if err := a.OpenMedia(); err != nil {
		return nil, nil, err
	}
	cfg := &a.cfg
	auth := httpauth.New(httpauth.Config{Now: a.Clock.Now, Known: a.Clock.Known})
	sockets := relay.New(relay.Config{
		Index: a.Index, Search: a.openSearch(), Hub: a.Hub, Ingest: a.Ingest, Policy: a.Policy,
		Join: a.Accounts.JoinByEvent, Leave: a.Accounts.LeaveByEvent,
		Limits: cfg.Limits, PublicHost: hostOf(cfg.PublicURL), Metrics: a.Metrics,
		Now: a.Clock.Now, Known: a.Clock.Known, Logger: cfg.Logger,
	})
	root, err := web.New(web.Config{
		Relay: sockets,
		Blossom: blossom.New(blossom.Config{
			Blobs: a.Blobs, Auth: auth, MayUpload: a.Policy.MayUpload, Open: cfg.Open, Logger: cfg.Logger,
		}),
		Pages: pages.New(pages.Config{
			Index: a.Index, Blobs: a.Blobs, NodeKey: a.NodeKey.PubKey(), NodeName: a.Name, Publishers: a.Policy.Publishers,
			Visible: func(e *nostr.Event) bool { return a.Policy.MayRead(e, nil) },
			BaseURL: func() string { return cfg.PublicURL }, Now: a.Clock.Now, Logger: cfg.Logger,
		}),
		API: api.New(api.Config{
			Name: a.Name, NodeKey: a.NodeKey.PubKey(), Version: cfg.Version, Open: cfg.Open, PublicURL: cfg.PublicURL,
			Accounts: a.Accounts, Policy: a.Policy, Auth: auth, Media: a.Media, Blobs: a.Blobs,
			MemberUploadMax: policy.MemberUploadMax, EditorUploadMax: policy.EditorUploadMax,
			Clock: a.Clock, SetClock: a.setClock, Logger: cfg.Logger,
		}),
		Manage: manage.New(manage.Config{
			Accounts: a.Accounts, Policy: a.Policy, Index: a.Index, Auth: auth, Identity: nodeIdentity{a}, Logger: cfg.Logger,
		}),
		Client: client.Files(), Info: a.info, Now: a.Clock.Now, Metrics: a.Metrics, Logger: cfg.Logger,
	})
	return root, sockets, err
}

// hostOf returns a URL's host and port, or "".
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
