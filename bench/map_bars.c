/* SPDX-License-Identifier: MIT */
/* bench/map_bars.c - the suite maps-bars: of maps what bench/bars.txt and the README's sentences are about, and no more, so
 * that it can be measured in one go.
 *
 *   M1   words, 2 threads: 100, 99, 95, 50 and 0 % reads of 1e5 and 1e6 keys, 100 and 99 % of 5e6; beside writers once so that half of the
 *        reads find something, and once so that all do. All kinds, and the bound
 *   M1   readers beside a writer of other keys and alone, at 1e3, 1e5 and 1e6
 *   M3   growing to 1e6, each put timed; all kinds
 *   M4   memory per entry around a doubling
 *   M5   strings of 16 and 40 bytes, 99 % reads of 1e5 and 1e6 keys; all kinds
 *   M6   weir's two maps and the locks, 2 threads, from 100 to 0 % reads: words at 1e3, 1e5 and 1e6, strings of 16 and 40 bytes at
 *        1e5, of 16 at 1e6 too. (With other numbers of threads: the suite maps.)
 *
 * A share of reads has tables of its own (map_tables.h), so each has a group of its own, and not more tables stand beside each
 * other than fit into memory. */
#include "map_rows.h"

#define FLAT "flat"

static const unsigned bars[] = { 100, 99, 95, 50, 0 };
static const unsigned shares[] = { 100, 99, 95, 90, 75, 50, 0 };

static bool has_bars(unsigned share) {
    for (unsigned i = 0; i < COUNT(bars); i++)
        if (bars[i] == share) return true;
    return false;
}

/* All kinds by two threads, and the bound, which one thread sets. */
static void all_kinds(struct wb_builder *b, struct wb_row r) {
    add(b, r, WB_ALL);
    r.producers = 1;
    add(b, of(r, FLAT), WB_ALL);
}

/* One share of reads of so many words. */
static void words(struct wb_builder *b, const char *group, uint64_t keys, unsigned share) {
    struct wb_row r = row("M1", "map", 2, share, keys);
    wb_build_group(b, group, false);
    all_kinds(b, r);
    if (share < 100) all_kinds(b, hit(r, 100));
}

/* But for the shares that are measured with all kinds. */
static void crossing(struct wb_builder *b, uint64_t keys, bool barred) {
    for (unsigned i = 0; i < COUNT(shares); i++)
        if (!barred || !has_bars(shares[i])) add(b, row("M6", "map", 2, shares[i], keys), WB_OURS);
}

static const char crossed[] = "weir_map,weir_shardmap,mutex,rwlock,sharded_mutex,sharded_rwlock";

static void strings(struct wb_builder *b, const char *const group[COUNT(shares)], uint64_t keys,
                    size_t bytes, bool crossing_too) {
    for (unsigned i = 0; i < COUNT(shares); i++) {
        struct wb_row r = size(row("M6", "strmap", 2, shares[i], keys), bytes);
        wb_build_group(b, group[i], false);
        if (shares[i] == 99) {
            r.workload = "M5";
            all_kinds(b, r);
        } else if (crossing_too)
            add(b, of(r, crossed), WB_OURS);
    }
}

static void beside(struct wb_builder *b) {
    static const uint64_t keys[] = { 1000, 100000, 1000000 };
    wb_build_group(b, "M1 beside", false);
    for (unsigned k = 0; k < COUNT(keys); k++)
        for (unsigned writers = 0; writers <= 1; writers++)
            add(b, of(beside_writers(keys[k], writers), "weir_map,weir_shardmap,plain"), WB_ALL);
}

void wb_suite_maps_bars(struct wb_builder *b) {
#define SHARES(x) { x " 100 %", x " 99 %", x " 95 %", x " 90 %", x " 75 %", x " 50 %", x " 0 %" }
    static const char *const small[] = SHARES("M1 1e5"), *const middle[] = SHARES("M1 1e6");
    static const char *const names[][COUNT(shares)] = { SHARES("M5 1e5, 16 bytes"),
                                                        SHARES("M5 1e5, 40 bytes"),
                                                        SHARES("M5 1e6, 16 bytes"),
                                                        SHARES("M5 1e6, 40 bytes") };
#undef SHARES
    for (unsigned i = 0; i < COUNT(shares); i++)
        if (has_bars(shares[i])) words(b, small[i], 100000, shares[i]);
    for (unsigned i = 0; i < COUNT(shares); i++)
        if (has_bars(shares[i])) words(b, middle[i], 1000000, shares[i]);
    words(b, "M1 5e6 100 %", 5000000, 100);
    words(b, "M1 5e6 99 %", 5000000, 99);
    wb_build_group(b, "M6 words", false);
    crossing(b, 1000, false);
    crossing(b, 100000, true);
    crossing(b, 1000000, true);
    for (unsigned i = 0; i < COUNT(names); i++)
        strings(b, names[i], i < 2 ? 100000 : 1000000, i % 2 ? 40 : 16, i < 3);
    beside(b);
    wb_build_group(b, "M3", false);
    add(b, alone(WB_GROW, "M3", 1, 1000000), WB_ALL);
    wb_build_group(b, "M4", false);
    add(b, of(alone(WB_MEMORY, "M4", 1, 1000000), "weir_map,weir_shardmap"), WB_ALL);
}
