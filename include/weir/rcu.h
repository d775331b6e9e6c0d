/* SPDX-License-Identifier: MIT */
/* weir/rcu.h - read-copy-update: readers that pay next to nothing, and objects that are freed once no reader can
 * hold them any more.
 *
 *   weir_guard g = weir_rcu_enter();                    - a reader: no thread has to be registered for it
 *   struct config *c = weir_load_acquire(&current, 0);
 *   use(c);
 *   weir_rcu_exit(g);
 *
 *   old = weir_exchange_acq_rel(&current, new, 0);      - a writer: out of reach first, retired then
 *   weir_rcu_retire(&old->head, sizeof *old, free_config);
 *
 * A grace period ends when every guard that was held at its start has been released. A retired object's function is
 * called after one, on a thread of weir's that is made when first something is retired, and stays until
 * weir_shutdown. Inside a guard a thread may do anything but wait for long: it holds memory up, and writers
 * once the limit is reached. Guards nest; they belong to their thread.
 *
 * A process has one domain: that of liburcu's `memb` flavour, which weir shares with a program that uses it too.
 *
 * | operation                       | progress                                                              |
 * |---------------------------------|-----------------------------------------------------------------------|
 * | enter, exit                     | wait-free, no read-modify-write; the first enter of a thread takes a  |
 * |                                 | lock, and so does the exit that a grace period waits for (a wake-up)  |
 * | retire                          | lock-free; where it wakes or makes the thread, a short lock           |
 * | room_wait, synchronize, barrier | blocking, as are the forks and shutdown                               |
 * | offline, online, register       | a lock                                                                |
 *
 * Ordering: what a reader did inside a guard, and what a writer did before its retire, is seen by the object's
 * function; what readers did inside the guards that synchronize waited for is seen after it. */
#ifndef WEIR_RCU_H
#define WEIR_RCU_H

#include <weir/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reading ------------------------------------------------------------------------------------------------ */

/* The witness that its thread is reading, from enter to exit. */
typedef struct {
    uintptr_t v_;
} weir_guard;

/* Any thread, and also in functions of retired objects; not in signal handlers. Cannot fail: where there is no memory for a
 * thread's record, each outermost guard registers and unregisters the thread. */
WEIR_API weir_guard weir_rcu_enter(void);
/* By the thread that entered, the innermost guard first. Returns 0, or WEIR_EINVAL: the thread is in no guard; and in
 * debug builds also for a guard that was released before or is another thread's (nothing is released), and for one that
 * is not the innermost (it is released). */
WEIR_API int weir_rcu_exit(weir_guard g);

/* Takes now what the first enter, retire and wait of the calling thread would take, so that these find it there:
 * memory for its record, and the thread that calls functions. Returns 0, WEIR_ENOMEM; WEIR_EDEADLK: it has prepared a fork. */
WEIR_NODISCARD WEIR_API int weir_rcu_register(void);

/* The calling thread will take no guard until online: it is not looked at by grace periods. Around long waits, for
 * programs with very many threads; a thread that holds no guard delays nobody in any case. A guard that is taken all the
 * same protects, slowly, and is reported in debug builds. Returns 0; WEIR_EINVAL: inside a guard; WEIR_ENOMEM. */
WEIR_API int weir_rcu_offline(void);
WEIR_API int weir_rcu_online(void);

/* true: the program registers its threads with liburcu itself (urcu_memb_register_thread, which aborts for a thread that is
 * registered), weir no others. Threads that are registered by neither are so from enter to exit of each guard. Before
 * threads use weir. Returns 0. */
WEIR_API int weir_rcu_app_registers(bool yes);

/* ---- retiring ------------------------------------------------------------------------------------------------ */

/* A field of each object that is to be retired. */
struct weir_rcu_head {
    struct weir_rcu_head *next_;
    void (*fn_)(struct weir_rcu_head *head);
    size_t bytes_;
};
/* Called once, on weir's thread, in no guard, with no lock of weir held. It may retire, take guards and use weir; it does not
 * wait for garbage, which it would have to take away itself. While it runs no other is called. */
typedef void weir_rcu_fn(struct weir_rcu_head *head);

/* fn(head) after a grace period. No reader that comes from now on may be able to reach the object. bytes: what it counts for in
 * the limits. Any thread, inside guards too. Never waits, beside another thread's fork either.
 * The object is weir's until fn is called. Returns 0, or
 * WEIR_EINVAL (no head, no function). */
WEIR_API int weir_rcu_retire(struct weir_rcu_head *head, size_t bytes, weir_rcu_fn *fn);

/* ---- limits --------------------------------------------------------------------------------------------------- */

/* Bytes retired whose functions have not been called: from `soft` on grace periods follow each other at once, from `hard` on
 * room_wait waits. 0: the default of both, 8 MiB and 256 MiB. Any time. Returns 0, or WEIR_EINVAL: soft > hard. */
WEIR_API int weir_rcu_set_limits(size_t soft, size_t hard);

/* Waits until `bytes` more may be retired without exceeding the hard limit (more than it: until nothing is), or `deadline`:
 * for a writer that is about to retire, before it takes a guard or a lock. The calling thread's next retires of up to so many
 * bytes are within the limit. In a guard, or in a retired object's function, it does not wait, and what is retired then
 * beyond the limit is counted apart. So what is retired by writers that asked is at most hard, and for each
 * thread one call's bytes and the smaller of 16 KiB and hard / 4096.
 * It waits for every reader: a writer must not hold what a reader inside a guard may be waiting for. Returns 0,
 *   ctx's error, WEIR_ETIMEDOUT (not before the deadline), WEIR_EAGAIN (with WEIR_NOW)
 *   WEIR_ENOMEM   the first call of the thread; no thread can be made to call the functions. */
WEIR_NODISCARD WEIR_API int weir_rcu_room_wait(size_t bytes, weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_INLINE int weir_rcu_room(size_t bytes) {
    return weir_rcu_room_wait(bytes, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_rcu_try_room(size_t bytes) {
    return weir_rcu_room_wait(bytes, WEIR_NOW, NULL);
}

struct weir_rcu_stats {
    size_t size;         /* sizeof this struct; WEIR_RCU_STATS sets it */
    uint64_t retired;    /* objects, ever */
    uint64_t called;     /* of them, those whose function has returned */
    uint64_t bytes;      /* retired and not called, those of the next line left out */
    uint64_t over_bytes; /* the same, retired beyond the hard limit by who did not wait for room */
    uint64_t peak_bytes; /* the most of `bytes`, known to 16 KiB a thread */
    uint64_t over_total; /* bytes retired beyond the limit, ever */
    uint64_t periods;    /* grace periods that weir began and ended */
    uint64_t waited;     /* calls of room_wait that had to wait */
};
#define WEIR_RCU_STATS { sizeof(struct weir_rcu_stats), 0, 0, 0, 0, 0, 0, 0, 0 }
/* As it is at some instants of the call, which looks at each thread's record. Any thread. Returns 0, or WEIR_EINVAL. */
WEIR_API int weir_rcu_read_stats(struct weir_rcu_stats *out);

/* ---- waiting -------------------------------------------------------------------------------------------------- */

/* Waits until every guard that is held at the call has been released, or `deadline`. Of guards taken later it waits
 * only for those that are there when its period begins: after the one that another call is in. Returns 0,
 *   ctx's error, WEIR_ETIMEDOUT, WEIR_EAGAIN (with WEIR_NOW)
 *   WEIR_EDEADLK  inside a guard, in a retired object's function, or by the thread that has prepared a fork
 *   WEIR_ENOMEM   no thread can be made; not with WEIR_FOREVER and no context, which needs none. */
WEIR_NODISCARD WEIR_API int weir_rcu_synchronize_wait(weir_time deadline, weir_ctx *ctx);
WEIR_INLINE int weir_rcu_synchronize(void) { return weir_rcu_synchronize_wait(WEIR_FOREVER, NULL); }

/* Waits until the functions of all objects retired before have returned, and those of what they retired, and so on,
 * WEIR_RCU_BARRIER_DEPTH times. Returns as synchronize, WEIR_ENOMEM also without a deadline. */
#define WEIR_RCU_BARRIER_DEPTH 8
WEIR_NODISCARD WEIR_API int weir_rcu_barrier_wait(weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_INLINE int weir_rcu_barrier(void) {
    return weir_rcu_barrier_wait(WEIR_FOREVER, NULL);
}

/* ---- the end of the process, and its copies --------------------------------------------------------------------- */

/* Calls the functions of all that is retired, however deep, and ends weir's thread for it. For the end of a program, whose
 * readers have left, and before its objects go away that functions use; without it they are not called for what is
 * retired at exit. Afterwards everything may be used again. Returns as barrier. */
WEIR_NODISCARD WEIR_API int weir_shutdown_wait(weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_INLINE int weir_shutdown(void) {
    return weir_shutdown_wait(WEIR_FOREVER, NULL);
}

/* Around a fork whose child goes on using RCU, and maps: prepare, fork, then parent in the parent (also where fork failed) and
 * child in the child. Between them other threads may read, but their calls that wait, write to a map, or begin to use weir,
 * wait for parent; and so does each guard of a thread that is offline, or not registered where the program registers
 * (app_registers), and the end of a thread that has taken a guard. So nobody must wait between them, in a handler of
 * pthread_atfork either, for a lock under which another thread does such a thing, nor join such a thread. The thread itself calls nothing of weir there but parent or child, and weir_ctx_cancel; debug builds
 * report its reads, retires and waits. If it ends there, that is its parent. A write of others whose deadline passes before, or whose context ends, has changed nothing.
 * (compute, and who waits for garbage, wait for parent all the same.) prepare waits for the period and the functions at work; in a program that has made maps
 * also for the guards that are held at the call and the writes under way, so that it must not be called with a lock that a
 * reader, or a function that a map has called under a lock, waits for; with WEIR_NOW it does not succeed there. Other threads
 * go on writing meanwhile, whatever they hold, but for an instant at its end, in which prepare waits for writes alone: at first a
 * millisecond at most, then writes go on for as long, and so on with twice the time, up to a second: where functions under a map's
 * lock take longer (update, visit), and there is always one, prepare may not succeed: give it a deadline there. Grace
 * periods end and garbage is taken away while writes go on. The child keeps what is
 * retired, and calls its functions too. Guards of other threads do not exist in the child, whoever registered them, nor
 * what they were about to retire; but a program that calls liburcu itself does not do so, nor end threads that it has registered,
 * in the instant of the fork: the child would find liburcu's locks taken. A child without these calls may use no RCU and no map; it may exec or _exit, and weir lets no such fork wait, beside a
 * prepared one or in a signal handler. The three calls may stand in handlers of pthread_atfork.
 * prepare returns as barrier; with an error nothing is held. The others return 0, or WEIR_EINVAL: not prepared by this thread. */
WEIR_NODISCARD WEIR_API int weir_rcu_fork_prepare_wait(weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_INLINE int weir_rcu_fork_prepare(void) {
    return weir_rcu_fork_prepare_wait(WEIR_FOREVER, NULL);
}
WEIR_API int weir_rcu_fork_parent(void);
WEIR_API int weir_rcu_fork_child(void);

#ifdef __cplusplus
}
#endif
#endif
