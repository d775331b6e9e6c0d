/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/chan_cases.c - the table of channel scenarios (chan.h). */
#include "chan.h"

/* clang-format off */
#define ROW(what, a, b, options, ...) { "chan." what, WEIR_CHAN_STRICT, { a, b }, { __VA_ARGS__ }, options }
#define RING(what, a, b, options, ...) { "chan.mpmc." what, WEIR_CHAN_MPMC, { a, b }, { __VA_ARGS__ }, options }
#define SPSC(what, a, b, options, ...) { "chan.spsc." what, WEIR_CHAN_SPSC, { a, b }, { __VA_ARGS__ }, options }
#define MUTEX(what, a, options, ...) { "chan.mutex." what, WEIR_CHAN_MUTEX, { a, -1 }, { __VA_ARGS__ }, options }
#define MUTEXES(what, a, b, options, ...) { "chan.mutex." what, WEIR_CHAN_MUTEX, { a, b }, { __VA_ARGS__ }, options }

const struct chan_case chan_cases[] = {
    /* two threads with three operations each */
    ROW("cap1.2x3", 1, -1, NULL, "aSaSaS", "aRaRaR"),
    ROW("cap2.2x3", 2, -1, NULL, "aSaSaS", "aRaRaR"),
    ROW("try.2x3", 1, -1, NULL, "asarac", "asarar"),
    ROW("rdv.2x3", 0, -1, NULL, "aSaRaS", "aRaSaR"),
    ROW("rdv.try", 0, -1, NULL, "asarasar", "aTat"),
    ROW("until.2x3", 1, -1, NULL, "aTaTaT", "atatac"),
    /* three with two */
    ROW("cap1.3x2", 1, -1, NULL, "aSaS", "aSaR", "aRaR"),
    ROW("rdv.3x2", 0, -1, NULL, "aTaT", "aTat", "atat"),
    ROW("close.send", 1, -1, NULL, "aSaS", "aS", "acaR"),
    ROW("close.recv", 1, -1, NULL, "aRaR", "aR", "aSac"),
    ROW("rdv.close", 0, -1, NULL, "aSaR", "aR", "ac"),
    ROW("close.two", 1, -1, NULL, "ac", "ac", "aRaS"),
    ROW("until.3", 0, -1, NULL, "aT", "aT", "atat"),
    /* context */
    ROW("cancel.send", 1, -1, NULL, "aS@aS", "aR", "X"),
    ROW("cancel.recv", 1, -1, NULL, "@aR@aR", "aS", "X"),
    ROW("cancel.rdv", 0, -1, NULL, "@aR", "@aS", "X"),
    ROW("cancel.select", 0, 0, NULL, "@[aRbR]", "@bS", "X"),
    /* select */
    ROW("select.ready", 1, 1, NULL, "[aSbS][aRbR]", "[aSbS][aRbR]"),
    ROW("select.opposite", 0, 0, NULL, "[aSbR]", "[aRbS]"),
    ROW("select.opposite.reversed", 0, 0, NULL, "[bRaS]", "[aRbS]"),
    ROW("select.self", 0, -1, NULL, "[aSaR]", "[aSaR]"),
    ROW("select.three", 0, 0, NULL, "[aSbR]~", "[aRbR]~", "[aSbS]~"),
    ROW("select.three.thieves", 0, 0, NULL, "[aRbR]~", "aTbs", "bTas"),
    ROW("select.close", 0, 0, NULL, "[aRbR]", "ac", "bt"),
    ROW("select.close.both", 0, 0, NULL, "[aRbS]", "ac", "bc"),
    ROW("select.until", 0, 0, NULL, "[aRbR]~", "[aSbS]~"),
    ROW("select.now", 1, 0, NULL, "[aRbR]?[aRbR]?", "as", "bs"),
    ROW("select.plain", 0, 0, NULL, "[aSbS]~", "at", "bt"),
    ROW("select.buffered", 1, 1, NULL, "[aSbS][aSbS]", "[aRbR][aRbR]"),
    ROW("select.four", 0, 0, NULL, "[aSbR]~", "[aRbS]~", "[aSbS]~", "[aRbR]~"),
    /* over the ring */
    RING("cap1.2x3", 1, -1, NULL, "aSaSaS", "aRaRaR"),
    RING("cap2.2x3", 2, -1, NULL, "aSaSaS", "aRaRaR"),
    RING("try.2x3", 1, -1, NULL, "asarac", "asarar"),
    RING("until.2x3", 1, -1, NULL, "aTaTaT", "atatac"),
    RING("cap1.3x2", 1, -1, NULL, "aSaS", "aSaR", "aRaR"),
    RING("flight", 2, -1, NULL, "aS", "aS", "aR", "aR"), /* slot 0 in flight, slot 1 published */
    RING("close.send", 1, -1, NULL, "aSaS", "aS", "acaR"),
    RING("close.recv", 1, -1, NULL, "aRaR", "aR", "aSac"),
    RING("close.recv.three", 1, -1, NULL, "aR", "aR", "aR", "aSac"),
    RING("cancel.send", 1, -1, NULL, "aS@aS", "aR", "X"),
    RING("cancel.recv", 1, -1, NULL, "@aR@aR", "aS", "X"),
    RING("until.3", 1, -1, NULL, "aT", "aTaT", "atat"),
    RING("select.buffered", 1, 1, NULL, "[aSbS][aSbS]", "[aRbR][aRbR]"),
    RING("select.plain", 1, 1, NULL, "[aRbR][aRbR]", "aS", "bS"),
    RING("select.two", 1, 1, NULL, "[aRbR]", "[aRbR]", "aSbS"),
    RING("select.close", 1, 1, NULL, "[aRbR]", "ac", "bs"),
    RING("select.cancel", 1, 1, NULL, "@[aRbR]", "as", "X"),
    RING("select.mixed", 1, 0, NULL, "[aRbR]", "as", "bT"),
    RING("select.told", 1, 1, NULL, "[aRbR]", "at", "aSbS"),
    RING("select.now", 1, 1, NULL, "[aRbR]?[aRbR]?", "as", "bs"),
    RING("select.until", 1, 1, NULL, "[aRbR]~", "[aRbR]~", "asbs"),
    /* robbery: a waiter, newcomers that take what it was told of, and its ways out */
    RING("rob.recv", 1, -1, "preemptions=3", "aR", "asarasarasarac"),
    RING("rob.recv.more", 1, -1, "preemptions=3", "aR", "asarasarasarasac"),
    RING("rob.recv.three", 1, -1, NULL, "aR", "asarasarac", "ar"),
    RING("rob.recv.two", 1, -1, NULL, "aR", "aR", "asarasarac"),
    RING("rob.send", 1, -1, "preemptions=3", "aSaS", "arasarasarasarac"),
    RING("rob.until", 1, -1, "preemptions=3", "atas", "asarasaras"),
    RING("rob.cancel", 1, -1, "preemptions=3", "@aRas", "asarasarX"),
    RING("rob.select", 1, 1, "preemptions=3", "[aRbR]", "asarasarasarbS"),
    RING("rob.close", 1, -1, NULL, "aR", "aR", "asarasac"),
    /* one producer, one consumer: of each channel one thread sends and closes, one receives */
    SPSC("cap1.2x3", 1, -1, NULL, "aSaSaS", "aRaRaR"),
    SPSC("cap2.2x3", 2, -1, NULL, "aSaSaS", "aRaRaR"),
    SPSC("try.2x3", 1, -1, NULL, "asasac", "ararar"),
    SPSC("until.2x3", 1, -1, NULL, "aTaTaT", "atatat"),
    SPSC("close.recv", 1, -1, NULL, "aSac", "aRaR"),
    SPSC("close.until", 2, -1, NULL, "aTacas", "atat"),
    SPSC("cancel.send", 1, -1, NULL, "aS@aS", "aR", "X"),
    SPSC("cancel.recv", 1, -1, NULL, "@aR@aR", "aS", "X"),
    SPSC("cancel.both", 1, -1, NULL, "@aS@aT", "@at@aR", "X"),
    SPSC("select.plain", 1, 1, NULL, "[aRbR][aRbR]", "aSbS"),
    SPSC("select.three", 1, 1, NULL, "[aRbR][aRbR]", "aS", "bS"),
    SPSC("select.full", 1, 1, NULL, "[aSbS][aSbS]", "at", "bt"),
    SPSC("select.opposite", 1, 1, NULL, "[aSbR][aSbR]~", "[aRbS][aRbS]~"),
    SPSC("select.same", 1, -1, NULL, "[aRaR]aR", "aSaS"),
    SPSC("select.close", 1, 1, NULL, "[aRbR]", "ac", "bs"),
    SPSC("select.cancel", 1, 1, NULL, "@[aRbR]", "as", "X"),
    SPSC("select.close.both", 1, 1, NULL, "[aRbR][aRbR]", "asac", "bc"),
    SPSC("select.told", 1, 1, NULL, "@[aRbR]at", "aSas", "X"), /* told, and leaves for another reason */
    SPSC("select.mixed", 1, 0, NULL, "[aRbR]", "as", "bT"), /* b is strict */
    SPSC("select.mixed.send", 1, 0, NULL, "[aSbS][aSbS]~", "aR", "bt"),
    SPSC("select.now", 1, 1, NULL, "[aRbR]?[aRbR]?", "as", "bs"),
    SPSC("select.until", 1, 1, NULL, "[aRbR]~[aRbR]~", "as", "bs"),
    /* ... without membarrier, and where the kernel refuses it later, while they wait */
    SPSC("fence.2x3", 1, -1, "membarrier=0", "aSaSaS", "aRaRaR"),
    SPSC("fence.close", 1, -1, "membarrier=0", "aSac", "aRaR"),
    SPSC("denied", 1, -1, "denials=2", "aSaS", "aRaR"),
    SPSC("denied.close", 1, -1, "denials=1", "aSac", "aRaR"),
    SPSC("denied.select", 1, 1, "denials=1", "[aRbR][aRbR]", "aSbS"),
    /* the mutex version */
    MUTEX("cap1.3x2", 1, NULL, "aTaT", "aTat", "atat"),
    MUTEX("cancel", 1, NULL, "@aR@aR", "aS", "X"),
    MUTEX("rdv.2x3", 0, NULL, "aSaRaS", "aRaSaR"),
    MUTEX("rdv.try", 0, NULL, "asarasar", "aTat"),
    MUTEX("rdv.tries", 0, NULL, "asar", "aras"),
    MUTEX("rdv.tries.3", 0, NULL, "asar", "aras", "atat"),
    MUTEX("rdv.3x2", 0, NULL, "aTaT", "aTat", "atat"),
    MUTEX("rdv.close", 0, NULL, "aSaR", "aR", "ac"),
    MUTEX("rdv.cancel", 0, NULL, "@aR", "@aS", "X"),
    MUTEX("rdv.until", 0, NULL, "aT", "aT", "atat"),
    MUTEXES("select.buffered", 1, 1, NULL, "[aSbS]", "[aRbR]"),
    MUTEXES("select.plain", 1, 1, NULL, "[aRbR]", "aS", "bt"),
    MUTEXES("select.close", 1, 0, NULL, "[aRbR]", "ac", "bt"),
    MUTEXES("select.cancel", 1, 0, NULL, "@[aRbR]", "bT", "X"),
    MUTEXES("select.opposite", 0, 0, NULL, "[aSbR]", "[aRbS]"),
    MUTEXES("select.opposite.reversed", 0, 0, NULL, "[bRaS]", "[aRbS]"),
    MUTEXES("select.self", 0, -1, NULL, "[aSaR]", "[aSaR]"),
    MUTEXES("select.until", 0, 1, NULL, "[aRbR]~", "[aSbS]~"),
    MUTEXES("select.now", 0, 0, NULL, "[aRbR]?", "[aSbR]~"),
    MUTEXES("select.meets", 0, -1, NULL, "[aR]", "aS"),
    MUTEXES("select.met", 0, -1, NULL, "[aS]", "aR"),
    MUTEXES("select.try", 0, -1, NULL, "[aR]~", "asas"),
    MUTEXES("select.three", 0, 0, NULL, "[aSbR]~", "[aRbR]~", "[aSbS]~"),
    MUTEXES("select.three.thieves", 0, 0, NULL, "[aRbR]~", "aTbs", "bTas"),
    { .name = NULL }
};
