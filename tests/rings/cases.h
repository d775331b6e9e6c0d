/* SPDX-License-Identifier: MIT */
/* tests/rings/cases.h - every test of a ring: what a structure must have for it, its name, its function.
 * RING statements are those of the conformance list. RING7 is shown by the linearizability checker,
 * stress/lin. RING10 and RING11 speak of verbs that weir_spsc alone has; RING12 of caller's memory,
 * which the mutex ring never takes. */
#ifndef WEIR_TESTS_RING_CASES_H
#define WEIR_TESTS_RING_CASES_H

/* XX(needs, name, function) */
#define RING_CASES(XX)                                                                             \
    XX(0, "RING1 capacity is exact: 1, 2, 3, prime, 2^k", ring1_capacity)                          \
    XX(HAS_BATCH, "RING1 capacity is exact after batches", ring1_capacity_batch)                   \
    XX(0, "RING2 same bytes for sizes 1 to 65536 at every offset", ring2_bytes)                    \
    XX(0, "RING2 same bytes through the typed shims", ring2_typed)                                 \
    XX(0, "RING3 a failed push or pop changes nothing", ring3_failure)                             \
    XX(HAS_WAIT, "RING3 a refused or late waiting call changes nothing", ring3_failure_wait)       \
    XX(0, "RING4 FIFO: a random walk against a model", ring4_walk)                                 \
    XX(0, "RING4 FIFO: pushes and pops in turn by many threads", ring4_turns)                      \
    XX(0, "RING5 RING4 conservation and producer order, 1x1 single", ring5_1x1_single)             \
    XX(0, "RING5 RING4 conservation and producer order, 1x1 batches", ring5_1x1_batch)             \
    XX(HAS_IN_PLACE, "RING5 RING4 conservation and order, 1x1 in place", ring5_1x1_in_place)       \
    XX(HAS_WAIT, "RING5 RING4 conservation and producer order, 1x1 waiting", ring5_1x1_wait)       \
    XX(HAS_MANY, "RING5 RING4 conservation and producer order, 2x2 all verbs", ring5_2x2)          \
    XX(HAS_MANY, "RING5 RING4 conservation and producer order, 8x8 all verbs", ring5_8x8)          \
    XX(HAS_MANY, "RING5 RING4 conservation, oversubscribed 24x24", ring5_oversubscribed)           \
    XX(0, "RING5 RING4 conservation on one CPU", ring5_one_cpu)                                    \
    XX(0, "RING6 never falsely full: push after own pop", ring6_push_after_pop)                    \
    XX(0, "RING6 never falsely full or empty after a hand-over", ring6_handover)                   \
    XX(HAS_MANY, "RING6 never EAGAIN: threads that pop, then push", ring6_pop_then_push)           \
    XX(HAS_MANY, "RING6 never EAGAIN: T threads, capacity T, push, then pop", ring6_push_then_pop) \
    XX(0, "RING8 index wrap at 2^16", ring8_16)                                                    \
    XX(0, "RING8 index wrap at 2^31", ring8_31)                                                    \
    XX(0, "RING8 index wrap at 2^32", ring8_32)                                                    \
    XX(0, "RING8 index wrap of the index field", ring8_field)                                      \
    XX(HAS_BATCH, "RING9 batches take min(n, room) and min(n, available)", ring9_counts)           \
    XX(HAS_WHOLE, "RING9 a batch appears and goes in one step", ring9_one_step)                    \
    XX(HAS_IN_PLACE, "RING10 reserve and commit", ring10_reserve)                                  \
    XX(HAS_IN_PLACE, "RING10 nothing is visible before commit, all after", ring10_visible)         \
    XX(HAS_IN_PLACE, "RING11 peek and consume", ring11_peek)                                       \
    XX(HAS_MEMORY, "RING12 caller's memory at any alignment", ring12_alignment)                    \
    XX(HAS_MEMORY, "RING12 the same memory mapped at two addresses", ring12_two_maps)              \
    XX(0, "RING13 refused shapes and options: EINVAL", ring13_shapes)                              \
    XX(HAS_MEMORY, "RING13 memory that is no ring: EINVAL", ring13_memory)                         \
    XX(HAS_MEMORY, "RING13 verbs on zeroed or ended memory", ring13_verbs)                         \
    XX(0, "RING14 len is exact when quiescent", ring14_quiescent)                                  \
    XX(0, "RING14 len never exceeds the capacity", ring14_bounded)                                 \
    XX(IS_SPSC, "RING15 wait-free: the consumer goes on", ring15_spsc_producer)                    \
    XX(IS_SPSC, "RING15 wait-free: the producer goes on", ring15_spsc_consumer)                    \
    XX(IS_MPMC, "RING15 a pusher stopped after its claim", ring15_push_claimed)                    \
    XX(IS_MPMC, "RING15 a popper stopped after its claim", ring15_pop_claimed)                     \
    XX(IS_MPMC, "RING15 a pusher or popper stopped after its stamp", ring15_stamped)               \
    XX(IS_MPMC, "RING15 a closer stopped before it wakes", ring15_close_marked)                    \
    XX(IS_MPMC, "RING15 a waiter stopped before it sleeps", ring15_waiter)                         \
    XX(IS_MPMC, "RING15 a waker stopped before it wakes", ring15_waker)                            \
    XX(HAS_POINTS | HAS_MANY, "RING15 lock-free or not: a thread stopped at each point",           \
       ring15_others)                                                                              \
    XX(IS_SCQ, "RING15 lock-free: all but one stopped, at all points", ring15_crowd)               \
    XX(IS_SCQ, "RING15 a push stopped over a mark", ring15_marked)                                 \
    XX(IS_SCQ, "RING15 more calls inside than it was made for: EBUSY", ring15_too_many)            \
    XX(IS_SCQ, "RING15 as many calls as it was made for come and go", ring15_come_and_go)          \
    XX(IS_SCQ, "RING15 a signal handler at each point of a call", ring15_signal_points)            \
    XX(IS_SCQ, "RING15 RING5 signal handlers that interrupt calls at any time", ring15_signals)    \
    XX(IS_SCQ, "RING15 an idle poll writes nothing and is answered by head", ring15_idle)          \
    XX(IS_MUTEX, "RING15 blocking: a thread stopped inside a push", ring15_mutex_push)             \
    XX(IS_MUTEX, "RING15 blocking: a thread stopped inside a pop", ring15_mutex_pop)               \
    XX(0, "RING16 what is inside is dropped once each, oldest first", ring16_drop)                 \
    XX(HAS_WAIT, "wait: deadlines are kept, and never early", wait_deadlines)                      \
    XX(HAS_WAIT, "wait: past and extreme deadlines", wait_past)                                    \
    XX(HAS_WAIT, "wait: with a context, live and ended; X23", wait_ctx)                            \
    XX(HAS_WAIT, "wait: close wakes every popper", wait_close_poppers)                             \
    XX(HAS_WAIT, "wait: close wakes every pusher", wait_close_pushers)                             \
    XX(HAS_WAIT, "wait: closed, then drained, wakes every popper", wait_drained)                   \
    XX(HAS_WAIT, "wait: close at any moment on the way to sleep", wait_close_rounds)               \
    XX(HAS_WAIT, "wait: cancel at any moment on the way to sleep", wait_cancel_rounds)             \
    XX(HAS_WAIT, "wait: one of many closers succeeds", wait_closers)                               \
    XX(HAS_WAIT, "wait: a push wakes a sleeping popper, each time", wait_wakes_popper)             \
    XX(HAS_WAIT, "wait: a pop wakes a sleeping pusher, each time", wait_wakes_pusher)              \
    XX(HAS_WAIT, "wait: a batch wakes as many as it serves", wait_batch_wakes)                     \
    XX(HAS_WAIT, "wait: no wake-up is lost, 1 and 4 threads a side", wait_rounds)                  \
    XX(HAS_WAIT, "wait: timeouts lose no element and no wake-up", wait_timeouts)                   \
    XX(HAS_WAIT, "wait: signals to sleeping threads", wait_signals)                                \
    XX(HAS_WAIT, "wait: free with a sleeping thread is EBUSY", wait_free)                          \
    XX(HAS_WAIT | HAS_MEMORY, "wait: fini with a sleeping thread is EBUSY", wait_fini)             \
    XX(IS_MPMC, "wait: slot 0 in flight, slot 1 ready: both poppers served", wait_one_more_pop)    \
    XX(IS_MPMC, "wait: slot 0 in flight, slot 1 free: both pushers served", wait_one_more_push)    \
    XX(IS_MPMC, "wait: close while a push is in flight", wait_close_in_flight)                     \
    XX(IS_MPMC, "wait: close between the last push and its pops", wait_close_drained)              \
    XX(IS_MPMC, "wait: a timeout races a wake-up", wait_timeout_races)                             \
    XX(IS_MPMC, "wait: a try in flight is EBUSY with WEIR_NOW", wait_now_busy)                     \
    XX(HAS_WAIT, "wait: on one CPU", wait_one_cpu)                                                 \
    XX(IS_MPMC, "wait: with membarrier refused by the kernel", wait_no_membarrier)                 \
    XX(IS_MPMC, "wait: membarrier is withdrawn while threads wait", wait_withdrawn)                \
    XX(IS_MPMC, "wait: a ring found by a process without membarrier", wait_attached)

#define RING_DECLARE(needs, name, fn) void fn(void);
RING_CASES(RING_DECLARE)
#undef RING_DECLARE

/* Bodies that RING8 and RING12 run again with other indices and other memory. */
void body_walks(void);
void body_streams(void);
void body_mixed_threads(void);

/* Every test of waiting that needs no script: for children with other rights. */
void all_waiting(void);

#endif
