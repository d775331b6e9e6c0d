/* SPDX-License-Identifier: MIT */
/* tests/rcu/rcu.c - see rcu.h. */
#include "rcu.h"

#include <stdlib.h>
#include <string.h>

#include "../../lib/rcu.h"

/* AddressSanitizer's allocator does not take its locks around a fork. */
#if UNDER_ASAN
static pthread_mutex_t allocating = PTHREAD_MUTEX_INITIALIZER;
void objects_hold(bool yes) {
    if (yes)
        (void)pthread_mutex_lock(&allocating);
    else
        (void)pthread_mutex_unlock(&allocating);
}
#else
void objects_hold(bool yes) { (void)yes; }
#endif

struct object *object_new(weir_au32 *freed, uint64_t value) {
    objects_hold(true);
    struct object *o = malloc(sizeof *o);
    objects_hold(false);
    if (!CHECK(o, "no memory")) abort();
    o->freed = freed;
    o->value = value;
    return o;
}

void object_free(struct weir_rcu_head *head) {
    struct object *o = (struct object *)(void *)head;
    weir_au32 *freed = o->freed;
    memset(o, 0xDD, sizeof *o);
    objects_hold(true);
    free(o);
    objects_hold(false);
    if (freed) (void)weir_fetch_add_seq_cst(freed, 1, 0);
}

static int64_t read_on(void *arg) {
    struct reader *r = arg;
    weir_guard g = weir_rcu_enter();
    weir_store_release(&r->inside, 1, 0);
    while (!weir_load_acquire(&r->leave, 0)) sleep_ms(1);
    if (weir_load_relaxed(&r->leave) == READER_ENDS) pthread_exit(NULL);
    return weir_rcu_exit(g);
}

void reader_start(struct reader *r) {
    weir_init_atomic(&r->inside, 0);
    weir_init_atomic(&r->leave, 0);
    call_start(&r->call, read_on, r);
    while (!weir_load_acquire(&r->inside, 0)) sleep_ms(1);
}

void reader_end(struct reader *r) {
    weir_store_release(&r->leave, 1, 0);
    CHECK_IS(call_end(&r->call), 0);
}

bool comes_to(weir_au32 *count, uint32_t n, int ms) {
    weir_time until = weir_after(ms * MS);
    while (weir_load_acquire(count, 0) < n && weir_now() < until) sleep_ms(1);
    return weir_load_acquire(count, 0) >= n;
}

void period_begins(void) {
    weir_time until = weir_after(10000 * MS);
    while (weir__rcu_number() % 2 == 0 && weir_now() < until) sleep_ms(1);
    CHECK(weir__rcu_number() % 2 != 0, "no period begins");
}

struct weir_rcu_stats stats(void) {
    struct weir_rcu_stats s = WEIR_RCU_STATS;
    CHECK_IS(weir_rcu_read_stats(&s), 0);
    return s;
}

/* ---- RCU13 --------------------------------------------------------------------------------------------------- */

static const struct test *all_tests;
static size_t n_tests;

extern int urcu_memb_has_sys_membarrier; /* liburcu's */

static void refused(void) {
    if (child_rights() & CHILD_NO_MEMBARRIER) {
        CHECK(!urcu_memb_has_sys_membarrier, "liburcu has it all the same");
        return;
    }
    for (size_t i = 0; i < n_tests && checks_hold(); i++)
        child_passes(all_tests[i].name, CHILD_NO_MEMBARRIER);
}

int rcu_main(int argc, char **argv, const char *group, const struct test *tests, size_t n) {
    struct test *list = calloc(n + 1, sizeof *list);
    if (!list) return 1;
    memcpy(list, tests, n * sizeof *list);
    list[n] = (struct test){ "RCU13 where membarrier is refused all cases pass", refused };
    all_tests = list;
    n_tests = n + 1;
    if (child_rights()) times_share(8);
    int rc = tests_main(argc, argv, group, list, n + 1);
    free(list);
    return rc;
}
