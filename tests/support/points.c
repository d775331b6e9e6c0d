/* SPDX-License-Identifier: MIT */
/* tests/support/points.c - see points.h. */
#include "points.h"

#include "check.h"
#include "threads.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static __thread struct stop *mine;
static weir_au32 delays, counted;
static weir_aptr counted_name; /* NULL: none */

static void at_point(const char *name) {
    struct stop *s = mine;
    const char *what = weir_load_acquire(&counted_name, 0);
    if (what && strcmp(what, name) == 0) (void)weir_fetch_add_relaxed(&counted, 1);
    if (s && strcmp(s->at, name) == 0) {
        mine = s->then;
        (void)sem_post(&s->arrived);
        while (sem_wait(&s->go) != 0) continue; /* EINTR */
    }
    if (weir_load_relaxed(&delays)) random_delay();
}

void stop_init(struct stop *s, const char *at) {
    s->at = at;
    s->then = NULL;
    (void)sem_init(&s->arrived, 0, 0);
    (void)sem_init(&s->go, 0, 0);
    weir_set_point_hook(at_point);
}

void stop_fini(struct stop *s) {
    (void)sem_destroy(&s->arrived);
    (void)sem_destroy(&s->go);
}

void stop_me(struct stop *s) { mine = s; }

bool stop_reached(struct stop *s, int ms) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    int rc;
    do rc = sem_timedwait(&s->arrived, &until);
    while (rc != 0 && errno == EINTR);
    return rc == 0;
}

bool stop_wait(struct stop *s) {
    return stop_reached(s, 20000) || CHECK(false, "no thread stops at %s", s->at);
}

void stop_release(struct stop *s) { (void)sem_post(&s->go); }

void points_delay(bool on) {
    weir_store_relaxed(&delays, on);
    weir_set_point_hook(at_point);
}

void points_count(const char *name) {
    weir_store_relaxed(&counted, 0);
    weir_set_point_hook(at_point);
    weir_store_release(&counted_name, (void *)(uintptr_t)name, 0);
}

unsigned points_passed(void) { return weir_load_relaxed(&counted); }
