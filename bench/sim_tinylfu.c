/* SPDX-License-Identifier: MIT */
/* bench/sim_tinylfu.c - W-TinyLFU with exact counts, simulated; see sim.h.
 *
 * All counts are halved at once by counting how often that was done: a key's is halved when it is next looked at. */
#include "sim.h"

#include <stdlib.h>

enum { NOWHERE, WINDOW, PROBATION, PROTECTED, LISTS };

struct tinylfu {
    size_t window, main, protected;
    uint64_t sample, seen; /* requests between two halvings, and since the last one */
    uint32_t halved;
    struct wb_links links;
    struct wb_list list[LISTS];
    uint8_t *in;
    uint32_t *count, *at; /* a key's, when so many halvings had been */
};

static void *make(size_t capacity, uint32_t keys) {
    struct tinylfu *t = malloc(sizeof *t);
    if (!t) return NULL;
    *t = (struct tinylfu){ .window = capacity / 100 ? capacity / 100 : 1,
                           .sample = 10 * (uint64_t)capacity,
                           .list = { WB_LIST, WB_LIST, WB_LIST, WB_LIST } };
    t->main = capacity - t->window;
    t->protected = t->main * 8 / 10;
    t->count = calloc(keys ? keys : 1, sizeof *t->count);
    t->at = calloc(keys ? keys : 1, sizeof *t->at);
    if (t->count && t->at && wb_sim_room(&t->links, &t->in, keys)) return t;
    free(t->count);
    free(t->at);
    free(t);
    return NULL;
}

static void dispose(void *policy) {
    struct tinylfu *t = policy;
    wb_sim_room_free(&t->links, t->in);
    free(t->count);
    free(t->at);
    free(t);
}

static size_t len(void *policy) {
    struct tinylfu *t = policy;
    return t->list[WINDOW].len + t->list[PROBATION].len + t->list[PROTECTED].len;
}

static uint32_t count_of(struct tinylfu *t, uint32_t key) {
    uint32_t missed = t->halved - t->at[key];
    t->count[key] = missed < 32 ? t->count[key] >> missed : 0;
    t->at[key] = t->halved;
    return t->count[key];
}

static void move(struct tinylfu *t, uint32_t key, uint8_t to) {
    if (t->in[key] != NOWHERE) wb_list_remove(&t->list[t->in[key]], &t->links, key);
    if (to != NOWHERE) wb_list_push(&t->list[to], &t->links, key);
    t->in[key] = to;
}

static void used(struct tinylfu *t, uint32_t key) {
    if (t->in[key] == WINDOW) {
        move(t, key, WINDOW);
        return;
    }
    move(t, key, PROTECTED);
    if (t->list[PROTECTED].len > t->protected) move(t, t->list[PROTECTED].oldest, PROBATION);
}

/* What has left the window against what has been longest on probation; who loses leaves the cache. */
static void admit(struct tinylfu *t, uint32_t candidate) {
    struct wb_list *from = &t->list[t->list[PROBATION].len > 0 ? PROBATION : PROTECTED];
    if (t->list[PROBATION].len + t->list[PROTECTED].len < t->main) {
        move(t, candidate, PROBATION);
    } else if (t->main > 0 && count_of(t, candidate) > count_of(t, from->oldest)) {
        move(t, from->oldest, NOWHERE);
        move(t, candidate, PROBATION);
    } else {
        move(t, candidate, NOWHERE);
    }
}

static bool tinylfu_access(void *policy, uint32_t key) {
    struct tinylfu *t = policy;
    bool hit = t->in[key] != NOWHERE;
    (void)count_of(t, key);
    t->count[key]++;
    if (hit) {
        used(t, key);
    } else {
        move(t, key, WINDOW);
        if (t->list[WINDOW].len > t->window) admit(t, t->list[WINDOW].oldest);
    }
    if (++t->seen == t->sample) {
        t->seen = 0;
        t->halved++;
    }
    return hit;
}

const struct wb_policy wb_sim_wtinylfu = {
    "wtinylfu", "exact counts, halved after ten times the capacity",
    false,      make,
    dispose,    tinylfu_access,
    len
};
