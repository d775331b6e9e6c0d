/* SPDX-License-Identifier: MIT */
/* stress/specimens/all.c - the specimens that the schedule explorer finds. */
#include "../explore/scenarios/all.h"
#include "specimens.h"

const struct weir_model_scenario *const specimens[] = {
    &specimen_aba_stack,       &specimen_park_no_storeload,
    &specimen_close_wakes_one, &specimen_select_takes_two,
    &specimen_empty_in_window, &specimen_empty_recycled,
    &specimen_double_free,     &specimen_map_lost_update,
    &specimen_ring_no_release, NULL,
};
