/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/map_cases.c - the table of scenarios of weir_map. */
#include "map.h"

#define CASE(name_, there_, waiting_, ...)                                                       \
    {                                                                                            \
        .name = name_, .kind = &map_kind_map, .there = there_, .waiting = waiting_, .program = { \
            __VA_ARGS__                                                                          \
        }                                                                                        \
    }

/* Of a table with a filter; each key has a bit of its own there, but a that of 0, and b that of 1. */
#define FILTER(name_, kind_, there_, waiting_, ...) \
    { .name = name_,                                \
      .kind = &map_kind_##kind_,                    \
      .there = there_,                              \
      .waiting = waiting_,                          \
      .program = { __VA_ARGS__ },                   \
      .filter = true }

#define AFTER(name_, kind_, there_, filter_, after_, ...) \
    { .name = name_,                                      \
      .kind = &map_kind_##kind_,                          \
      .there = there_,                                    \
      .waiting = "",                                      \
      .program = { __VA_ARGS__ },                         \
      .filter = filter_,                                  \
      .after = after_ }

const struct map_case map_cases[] = {
    /* one line: puts, takes and gets of two keys, and of the same */
    CASE("map.2x3", "0", "", "P0T0G0", "G0I0T0"),
    CASE("map.3x2", "0", "", "T0P0", "S0G0", "G0C0"),
    CASE("map.insert", "", "", "P0P1", "G1G0", "I0G1"),
    CASE("map.cas", "0", "", "C0G0", "C0D0", "G0I0"),
    /* the place of a removed entry: the same key, and another one, while a reader looks; with a period
     * between */
    CASE("map.reuse.same", "012", "", "T0P0", "G0G0", "N."),
    CASE("map.reuse.same.at.once", "0", "", "T0P0", "G0G0", "S0"),
    CASE("map.reuse.same.twice", "0", "", "T0P0T0P0", "G0G0G0"),
    CASE("map.reuse.same.chain", "0123", "", "T3P3", "G3G3", "T0P0"),
    CASE("map.reuse.same.grow", "012", "", "T0P0", "G0G0", "R."),
    CASE("map.reuse.other", "012", "", "T0P3", "G0G3", "N."),
    CASE("map.reuse.waits", "01", "2", "P3G3", "G2G3", "N."),
    CASE("map.reuse.late", "012", "", "T0N.P3", "G0G3"),
    /* chains */
    CASE("map.chain", "012", "", "P3T3", "G3G0", "I3G3"),
    CASE("map.chain.bit", "0123", "", "T3", "P3", "G3G3"),
    CASE("map.chain.bit.line", "0123", "4", "T3P4", "G4G4", "N."),
    CASE("map.chain.both", "012", "", "T0P3", "P4G3", "G3G4"),
    CASE("map.chain.reuse", "0123", "", "T3P4", "G3G4", "N."),
    CASE("map.chain.anew", "012", "345", "P6G6", "G6G2", "P7"),
    CASE("map.chain.anew.reader", "0123", "45674", "P7", "G3G7", "T3"),
    /* with live entries in the chain that is written anew */
    CASE("map.chain.anew.value", "0123", "45674", "P7", "S3G3", "G3G3"),
    CASE("map.chain.anew.clear", "0123", "45674", "P7", "X.", "G3G7"),
    CASE("map.chain.anew.late", "0123", "45674", "P7N.", "G3G7", "T3P6"),
    CASE("map.clear.reuse", "012", "", "X.P3", "G0G3", "N."),
    CASE("map.clear.two", "03", "", "X.", "X.", "P0G0"),
    CASE("map.anew.short", "0123", "45", "P6P7T7P8T8T0P9", "G3", "G9"),
    CASE("map.anew.value", "0123", "45", "P6P7T7P8T8T0P9", "G3G6", "S3"),
    CASE("map.anew.take", "0123", "45", "P6P7T7P8T8T0P9", "G3G9", "T3P3"),
    CASE("map.anew.clear", "0123", "45", "P6P7T7P8T8T0P9", "X.", "G3"),
    CASE("map.prune", "012345", "", "T3T4T5", "G5G3", "P6"),
    CASE("map.prune.back", "012345678", "", "T6T7T8", "G3G6", "T3T4T5"),
    /* moving */
    CASE("map.hops", "0a", "", "R.R.", "G0Ga", "P0"),
    CASE("map.hops.back", "0a", "", "R.Z.", "G0Ga", "T0P0"),
    CASE("map.grow.shrink.both", "0a", "", "R.", "Z.", "P0Ga"),
    CASE("map.grow.waits", "012", "3", "R.", "P4G4", "G4T0"),
    CASE("map.shrink.chain", "012a", "", "R.Z.", "P3", "G3"),
    CASE("map.walk.shrink.two", "0a", "", "R.Z.", "W.", "Ta"),
    CASE("map.grow.read", "0a", "", "R.", "G0Ga", "P0"),
    CASE("map.grow.write", "01", "", "R.", "P0T1", "G1G0"),
    CASE("map.grow.chain", "0123", "", "R.", "G3T3", "P4"),
    CASE("map.grow.two", "0", "", "R.", "R.G0", "P1"),
    /* who ends a move that others have made */
    { .name = "map.grow.ended",
      .kind = &map_kind_map,
      .there = "a",
      .waiting = "",
      .program = { "R.", "P0", "Pb", "G0" },
      .options = "preemptions=1" },
    { .name = "map.grow.shared",
      .kind = &map_kind_map,
      .there = "a",
      .waiting = "",
      .program = { "R.", "P0P0", "G0" },
      .options = "preemptions=3" },
    CASE("map.shrink", "0a", "", "R.Z.", "G0Ga", "PbT0"),
    CASE("map.shrink.writers", "0a", "", "R.Z.", "P1T0", "TaPb"),
    /* walks and clears */
    CASE("map.walk", "01a", "", "W.", "T0P0", "P2"),
    CASE("map.walk.grow", "01", "", "W.", "R.", "T0P2"),
    CASE("map.walk.shrink", "0a", "", "R.Z.", "W.", "P1"),
    CASE("map.clear", "01", "", "X.", "P0G1", "G0T1"),
    CASE("map.clear.grow", "0a", "", "X.", "R.", "G0Ga"),
    /* a pair of lines that shrinks into one: a clear that has ended must be seen by who reads the line that is
     * marked last, and must not remove what was put behind it */
    CASE("map.clear.shrink", "a", "", "R.Z.", "X.GaGa"),
    CASE("map.clear.shrink.put", "0", "", "R.Z.", "X.", "I0"),
    CASE("map.lock", "0", "", "P0", "P0", "P0"),
    /* garbage is given back while others read */
    { .name = "map.grow.garbage",
      .kind = &map_kind_map,
      .there = "0",
      .waiting = "",
      .program = { "R.", "G0G0", "" },
      .keeper = true },
    { .name = "map.chain.garbage",
      .kind = &map_kind_map,
      .there = "0123",
      .waiting = "45674",
      .program = { "P7", "G3G3", "" },
      .keeper = true },
    { .name = "map.reuse.garbage",
      .kind = &map_kind_map,
      .there = "012",
      .waiting = "",
      .program = { "T0P3", "G0G3", "" },
      .keeper = true },
    /* the lock without membarrier */
    { .name = "map.denied",
      .kind = &map_kind_map,
      .there = "0",
      .waiting = "",
      .program = { "P0P1", "T0G1", "S0" },
      .denied = true },
    { .name = "map.denied.late",
      .kind = &map_kind_map,
      .there = "0",
      .waiting = "",
      .program = { "P0", "T0", "S0" },
      .options = "denials=1" },
    /* who finds nothing in the filter: beside a put, a take, in chains, while lines move */
    FILTER("map.filter.2x3", map, "0", "", "P0T0G0", "G0I0T0"),
    FILTER("map.filter.other", map, "0", "", "T0P1", "G0G1", "T1G0"),
    FILTER("map.filter.same", map, "", "", "P0T0", "G0T0", "P0"),
    FILTER("map.filter.chain", map, "0123", "", "T3P3", "G3G0", "T0P4"),
    FILTER("map.filter.prune", map, "0123", "", "T3T0", "G3G0", "P3"),
    FILTER("map.filter.anew", map, "0123", "45674", "P7", "G3G7", "T3"),
    FILTER("map.filter.grow", map, "0a", "", "R.", "G0Ga", "P1T0"),
    FILTER("map.filter.grow.take", map, "01", "", "R.", "T0P0", "G0G1"),
    FILTER("map.filter.grow.two", map, "0a", "", "R.R.", "G0Ga", "P0"),
    FILTER("map.filter.shrink", map, "0a", "", "R.Z.", "G0Ga", "T0P0"),
    FILTER("map.filter.clear", map, "01", "", "X.", "P0G1", "G0T1"),
    FILTER("map.filter.clear.shrink", map, "0", "", "R.Z.", "X.", "I0G0"),
    FILTER("shard.filter.2x3", lines, "0", "", "P0T0G0", "G0I0T0"),
    FILTER("shard.filter.other", lines, "012", "", "T0P3", "G0G3", "T3"),
    FILTER("shard.filter.grow", lines, "0a", "", "R.", "G0Ga", "P1T0"),
    FILTER("nodes.filter.2x3", nodes, "0", "", "P0T0G0", "G0I0T0"),
    FILTER("nodes.filter.same", same, "0", "", "T0P1", "G0G1", "T1"),
    FILTER("nodes.filter.grow", nodes, "0a", "", "R.", "G0Ga", "P1T0"),
    FILTER("snodes.filter.2x3", snodes, "0", "", "P0T0G0", "G0I0T0"),
    /* what came before a take is seen by who finds nothing (MAP4, MAP5), whoever wrote the words that it reads last */
    AFTER("map.after", map, "0", false, "0", "T0", "P1", "G0"),
    AFTER("map.after.chain", map, "0123", false, "3", "T3", "P4", "G3"),
    AFTER("map.after.grow", map, "0a", false, "0", "T0", "R.", "G0"),
    AFTER("map.filter.after", map, "0", true, "0", "T0", "P1", "G0"),
    AFTER("map.filter.after.two", map, "01", true, "0", "T0", "T1P2", "G0"),
    AFTER("map.filter.after.grow", map, "0a", true, "0", "T0", "R.", "G0"),
    AFTER("nodes.filter.after", nodes, "0", true, "0", "T0", "P1", "G0"),
    AFTER("shard.after", lines, "0", false, "0", "T0", "P1", "G0"),
    { .name = NULL },
};
