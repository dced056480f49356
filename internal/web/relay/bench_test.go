package relay

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"madang/internal/eventlog"
	"madang/internal/hub"
	"madang/internal/nostr"
	"madang/internal/verify"
)

// What benchmarks measure is the relay's process alone, so their clients are another one: this program again, told by
// clientsVar what to do: "address connections deflate message".
const clientsVar = "MADANG_BENCH_CLIENTS"

func TestMain(m *testing.M) {
	if what := os.Getenv(clientsVar); what != "" {
		if err := beClients(what); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// beClients opens connections, sends a message on each, says so once each has been answered by EOSE, and reads whatever
// comes until its input ends.
func beClients(what string) error {
	var address string
	var count int
	var deflate bool
	if _, err := fmt.Sscan(what, &address, &count, &deflate); err != nil {
		return err
	}
	message := strings.SplitN(what, " ", 4)[3]
	for i := range count {
		var d ws.Dialer
		if deflate {
			d.Extensions = append(d.Extensions, browserOffer)
		}
		conn, early, _, err := d.Dial(context.Background(), "ws://"+address+"/")
		if err != nil {
			return err
		}
		if err := wsutil.WriteClientText(conn, []byte(strings.ReplaceAll(message, "%i", strconv.Itoa(i)))); err != nil {
			return err
		}
		if early != nil { // AUTH, and no more before there was an answer
			ws.PutReader(early)
		}
		b := make([]byte, 4096)
		for seen := ""; !strings.Contains(seen, "EOSE"); {
			n, err := conn.Read(b)
			if err != nil {
				return err
			}
			seen += string(b[:n])
		}
		go io.Copy(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{conn})
	}
	fmt.Println("ready")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// startClients starts a process of clients and returns when all are connected.
func startClients(b *testing.B, n *testNode, count int, deflate bool, message string) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %v %s",
		clientsVar, n.server.Listener.Addr(), count, deflate, message))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		b.Fatalf("the clients said %q, %v", line, err)
	}
}

// cpu is how long this process has worked.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchEvents are of about a kilobyte of words and hex, as most are.
func benchEvents(b *testing.B, n *testNode, count int) (all []verify.Event) {
	for i := range count {
		text := strings.Repeat(fmt.Sprintf("%x words of the %dth neighbour, ", i*7919, i), 20)
		v, err := verify.One(n.note(alice, int64(i), text, nostr.Tag{"t", strconv.Itoa(i)}))
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

// BenchmarkFanOut hands events to many subscribers, in groups as a commit makes them. An op is one delivery.
func BenchmarkFanOut(b *testing.B) {
	for _, readers := range []int{200, 1000} {
		for _, group := range []int{1, 64} {
			for _, deflate := range []bool{false, true} {
				name := fmt.Sprintf("readers=%d/group=%d/deflate=%v", readers, group, deflate)
				b.Run(name, func(b *testing.B) { fanOut(b, readers, group, deflate) })
			}
		}
	}
}

func fanOut(b *testing.B, readers, group int, deflate bool) {
	n := startNode(b, b.TempDir(), true, nil)
	startClients(b, n, readers, deflate, `["REQ","s",{"kinds":[1],"limit":0}]`)
	events := benchEvents(b, n, 1024)
	b.ResetTimer()
	began := cpu(b)
	pos := 0
	for left := b.N; left > 0; left -= readers * group {
		var ds []hub.Delivery
		for range group {
			pos++
			ds = append(ds, hub.Delivery{Pos: eventlog.Position(pos), Event: events[pos%len(events)]})
		}
		n.hub.Publish(ds)
		for n.relay.queued.Load() > 0 {
			time.Sleep(100 * time.Microsecond)
		}
	}
	b.ReportMetric(float64(cpu(b)-began)/float64(pos*readers), "cpu-ns/delivery")
	b.ReportMetric(0, "ns/op")
	if dropped := n.relay.stats.dropped.Get(); dropped > 0 {
		b.Fatalf("%d readers were dropped", dropped)
	}
}

// BenchmarkREQ asks for the newest notes, one client after the other. An op is one answer.
func BenchmarkREQ(b *testing.B) {
	for _, deflate := range []bool{false, true} {
		b.Run(fmt.Sprintf("deflate=%v", deflate), func(b *testing.B) {
			n := startNode(b, b.TempDir(), true, nil)
			var events []*nostr.Event
			for _, v := range benchEvents(b, n, 1024) {
				events = append(events, v.Event())
			}
			n.submit(events...)
			var c *client
			if deflate {
				c = n.connectDeflating()
			} else {
				c = n.connect()
			}
			b.ReportAllocs()
			began := cpu(b)
			for i := 0; b.Loop(); i++ {
				c.sendText(fmt.Sprintf(`["REQ","s",{"kinds":[1],"limit":50,"until":%d}]`, n.now.Unix()+100+int64(i*131%900)))
				for {
					h, err := ws.ReadHeader(c.r)
					if err != nil {
						b.Fatal(err)
					}
					if _, err := c.r.Discard(int(h.Length)); err != nil {
						b.Fatal(err)
					}
					if h.Length < 40 {
						break
					}
				}
			}
			b.ReportMetric(float64(cpu(b)-began)/float64(b.N), "cpu-ns/op")
		})
	}
}

// BenchmarkIdleConnections measures what connections with one subscription each take of memory while nothing happens.
func BenchmarkIdleConnections(b *testing.B) {
	const count = 9000
	for range b.N {
		n := startNode(b, b.TempDir(), true, nil)
		startClients(b, n, 10, false, `["REQ","s",{"kinds":[1],"#t":["x%i"],"limit":0}]`)
		debug.FreeOSMemory()
		rss, heap, stack := memory(b)
		startClients(b, n, count, false, `["REQ","s",{"kinds":[1],"#t":["x%i"],"limit":0}]`)
		atOnce, _, _ := memory(b)
		runtime.GC()
		runtime.GC()
		after, heapAfter, stackAfter := memory(b)
		b.ReportMetric(float64(atOnce-rss)/count, "rss-at-once-B/conn")
		b.ReportMetric(float64(after-rss)/count, "rss-B/conn")
		b.ReportMetric(float64(heapAfter-heap)/count, "heap-B/conn")
		b.ReportMetric(float64(stackAfter-stack)/count, "stack-B/conn")
	}
}

func memory(b *testing.B) (rss, heap, stack int) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("no /proc here")
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		b.Fatal(err)
	}
	return pages * os.Getpagesize(), int(m.HeapAlloc), int(m.StackInuse)
}
