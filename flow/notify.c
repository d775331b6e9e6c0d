/* SPDX-License-Identifier: MIT */
/* flow/notify.c - see weir/notify.h. The self-pipe trick, with a futex in the place of the pipe: the handler counts in
 * the signal's word and rings a bell; a thread, there while anything is registered, looks at all words and cancels.
 *
 *   word    arrivals << 25 | handlers << 3 | INSTALLED | KEEP | ARMED
 *
 * Invariants (the lists, and the bits but for ARMED, change under the lock)
 *   I1  INSTALLED stands while the handler does. ARMED stands if some registration is to be told of the next arrival:
 *       that arrival takes it away, in one step with its count. So of two arrivals exactly one finds it, and the other
 *       gets the default action, unless KEEP stands or a registration came in between. It counts itself in `handlers`
 *       in that step, and no more once the handler stands again, if there is anything after the default action.
 *   I2  a registration sets ARMED, and learns the arrivals that were before it, in one step; it is told when there
 *       are more. Arrivals are never taken back: however many come, and however late the thread looks, it is told.
 *   I3  ARMED is set before the handler is installed, so that no arrival finds the handler and no ARMED; INSTALLED is
 *       taken away before what was found is restored: an arrival that still comes to the handler then counts as one
 *       that came before the release, of which nobody is to be told. Both then wait until no handler is at the default
 *       action: a registration so that its handler stands, a release so that none is put there after it.
 *   I4  (no lost wake-up) the handler counts, then sets the bell; the thread takes the bell away, then looks at the
 *       words, then sleeps if the bell is not set.
 *   I5  the thread ends, under the lock, when nothing is registered; a registration under the lock makes one if there
 *       is none in this process: the child of a fork has none, also where it has its parent's number.
 * Progress   the handler: lock-free, and async-signal-safe: operations on static words, futex, sigaction, raise. The
 *            rest: blocking.
 * Ordering   W1 (the count) -> W2 (the thread's look): what came before the signal, in the thread whose signal it
 *            is, is seen by who is told through the context. B1 (bell set) -> B2 (bell taken): a bell that was
 *            taken has its count visible. `handlers` is relaxed: what it stands for are actions, which the kernel
 *            orders by a lock of its own. The lock is never taken by the handler; the context's locks are taken under
 *            it, which call nothing of the user's.
 * From       Bernstein's self-pipe; Go's signal.NotifyContext, which, instead of the second signal, has a stop that
 *            the user calls. */
#include <weir/notify.h>

#include "../lib/base.h"
#include "../lib/lock.h"
#include "../lib/os_signal.h"
#include "notify.h"

#define ARMED UINT64_C(1)
#define KEEP UINT64_C(2)
#define INSTALLED UINT64_C(4)
#define HANDLER UINT64_C(8) /* as many as Linux has threads */
#define ONE (UINT64_C(1) << 25)
#define HANDLERS (ONE - HANDLER)
#define POLL INT64_C(100000) /* a system call or two take less */

struct place {
    int sig;
    uint64_t seen; /* arrivals before, as in a word without its bits */
};

struct weir_notify {
    weir_notify *next, *prev;
    weir_ctx *ctx;
    unsigned flags;
    weir_au32 told; /* the signal; 0: not yet */
    size_t n;
    struct place place[];
};

static struct {
    weir_au64 word;
    size_t users; /* places */
    struct weir__os_action found;
} signals[WEIR__OS_SIGNALS];

static struct weir__lock lock;
static weir_notify *first;
static weir_au32 runs_in; /* the process that has the thread, or is about to; 0: none */
static weir_au32 bell;

/* ---- the handler ----------------------------------------------------------------------------------------- */

static void ring(void) {
    (void)weir_exchange_release(&bell, 1, NOTIFY_B1);
    weir__os_futex_wake(&bell, 1);
}

void weir__notify_arrive(int sig) {
    weir_au64 *word = &signals[sig].word;
    uint64_t w = weir_load_relaxed(word); /* W1 decides */
    bool counts;
    do {
        if (!(w & INSTALLED)) return;
        counts = w & (ARMED | KEEP);
    } while (!weir_cas_release(word, &w, counts ? (w + ONE) & ~ARMED : w + HANDLER, NOTIFY_W1));
    if (counts) {
        WEIR_POINT("notify.counted");
        ring();
        return;
    }
    if (weir__os_signal_default(sig, weir__notify_arrive)) {
        WEIR_POINT("notify.default");
        weir__os_signal_again(sig, weir__notify_arrive);
    }
    (void)weir_fetch_sub_relaxed(word, HANDLER);
}

/* ---- the thread ------------------------------------------------------------------------------------------ */

static uint64_t arrivals(uint64_t word) { return word & ~(ONE - 1); }

/* The first of its signals that has come; 0: none. */
static int has_come(const weir_notify *n) {
    for (size_t i = 0; i < n->n; i++) {
        const struct place *p = &n->place[i];
        if (arrivals(weir_load_acquire(&signals[p->sig].word, NOTIFY_W2)) != p->seen) return p->sig;
    }
    return 0;
}

static bool is_told(const weir_notify *n) { return weir_load_relaxed(&n->told) != 0; }

/* Under the lock: what the bits of a signal are to be, after a registration was told or has left. An arrival takes ARMED
 * away meanwhile, and then it is looked at again. */
static void set_bits(int sig) {
    weir_au64 *word = &signals[sig].word;
    uint64_t w = weir_load_relaxed(word), bits; /* relaxed, as below: they carry nothing */
    do {
        bits = signals[sig].users ? INSTALLED : 0;
        for (const weir_notify *n = first; n; n = n->next)
            for (size_t i = 0; i < n->n; i++) {
                if (n->place[i].sig != sig) continue;
                if (n->flags & WEIR_NOTIFY_KEEP) bits |= KEEP;
                if (!is_told(n) && n->place[i].seen == arrivals(w)) bits |= ARMED;
            }
        bits &= w | ~ARMED; /* who is not told, but has been seen, waits for the thread */
    } while (!weir_cas_relaxed(word, &w, arrivals(w) | (w & HANDLERS) | bits));
}

/* Under the lock: until no handler is at the default action of this signal. */
static void await_handlers(int sig) {
    static weir_au32 never;
    while (weir_load_relaxed(&signals[sig].word) & HANDLERS)
        (void)weir__os_futex_wait(&never, 0, weir__os_now() + POLL);
}

/* Under the lock. Its other signals have nobody to tell any more, as far as this one goes; that is so before anybody
 * can know of the end. */
static void tell(weir_notify *n, int sig) {
    /* Relaxed: whoever learns of the end sees it. */
    weir_store_relaxed(&n->told, (uint32_t)sig);
    for (size_t i = 0; i < n->n; i++)
        if (n->place[i].sig != sig) set_bits(n->place[i].sig);
    (void)weir_ctx_cancel(n->ctx, WEIR_CAUSE_SIGNAL(sig));
}

/* Under the lock. */
static void tell_all(void) {
    for (weir_notify *n = first; n; n = n->next) {
        int sig = is_told(n) ? 0 : has_come(n);
        if (sig) tell(n, sig);
    }
}

void weir__notify_main(void) {
    for (bool more = true; more;) {
        (void)weir_exchange_acquire(&bell, 0, NOTIFY_B2);
        weir__lock(&lock);
        tell_all();
        more = first != NULL;
        if (!more) weir_store_relaxed(&runs_in, 0);
        weir__unlock(&lock);
        WEIR_POINT("notify.sleep");
        if (more) (void)weir__os_futex_wait(&bell, 0, WEIR_FOREVER);
    }
}

#ifndef WEIR_MODEL
/* In the child. A process that was made otherwise, without this, is known by its number. Without the lock, which this
 * thread may hold or another thread of the parent's: relaxed, since the child has no other thread. */
static void forked(void) { weir_store_relaxed(&runs_in, 0); }
__attribute__((constructor)) static void begin(void) { weir__os_process_forks(forked); }
#endif

/* ---- registering ------------------------------------------------------------------------------------------- */

/* Under the lock. The first user of the signal installs the handler. */
static int enter(weir_notify *n, size_t i) {
    struct place *p = &n->place[i];
    uint64_t bits = INSTALLED | ARMED | (n->flags & WEIR_NOTIFY_KEEP ? KEEP : 0);
    p->seen = arrivals(weir_fetch_or_relaxed(&signals[p->sig].word, bits));
    if (signals[p->sig].users++ > 0) {
        await_handlers(p->sig);
        return 0;
    }
    int rc = weir__os_signal_catch(p->sig, weir__notify_arrive, &signals[p->sig].found);
    if (rc == 0) return 0;
    signals[p->sig].users = 0;
    set_bits(p->sig);
    return rc;
}

/* Under the lock; the registration is not in the list any more. */
static void leave(const weir_notify *n, size_t places) {
    for (size_t i = 0; i < places; i++) {
        int sig = n->place[i].sig;
        signals[sig].users--;
        set_bits(sig);
        if (signals[sig].users > 0) continue;
        await_handlers(sig);
        weir__os_signal_restore(sig, weir__notify_arrive, &signals[sig].found);
    }
}

/* Under the lock. */
static int start(weir_notify *n) {
    uint32_t here = (uint32_t)weir__os_process();
    if (weir_load_relaxed(&runs_in) != here) { /* relaxed, as the store: the lock orders them */
        if (weir__os_thread(weir__notify_main) < 0) return WEIR_ENOMEM;
        weir_store_relaxed(&runs_in, here);
    }
    int rc = 0;
    size_t i = 0;
    while (i < n->n && (rc = enter(n, i)) == 0) i++;
    if (rc < 0) {
        leave(n, i);
        if (!first) ring(); /* the thread is for nothing */
        return rc;
    }
    n->next = first;
    if (first) first->prev = n;
    first = n;
    return 0;
}

int weir_notify_new(weir_notify **out, weir_ctx *ctx, const int *sigs, size_t n, unsigned flags) {
    if (!out) return WEIR_EINVAL;
    *out = NULL;
    if (!weir_ctx_waitable(ctx) || !sigs || n == 0) return WEIR_EINVAL;
    if (n >= WEIR__OS_SIGNALS || flags & ~WEIR_NOTIFY_KEEP) return WEIR_EINVAL;
    for (size_t i = 0; i < n; i++)
        if (!weir__os_signal_usable(sigs[i])) return WEIR_EINVAL;
    size_t bytes = sizeof(weir_notify) + n * sizeof(struct place);
    weir_notify *r = weir__os_alloc(bytes, _Alignof(weir_notify));
    if (!r) return WEIR_ENOMEM;
    *r = (weir_notify){ .ctx = weir_ctx_ref(ctx), .flags = flags, .n = n };
    weir_init_atomic(&r->told, 0);
    for (size_t i = 0; i < n; i++) r->place[i] = (struct place){ sigs[i], 0 };
    weir__lock(&lock);
    int rc = start(r);
    weir__unlock(&lock);
    if (rc < 0) {
        weir_ctx_unref(ctx);
        weir__os_free(r);
        return rc;
    }
    *out = r;
    return 0;
}

void weir_notify_free(weir_notify *n) {
    if (!n) return;
    weir__lock(&lock);
    *(n->prev ? &n->prev->next : &first) = n->next;
    if (n->next) n->next->prev = n->prev;
    leave(n, n->n);
    bool last = first == NULL;
    weir__unlock(&lock);
    if (last) ring();
    weir_ctx_unref(n->ctx);
    weir__os_free(n);
}

int weir_notify_signal(const weir_notify *n) { return n ? (int)weir_load_relaxed(&n->told) : 0; }

/* ---- names --------------------------------------------------------------------------------------------------- */

#ifdef WEIR_MODEL
const char *weir_signal_name(int sig) {
    (void)sig;
    return "signal";
}
#else
static const struct {
    int sig;
    const char *name;
} names[] = {
    { SIGHUP, "SIGHUP" },       { SIGINT, "SIGINT" },   { SIGQUIT, "SIGQUIT" },
    { SIGILL, "SIGILL" },       { SIGTRAP, "SIGTRAP" }, { SIGABRT, "SIGABRT" },
    { SIGBUS, "SIGBUS" },       { SIGFPE, "SIGFPE" },   { SIGKILL, "SIGKILL" },
    { SIGUSR1, "SIGUSR1" },     { SIGSEGV, "SIGSEGV" }, { SIGUSR2, "SIGUSR2" },
    { SIGPIPE, "SIGPIPE" },     { SIGALRM, "SIGALRM" }, { SIGTERM, "SIGTERM" },
    { SIGCHLD, "SIGCHLD" },     { SIGCONT, "SIGCONT" }, { SIGSTOP, "SIGSTOP" },
    { SIGTSTP, "SIGTSTP" },     { SIGTTIN, "SIGTTIN" }, { SIGTTOU, "SIGTTOU" },
    { SIGURG, "SIGURG" },       { SIGXCPU, "SIGXCPU" }, { SIGXFSZ, "SIGXFSZ" },
    { SIGVTALRM, "SIGVTALRM" }, { SIGPROF, "SIGPROF" }, { SIGWINCH, "SIGWINCH" },
    { SIGIO, "SIGIO" },         { SIGSYS, "SIGSYS" },
};

const char *weir_signal_name(int sig) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].sig == sig) return names[i].name;
    return "signal";
}
#endif
