// SPDX-License-Identifier: MIT

// Selects over two channels that are both ready, as bench/selects.c has them. A select of Go names its cases in
// the source; one over a number that is known at run time goes through reflect, which is another thing.
package main

const ahead = 8 // elements in each channel of one goroutine alone

func planSelect(p *phase) bool {
	if p.structure != "select" || p.ways != 2 || p.ready != 2 || p.sends > 1 || p.capacity <= ahead ||
		p.producers != 1 || p.consumers != 1 {
		return false
	}
	p.open(2)
	switch {
	case p.test == "solo" && p.sends == 1:
		p.add(0, soloEither, false, true)
	case p.test == "solo":
		p.add(0, soloSelect, false, true)
	case p.test == "stream" && p.sends == 0:
		p.add(0, produceBoth, true, false)
		p.add(0, consumeSelect, false, true)
	default:
		return false
	}
	return true
}

// line is one channel's order: what was sent and what came.
type line struct {
	c          chan uint64
	first      uint64 // its bits in each word
	sent, came uint64
}

func lines(p *phase) (a, b line) {
	return line{c: p.channel[0]}, line{c: p.channel[1], first: 1 << seqBits}
}

func (l *line) give() {
	l.c <- l.first | l.sent
	l.sent++
}

func (l *line) took(a *account, word uint64) {
	if word != l.first|l.came {
		a.disorder++
	}
	l.came++
	a.moved++
	a.sum += word
}

func (l *line) drain(a *account) {
	for len(l.c) > 0 {
		l.took(a, <-l.c)
	}
}

// stock puts what one goroutine alone begins with into both.
func stock(x, y *line) {
	for i := 0; i < ahead; i++ {
		x.give()
		y.give()
	}
}

// settle takes what is left in both, and reports.
func (me *part) settle(a *account, x, y *line) {
	x.drain(a)
	y.drain(a)
	me.moved, me.sum, me.disorder, me.sent = a.moved, a.sum, a.disorder, x.sent+y.sent
}

// soloSelect receives from either, and sends the next element to that one.
func soloSelect(p *phase, me *part) {
	var a account
	x, y := lines(p)
	stock(&x, &y)
	for !p.stop.isSet() {
		for i := 0; i < stopEvery; i++ {
			select {
			case word := <-x.c:
				x.took(&a, word)
				x.give()
			case word := <-y.c:
				y.took(&a, word)
				y.give()
			}
		}
	}
	me.settle(&a, &x, &y)
}

// soloEither sends to one or receives from the other, and does the other half.
func soloEither(p *phase, me *part) {
	var a account
	x, y := lines(p)
	stock(&x, &y)
	for !p.stop.isSet() {
		for i := 0; i < stopEvery; i++ {
			select {
			case x.c <- x.first | x.sent:
				x.sent++
				x.took(&a, <-x.c)
			case word := <-y.c:
				y.took(&a, word)
				y.give()
			}
		}
	}
	me.settle(&a, &x, &y)
}

func produceBoth(p *phase, me *part) {
	x, y := lines(p)
	sum := uint64(0)
	for !p.stop.isSet() {
		sum += x.first | x.sent
		x.give()
		sum += y.first | y.sent
		y.give()
	}
	me.moved, me.sum = x.sent+y.sent, sum
}

func consumeSelect(p *phase, me *part) {
	var a account
	x, y := lines(p)
	for x.c != nil || y.c != nil {
		select {
		case word, open := <-x.c:
			if !open {
				x.c = nil
			} else {
				x.took(&a, word)
			}
		case word, open := <-y.c:
			if !open {
				y.c = nil
			} else {
				y.took(&a, word)
			}
		}
	}
	me.moved, me.sum, me.disorder = a.moved, a.sum, a.disorder
}
