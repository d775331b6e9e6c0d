/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/pairs.c - ping-pong: two workers, two rings, one element in each direction. Nobody else
 * can wake a sleeper by accident, so that each lost wake-up is a hang; and the pauses before a push are spread
 * around the moment at which the other stops polling and goes to sleep.
 *
 * pingpong       as it is
 * denied         membarrier is refused before the first ring is made: publishers fence
 * denied_late    it is refused while the rings are in use (a sandbox): waiters notice, and publishers go
 *                over to fences (queues/mpmc_wait.c) */
#include "body.h"
#include "verbs.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <weir/mpmc.h>

#define BIG 2048 /* bytes: a large copy, behind which the stamp stands in the store buffer */

enum denial { NOT_DENIED, DENIED, DENIED_LATE };

struct side {
    _Alignas(WEIR_LINE) struct tally tally;
    char elem[BIG], got[BIG];
};

struct pair {
    void *ring[2]; /* to worker 1, to worker 0 */
    struct side side[2];
};

struct pairs {
    const struct ring_kind *kind;
    enum denial denial;
    size_t size;
    unsigned n;
    struct pair *pair;
    weir_au32 refused;
};

/* Refuses membarrier to all threads of this process, for good. */
static bool refuse_membarrier(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = { .len = sizeof code / sizeof *code, .filter = code };
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0;
}

static void a_pause(struct weir_stress_worker *w) {
    uint64_t most = weir_stress_random(w, 16) ? 3000 : 60000;
    weir_time until = weir_after((int64_t)weir_stress_random(w, most));
    while (weir_now() < until) weir_pause();
}

/* One turn: something of this worker's to the other, something back. False: closed. */
static bool turn(struct pairs *s, struct pair *p, struct weir_stress_worker *w, uint64_t n) {
    unsigned me = weir_stress_index(w) % 2;
    struct side *mine = &p->side[me];
    struct caller to = { s->kind, p->ring[me], 1, s->size, w, &mine->tally };
    struct caller from = { s->kind, p->ring[1 - me], 1, s->size, w, &mine->tally };
    for (int i = 0; i < 2; i++) {
        if ((i == 0) == (me == 0)) {
            a_pause(w);
            memset(mine->elem, (int)(unsigned char)n, s->size);
            if (call_push(&to, HOW_WAIT, mine->elem, 0) == WEIR_ECLOSED) return false;
        } else {
            if (call_pop(&from, HOW_WAIT, mine->got, 0) == WEIR_ECLOSED) return false;
            weir_stress_check((unsigned char)mine->got[0] == (unsigned char)n &&
                                  mine->got[0] == mine->got[s->size - 1],
                              "turn %llu: another element came", (unsigned long long)n);
        }
    }
    return true;
}

static void refuse_now(struct pairs *s) {
    if (weir_stress_check(refuse_membarrier(), "the filter cannot be put up"))
        weir_store_relaxed(&s->refused, 1);
}

static void pairs_thread(void *state, struct weir_stress_worker *w) {
    struct pairs *s = state;
    struct pair *p = &s->pair[weir_stress_index(w) / 2];
    weir_stress_role(w, weir_stress_index(w) % 2 ? "pong" : "ping");
    if (weir_stress_index(w) == weir_stress_count(w) - 1 && weir_stress_count(w) % 2)
        return; /* nobody to play with */
    uint64_t at = 1 + weir_stress_random(w, 200);
    for (uint64_t n = 0; weir_stress_more(w) && turn(s, p, w, n); n++)
        if (s->denial == DENIED_LATE && weir_stress_index(w) == 0 && n == at) refuse_now(s);
    for (int i = 0; i < 2; i++) (void)s->kind->close(p->ring[i]); /* lets the other go */
}

static bool fences(void *ring) {
    return weir_load_relaxed(&((weir_mpmc *)ring)->waiters_) & WEIR__MPMC_FENCE;
}

static int pairs_setup(void *state, struct weir_stress *run) {
    struct pairs *s = state;
    const struct body_of *b = body_of(run);
    s->kind = b->kind;
    s->denial = b->body->param ? *(const enum denial *)b->body->param : NOT_DENIED;
    s->size = weir_stress_seed(run) % 2 ? 8 : BIG;
    s->n = (weir_stress_threads(run) + 1) / 2; /* the last one may be alone */
    if (s->denial == DENIED && !refuse_membarrier())
        return weir_stress_skip(run, "no system call filter can be installed here");
    s->pair = aligned_alloc(WEIR_LINE, s->n * sizeof *s->pair);
    if (!s->pair) return WEIR_ENOMEM;
    memset(s->pair, 0, s->n * sizeof *s->pair);
    for (unsigned i = 0; i < s->n; i++)
        for (int k = 0; k < 2; k++) {
            struct weir_ring_opts o = WEIR_RING_OPTS(1, s->size);
            int rc = s->kind->make(&s->pair[i].ring[k], &o);
            if (rc < 0) return rc;
            if (s->denial == DENIED)
                weir_stress_check(fences(s->pair[i].ring[k]),
                                  "membarrier is refused, and the ring does not fence");
        }
    return 0;
}

static void pairs_finish(void *state) {
    struct pairs *s = state;
    uint64_t turns = 0;
    for (unsigned i = 0; i < s->n; i++)
        for (int k = 0; k < 2; k++) {
            turns += s->pair[i].side[k].tally.calls / 2;
            weir_stress_check(s->kind->free(s->pair[i].ring[k]) == 0, "the ring cannot be ended");
        }
    weir_stress_count_of("turns", turns);
    if (s->denial == DENIED_LATE) weir_stress_count_of("refused", weir_load_relaxed(&s->refused));
    free(s->pair);
}

static const enum denial denied = DENIED, denied_late = DENIED_LATE;

#define ROW(name_, about_, needs_, fenced_, param_) \
    { .name = name_,                                \
      .about = about_,                              \
      .needs = RING_WAITS | (needs_),               \
      .min_threads = 2,                             \
      .fenced = fenced_,                            \
      .state_size = sizeof(struct pairs),           \
      .setup = pairs_setup,                         \
      .thread = pairs_thread,                       \
      .finish = pairs_finish,                       \
      .param = param_ }

const struct body pair_bodies[] = {
    ROW("pingpong", "two workers, one element: each lost wake-up is a hang", 0, true, NULL),
    ROW("denied", "the same, without membarrier from the beginning", RING_BUSY, false, &denied),
    ROW("denied_late", "the same, and membarrier is refused in the middle", RING_BUSY, false,
        &denied_late),
    { 0 },
};
