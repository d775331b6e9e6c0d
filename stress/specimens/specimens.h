/* SPDX-License-Identifier: MIT */
/* stress/specimens/specimens.h - structures that are wrong on purpose, one fault each. The tools are tested
 * on them: each must be found, by the tool that its head comment names. */
#ifndef WEIR_STRESS_SPECIMENS_H
#define WEIR_STRESS_SPECIMENS_H

#include <weir/model.h>

extern const struct weir_model_scenario specimen_aba_stack, specimen_park_no_storeload,
    specimen_close_wakes_one, specimen_select_takes_two, specimen_empty_in_window,
    specimen_empty_recycled, specimen_double_free, specimen_map_lost_update,
    specimen_ring_no_release;

#endif
