// Package deps keeps modules in go.mod until the packages that need them are in the tree.
package deps

import (
	_ "github.com/consensys/gnark-crypto/ecc/secp256k1"
	_ "github.com/klauspost/compress/flate"
)
