/* SPDX-License-Identifier: MIT */
/* tests/regress/attach.c - RING12, RING13: attach takes no ring whose shape is not whole: each field of the
 * frozen layout in turn is given wrong values, and so is the number of bytes. */
#include "../support/check.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <weir/mpmc.h>
#include <weir/spsc.h>

#define MEMORY 8192
#define CAP 5
#define SIZE 24

static char good[MEMORY] __attribute__((aligned(128)));
static char copy[MEMORY] __attribute__((aligned(128)));

struct field {
    const char *name;
    size_t at, size;
};
#define FIELD(type, name) { #name, offsetof(type, name), sizeof(((type *)NULL)->name) }

struct kind {
    const struct field *fields;
    size_t n;
    int (*attach)(void **out, void *mem, size_t bytes);
};

static int attach_mpmc(void **out, void *mem, size_t bytes) {
    return weir_mpmc_attach((weir_mpmc **)out, mem, bytes);
}
static int attach_spsc(void **out, void *mem, size_t bytes) {
    return weir_spsc_attach((weir_spsc **)out, mem, bytes);
}

static uint64_t get(const struct field *f) {
    uint64_t v = 0;
    memcpy(&v, good + f->at, f->size); /* little end first, as on both targets */
    return v;
}

static void refused(const struct kind *k, const struct field *f, uint64_t value) {
    void *out = copy;
    if (f->size < 8) value &= (UINT64_C(1) << f->size * 8) - 1;
    if (value == get(f)) return;
    memcpy(copy, good, sizeof copy);
    memcpy(copy + f->at, &value, f->size);
    check_context("%s = %llu, not %llu", f->name, (unsigned long long)value,
                  (unsigned long long)get(f));
    CHECK_IS(k->attach(&out, copy, MEMORY), WEIR_EINVAL);
    CHECK(out == NULL, "*out is not NULL");
}

static void each_field(const struct kind *k, size_t need) {
    static const uint64_t far[] = {
        0, 1, 7, 8, 65537, UINT64_C(1) << 31, UINT64_MAX / 2, UINT64_MAX
    };
    void *out = NULL;
    memcpy(copy, good, sizeof copy);
    CHECK_IS(k->attach(&out, copy, need), 0);
    CHECK(out == copy, "*out is not mem");
    CHECK_IS(k->attach(&out, copy, need - 1), WEIR_EINVAL);
    for (size_t i = 0; i < k->n; i++) {
        uint64_t v = get(&k->fields[i]);
        for (size_t j = 0; j < sizeof far / sizeof *far; j++) refused(k, &k->fields[i], far[j]);
        for (unsigned bit = 0; bit < k->fields[i].size * 8; bit++)
            refused(k, &k->fields[i], v ^ UINT64_C(1) << bit);
        for (uint64_t d = 1; d <= 8; d++) {
            refused(k, &k->fields[i], v + d);
            refused(k, &k->fields[i], v - d);
        }
    }
}

static void mpmc_shape(void) {
    /* elem_size_ has neighbours of the same stride; those describe a whole ring, see below. */
    static const struct field fields[] = {
        FIELD(weir_mpmc, magic_), FIELD(weir_mpmc, mask_), FIELD(weir_mpmc, last_),
        FIELD(weir_mpmc, lap_),   FIELD(weir_mpmc, gap_),  FIELD(weir_mpmc, stride_),
        FIELD(weir_mpmc, slots_),
    };
    static const struct field size = FIELD(weir_mpmc, elem_size_);
    const struct kind k = { fields, sizeof fields / sizeof *fields, attach_mpmc };
    weir_mpmc *r;
    CHECK_IS(weir_mpmc_init(&r, good, MEMORY, CAP, SIZE, 0), 0);
    each_field(&k, weir_mpmc_bytes(CAP, SIZE));
    static const uint64_t sizes[] = { 0, 16, 25, 32, 65537, UINT64_MAX, UINT64_MAX - 7 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) refused(&k, &size, sizes[i]);
}

static void spsc_shape(void) {
    static const struct field fields[] = {
        FIELD(weir_spsc, magic_),
        FIELD(weir_spsc, mask_),
        FIELD(weir_spsc, slots_),
    };
    static const struct field cap = FIELD(weir_spsc, cap_), size = FIELD(weir_spsc, elem_size_);
    static const uint64_t caps[] = { 0, 1, 4, 9, 16, (UINT64_C(1) << 31) + 5, UINT64_MAX };
    static const uint64_t sizes[] = { 0, MEMORY, 65537, UINT64_MAX };
    const struct kind k = { fields, sizeof fields / sizeof *fields, attach_spsc };
    weir_spsc *r;
    CHECK_IS(weir_spsc_init(&r, good, MEMORY, CAP, SIZE), 0);
    each_field(&k, weir_spsc_bytes(CAP, SIZE));
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) refused(&k, &cap, caps[i]);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) refused(&k, &size, sizes[i]);
}

int main(int argc, char **argv) {
    static const struct test tests[] = {
        { "RING12 RING13 mpmc: attach refuses a shape that is not whole", mpmc_shape },
        { "RING12 RING13 spsc: attach refuses a shape that is not whole", spsc_shape },
    };
    return tests_main(argc, argv, "attach", tests, sizeof tests / sizeof *tests);
}
