/* SPDX-License-Identifier: MIT */
/* tests/chan/cases.h - every test of a channel and of select on it: what a kind must have for it, its name, its
 * function. C, S and X statements are those of the conformance list; what it says of the kinds is in chan.h.
 * X statements that need no channel: ctx.c. */
#ifndef WEIR_TESTS_CHAN_CASES_H
#define WEIR_TESTS_CHAN_CASES_H

#include "chan.h"

/* XX(needs, name, function) */
#define CHAN_CASES(XX)                                                                         \
    XX(HAS_RENDEZVOUS, "C01 capacity 0 is rendezvous", c01_rendezvous)                         \
    XX(0, "C01 shapes beyond the limits: EINVAL, nothing allocated", c01_refused)              \
    XX(0, "C01 no memory: ENOMEM, nothing is left", c01_no_memory)                             \
    XX(0, "C01 options that do not exist: EINVAL", c01_options)                                \
    XX(0, "C02 len and cap, quiescent; of NULL 0", c02_quiescent)                              \
    XX(0, "C02 len never exceeds cap", c02_concurrent)                                         \
    XX(0, "C03 NULL: try calls would block, close is an error", c03_nil_now)                   \
    XX(0, "C03 NULL: send and recv wait for ever, or until they may not", c03_nil_for_ever)    \
    XX(0, "C04 send on closed: ECLOSED at once, the element stays", c04_send)                  \
    XX(0, "C05 second close: ECLOSED", c05_second)                                             \
    XX(HAS_CLOSE | HAS_MANY, "C05 one of many closers succeeds", c05_concurrent)               \
    XX(0, "C06 C28 recv on closed: what is inside, in order", c06_drains)                      \
    XX(0, "C07 closed and drained: ECLOSED for ever, for any receiver", c07_closed_for_ever)   \
    XX(0, "C08 try calls on closed: ECLOSED, never EAGAIN", c08_try)                           \
    XX(0, "C09 close wakes all blocked receivers", c09_receivers)                              \
    XX(0, "C09 close at any moment on a receiver's way to sleep", c09_any_moment)              \
    XX(HAS_CLOSE, "C10 close wakes all blocked senders, none delivers", c10_senders)           \
    XX(HAS_CLOSE, "C10 close at any moment on a sender's way to sleep", c10_any_moment)        \
    XX(HAS_CLOSE, "C11 closed on blocked senders: cap elements remain", c11_remain)            \
    XX(HAS_CLOSE | HAS_MANY, "C12 send racing close: received, or refused", c12_race)          \
    XX(HAS_RENDEZVOUS, "C13 an unbuffered send waits for its receiver", c13_send_waits)        \
    XX(HAS_RENDEZVOUS, "C13 unbuffered try calls need a peer that waits", c13_try)             \
    XX(0, "C14 C15 send before its recv, recv k before send k + cap", c14_c15_buffered)        \
    XX(HAS_RENDEZVOUS, "C14 unbuffered: send before the end of its recv", c14_rendezvous)      \
    XX(HAS_MANY, "C14 what is sent is the receiver's, many threads", c14_many)                 \
    XX(HAS_MANY, "C15 a channel of capacity 1 is a mutex", c15_mutex)                          \
    XX(HAS_CLOSE | HAS_MANY, "C16 close before a call that reports it", c16_before)            \
    XX(HAS_RENDEZVOUS, "C17 unbuffered: recv before the end of its send", c17_rendezvous)      \
    XX(0, "C18 FIFO: a random walk", c18_walk)                                                 \
    XX(0, "C18 sends one after the other, of several threads", c18_turns)                      \
    XX(HAS_FIFO | HAS_MANY, "C19 blocked receivers are served FIFO", c19_receivers)            \
    XX(HAS_FIFO | HAS_MANY, "C19 blocked senders are served FIFO", c19_senders)                \
    XX(HAS_FIFO | HAS_MANY, "C20 no barging: a blocked sender is let in at once", c20_senders) \
    XX(HAS_FIFO | HAS_MANY, "C20 no barging: a blocked receiver is handed its element",        \
       c20_receivers)                                                                          \
    XX(HAS_ONE_SIDE | HAS_MANY, "C21 waiters are of one side", c21_one_side)                   \
    XX(0, "C22 after a send, try_recv has it", c22_alone)                                      \
    XX(HAS_MANY, "C22 T threads, capacity T: send, then try_recv", c22_many)                   \
    XX(0, "C23 try calls that fail have no effect", c23_no_effect)                             \
    XX(0, "C24 the element is copied", c24_copied)                                             \
    XX(0, "C25 elements of 1 to 65536 bytes", c25_sizes)                                       \
    XX(0, "C25 over-aligned elements", c25_aligned)                                            \
    XX(0, "C25 elements of no bytes", c25_empty)                                               \
    XX(0, "C26 a channel through a channel", c26_channel_through_channel)                      \
    XX(0, "C27 a range ends at closed and drained", c27_range)                                 \
    XX(HAS_CLOSE, "C28 len counts what remains after close", c28_len)                          \
    XX(0, "C29 conservation and order of each sender, 1x1", c29_1x1)                           \
    XX(HAS_MANY, "C29 conservation and order of each sender, 2x2", c29_2x2)                    \
    XX(HAS_MANY, "C29 conservation and order of each sender, 8x8", c29_8x8)                    \
    XX(HAS_MANY, "C29 conservation, oversubscribed 24x24", c29_oversubscribed)                 \
    XX(0, "C29 conservation with delays at the points", c29_delays)                            \
    XX(0, "C29 conservation on one CPU", c29_one_cpu)                                          \
    XX(0, "C30 late, but not before the deadline", c30_deadlines)                              \
    XX(0, "C30 deadline 0 is try, past ones try once, far ones wait", c30_extremes)            \
    XX(IS_STRICT, "C30 delivery wins over the deadline", c30_delivery_wins)                    \
    XX(IS_STRICT, "C30 delivery wins over a cancel and a close", c30_taken_then_ended)         \
    XX(0, "C30 deadlines that race deliveries", c30_races)                                     \
    XX(0, "C31 an expired deadline, and data is there", c31_ready)                             \
    XX(HAS_RENDEZVOUS, "C31 an expired deadline, and a peer waits", c31_peer_waits)            \
    XX(0, "C32 what is inside is dropped once each, oldest first", c32_drop)                   \
    XX(0, "C32 elements that own memory", c32_owning)                                          \
    XX(HAS_CLOSE, "C32 what was not sent is not dropped", c32_not_sent)                        \
    XX(0, "C32 the drop function may use channels", c32_drop_uses_channels)                    \
    XX(0, "C32 destroy with waiters: EBUSY, nothing is destroyed", c32_waiters)                \
    XX(HAS_SELECT, "C32 destroy with selects that wait: EBUSY", c32_selects)                   \
    XX(0, "C references: the last one frees", c_references)                                    \
    XX(HAS_CLOSE, "C teardown: each leaves as soon as its call returned", c_teardown)          \
    XX(0, "C bad arguments: EINVAL", c_bad_arguments)                                          \
    XX(IS_MUTEX, "S beside channels of another kind: EINVAL", s_kinds_apart)                   \
    XX(IS_MPMC, "C channels of one type", c_typed)                                             \
    XX(0, "C waiting, closing and deadlines on one CPU", c_one_cpu)                            \
    XX(0, "X02 the end of a context wakes who waits with it", x02_wakes)                       \
    XX(0, "X02 X09 so does its deadline", x02_clock_wakes)                                     \
    XX(0, "X19 cancel does not wait for the work", x19_cancel_returns)                         \
    XX(0, "X23 data ready, context ended: its error, nothing moves", x23_ended)                \
    XX(HAS_RENDEZVOUS, "X23 a peer waits, context ended: it goes on waiting", x23_peer_waits)  \
    XX(0, "X23 a live context changes nothing", x23_live)                                      \
    XX(HAS_MANY, "X23 cancels that race deliveries", x23_races)

#define MPMC_CASES(XX)                                                                        \
    XX(IS_MPMC, "C mpmc: a robbed waiter goes to the front", robbed_once)                     \
    XX(IS_MPMC, "C mpmc: robbed twice, it keeps newcomers out", robbed_twice)                 \
    XX(IS_MPMC, "C mpmc: robbed twice, and it leaves: newcomers are let in", robbed_and_left) \
    XX(IS_MPMC, "C mpmc: the holder stands still", holder_stopped)                            \
    XX(IS_MPMC, "C30 mpmc: told, and the deadline passes before it knows", told_at_deadline)  \
    XX(IS_MPMC, "S21 S22 mpmc: told of one, and another is ready", told_elsewhere)            \
    XX(IS_MPMC, "C mpmc: queued and not asleep yet", entered)

#define SPSC_CASES(XX)                                                                           \
    XX(IS_SPSC, "C spsc: roles move between threads", spsc_roles_move)                           \
    XX(IS_SPSC, "C spsc: two threads at once in a role: EINVAL, debug builds", spsc_two_at_once) \
    XX(IS_SPSC, "C spsc: one side stands still, the other goes on", spsc_stopped)                \
    XX(IS_SPSC, "C spsc: queued and not asleep yet", spsc_entered)

#define MANY_CASES(XX)                                                                     \
    XX(0, "C06 C18 recv_many takes what is there, in order, up to n", many_there)          \
    XX(0, "C03 recv_many of NULL, and to NULL", many_bad_input)                            \
    XX(0, "C25 recv_many of elements of no bytes, and of 24", many_sizes)                  \
    XX(0, "C recv_many waits for one, then lingers until there are n", many_waits)         \
    XX(0, "C30 recv_many: a deadline or the end of its lingering", many_late)              \
    XX(0, "C07 C09 recv_many on closed, and closed while it waits or lingers", many_close) \
    XX(0, "X23 recv_many: its context ends before, or while it lingers", many_ctx)         \
    XX(0, "C recv_many lets waiting senders in", many_senders)                             \
    XX(0, "C29 conservation and order, received by recv_many", c29_many)

#define IDLE_CASES(XX) XX(0, "C who waits uses no processor time", idle_waiters)

#define STATS_CASES(XX)                                                                 \
    XX(0, "C stats: bad input, and the name", stats_bad_input)                          \
    XX(0, "C stats: elements, the most inside, wakes that were elided", stats_elements) \
    XX(0, "C stats: the most inside stays", stats_high_water)                           \
    XX(HAS_COUNTS, "C stats: time asleep, and wakes", stats_blocked)                    \
    XX(IS_MPMC, "C stats: a robbed waiter", stats_robbed)

#define SELECT_CASES(XX)                                                                           \
    XX(HAS_SELECT, "S01 no cases: waits for ever, or until its deadline", s01_no_cases)            \
    XX(HAS_SELECT, "S02 the default only if nothing is ready", s02_default)                        \
    XX(IS_STRICT, "S02 nothing was ready at one instant", s02_one_instant)                         \
    XX(HAS_SELECT | HAS_RENDEZVOUS, "S02 ready is a peer that waits", s02_peer_waits)              \
    XX(HAS_SELECT, "S03 two closed channels: uniform", s03_closed)                                 \
    XX(HAS_SELECT, "S03 two elements: uniform", s03_elements)                                      \
    XX(HAS_SELECT, "S03 a send and a receive: uniform", s03_sends)                                 \
    XX(HAS_SELECT, "S04 one channel in k cases: a fair share each", s04_same_channel)              \
    XX(HAS_SELECT, "S05 all NULL: waits for ever, or until its deadline", s05_all_nil)             \
    XX(HAS_SELECT, "S05 NULL is never chosen", s05_nil_never_chosen)                               \
    XX(HAS_SELECT, "S06 a receive from a closed channel is ready", s06_recv_closed)                \
    XX(HAS_SELECT, "S07 a send to a closed channel is ready: ECLOSED", s07_send_closed)            \
    XX(HAS_SELECT, "S08 exactly one case takes effect", s08_exactly_one)                           \
    XX(IS_STRICT, "S08 taken while it queues: the others are untouched", s08_taken_half_way)       \
    XX(HAS_SELECT | HAS_MANY, "S08 S09 conservation in a crowd", s08_crowd)                        \
    XX(HAS_SELECT | HAS_MANY, "S08 S09 conservation, oversubscribed", s08_oversubscribed)          \
    XX(HAS_SELECT | HAS_MANY | HAS_RENDEZVOUS, "S08 S10 S13 selects on one CPU", s08_one_cpu)      \
    XX(IS_STRICT, "S09 ready while it queues: on no other any more", s09_ready_half_way)           \
    XX(HAS_SELECT, "S09 T09 a loop of selects with timeouts leaves nothing", s09_loop)             \
    XX(HAS_SELECT, "S09 T09 the same with many cases", s09_loop_many)                              \
    XX(HAS_SELECT | HAS_MANY | HAS_RENDEZVOUS, "S10 a select does not pair with itself",           \
       s10_not_with_itself)                                                                        \
    XX(HAS_SELECT | HAS_MANY | HAS_RENDEZVOUS, "S10 two such selects pair", s10_two_threads)       \
    XX(HAS_SELECT, "S11 both ends of a buffered channel: progress alone", s11_buffered_alone)      \
    XX(HAS_SELECT | HAS_RENDEZVOUS, "S12 select against select, in both roles", s12_both_roles)    \
    XX(HAS_SELECT, "S13 channels in opposite order: each value once", s13_opposite)                \
    XX(HAS_SELECT | HAS_CLOSE, "S14 close wakes a select and is its case", s14_close)              \
    XX(HAS_SELECT | HAS_CLOSE | HAS_MANY, "S14 close wakes all selects", s14_close_many)           \
    XX(HAS_SELECT | HAS_FIFO | HAS_MANY, "S15 one line for selects and plain calls", s15_one_line) \
    XX(IS_STRICT, "S16 a case that a peer has taken wins", s16_taken)                              \
    XX(HAS_SELECT, "S16 timeouts that race deliveries", s16_races)                                 \
    XX(HAS_SELECT, "S17 threads choose independently", s17_threads)                                \
    XX(HAS_SELECT, "S18 64 and 65535 cases", s18_many)                                             \
    XX(HAS_SELECT, "S18 65536 cases: ETOOBIG", s18_too_many)                                       \
    XX(HAS_SELECT, "S19 priority: the first ready", s19_priority)                                  \
    XX(HAS_SELECT, "S19 ageing: all always ready", s19_ages)                                       \
    XX(HAS_SELECT, "S19 ageing: ready at random", s19_ages_at_random)                              \
    XX(HAS_SELECT, "S19 ageing: who performs nothing leaves the ages", s19_ages_stay)              \
    XX(HAS_SELECT, "S19 ageing: bounds that cannot be kept: EINVAL", s19_refused)                  \
    XX(HAS_SELECT, "S20 readiness: what is ready, and nothing moves", s20_now)                     \
    XX(HAS_SELECT, "S20 readiness: no element is needed, closed is ready", s20_no_elements)        \
    XX(HAS_SELECT, "S20 readiness: told while it waits", s20_wakes)                                \
    XX(HAS_SELECT | HAS_MANY | HAS_RENDEZVOUS, "S20 readiness: a peer that waits", s20_meets)      \
    XX(HAS_SELECT | HAS_MANY | HAS_RENDEZVOUS, "S20 readiness: not by others that look",           \
       s20_only_lookers)                                                                           \
    XX(HAS_SELECT | HAS_MANY, "S20 readiness: who waits beside gets what it would", s20_beside)    \
    XX(HAS_SELECT, "S20 readiness: contexts and deadlines", s20_ends)                              \
    XX(HAS_SELECT, "S20 readiness: a timer stays ready", s20_timers)                               \
    XX(HAS_SELECT | HAS_MANY, "S20 readiness: never misses", s20_misses_nothing)                   \
    XX(HAS_SELECT | HAS_MANY, "S21 robbed again and again: its deadline stays",                    \
       s21_deadline_stays)                                                                         \
    XX(HAS_SELECT | HAS_MANY, "S22 nothing is stranded where a select was not served",             \
       s22_passed_on)                                                                              \
    XX(HAS_SELECT, "S bad arguments: EINVAL", s_bad_arguments)                                     \
    XX(HAS_SELECT | HAS_MANY, "X20 a context as a case, of any number of threads", x20_case)       \
    XX(HAS_SELECT, "X20 a context as a case, not ready", x20_not_ready)

#define CHAN_DECLARE(needs, name, fn) void fn(void);
CHAN_CASES(CHAN_DECLARE)
MANY_CASES(CHAN_DECLARE)
STATS_CASES(CHAN_DECLARE)
IDLE_CASES(CHAN_DECLARE)
SELECT_CASES(CHAN_DECLARE)
MPMC_CASES(CHAN_DECLARE)
SPSC_CASES(CHAN_DECLARE)
#undef CHAN_DECLARE

#endif
