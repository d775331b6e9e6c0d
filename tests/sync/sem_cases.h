/* SPDX-License-Identifier: MIT */
/* tests/sync/sem_cases.h - every test of a semaphore: its name, its function. M statements are those of the
 * conformance list. */
#ifndef WEIR_TESTS_SEM_CASES_H
#define WEIR_TESTS_SEM_CASES_H

/* XX(name, function) */
#define SEM_CASES(XX)                                                                   \
    XX("M01 free units and nobody waits: at once", m01_at_once)                         \
    XX("M01 fewer are free: waits, until its deadline", m01_waits)                      \
    XX("M01 somebody waits: waits behind him though it would fit", m01_behind)          \
    XX("M01 a random walk of one thread", m01_walk)                                     \
    XX("M01 what was done before a release is seen after the acquire", m01_carries)     \
    XX("M02 a big request at the front is served before small ones", m02_big_first)     \
    XX("M02 FIFO: calls and selects in one line", m02_one_line)                         \
    XX("M02 a big request among many small ones ends", m02_not_starved)                 \
    XX("M02 a select keeps its place while other cases wake it", m02_keeps_its_place)   \
    XX("M03 a try fails while anyone waits, whatever is free", m03_try)                 \
    XX("M04 more than the size: until the context ends, in nobody's way", m04_too_big)  \
    XX("M04 more than the size for ever, or now: ETOOBIG", m04_at_once)                 \
    XX("M05 a cancelled front waiter lets the next through", m05_cancelled)             \
    XX("M05 so does one whose deadline passes", m05_late)                               \
    XX("M05 so does a select that takes another case", m05_other_case)                  \
    XX("M05 a waiter in the middle leaves: the order stays", m05_middle)                \
    XX("M06 context ended: its error, though units are free", m06_ended)                \
    XX("M07 a release serves as many from the front as fit", m07_as_many)               \
    XX("M08 release of more than is held: EINVAL, nothing changes", m08_beyond)         \
    XX("M08 the same while somebody waits", m08_beyond_waiters)                         \
    XX("M08 bad arguments: EINVAL", m08_bad_arguments)                                  \
    XX("M09 granted, then cancelled: the units are his", m09_granted_first)             \
    XX("M09 grants race cancels: no unit is lost", m09_cancels)                         \
    XX("M09 grants race deadlines: no unit is lost", m09_deadlines)                     \
    XX("M09 grants race other cases of selects: no unit is lost", m09_selects)          \
    XX("M09 never more are out than there are, many threads, many sizes", m09_crowd)    \
    XX("M10 acquire of 0: succeeds with nothing free, behind those who wait", m10_zero) \
    XX("M select: takes units as a case, or none", m_select)                            \
    XX("M select: two cases of one semaphore", m_select_twice)                          \
    XX("M select: one that only looks takes nothing, and is in nobody's way", m_look)   \
    XX("M select: bad cases: EINVAL", m_select_bad)                                     \
    XX("M teardown: who has all units may free", m_teardown)                            \
    XX("M limits: 0 units, the most units", m_limits)                                   \
    XX("M a release stopped on its way: who waits is served then", m_stopped)

#define SEM_DECLARE(name, fn) void fn(void);
SEM_CASES(SEM_DECLARE)
#undef SEM_DECLARE

#endif
