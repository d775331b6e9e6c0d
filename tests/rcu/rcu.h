/* SPDX-License-Identifier: MIT */
/* tests/rcu/rcu.h - what the tests of RCU share. */
#ifndef WEIR_TESTS_RCU_H
#define WEIR_TESTS_RCU_H

#include <weir/rcu.h>

#include "../support/check.h"
#include "../support/child.h"
#include "../support/misuse.h"
#include "../support/sanitizers.h"
#include "../support/threads.h"

#define MS INT64_C(1000000)
#define OBJECT_BYTES 64

/* An object that notes that its function was called. */
struct object {
    struct weir_rcu_head head;
    weir_au32 *freed; /* NULL: nobody counts */
    uint64_t value;
};

struct object *object_new(weir_au32 *freed, uint64_t value);
/* Poisons and frees it. */
void object_free(struct weir_rcu_head *head);
/* Around a fork: none is made or freed by other threads meanwhile, where the allocator needs that. */
void objects_hold(bool yes);
static inline int object_retire(struct object *o) {
    return weir_rcu_retire(&o->head, OBJECT_BYTES, object_free);
}

/* A thread that holds a guard, from start to end. */
#define READER_ENDS 2 /* in `leave`: its thread ends inside the guard */
struct reader {
    weir_au32 inside, leave;
    struct call call;
};
void reader_start(struct reader *r);
void reader_end(struct reader *r);

/* Whether *count comes to n within `ms`. */
bool comes_to(weir_au32 *count, uint32_t n, int ms);

/* Waits until a grace period is under way. */
void period_begins(void);

struct weir_rcu_stats stats(void);

/* The main function of a program: a last case runs all others where membarrier is refused. */
int rcu_main(int argc, char **argv, const char *group, const struct test *tests, size_t n);

#endif
