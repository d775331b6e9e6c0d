// SPDX-License-Identifier: MIT

// weir-bench-go measures Go's channels, select and maps beside weir's. weir-bench starts it and asks it, one line
// at a time, on the socket that is its stdin and stdout; the words stand in bench/away.h. What it does in a
// phase is what the harness does (bench/team.c) with goroutines for threads, and its loops are those of
// bench/ring_bodies.h, ring_turns.h, selects.c and map_loops.h: the same elements, the same look at stop every 64 of
// them, the same count, sum and order. It uses as many processors as the threads would, and the same ones.
package main

import (
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	seqBits   = 48 // an element: producer << 48 | sequence number
	stopEvery = 64 // elements between two looks at stop
)

var epoch = time.Now()

// now reads the monotonic clock alone, which costs half of time.Now.
func now() int64 { return int64(time.Since(epoch)) }

// shape is what a line asks for.
type shape struct {
	test, structure                string
	producers, consumers, capacity int
	ways, ready, sends, processors int
	seconds                        float64
	cpus                           []int
}

// parse takes "TEST STRUCTURE P C cap ways ready sends seconds N CPUS" apart.
func parse(field []string) (s shape, fine bool) {
	if len(field) != 11 {
		return s, false
	}
	s.test, s.structure = field[0], field[1]
	numbers := []*int{&s.producers, &s.consumers, &s.capacity, &s.ways, &s.ready, &s.sends}
	var err error
	for i, at := range numbers {
		if *at, err = strconv.Atoi(field[2+i]); err != nil || *at < 0 {
			return s, false
		}
	}
	if s.seconds, err = strconv.ParseFloat(field[8], 64); err != nil || s.seconds <= 0 {
		return s, false
	}
	if s.processors, err = strconv.Atoi(field[9]); err != nil || s.processors < 1 {
		return s, false
	}
	return s, s.parseCPUs(field[10])
}

func (s *shape) parseCPUs(list string) bool {
	for _, one := range strings.Split(list, ",") {
		cpu, err := strconv.Atoi(one)
		if err != nil || cpu < 0 {
			return false
		}
		s.cpus = append(s.cpus, cpu)
	}
	return true
}

// answer runs the phase that the line asks for.
func answer(line string) string {
	field := strings.Fields(line)
	if len(field) == 1 && field[0] == "version" {
		return runtime.Version()
	}
	if len(field) > 0 && field[0] == "map" {
		return answerMap(field[1:])
	}
	if len(field) == 0 || field[0] != "run" {
		return "no such question"
	}
	s, fine := parse(field[1:])
	if !fine {
		return "no: the question is malformed"
	}
	p := newPhase(&s)
	if !plan(p) {
		return "no: not what this program does"
	}
	if why := takePlace(&s); why != "" {
		return "no: " + why
	}
	p.run()
	return p.told()
}

func write(text string) bool {
	for b := []byte(text); len(b) > 0; {
		n, err := syscall.Write(1, b)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return false
		}
		b = b[n:]
	}
	return true
}

func main() {
	var have []byte
	buffer := make([]byte, 4096)
	for {
		n, err := syscall.Read(0, buffer)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n <= 0 { // weir-bench has ended
			return
		}
		have = append(have, buffer[:n]...)
		for {
			end := strings.IndexByte(string(have), '\n')
			if end < 0 {
				break
			}
			if !write(answer(string(have[:end])) + "\n") {
				return
			}
			have = have[end+1:]
		}
	}
}
