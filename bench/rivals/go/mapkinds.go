// SPDX-License-Identifier: MIT

// The two maps that Go programs share: sync.Map, and shards with a read-write lock each. Put and delete are the calls
// that say whether the key was there: in both they cost what those do that do not say it. The loops stand here twice: over
// an interface, or a type parameter with a method, each operation would be a call through a table.
package main

import "sync"

// ---- sync.Map -------------------------------------------------------------------------------------

type syncWords struct{ m sync.Map }

func (t *syncWords) get(key uint64) (uint64, bool) {
	v, there := t.m.Load(key)
	if !there {
		return 0, false
	}
	return v.(uint64), true
}

func (t *syncWords) put(key, value uint64) (fresh bool) {
	_, there := t.m.Swap(key, value)
	return !there
}

func (t *syncWords) remove(key uint64) bool {
	_, there := t.m.LoadAndDelete(key)
	return there
}

func (t *syncWords) entries() (n uint64) {
	t.m.Range(func(_, _ any) bool {
		n++
		return true
	})
	return n
}

func (t *syncWords) fill(w *mapWork) {
	for i := w.first; i < w.end; i += w.step {
		key := wordKey(i)
		t.put(key, wordValue(key))
	}
}

func (t *syncWords) grow(me *part, w *mapWork) {
	for i, before := w.first, now(); i < w.end; i += w.step {
		key := wordKey(i)
		t.put(key, wordValue(key))
		at := now()
		me.hist.add(uint64(at - before))
		before = at
		w.ops++
	}
	me.moved = w.ops
}

func (t *syncWords) mix(p *phase, me *part, shared *mapWork) {
	w := *shared
	for !p.stop.isSet() {
		for i := 0; i < stopEvery; i++ {
			key, what := w.draw()
			if what < w.getsBelow {
				w.gets++
				if v, there := t.get(key); there {
					w.hits++
					w.off += v - wordValue(key)
				}
			} else if what < w.putsBelow {
				if t.put(key, wordValue(key)) {
					w.added++
				}
			} else if t.remove(key) {
				w.added--
			}
		}
		w.ops += stopEvery
	}
	for w.gone > 0 {
		key := wordKey(w.back())
		if t.put(key, wordValue(key)) {
			w.added++
		}
		w.ops++
	}
	*shared, me.moved = w, w.ops
}

// ---- shards ---------------------------------------------------------------------------------------

const shardBits = 6

type shard struct {
	lock sync.RWMutex
	m    map[uint64]uint64
	_    [128]byte
}

type shards struct{ shard [1 << shardBits]shard }

func newShards(hint int) *shards {
	t := new(shards)
	for i := range t.shard {
		t.shard[i].m = make(map[uint64]uint64, hint>>shardBits)
	}
	return t
}

func (t *shards) of(key uint64) *shard { return &t.shard[mum(key, 0xd6e8feb86659fd93)>>(64-shardBits)] }

func (t *shards) get(key uint64) (uint64, bool) {
	s := t.of(key)
	s.lock.RLock()
	v, there := s.m[key]
	s.lock.RUnlock()
	return v, there
}

func (t *shards) put(key, value uint64) (fresh bool) {
	s := t.of(key)
	s.lock.Lock()
	before := len(s.m)
	s.m[key] = value
	fresh = len(s.m) != before
	s.lock.Unlock()
	return fresh
}

func (t *shards) remove(key uint64) bool {
	s := t.of(key)
	s.lock.Lock()
	before := len(s.m)
	delete(s.m, key)
	gone := len(s.m) != before
	s.lock.Unlock()
	return gone
}

func (t *shards) entries() (n uint64) {
	for i := range t.shard {
		n += uint64(len(t.shard[i].m))
	}
	return n
}

func (t *shards) fill(w *mapWork) {
	for i := w.first; i < w.end; i += w.step {
		key := wordKey(i)
		t.put(key, wordValue(key))
	}
}

func (t *shards) grow(me *part, w *mapWork) {
	for i, before := w.first, now(); i < w.end; i += w.step {
		key := wordKey(i)
		t.put(key, wordValue(key))
		at := now()
		me.hist.add(uint64(at - before))
		before = at
		w.ops++
	}
	me.moved = w.ops
}

func (t *shards) mix(p *phase, me *part, shared *mapWork) {
	w := *shared
	for !p.stop.isSet() {
		for i := 0; i < stopEvery; i++ {
			key, what := w.draw()
			if what < w.getsBelow {
				w.gets++
				if v, there := t.get(key); there {
					w.hits++
					w.off += v - wordValue(key)
				}
			} else if what < w.putsBelow {
				if t.put(key, wordValue(key)) {
					w.added++
				}
			} else if t.remove(key) {
				w.added--
			}
		}
		w.ops += stopEvery
	}
	for w.gone > 0 {
		key := wordKey(w.back())
		if t.put(key, wordValue(key)) {
			w.added++
		}
		w.ops++
	}
	*shared, me.moved = w, w.ops
}
