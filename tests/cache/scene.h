/* SPDX-License-Identifier: MIT */
/* tests/cache/scene.h - a cache with one loader, that is stopped and let go; for the tests of what a load's end is not to wait
 * for (ends.c, which has the functions; room.c). */
#ifndef WEIR_TESTS_CACHE_SCENE_H
#define WEIR_TESTS_CACHE_SCENE_H

#include "cache.h"

#define LIMIT weir_after(20 * SEC)
#define ANY UINT64_MAX

/* A cache whose loader waits until it is let go, and gives 10. `removed` waits for this key, and ends its thread for this
 * value, or ANY. */
struct scene {
    struct world w;
    weir_cache *c;
    weir_sem begun, gate, told, go_on;
    struct stop stop;
    uint64_t waits_for, exits_at;
    bool weigh_exits;
};

static inline void none_of(weir_sem *s) {
    (void)weir_sem_init(s, 100);
    CHECK_IS(weir_sem_try_acquire(s, 100), 0);
}
static inline void give(weir_sem *s) { CHECK_IS(weir_sem_release(s, 1), 0); }
static inline void take(weir_sem *s) {
    CHECK_IS(weir_sem_acquire_wait(s, 1, weir_after(20 * SEC), NULL), 0);
}

/* Its options, and it; `arg` of its loader is the scene. */
struct weir_cache_opts scene_opts(struct scene *s, uint64_t capacity);
void scene(struct scene *s, uint64_t capacity);
weir_cache_load_fn scene_load;
/* A call: loads key 1. The value, or a code. */
int64_t load_1(void *scene);

#endif
