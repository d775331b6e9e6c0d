/* SPDX-License-Identifier: MIT */
/* stress/lin/memo.c - the configurations that a search has seen, with a hard bound.
 *
 * Two configurations are the same if the same operations have been placed and the states are equal:
 * what can follow is then the same, and the second one need not be searched. Equality is checked,
 * never only the hash. The table is emptied by a new generation number, so that a history of ten
 * operations does not pay for one of ten thousand. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 256u

void lin_copy(const struct weir_lin_spec *spec, void *to, const void *from) {
    if (spec->copy)
        spec->copy(spec->arg, to, from);
    else
        memcpy(to, from, spec->state_size);
}

static uint64_t mix(uint64_t h) {
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 29;
    return h * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t state_hash(const struct weir_lin_spec *spec, const void *state) {
    if (spec->hash) return spec->hash(spec->arg, state);
    uint64_t h = spec->state_size;
    const char *p = state;
    size_t n = spec->state_size;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        h = mix(h ^ w);
    }
    for (; n > 0; n--, p++) h = mix(h ^ (unsigned char)*p);
    return h;
}

static bool same_state(const struct weir_lin_spec *spec, const void *a, const void *b) {
    return spec->equal ? spec->equal(spec->arg, a, b) : memcmp(a, b, spec->state_size) == 0;
}

int lin_memo_init(struct lin_memo *m, const struct weir_lin_spec *spec, uint32_t budget) {
    *m = (struct lin_memo){ .spec = spec, .budget = budget };
    m->stride = (spec->state_size + 15) & ~(size_t)15;
    m->cap = FIRST_CAP;
    m->mask = 2 * FIRST_CAP - 1;
    m->config = malloc(m->cap * sizeof *m->config);
    m->state = malloc(m->cap * m->stride);
    m->slots = calloc((size_t)m->mask + 1, sizeof *m->slots);
    m->generation = 1;
    if (m->config && m->state && m->slots) return 0;
    lin_memo_fini(m);
    return WEIR_ENOMEM;
}

void lin_memo_fini(struct lin_memo *m) {
    free(m->config);
    free(m->state);
    free(m->slots);
    *m = (struct lin_memo){ .spec = NULL };
}

void lin_memo_clear(struct lin_memo *m) {
    m->n = 0;
    m->no_memory = m->spec_bound = false;
    if (++m->generation != 0) return;
    memset(m->slots, 0, ((size_t)m->mask + 1) * sizeof *m->slots);
    m->generation = 1;
}

static void put_slot(struct lin_memo *m, uint64_t *slots, uint32_t mask, uint32_t i) {
    uint32_t at = m->config[i].hash & mask;
    while (slots[at] >> 32 == m->generation) at = (at + 1) & mask;
    slots[at] = (uint64_t)m->generation << 32 | i;
}

static bool grow(struct lin_memo *m) {
    uint32_t cap = m->cap * 2;
    uint32_t mask = 2 * cap - 1;
    struct lin_config *config = realloc(m->config, cap * sizeof *config);
    if (config) m->config = config;
    char *state = realloc(m->state, cap * m->stride);
    if (state) m->state = state;
    uint64_t *slots = calloc((size_t)mask + 1, sizeof *slots);
    if (!config || !state || !slots) {
        free(slots);
        m->no_memory = true;
        return false;
    }
    for (uint32_t i = 0; i < m->n; i++) put_slot(m, slots, mask, i);
    free(m->slots);
    m->slots = slots;
    m->mask = mask;
    m->cap = cap;
    return true;
}

uint32_t lin_memo_add(struct lin_memo *m, uint64_t placed, const void *state, uint32_t from,
                      unsigned op) {
    uint64_t h64 = mix(state_hash(m->spec, state) ^ placed * UINT64_C(0xff51afd7ed558ccd));
    uint32_t hash = (uint32_t)(h64 >> 32);
    for (uint32_t at = hash & m->mask; m->slots[at] >> 32 == m->generation;
         at = (at + 1) & m->mask) {
        uint32_t i = (uint32_t)m->slots[at];
        const struct lin_config *k = &m->config[i];
        if (k->hash == hash && k->placed == placed &&
            same_state(m->spec, lin_memo_state(m, i), state))
            return LIN_NONE;
    }
    if (m->n >= m->budget) return LIN_FULL;
    if (m->n == m->cap && !grow(m)) return LIN_FULL;
    uint32_t i = m->n++;
    m->config[i] = (struct lin_config){ placed, from, hash, (uint8_t)op };
    lin_copy(m->spec, lin_memo_state(m, i), state);
    put_slot(m, m->slots, m->mask, i);
    return i;
}
