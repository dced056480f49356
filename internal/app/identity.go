package app

import (
	"cmp"
	"context"
	"path/filepath"

	"madang/internal/durable"
)

const defaultDescription = "An intranet for people without the Internet: messages, news and videos."

// identity returns what node.json says now.
func (a *App) identity() nodeFile {
	a.naming.RLock()
	defer a.naming.RUnlock()
	return a.file
}

// Name is what people call the node.
func (a *App) Name() string { return a.identity().Name }

func (a *App) description() string { return cmp.Or(a.identity().Description, defaultDescription) }

// chooseName settles what the node is called, and keeps it.
func (a *App) chooseName() error {
	file := a.identity()
	if name := cmp.Or(a.cfg.Name, file.Name, defaultName); name != file.Name {
		file.Name = name
		return a.keep(file)
	}
	return nil
}

// keep writes node.json.
func (a *App) keep(file nodeFile) error {
	a.naming.Lock()
	defer a.naming.Unlock()
	if err := durable.WriteJSON(filepath.Join(a.cfg.DataDir, "node.json"), file, 0o644); err != nil {
		return err
	}
	a.file = file
	return nil
}

// change alters node.json, and publishes the node's profile anew where it says something else since.
func (a *App) change(ctx context.Context, how func(*nodeFile)) error {
	a.renaming.Lock()
	defer a.renaming.Unlock()
	file := a.identity()
	how(&file)
	if err := a.keep(file); err != nil {
		return err
	}
	return a.publishOwn(context.WithoutCancel(ctx))
}

// nodeIdentity lets operators change what the node says of itself (NIP-86).
type nodeIdentity struct{ *App }

// SetName is a call that outlives a restart, unless the node is then started with another name.
func (n nodeIdentity) SetName(ctx context.Context, name string) error {
	return n.change(ctx, func(f *nodeFile) { f.Name = name })
}

// SetDescription sets NIP-11's description and the profile's; "" takes it back.
func (n nodeIdentity) SetDescription(ctx context.Context, text string) error {
	return n.change(ctx, func(f *nodeFile) { f.Description = text })
}

// SetIcon sets NIP-11's icon and the profile's picture; "" takes it back.
func (n nodeIdentity) SetIcon(ctx context.Context, url string) error {
	return n.change(ctx, func(f *nodeFile) { f.Icon = url })
}
