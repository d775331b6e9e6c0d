/* SPDX-License-Identifier: MIT */
/* bench/map_tests.c - see map_tests.h. What the tests share stands in map_attempt.h, the tests themselves in
 * map_mixes.c, map_stall.c, map_load.c and map_memory.c. */
#include "map_tests.h"

#include "map_attempt.h"

#define NS_PUT 300e-9  /* seconds, guessed; of all kinds */
#define NS_GROW 900e-9 /* the table given back, too */

unsigned wb_map_test_threads(enum wb_test test, const struct wb_shape *shape) {
    if (test == WB_BESIDE) return shape->producers + shape->map.writers;
    if (test == WB_MEMORY) return 1;
    return shape->producers + (test == WB_STALL ? 1 : 0);
}

double wb_map_test_cost(enum wb_test test, const struct wb_shape *shape, double seconds) {
    double keys = (double)shape->map.keys, puts = NS_PUT * keys;
    switch (test) {
        case WB_GROW: return NS_GROW * keys;
        case WB_MEMORY: return 2 * puts + 1;
        case WB_CHURN: return puts + WB_CHURN_LONGER * seconds;
        case WB_LOAD: return 2 * WB_LOAD_US / 1e6;
        case WB_STALL: return puts + 0.6 + shape->map.stall / 1e3;
        default: return seconds + WB_WARM_UP + 0.002;
    }
}

void wb_map_tests_end(void) { wb_tables_end(); }

bool wb_test_keeps_table(enum wb_test test) { return test == WB_STREAM || test == WB_BESIDE; }

enum wb_status wb_map_test(const struct wb_trial *trial, struct wb_team **team,
                           struct wb_sample *out, struct wb_hist *latencies, char *why,
                           size_t why_size) {
    struct wb_attempt t = { .trial = trial, .team = team, .out = out, .latencies = latencies };
    t.why = why;
    t.size = why_size;
    t.status = WB_FAILED;
    switch (trial->test) {
        case WB_STREAM: wb_attempt_mixed(&t); break;
        case WB_BESIDE: wb_attempt_beside(&t); break;
        case WB_GROW: wb_attempt_grow(&t); break;
        case WB_CHURN: wb_attempt_churn(&t); break;
        case WB_STALL: wb_attempt_stalled(&t); break;
        case WB_MEMORY: wb_attempt_memory(&t); break;
        case WB_LOAD: wb_attempt_load(&t); break;
        default: (void)wb_attempt_failed(&t, "no such test of maps");
    }
    wb_map_run_free(t.run);
    if (t.table && !wb_test_keeps_table(trial->test)) wb_table_drop(t.table, false);
    return t.status;
}
