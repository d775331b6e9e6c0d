/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/shard_cases.c - the table of scenarios of weir_shardmap. */
#include "map.h"

#define CASE(name_, kind_, there_, ...)                                                        \
    {                                                                                          \
        .name = name_, .kind = &map_kind_##kind_, .there = there_, .waiting = "", .program = { \
            __VA_ARGS__                                                                        \
        }                                                                                      \
    }

const struct map_case shard_cases[] = {
    /* a read beside writes of its line: the same key, another one in its place, values that change twice */
    CASE("shard.2x3", lines, "0", "P0T0G0", "G0I0T0"),
    CASE("shard.3x2", lines, "0", "T0P0", "S0G0", "G0C0"),
    CASE("shard.insert", lines, "", "P0P1", "G1G0", "I0G1"),
    CASE("shard.reuse.same", lines, "012", "T0P0", "G0G0"),
    CASE("shard.reuse.other", lines, "012", "T0P3", "G0G3"),
    CASE("shard.value", lines, "0", "P0P0", "G0G0", "S0"),
    CASE("shard.retries", lines, "0", "P0P0P0", "G0"),
    /* chains: lines that leave one, and are used again in the same or another one */
    CASE("shard.chain", lines, "012", "P3T3", "G3G0", "I3G3"),
    CASE("shard.chain.reuse", lines, "0123", "T3P4", "G3G4", "P3"),
    CASE("shard.chain.other", lines, "0123ab", "T3", "G3Ga", "P4P5"),
    CASE("shard.chain.three", lines, "0123456", "T6P6", "G6G3", "T3"),
    CASE("shard.chain.both", lines, "012", "T0P3", "P4G3", "G3G4"),
    CASE("shard.tail", lines, "012345678", "T3T4T5P3", "G3G6", "S6"),
    CASE("shard.values", lines, "0123", "S3S3", "G3G3", "T3P3"),
    /* functions under the lock */
    CASE("shard.update", lines, "0", "U0G0", "U0T0", "G0"),
    CASE("shard.update.new", lines, "", "U0", "U0", "G0G0"),
    CASE("shard.update.full", lines, "012", "U3", "P4T0", "G3"),
    CASE("shard.extract", lines, "0", "Y0", "Y0P0", "V0"),
    CASE("shard.visit", lines, "0", "V0", "P0", "T0G0"),
    /* moving */
    CASE("shard.grow.read", lines, "0a", "R.", "G0Ga", "P0"),
    CASE("shard.grow.write", lines, "01", "R.", "P0T1", "G1G0"),
    CASE("shard.grow.chain", lines, "0123", "R.", "G3T3", "P4"),
    CASE("shard.grow.update", lines, "01", "R.", "U0", "U0G1"),
    CASE("shard.hops", lines, "0a", "R.R.", "G0Ga", "P0"),
    CASE("shard.shrink", lines, "0a", "R.Z.", "G0Ga", "PbT0"),
    CASE("shard.shrink.writers", lines, "0a", "R.Z.", "P1T0", "TaPb"),
    CASE("shard.grow.shrink.both", lines, "0a", "R.", "Z.", "P0Ga"),
    /* walks and clears */
    CASE("shard.walk", lines, "01a", "W.", "T0P0", "P2"),
    CASE("shard.walk.grow", lines, "01", "W.", "R.", "T0P2"),
    CASE("shard.walk.shrink", lines, "0a", "R.Z.", "W.", "P1"),
    CASE("shard.clear", lines, "01", "X.", "P0G1", "G0T1"),
    CASE("shard.clear.chain", lines, "0123", "X.", "P4G3", "G3G4"),
    CASE("shard.clear.grow", lines, "0a", "X.", "R.", "G0Ga"),
    CASE("shard.clear.shrink", lines, "a", "R.Z.", "X.GaGa"),
    CASE("shard.clear.shrink.put", lines, "0", "R.Z.", "X.", "I0"),
    CASE("shard.lock", lines, "0", "P0", "P0", "P0"),
    { .name = "shard.grow.garbage",
      .kind = &map_kind_lines,
      .there = "0123",
      .waiting = "",
      .program = { "R.", "G0G3", "" },
      .keeper = true },
    { .name = "shard.denied",
      .kind = &map_kind_lines,
      .there = "0",
      .waiting = "",
      .program = { "P0P1", "T0G1", "S0" },
      .denied = true },
    /* plain */
    CASE("shard.mutex.3x2", mutex, "0", "T0P0", "S0G0", "G0C0"),
    CASE("shard.mutex.grow", mutex, "0123", "R.", "G3T3", "P4U0"),
    CASE("shard.mutex.shrink", mutex, "0a", "R.Z.", "P1T0", "TaPb"),
    CASE("shard.mutex.chain", mutex, "0123", "T3P4", "G3G4", "V3"),
    CASE("shard.mutex.walk", mutex, "01a", "W.", "T0P2", "X."),
    CASE("shard.rwlock.3x2", rwlock, "0", "T0P0", "S0G0", "V0C0"),
    CASE("shard.rwlock.grow", rwlock, "0123", "R.", "G3T3", "P4U0"),
    { .name = NULL },
};
