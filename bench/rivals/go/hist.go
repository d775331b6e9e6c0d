// SPDX-License-Identifier: MIT

// Latencies in the buckets of bench/hist.h: 64 to an octave. What is told of a bucket is its smallest value, and
// the largest of all as it is.
package main

import (
	"fmt"
	"math/bits"
	"strings"
)

const (
	perOctave = 64
	most      = 60000000000 // nanoseconds
)

type hist struct {
	bucket [perOctave * 31]uint64
	max    uint64
}

func index(ns uint64) int {
	if ns < perOctave {
		return int(ns)
	}
	shift := bits.Len64(ns) - 7
	return shift*perOctave + int(ns>>uint(shift))
}

func floor(i int) uint64 {
	if i < perOctave {
		return uint64(i)
	}
	shift := i/perOctave - 1
	return uint64(i-shift*perOctave) << uint(shift)
}

func (h *hist) add(ns uint64) {
	if ns > most {
		ns = most
	}
	h.bucket[index(ns)]++
	if ns > h.max {
		h.max = ns
	}
}

func (h *hist) tell(b *strings.Builder) {
	if h.bucket[index(h.max)] == 0 { // nothing was timed
		return
	}
	h.bucket[index(h.max)]--
	fmt.Fprintf(b, " %d:1", h.max)
	for i, n := range h.bucket {
		if n > 0 {
			fmt.Fprintf(b, " %d:%d", floor(i), n)
		}
	}
}
