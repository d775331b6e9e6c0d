// SPDX-License-Identifier: MIT

// Maps of words: tables that are filled once and asked about again, the mix of reads, puts and deletes of
// bench/map_loops.h, and the growth of an empty one. Keys, values and random numbers are those of bench/map_run.h.
package main

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

const (
	tablesMost = 4  // that are kept; the largest has a million entries
	awayMost   = 64 // WB_MAP_AWAY of bench/map_run.h
)

// words is a map under test; its loops are its own, so that no operation is called through the interface.
type words interface {
	fill(w *mapWork)
	mix(p *phase, me *part, w *mapWork)
	grow(me *part, w *mapWork)
	entries() uint64
}

func newWords(kind string, hint int) words {
	switch kind {
	case "go_sync_map":
		return new(syncWords)
	case "go_sharded":
		return newShards(hint)
	}
	return nil
}

// question is what a line asks for.
type question struct {
	kind, test           string
	read, hit, keys      int
	hot, growing, writes bool
	kept                 bool // what is deleted is put back: all keys are there but those
}

// table is one that may be asked about again. Its entries are due more than is counted at first.
type table struct {
	question
	words words
	due   int64
}

var tables []*table // the last one used stands last

// mapWork is one goroutine's work, and what came of it.
type mapWork struct {
	first, step, end, span uint64
	getsBelow, putsBelow   uint32
	hot                    bool
	state                  uint64 // of the random numbers
	gets, hits, ops, off   uint64
	added                  int64
	kept                   bool
	away                   [awayMost]uint64 // indices that were deleted and will be put back, the oldest at `oldest`
	oldest, gone           int
	_                      [128]byte
}

func wordKey(index uint64) uint64 {
	x := (index + 1) * 0x9e3779b97f4a7c15
	return x ^ x>>32
}

func wordValue(key uint64) uint64 { return ^key }

func mum(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// draw is the next key, and what is to be done with it.
func (w *mapWork) draw() (key uint64, what uint32) {
	w.state += 0xd1342543de82ef95
	r := mum(w.state, w.state^0x8bb84b93962eacc9)
	index := w.first
	if !w.hot {
		high, _ := bits.Mul64(r, w.span)
		index += high
	}
	what = uint32(r) & 0xffff
	if w.kept && what >= w.getsBelow {
		index, what = w.turn(index)
	}
	return wordKey(index), what
}

// turn is wb_map_turn of bench/map_run.h: index is deleted, or, in turn, the one that is away longest put back.
func (w *mapWork) turn(index uint64) (uint64, uint32) {
	if w.gone == awayMost {
		return w.back(), w.getsBelow
	}
	w.away[(w.oldest+w.gone)%awayMost] = index
	w.gone++
	return index, 0xffff
}

// back is what is to be put next, of those that are away.
func (w *mapWork) back() uint64 {
	index := w.away[w.oldest%awayMost]
	w.oldest++
	w.gone--
	return index
}

// table finds or makes the one that a question is about.
func (q question) table() *table {
	for i, t := range tables {
		if t.question.kind == q.kind && t.keys == q.keys && t.growing == q.growing && t.writes == q.writes &&
			t.kept == q.kept {
			tables = append(append(tables[:i:i], tables[i+1:]...), t)
			return t
		}
	}
	if len(tables) == tablesMost {
		tables = append([]*table{}, tables[1:]...)
	}
	t := &table{question: q, due: int64(q.keys)}
	hint := q.keys
	if q.growing {
		hint = 0
	}
	if t.words = newWords(q.kind, hint); t.words == nil {
		return nil
	}
	w := &mapWork{step: 1, end: uint64(q.keys)}
	if q.writes && !q.kept {
		w.step, w.end = 2, 2*w.end
	}
	t.words.fill(w)
	tables = append(tables, t)
	return t
}

var runs uint64 // each one's random numbers begin elsewhere

func (q question) work() *mapWork {
	w := &mapWork{hot: q.hot, span: uint64(q.keys), getsBelow: uint32(65536 * q.read / 100)}
	w.putsBelow = w.getsBelow + (65536-w.getsBelow)/2
	w.kept = q.kept
	if (q.writes && !q.kept) || q.hit == 50 {
		w.span *= 2
	} else if q.hit == 0 {
		w.first = w.span
	}
	runs++
	w.state = runs * 0x9e3779b97f4a7c15
	return w
}

// answerMap is asked "KIND TEST T read hit dist keys growing seconds N CPUS".
func answerMap(field []string) string {
	s, q, fine := parseMap(field)
	if !fine {
		return "no: the question is malformed"
	}
	if why := takePlace(&s); why != "" {
		return "no: " + why
	}
	p, n := newPhase(&s), s.producers
	t := &table{question: q, due: int64(q.keys)}
	if q.test == "grow" {
		t.words = newWords(q.kind, 0)
	} else {
		t = q.table()
	}
	if t == nil || t.words == nil {
		return "no: not what this program does"
	}
	all := make([]*mapWork, n)
	for i := range all {
		w := q.work()
		if q.test == "grow" {
			*w = mapWork{first: uint64(i), step: uint64(n), end: uint64(q.keys)}
			p.add(i, func(_ *phase, me *part) { t.words.grow(me, w) }, true, true).hist = new(hist)
		} else {
			p.add(i, func(p *phase, me *part) { t.words.mix(p, me, w) }, true, true)
		}
		all[i] = w
	}
	p.run()
	return p.toldMap(t, all)
}

func parseMap(field []string) (s shape, q question, fine bool) {
	if len(field) != 11 {
		return s, q, false
	}
	q.kind, q.test = field[0], field[1]
	q.hot, q.growing = field[5] == "hot", field[7] == "1"
	numbers := map[int]*int{2: &s.producers, 3: &q.read, 4: &q.hit, 6: &q.keys, 9: &s.processors}
	for i, at := range numbers {
		n, err := strconv.Atoi(field[i])
		if err != nil || n < 0 {
			return s, q, false
		}
		*at = n
	}
	seconds, err := strconv.ParseFloat(field[8], 64)
	s.seconds = seconds
	q.writes = q.read < 100
	q.kept = q.writes && q.hit == 100
	fine = s.parseCPUs(field[10]) && err == nil && seconds >= 0
	return s, q, fine && s.producers > 0 && s.processors > 0 && q.keys > 0 && q.read <= 100
}

// toldMap is the answer, without its line end.
func (p *phase) toldMap(t *table, all []*mapWork) string {
	var ops, gets, hits, off uint64
	for _, w := range all {
		ops, gets, hits, off = ops+w.ops, gets+w.gets, hits+w.hits, off+w.off
		t.due += w.added
	}
	if p.parts[0].hist != nil {
		t.due = int64(t.keys)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "ok %d %d %d %d %d %d %d %.6g %d %d", p.wall, ops, gets, hits, off, t.due, t.words.entries(),
		share(p.parts), p.csw, p.cpu)
	for _, me := range p.parts {
		if me.hist != nil {
			me.hist.tell(&b)
		}
	}
	return b.String()
}
