// SPDX-License-Identifier: MIT

// One phase of a run: goroutines that begin together, a time, the account of each, and the answer.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// flag is a word that loops look at, alone on its lines.
type flag struct {
	_    [128]byte
	word uint32
	_    [128]byte
}

func (f *flag) set() { atomic.StoreUint32(&f.word, 1) }

func (f *flag) isSet() bool { return atomic.LoadUint32(&f.word) != 0 }

// account is what one goroutine has done; it is written when the loop ends.
type account struct {
	moved, sum, disorder uint64
	start, end           int64
	_                    [128]byte
}

// part is one goroutine. The first ones push, the others pop; of a goroutine alone, what it took out is its
// account, and sent what it put in.
type part struct {
	account
	loop  func(p *phase, me *part)
	id    int
	feeds bool // ends by stop, and the last of these shuts the channels
	last  bool // the phase ends with it
	sent  uint64
	seen  []uint64 // next sequence number expected of each producer
	hist  *hist
}

type phase struct {
	*shape
	channel []chan uint64
	parts   []*part
	stop    flag
	arrived int32
	feeding int32
	begun   chan struct{}
	wall    int64 // from the first start to the last end
	cpu     int64 // nanoseconds of the program
	csw     int64
}

func newPhase(s *shape) *phase { return &phase{shape: s, begun: make(chan struct{})} }

func (p *phase) open(n int) {
	for i := 0; i < n; i++ {
		p.channel = append(p.channel, make(chan uint64, p.capacity))
	}
}

func (p *phase) shut() {
	for _, c := range p.channel {
		close(c)
	}
}

func (p *phase) add(id int, loop func(*phase, *part), feeds, last bool) *part {
	me := &part{loop: loop, id: id, feeds: feeds, last: last, seen: make([]uint64, p.producers)}
	if feeds {
		p.feeding++
	}
	p.parts = append(p.parts, me)
	return me
}

// meet lets all goroutines leave together.
func (p *phase) meet() {
	if int(atomic.AddInt32(&p.arrived, 1)) == len(p.parts) {
		close(p.begun)
	}
	for int(atomic.LoadInt32(&p.arrived)) < len(p.parts) {
		runtime.Gosched()
	}
}

func (p *phase) takePart(me *part, left *sync.WaitGroup) {
	defer left.Done()
	p.meet()
	me.start = now()
	me.loop(p, me)
	me.end = now()
	if me.feeds && atomic.AddInt32(&p.feeding, -1) == 0 {
		p.shut()
	}
}

// spent is the program's processor time in nanoseconds, and its context switches.
func spent() (cpu, csw int64) {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0, 0
	}
	return u.Utime.Nano() + u.Stime.Nano(), int64(u.Nvcsw) + int64(u.Nivcsw)
}

func (p *phase) run() {
	var left sync.WaitGroup
	left.Add(len(p.parts))
	cpu, csw := spent()
	for _, me := range p.parts {
		go p.takePart(me, &left)
	}
	<-p.begun
	time.Sleep(time.Duration(p.seconds * 1e9))
	p.stop.set()
	left.Wait()
	p.cpu, p.csw = spent()
	p.cpu, p.csw = p.cpu-cpu, p.csw-csw
	first, last := p.parts[0].start, int64(0)
	for _, me := range p.parts {
		if me.start < first {
			first = me.start
		}
		if me.last && me.end > last {
			last = me.end
		}
	}
	p.wall = last - first
}

// share is the smallest count over the largest.
func share(parts []*part) float64 {
	least, most := ^uint64(0), uint64(0)
	for _, me := range parts {
		if me.moved < least {
			least = me.moved
		}
		if me.moved > most {
			most = me.moved
		}
	}
	if most == 0 {
		return 1
	}
	return float64(least) / float64(most)
}

func sum(parts []*part) (all account) {
	for _, me := range parts {
		all.moved += me.moved
		all.sum += me.sum
		all.disorder += me.disorder
	}
	return all
}

// told is the answer, without its line end.
func (p *phase) told() string {
	pushers := p.producers
	if p.test != "stream" {
		pushers = 1
	}
	pushed, popped, fair := sum(p.parts[:pushers]), sum(p.parts[pushers:]), 1.0
	disorder := pushed.disorder + popped.disorder
	if p.test == "solo" {
		popped = pushed
		pushed.moved = p.parts[0].sent
	}
	if p.test == "stream" {
		fair = share(p.parts[:pushers])
		if out := share(p.parts[pushers:]); out < fair {
			fair = out
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "ok %d %d %d %d %d %d %.6g %d %d", p.wall, pushed.moved, popped.moved, pushed.sum,
		popped.sum, disorder, fair, p.csw, p.cpu)
	for _, me := range p.parts {
		if me.hist != nil {
			me.hist.tell(&b)
		}
	}
	return b.String()
}

// ---- the place ------------------------------------------------------------------------------------

var place string // where all threads are now

// takePlace moves every thread of the program to the processors that were named, and lets Go use as many
// at a time as it was told. A thread that Go makes later is where its maker is.
func takePlace(s *shape) string {
	want := fmt.Sprint(s.cpus)
	runtime.GOMAXPROCS(s.processors)
	if want == place {
		return ""
	}
	var mask [16]uint64
	for _, cpu := range s.cpus {
		if cpu >= 64*len(mask) {
			return "processor " + strconv.Itoa(cpu) + " is beyond what this program knows"
		}
		mask[cpu/64] |= 1 << (cpu % 64)
	}
	for pass := 0; pass < 2; pass++ { // the second finds those that were made meanwhile
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return "the threads cannot be listed"
		}
		for _, task := range tasks {
			tid, _ := strconv.Atoi(task.Name())
			_, _, e := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, uintptr(tid),
				unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask)))
			if e != 0 && e != syscall.ESRCH {
				return "the threads cannot be moved: " + e.Error()
			}
		}
	}
	place = want
	return ""
}
