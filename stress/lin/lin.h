/* SPDX-License-Identifier: MIT */
/* stress/lin/lin.h - record what threads did to an object, and check that it was linearizable.
 *
 * A history is an array of operations, each with the closed interval [call, ret] in which it ran.
 * It is linearizable if the operations can be put in one order such that none stands before one
 * that had returned before it was called, and a sequential specification accepts each result in
 * turn.
 *
 *     struct weir_lin_ring shape = { .cap = 2 };             a specification, of lin/specs.h ...
 *     struct weir_lin_spec spec;
 *     weir_lin_ring_spec(&spec, &shape);
 *     weir_lin_recorder_new(&rec, 2, 16);                    two threads, 16 operations each
 *     weir_lin_checker_new(&c, &spec, NULL);
 *     ... each thread t:
 *         struct weir_lin_log *log = weir_lin_log_of(rec, t);
 *         struct weir_lin_op *op = weir_lin_next(log, WEIR_LIN_PUSH, 0);
 *         weir_lin_in(op, x);
 *         weir_lin_call(log, op);
 *         int rc = my_ring_push(r, x);
 *         weir_lin_return(log, op, rc);
 *     ... when all have stopped:
 *     weir_lin_collect(rec, &ops, &n);
 *     if (weir_lin_check(c, ops, n) != WEIR_LIN_OK) weir_lin_print(c, stderr);
 *
 * ... or a specification of your own: a state of fixed size and a step function, see weir_lin_spec.
 * A verdict WEIR_LIN_OK means that an order was found. WEIR_LIN_VIOLATION means that none exists:
 * all were tried. Whenever a bound was reached first the verdict is WEIR_LIN_UNKNOWN, never one of
 * these.
 *
 * Cost is linear in the length of a history and exponential in how many operations overlap: prefer
 * many histories of 2 to 4 threads with 3 to 8 operations each. For long runs of a queue with
 * unique values there is lin/monitor.h. Nothing here is part of the installed library. */
#ifndef WEIR_STRESS_LIN_H
#define WEIR_STRESS_LIN_H

#include <stdio.h>

#include <weir/atomic.h>

#define WEIR_LIN_VALUES 8  /* arguments, and results, of one operation */
#define WEIR_LIN_WINDOW 64 /* operations between two quiescent instants, at most */

/* Result of a blocking operation that was found still waiting when all other threads had stopped.
 * Its ret is that instant. See weir_lin_split. */
#define WEIR_LIN_BLOCKED 1

/* ---- histories ------------------------------------------------------------------------------- */

struct weir_lin_op {
    uint64_t call, ret; /* any clock that all threads share. Closed: equal stamps are concurrent */
    uint64_t parked;    /* when it was certainly registered as a waiter; 0: not known */
    uint64_t key;       /* object or map key: keyed specifications are checked key by key */
    int64_t result;     /* 0 or a count, or a negative WEIR_E code */
    uint64_t in[WEIR_LIN_VALUES], out[WEIR_LIN_VALUES];
    uint32_t thread;
    uint32_t seq;  /* orders a thread's operations on a key whose stamps overlap; equal: not */
    uint16_t kind; /* of the specification */
    uint8_t nin, nout;
    bool
        pending; /* never returned: may or may not have taken effect. ret, result, out are unused */
    bool overlaps; /* set by the checker: an operation of another thread on this key overlaps it */
};

/* One operation is often two events: a blocking call asks (and may become a waiter), and later is
 * answered. Rewrites each operation of kind rule.whole as a request (rule.ask, result and outputs
 * copied, so that the specification may look ahead) and a follow-up (rule.answer), which share a
 * ticket in weir_lin_ticket. The request lies in [call, parked or ret]; the follow-up in [call,
 * ret] after it. A pending operation becomes a pending request alone; one with result
 * WEIR_LIN_BLOCKED must have asked, and its follow-up stands at ret. Others are copied. `out` holds
 * 2 * n operations. Returns how many were written. */
struct weir_lin_rule {
    uint16_t whole, ask, answer;
};
size_t weir_lin_split(const struct weir_lin_op *ops, size_t n, const struct weir_lin_rule *rules,
                      size_t nrules, struct weir_lin_op *out);
static inline uint32_t weir_lin_ticket(const struct weir_lin_op *op) {
    return (uint32_t)op->in[WEIR_LIN_VALUES - 1];
}

/* ---- specifications -------------------------------------------------------------------------- */

/* A sequential object. States are `state_size` bytes, copied by the checker; keep them small,
 * without padding that differs (states that are equal must hash equally, and a missed equality
 * costs time). They are aligned to 16 bytes.
 * `arg` is passed to every function and must outlive the checker. */
struct weir_lin_spec {
    const char *name;
    size_t state_size;
    const void *arg;
    bool keyed; /* operations with different keys do not touch each other */

    /* The state before the first operation (on `key`, where keyed). */
    void (*init)(const void *arg, uint64_t key, void *state);

    /* Whether the object in `state` may answer `op` as it did; if so, *next is the state afterwards
     * (it starts as a copy of state, and is ignored where the answer is no). A pending operation
     * has no answer: then, every effect that it could have had. Where more than one next state is
     * possible, `choice` picks: 0, 1, ... below choices(op). Returns 1 (yes), 0 (no), or -1: a
     * bound of the specification itself is reached, and the verdict becomes WEIR_LIN_UNKNOWN. No
     * side effects. */
    int (*step)(const void *arg, const struct weir_lin_op *op, unsigned choice, const void *state,
                void *next);
    unsigned (*choices)(const void *arg, const struct weir_lin_op *op); /* NULL: one */

    uint64_t (*hash)(const void *arg, const void *state);         /* NULL: of the bytes */
    bool (*equal)(const void *arg, const void *a, const void *b); /* NULL: memcmp */
    void (*copy)(const void *arg, void *to, const void *from);    /* NULL: memcpy */

    /* One line each, cut at n bytes, for reports. NULL: the raw numbers. */
    void (*describe_op)(const void *arg, const struct weir_lin_op *op, char *text, size_t n);
    void (*describe_state)(const void *arg, const void *state, char *text, size_t n);
};

/* For describe_op: "name(in ...) -> result [out ...]", codes by name. */
void weir_lin_describe(const struct weir_lin_op *op, const char *name, char *text, size_t n);

/* ---- the checker ----------------------------------------------------------------------------- */

enum weir_lin_verdict {
    WEIR_LIN_OK,        /* an order was found */
    WEIR_LIN_VIOLATION, /* there is none */
    WEIR_LIN_UNKNOWN,   /* a bound was reached: weir_lin_reason says which */
    WEIR_LIN_MALFORMED, /* this is no history: weir_lin_reason says why */
};

struct weir_lin_opts {
    size_t size;     /* sizeof this struct; WEIR_LIN_OPTS sets it */
    uint32_t budget; /* configurations (operations done, state) of one window; 0: 2^18 */
    uint32_t states; /* states carried from a window to the next; 0: 1024 */
};
#define WEIR_LIN_OPTS { sizeof(struct weir_lin_opts), 0, 0 }

struct weir_lin_stats {
    uint64_t histories, windows, operations, configurations;
    uint32_t most_configurations, most_states; /* of one window; carried at once */
};

typedef struct weir_lin_checker weir_lin_checker;

/* Makes a checker, which may check any number of histories one after the other, by one thread at a
 * time. `opts` may be NULL. Returns 0, WEIR_EINVAL or WEIR_ENOMEM. */
WEIR_NODISCARD int weir_lin_checker_new(weir_lin_checker **out, const struct weir_lin_spec *spec,
                                        const struct weir_lin_opts *opts);
void weir_lin_checker_free(weir_lin_checker *c);

/* Checks a whole history, in any order of the array. It is split by key, and cut wherever no
 * operation runs; a stretch of more than WEIR_LIN_WINDOW operations without such an instant is
 * WEIR_LIN_UNKNOWN. The array may be freed afterwards. */
enum weir_lin_verdict weir_lin_check(weir_lin_checker *c, const struct weir_lin_op *ops, size_t n);

/* The same for an object that lives on from round to round: begin, then advance with the operations
 * of each round, all called after all of the rounds before had returned, and of one key. The states
 * that are possible after a round are carried to the next. `last` allows pending operations, and
 * saves the search for all possible states. A verdict other than WEIR_LIN_OK stays until begin. */
void weir_lin_begin(weir_lin_checker *c, uint64_t key);
enum weir_lin_verdict weir_lin_advance(weir_lin_checker *c, const struct weir_lin_op *ops, size_t n,
                                       bool last);

/* Why the last verdict is what it is, in one line; valid until the next check. */
const char *weir_lin_reason(const weir_lin_checker *c);

/* Prints the last verdict. For a violation: the longest linearizable prefix with the state after
 * each step, the operation that cannot be placed, the state before it, what else could have come
 * next, and a timeline of the window. */
void weir_lin_print(const weir_lin_checker *c, FILE *to);

/* The operation of a violation that cannot be placed, else NULL. */
const struct weir_lin_op *weir_lin_culprit(const weir_lin_checker *c);

struct weir_lin_stats weir_lin_stats(const weir_lin_checker *c);

/* ---- the recorder -------------------------------------------------------------------------------
 *
 * Each thread writes into a log of its own; nothing is shared while operations run, since a shared
 * clock or log would order the threads and hide what is looked for. Stamps are the processor's time
 * stamp counter where it is invariant and the processors agree (measured once), else
 * CLOCK_MONOTONIC, else a counter of the caller, such as the step number of a schedule explorer.
 *
 * A stamp is taken before the operation's first access and after its last. But an operation whose
 * last act is a store returns before the store has left the processor: another thread stamps later
 * and does not see it, which looks like a violation and is none. So a run is stamped in one of two
 * ways, and half of the runs should use each:
 *   WEIR_LIN_BARRIER  a full barrier stands between the operation and its stamps. The intervals are
 *                     exact, but the barrier may hide an order that is missing in the object.
 *   WEIR_LIN_WIDE     nothing is added; intervals are widened by 8 us at both ends instead, which
 *                     covers the store buffer. What overlaps only by this may pass unseen.
 * Widened intervals end at the latest when the round does (collect), and program order within a
 * thread holds always (seq), so nothing else is lost. */
enum weir_lin_mode { WEIR_LIN_BARRIER, WEIR_LIN_WIDE, WEIR_LIN_COUNTER };

typedef uint64_t weir_lin_now_fn(void *arg);

struct weir_lin_log {
    struct weir_lin_op *ops;
    uint32_t n, cap, thread;
    bool tsc, full_barrier, overflow;
    weir_au64 barrier; /* of this thread alone: its read-modify-writes are the full barrier */
    weir_lin_now_fn *now;
    void *now_arg;
    char pad_[WEIR_LINE - 48];
};

typedef struct weir_lin_recorder weir_lin_recorder;

/* Makes logs for `threads` threads of at most `ops` operations per round, all memory touched. The
 * first call in a process looks at the clocks for about 10 ms. Returns 0, WEIR_EINVAL or
 * WEIR_ENOMEM. */
WEIR_NODISCARD int weir_lin_recorder_new(weir_lin_recorder **out, uint32_t threads, uint32_t ops);
void weir_lin_recorder_free(weir_lin_recorder *r);

/* For WEIR_LIN_COUNTER: where stamps come from. Must not decrease. */
void weir_lin_set_counter(weir_lin_recorder *r, weir_lin_now_fn *now, void *arg);

/* Empties the logs for a new round. No thread is inside an operation; what this call does must
 * happen-before the threads' next operations (a barrier). */
void weir_lin_start(weir_lin_recorder *r, enum weir_lin_mode mode);

/* The round's history: *ops stands in the recorder until the next start. The threads' operations
 * happen before this call, or are pending for ever. Stamps of one round lie above those of the
 * rounds before. Returns 0, or WEIR_ETOOBIG: a log was too small, and the history is useless. */
WEIR_NODISCARD int weir_lin_collect(weir_lin_recorder *r, const struct weir_lin_op **ops,
                                    size_t *n);

/* "tsc, 2.10 ticks per ns, processors agree to 0 ns" or "CLOCK_MONOTONIC (why)". Static text. The
 * variable WEIR_LIN_CLOCK=monotonic of the environment asks for the latter. */
const char *weir_lin_clock(void);
/* Ticks of the stamps in one microsecond; 0 for a counter of the caller. */
uint64_t weir_lin_ticks_per_us(const weir_lin_recorder *r);

struct weir_lin_log *weir_lin_log_of(weir_lin_recorder *r, uint32_t thread);

/* A new operation of this thread, pending; NULL if the log is full (then the round is useless, and
 * collect says so). Fill in its arguments, then call. */
static inline struct weir_lin_op *weir_lin_next(struct weir_lin_log *log, unsigned kind,
                                                uint64_t key) {
    if (WEIR_UNLIKELY(log->n == log->cap)) {
        log->overflow = true;
        return NULL;
    }
    struct weir_lin_op *op = &log->ops[log->n];
    op->thread = log->thread;
    op->seq = log->n++;
    op->kind = (uint16_t)kind;
    op->key = key;
    op->parked = 0;
    op->result = 0;
    op->nin = op->nout = 0;
    op->pending = true;
    op->overlaps = false;
    return op;
}

/* One more argument; one more result. More than WEIR_LIN_VALUES are dropped, and the check of such
 * a history says WEIR_LIN_MALFORMED. */
static inline void weir_lin_in(struct weir_lin_op *op, uint64_t v) {
    if (op->nin < WEIR_LIN_VALUES) op->in[op->nin] = v;
    op->nin++;
}
static inline void weir_lin_out(struct weir_lin_op *op, uint64_t v) {
    if (op->nout < WEIR_LIN_VALUES) op->out[op->nout] = v;
    op->nout++;
}

/* rdtscp waits until what came before has been done; what follows may start before it, so the
 * barrier after the call stamp adds that very stamp: it cannot run ahead of the stamp, and no later
 * access can run ahead of the barrier. */
static inline uint64_t weir__lin_stamp(struct weir_lin_log *log) {
#if defined(__x86_64__)
    if (WEIR_LIKELY(log->tsc)) {
        unsigned cpu;
        return __builtin_ia32_rdtscp(&cpu);
    }
#endif
    return log->now(log->now_arg);
}

/* The last thing before the operation. */
static inline void weir_lin_call(struct weir_lin_log *log, struct weir_lin_op *op) {
    weir_light_barrier();
    op->call = weir__lin_stamp(log);
    if (log->full_barrier) (void)weir_fetch_add_seq_cst(&log->barrier, op->call, 0);
    weir_light_barrier();
}

/* The first thing after it. Results other than the code are added afterwards. */
static inline void weir_lin_return(struct weir_lin_log *log, struct weir_lin_op *op,
                                   int64_t result) {
    weir_light_barrier();
    if (log->full_barrier) (void)weir_fetch_add_seq_cst(&log->barrier, 1, 0);
    op->ret = weir__lin_stamp(log);
    weir_light_barrier();
    op->result = result;
    op->pending = false;
}

#endif
