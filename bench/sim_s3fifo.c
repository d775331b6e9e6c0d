/* SPDX-License-Identifier: MIT */
/* bench/sim_s3fifo.c - S3-FIFO, simulated; see sim.h. S is the small queue, M the large one, G remembers. A key's uses
 * are counted up to three, and forgotten when it goes from S to M; in M each look at the oldest takes one away. */
#include "sim.h"

#include <stdlib.h>

enum { NOWHERE, S, M, G, LISTS };
enum { MOST = 3 };

struct s3fifo {
    size_t capacity, small, ghosts;
    unsigned enough; /* uses that lead from S to M */
    struct wb_links links;
    struct wb_list list[LISTS];
    uint8_t *state; /* the list, and 4 times the uses */
};

static void *make(size_t capacity, uint32_t keys, unsigned enough) {
    struct s3fifo *f = malloc(sizeof *f);
    if (!f) return NULL;
    *f = (struct s3fifo){ .capacity = capacity,
                          .small = capacity / 10 ? capacity / 10 : 1,
                          .enough = enough,
                          .list = { WB_LIST, WB_LIST, WB_LIST, WB_LIST } };
    f->ghosts = capacity > f->small ? capacity - f->small : 1;
    if (wb_sim_room(&f->links, &f->state, keys)) return f;
    free(f);
    return NULL;
}

static void *make_2(size_t capacity, uint32_t keys) { return make(capacity, keys, 2); }
static void *make_1(size_t capacity, uint32_t keys) { return make(capacity, keys, 1); }

static void dispose(void *policy) {
    struct s3fifo *f = policy;
    wb_sim_room_free(&f->links, f->state);
    free(f);
}

static size_t len(void *policy) {
    struct s3fifo *f = policy;
    return f->list[S].len + f->list[M].len;
}

static void put(struct s3fifo *f, uint32_t key, unsigned list, unsigned uses) {
    f->state[key] = (uint8_t)(list + 4 * uses);
    if (list != NOWHERE) wb_list_push(&f->list[list], &f->links, key);
}

static void remember(struct s3fifo *f, uint32_t key) {
    if (f->list[G].len == f->ghosts) put(f, wb_list_pop(&f->list[G], &f->links), NOWHERE, 0);
    put(f, key, G, 0);
}

/* Until one has left the cache, or S is empty. */
static void evict_small(struct s3fifo *f) {
    while (f->list[S].len > 0) {
        uint32_t key = wb_list_pop(&f->list[S], &f->links);
        if (f->state[key] / 4 < f->enough) {
            remember(f, key);
            return;
        }
        put(f, key, M, 0);
    }
}

static void evict_main(struct s3fifo *f) {
    for (;;) {
        uint32_t key = wb_list_pop(&f->list[M], &f->links);
        unsigned uses = f->state[key] / 4;
        put(f, key, uses ? M : NOWHERE, uses ? uses - 1 : 0);
        if (!uses) return;
    }
}

static bool s3fifo_access(void *policy, uint32_t key) {
    struct s3fifo *f = policy;
    unsigned list = f->state[key] % 4, uses = f->state[key] / 4;
    if (list == S || list == M) {
        if (uses < MOST) f->state[key] = (uint8_t)(list + 4 * (uses + 1));
        return true;
    }
    while (len(f) == f->capacity) {
        if (f->list[S].len >= f->small || f->list[M].len == 0)
            evict_small(f);
        else
            evict_main(f);
    }
    if (f->state[key] % 4 == G) { /* unless it was forgotten just now */
        wb_list_remove(&f->list[G], &f->links, key);
        put(f, key, M, 0);
    } else {
        put(f, key, S, 0);
    }
    return false;
}

const struct wb_policy wb_sim_s3fifo = {
    "s3fifo", "promotes what was used twice", false, make_2, dispose, s3fifo_access, len
};
const struct wb_policy wb_sim_s3fifo_1 = {
    "s3fifo_1", "promotes what was used once", false, make_1, dispose, s3fifo_access, len
};
