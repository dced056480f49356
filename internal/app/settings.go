package app

import (
	"path/filepath"

	"madang/internal/config"
	"madang/internal/web/relay"
)

// readSettings takes from the data directory's file what the caller has not set. Open lifts the rates.
func (cfg *Config) readSettings() error {
	settings, err := config.Read(filepath.Join(cfg.DataDir, config.FileName))
	if err != nil {
		return err
	}
	if cfg.Limits == (relay.Limits{}) {
		cfg.Limits = settings.Relay
		if cfg.Open {
			cfg.Limits = cfg.Limits.WithoutRates()
		}
	}
	if cfg.MinWork == 0 {
		cfg.MinWork = settings.MinWork
	}
	if cfg.CacheSize == 0 {
		cfg.CacheSize = settings.CacheSize
	}
	return nil
}
