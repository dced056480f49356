// Package neighbour says whose limits a network address counts against.
package neighbour

import "net/netip"

// Of returns the address that stands for a neighbour: their own without a zone, of IPv6 their /64, which one host has
// all of. The machine itself is nobody, because a proxy there speaks for many, and neither is who has no valid address:
// for both it is not valid.
func Of(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() || addr.IsLoopback() {
		return netip.Addr{}
	}
	if addr.Is4() {
		return addr
	}
	return netip.PrefixFrom(addr, 64).Masked().Addr()
}
