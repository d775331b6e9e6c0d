// SPDX-License-Identifier: MIT

// The loops. What is counted is kept in locals, and written when a loop ends.
package main

// plan makes the channels and goroutines of the phase; false: it is nothing that this program does.
func plan(p *phase) bool {
	switch {
	case p.producers < 1 || p.consumers < 1:
		return false
	case p.structure == "pool" || p.structure == "pipe":
		return planFlow(p)
	case p.structure == "chan" && p.test == "solo":
		p.open(1)
		p.add(0, solo, false, true)
		return p.capacity > 0
	case p.structure == "chan" && p.test == "ping":
		p.open(2)
		p.add(0, ping, true, true).hist = new(hist)
		p.add(0, pong, false, false)
		return true
	case p.structure == "chan" && p.test == "stream":
		p.open(1)
		for i := 0; i < p.producers; i++ {
			p.add(i, produce, true, false)
		}
		for i := 0; i < p.consumers; i++ {
			p.add(i, consume, false, true)
		}
		return true
	}
	return planSelect(p)
}

// count takes an element of a stream into account.
func (a *account) count(seen []uint64, word uint64) {
	from, seq := word>>seqBits, word&(1<<seqBits-1)
	a.moved++
	a.sum += word
	if from >= uint64(len(seen)) {
		a.disorder++
		return
	}
	if seq < seen[from] {
		a.disorder++
	}
	seen[from] = seq + 1
}

// ---- streams --------------------------------------------------------------------------------------

func produce(p *phase, me *part) {
	c, first, sum := p.channel[0], uint64(me.id)<<seqBits, uint64(0)
	word := first
	for !p.stop.isSet() {
		for i := 0; i < stopEvery; i++ {
			c <- word
			sum += word
			word++
		}
	}
	me.moved, me.sum = word-first, sum
}

func consume(p *phase, me *part) {
	var a account
	seen := me.seen
	for word := range p.channel[0] {
		a.count(seen, word)
	}
	me.moved, me.sum, me.disorder = a.moved, a.sum, a.disorder
}

// ---- one goroutine --------------------------------------------------------------------------------

func solo(p *phase, me *part) {
	var a account
	c, seen, word := p.channel[0], me.seen, uint64(0)
	for !p.stop.isSet() {
		for i := 0; i < stopEvery; i++ {
			c <- word
			word++
			a.count(seen, <-c)
		}
	}
	me.moved, me.sum, me.disorder, me.sent = a.moved, a.sum, a.disorder, word
}

// ---- there and back -------------------------------------------------------------------------------

const pingSample = 8 // one trip in so many is timed

func ping(p *phase, me *part) {
	to, from, word, sum, disorder := p.channel[0], p.channel[1], uint64(0), uint64(0), uint64(0)
	trip := func() {
		to <- word
		back := <-from
		if back != word {
			disorder++
		}
		sum += back
		word++
	}
	for !p.stop.isSet() {
		start := now()
		trip()
		me.hist.add(uint64(now() - start))
		for i := 1; i < pingSample; i++ {
			trip()
		}
	}
	me.moved, me.sum, me.disorder = word, sum, disorder
}

func pong(p *phase, me *part) {
	var a account
	seen, back := me.seen, p.channel[1]
	for word := range p.channel[0] {
		back <- word
		a.count(seen, word)
	}
	me.moved, me.sum, me.disorder = a.moved, a.sum, a.disorder
}
