package web

import (
	"net/http"
	"regexp"
)

// hostPattern is what may be written into a header as a host: a name or an address, and a port.
var hostPattern = regexp.MustCompile(`^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?$`)

// setPageHeaders sets what every HTML page gets. The relay's address is spelled out in connect-src because old
// browsers (Chrome 80) do not take 'self' to cover WebSockets.
func setPageHeaders(header http.Header, r *http.Request) {
	connect := "connect-src 'self'"
	if hostPattern.MatchString(r.Host) {
		connect += " ws://" + r.Host + " wss://" + r.Host
	}
	header.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "+
		"style-src 'self'; script-src 'self'; worker-src 'self'; "+connect+"; object-src 'none'; base-uri 'none'; "+
		"form-action 'self'; frame-ancestors 'none'")
	header.Set("Permissions-Policy", "geolocation=(), microphone=(), payment=(), usb=()")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
}
