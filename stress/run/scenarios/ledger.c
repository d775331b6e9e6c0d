/* SPDX-License-Identifier: MIT */
/* stress/run/scenarios/ledger.c - see ledger.h. An element is its ticket (producer and number) in the low
 * 24 bits, the round above them, and bytes that are made from both: a copy that was torn shows. */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#define TICKETS (UINT32_C(1) << 24)
#define MOST_WORDS (UINT64_C(1) << 20) /* of all lists */

/* ---- memory ------------------------------------------------------------------------------------------ */

static uint32_t affordable(unsigned producers, unsigned consumers, uint32_t quota) {
    uint64_t lists = (uint64_t)producers * (consumers + 1);
    while (quota > 4 && (lists * quota > MOST_WORDS || producers * quota >= TICKETS)) quota /= 2;
    return quota;
}

int ledger_init(struct ledger *l, unsigned producers, unsigned consumers, uint32_t quota) {
    quota = affordable(producers, consumers, quota);
    size_t most = (size_t)producers * quota;
    *l = (struct ledger){ .producers = producers, .consumers = consumers, .quota = quota };
    l->producer = calloc(producers, sizeof *l->producer);
    l->consumer = calloc(consumers + 1, sizeof *l->consumer);
    l->state = calloc(most, 1);
    l->last = calloc(producers, sizeof *l->last);
    bool ok = l->producer && l->consumer && l->state && l->last;
    for (unsigned c = 0; ok && c <= consumers; c++) {
        l->consumer[c].list = calloc(most, sizeof(uint32_t));
        ok = l->consumer[c].list != NULL;
    }
    if (ok) return 0;
    ledger_fini(l);
    return WEIR_ENOMEM;
}

void ledger_fini(struct ledger *l) {
    for (unsigned c = 0; l->consumer && c <= l->consumers; c++) free(l->consumer[c].list);
    free(l->producer);
    free(l->consumer);
    free(l->state);
    free(l->last);
    *l = (struct ledger){ 0 };
}

void ledger_start(struct ledger *l, size_t size) {
    l->round++;
    l->size = size;
    for (unsigned p = 0; p < l->producers; p++) l->producer[p].accepted = 0;
    for (unsigned c = 0; c <= l->consumers; c++) l->consumer[c].got = 0;
}

/* ---- elements ---------------------------------------------------------------------------------------- */

static uint64_t word_of(const struct ledger *l, uint32_t ticket) {
    return (uint64_t)l->round << 24 | ticket;
}

static unsigned char filler(uint64_t word, size_t i) {
    return (unsigned char)(word * 37 + i * 11 + (i >> 8));
}

static void make(const struct ledger *l, uint32_t ticket, unsigned char *b) {
    uint64_t word = word_of(l, ticket);
    size_t n = l->size < sizeof word ? l->size : sizeof word;
    memcpy(b, &word, n); /* the low bytes: little endian */
    for (size_t i = n; i < l->size; i++) b[i] = filler(word, i);
}

void ledger_make(const struct ledger *l, unsigned producer, uint32_t seq, void *elem) {
    make(l, producer * l->quota + seq, elem);
}

void ledger_got(struct ledger *l, unsigned consumer, const void *elem) {
    struct ledger_part *c = &l->consumer[consumer];
    uint64_t word = 0;
    size_t n = l->size < sizeof word ? l->size : sizeof word;
    memcpy(&word, elem, n);
    uint32_t ticket = (uint32_t)(word % TICKETS);
    uint64_t want = word_of(l, ticket);
    bool whole = ticket < l->producers * l->quota && memcmp(&want, elem, n) == 0;
    for (size_t i = n; whole && i < l->size; i++)
        whole = ((const unsigned char *)elem)[i] == filler(want, i);
    if (!weir_stress_check(whole,
                           "invented: these are not the bytes of an element of this round "
                           "(word 0x%llx, round %u)",
                           (unsigned long long)word, l->round))
        return;
    if (weir_stress_check(c->got < l->producers * l->quota,
                          "duplicated: one consumer alone got more than was ever pushed"))
        c->list[c->got++] = ticket;
}

/* ---- the verdict ------------------------------------------------------------------------------------- */

enum { NOT_IN, IN, OUT };

static void take_out(struct ledger *l, unsigned consumer, uint32_t ticket) {
    unsigned p = ticket / l->quota;
    uint32_t seq = ticket % l->quota;
    const char *who = consumer < l->consumers ? "popped" : "dropped";
    if (!weir_stress_check(
            l->state[ticket] != NOT_IN,
            "invented: element %u of producer %u was %s, and no push of it succeeded "
            "(round %u)",
            seq, p, who, l->round))
        return;
    weir_stress_check(l->state[ticket] == IN,
                      "duplicated: element %u of producer %u was %s a second time (round %u)", seq,
                      p, who, l->round);
    l->state[ticket] = OUT;
    weir_stress_check(
        l->last[p] <= seq,
        "reordered: consumer %u got element %u of producer %u after element %u (round "
        "%u)",
        consumer, seq, p, l->last[p] - 1, l->round);
    l->last[p] = seq + 1;
}

uint64_t ledger_judge(struct ledger *l) {
    uint64_t all = 0;
    for (unsigned p = 0; p < l->producers; p++) {
        unsigned char *state = l->state + (size_t)p * l->quota;
        memset(state, NOT_IN, l->quota);
        memset(state, IN, l->producer[p].accepted);
        all += l->producer[p].accepted;
    }
    for (unsigned c = 0; c <= l->consumers; c++) {
        memset(l->last, 0, l->producers * sizeof *l->last);
        for (uint32_t i = 0; i < l->consumer[c].got; i++) take_out(l, c, l->consumer[c].list[i]);
    }
    for (unsigned p = 0; p < l->producers; p++)
        for (uint32_t seq = 0; seq < l->producer[p].accepted; seq++)
            weir_stress_check(l->state[(size_t)p * l->quota + seq] == OUT,
                              "lost: element %u of producer %u was pushed, and neither popped nor "
                              "dropped (round %u)",
                              seq, p, l->round);
    return all;
}
