/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/sem_cases.c - the table of semaphore scenarios (sem.h). */
#include "sem.h"

/* clang-format off */
#define ONE(what, size, held, options, ...) { "sem." what, { size, -1 }, { held, 0 }, { __VA_ARGS__ }, options }
#define TWO(what, a, held_a, b, held_b, options, ...) { "sem." what, { a, b }, { held_a, held_b }, { __VA_ARGS__ }, options }

const struct sem_case sem_cases[] = {
    ONE("one.2x3", 1, 0, NULL, "aA1raA1rat1r", "aA1rat1raA1r"),
    ONE("one.3x2", 1, 0, NULL, "aA1raA1r", "aA1rat1r", "aA1r"),
    ONE("try.2x3", 2, 0, NULL, "at1at2rat2r", "at2rat1rat1r"),
    ONE("try.zero", 1, 1, NULL, "at0aA0", "aA1r", "aR1"),
    /* big and small */
    ONE("big", 2, 1, NULL, "aA2r", "aA1raA1r", "aR1"),
    ONE("big.try", 2, 1, NULL, "aA2r", "at1rat1r", "aR1"),
    ONE("release.many", 2, 2, NULL, "aA1r", "aA1r", "aR2"),
    ONE("release.sum", 3, 3, NULL, "aA2r", "aR1", "aR1", "at1r"),
    ONE("release.rest", 2, 2, NULL, "aA1", "aR2", "aA1"),
    /* leaving */
    ONE("until", 1, 1, NULL, "aT1r", "aT1r", "aR1"),
    ONE("until.front", 2, 1, NULL, "aT2r", "aA1r", "at1r"),
    ONE("until.behind", 2, 2, "timeouts=2", "aT1r", "aT1r", "aR1"),
    ONE("cancel", 1, 1, NULL, "@aA1r", "aR1", "X"),
    ONE("cancel.next", 1, 1, NULL, "@aA1r", "aA1r", "aR1", "X"),
    ONE("cancel.front", 2, 1, NULL, "@aA2r", "aA1r", "X"),
    ONE("cancel.big", 1, 0, NULL, "@aA2r", "aA1rat1r", "X"),
    /* select */
    TWO("select.two", 1, 1, 1, 1, NULL, "[aA1bA1]r", "aR1", "bR1"),
    TWO("select.opposite", 1, 1, 1, 1, NULL, "[aA1bA1]r", "[bA1aA1]r", "aR1bR1"),
    TWO("select.ready", 1, 0, 1, 0, NULL, "[aA1bA1]r[aA1bA1]r", "[aA1bA1]r[bA1aA1]r"),
    TWO("select.big", 2, 1, 1, 1, NULL, "[aA2bA1]r", "at1raA1r", "bR1"),
    ONE("select.self", 2, 2, NULL, "[aA2aA1]r", "aR1", "aR1"),
    ONE("select.self.big", 2, 1, NULL, "[aA2aA1]r", "at1r", "aA1r"),
    TWO("select.now", 1, 1, 1, 1, NULL, "[aA1bA1]?r[aA1bA1]?r", "aR1", "bR1"),
    TWO("select.until", 1, 1, 1, 1, NULL, "[aA1bA1]~r", "[bA1aA1]~r", "aR1"),
    TWO("select.cancel", 1, 1, 1, 1, NULL, "@[aA1bA1]r", "aR1at1r", "X"),
    TWO("select.take", 1, 0, 1, 1, NULL, "[bA1aA1]r", "bR1", "at1r"),
    /* a select that is BUSY with a rendezvous while units are released for it */
    ONE("busy", 1, 1, NULL, "[aA1cR0]r", "[cS0]~", "aR1at1r"),
    ONE("busy.sum", 2, 2, NULL, "[aA1cR0]r", "[cS0]~", "aR2", "aA1r"),
    ONE("busy.leave", 2, 1, NULL, "[aA1cR0]r", "[cS0]~", "aT2r"),
    ONE("busy.free", 1, 1, NULL, "[aA1cR0]aT1F", "[cS0]~", "aR1"),
    ONE("busy.zero", 1, 1, NULL, "[aA0cR0]aT1F", "[cS0]~", "aR1"),
    /* one that only looks */
    ONE("look", 2, 2, NULL, "[aA2]!at2r", "aA1r", "aR1", "aR1"),
    ONE("look.two", 1, 1, NULL, "[aA1]!at1r", "[aA1]!at1r", "aR1"),
    ONE("look.beside", 2, 1, NULL, "[aA2]!", "at1raA1r", "aR1"),
    ONE("look.front", 2, 1, NULL, "[aA1]!", "@aA2r", "X"),
    TWO("look.either", 1, 1, 1, 1, NULL, "[aA1bA1]!", "aR1", "bR1"),
    ONE("look.until", 1, 1, NULL, "[aA1]!", "aT1r", "aR1"),
    ONE("look.free", 1, 1, NULL, "[aA1]!aA1F", "aR1"),
    /* who has all units frees */
    ONE("free", 1, 1, NULL, "aA1F", "aR1"),
    ONE("free.two", 2, 2, NULL, "aA2F", "aR1", "aR1"),
    ONE("free.one.by.one", 2, 2, NULL, "aA1aA1F", "aR1", "aR1"),
    ONE("free.late", 1, 1, NULL, "aT1at1F", "aR1"),
    ONE("free.late.two", 2, 2, NULL, "aT2at2F", "aR1", "aR1"),
    ONE("free.cancel", 1, 1, NULL, "@aA1aT1F", "aR1", "X"),
    TWO("free.select", 1, 1, 1, 1, NULL, "[aA1bA1]aT1F", "aR1", "bR1"),
    { .name = NULL }
};
