// SPDX-License-Identifier: MIT

// Pools and pipelines as one writes them in Go: a goroutine for each task and a WaitGroup, and goroutines that
// range over channels, with a WaitGroup that closes the next one. The tests are those of bench/flow.h.
package main

import (
	"sync"
	"time"
)

const (
	flowBatch  = 16384 // tasks between two waits
	flowBuffer = 256   // elements between two stages
	fibOf      = 27
	fibCutoff  = 12
	fibResult  = 196418
)

// planFlow makes the goroutines of a pool's or a pipeline's phase. Its question has the workers for producers, the
// nanoseconds of work for the capacity, the stages for the ways, and ready is 1 where order is asked for.
func planFlow(p *phase) bool {
	rounds := burnRounds(p.capacity)
	switch {
	case p.structure == "pipe" && p.test == "stream" && p.ways > 0 && (p.ready == 0 || p.producers == 1):
		planPipe(p, rounds)
		return true
	case p.structure != "pool":
		return false
	case p.test == "stream":
		p.add(0, func(p *phase, me *part) { tasks(p, me, rounds, false) }, false, true)
	case p.test == "inside":
		p.add(0, func(p *phase, me *part) { tasks(p, me, rounds, true) }, false, true)
	case p.test == "fib":
		p.add(0, forks, false, true)
	default:
		return false
	}
	p.test, p.producers = "solo", 1 // what it took out is its account, as that of a goroutine alone
	return true
}

// ---- work -----------------------------------------------------------------------------------------

var burnt uint64

//go:noinline
func burn(rounds int) {
	x := uint64(rounds)
	for ; rounds > 0; rounds-- {
		x = x*6364136223846793005 + 1
	}
	if x == 0 { // it must be computed
		burnt++
	}
}

var burnPerNs float64

// burnRounds is how often burn must go round to take so long; the best of several short measurements, once.
func burnRounds(ns int) int {
	const rounds = 100000
	best := time.Duration(1 << 62)
	for i := 0; burnPerNs == 0 && i < 15; i++ {
		start := time.Now()
		burn(rounds)
		if took := time.Since(start); took > 0 && took < best {
			best = took
		}
	}
	if burnPerNs == 0 {
		burnPerNs = rounds / float64(best.Nanoseconds())
	}
	return int(float64(ns) * burnPerNs)
}

// ---- pools ----------------------------------------------------------------------------------------

func tasks(p *phase, me *part, rounds int, inside bool) {
	result := make([]uint64, flowBatch)
	var left sync.WaitGroup
	word, disorder := uint64(0), uint64(0)
	submit := func() {
		for i := range result {
			at, number := &result[i], word+uint64(i)
			go func() {
				burn(rounds)
				*at = number
				left.Done()
			}()
		}
	}
	for first := true; first || !p.stop.isSet(); first = false {
		left.Add(flowBatch)
		if inside {
			go submit()
		} else {
			submit()
		}
		left.Wait()
		for i, number := range result {
			if number != word+uint64(i) {
				disorder++
			}
		}
		word += flowBatch
	}
	me.moved, me.sent, me.disorder = word, word, disorder
}

func fib(n int) uint64 {
	if n < 2 {
		return uint64(n)
	}
	return fib(n-1) + fib(n-2)
}

func forkedFib(n int) uint64 {
	if n <= fibCutoff {
		return fib(n)
	}
	one := make(chan uint64, 1)
	go func() { one <- forkedFib(n - 1) }()
	two := forkedFib(n - 2)
	return <-one + two
}

func forks(p *phase, me *part) {
	for first := true; first || !p.stop.isSet(); first = false {
		if forkedFib(fibOf) != fibResult {
			me.disorder++
		}
		me.moved++
		me.sent++
	}
}

// ---- pipelines ------------------------------------------------------------------------------------

func stage(in <-chan uint64, out chan<- uint64, workers, rounds int) {
	var left sync.WaitGroup
	left.Add(workers)
	for i := 0; i < workers; i++ {
		go func() {
			for word := range in {
				burn(rounds)
				out <- word + 1
			}
			left.Done()
		}()
	}
	go func() {
		left.Wait()
		close(out)
	}()
}

func planPipe(p *phase, rounds int) {
	first := make(chan uint64, flowBuffer)
	p.channel = append(p.channel, first) // is closed when the source has ended
	out, stages, inOrder := first, uint64(p.ways), p.producers == 1
	for i := 0; i < p.ways; i++ {
		in := out
		out = make(chan uint64, flowBuffer)
		stage(in, out, p.producers, rounds)
	}
	p.producers = 1
	p.add(0, func(p *phase, me *part) {
		word, sum := uint64(0), uint64(0)
		for !p.stop.isSet() {
			for i := 0; i < stopEvery; i++ {
				first <- word
				sum += word
				word++
			}
		}
		me.moved, me.sum = word, sum
	}, true, false)
	p.add(0, func(p *phase, me *part) {
		var a account
		for word := range out {
			if word -= stages; inOrder && word != a.moved {
				a.disorder++
			}
			a.moved++
			a.sum += word
		}
		me.moved, me.sum, me.disorder = a.moved, a.sum, a.disorder
	}, false, true)
}
