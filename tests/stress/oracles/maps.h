/* SPDX-License-Identifier: MIT */
/* tests/stress/oracles/maps.h - maps with one fault each, for the program of rings.c. */
#ifndef WEIR_TESTS_ORACLES_MAPS_H
#define WEIR_TESTS_ORACLES_MAPS_H

#include <weir/stress.h>

/* As map_bodies_on. */
size_t bad_maps_on(const struct weir_stress_scenario **out, size_t n, size_t most);

#endif
