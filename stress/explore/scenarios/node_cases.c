/* SPDX-License-Identifier: MIT */
/* stress/explore/scenarios/node_cases.c - the table of scenarios of maps whose entries are nodes. */
#include "map.h"

#define CASE(name_, kind_, there_, ...)                                                        \
    {                                                                                          \
        .name = name_, .kind = &map_kind_##kind_, .there = there_, .waiting = "", .program = { \
            __VA_ARGS__                                                                        \
        }                                                                                      \
    }
/* With weir's thread, which frees while others look. */
#define FREED(name_, kind_, there_, most, ...) \
    { .name = name_,                           \
      .kind = &map_kind_##kind_,               \
      .there = there_,                         \
      .waiting = "",                           \
      .program = { __VA_ARGS__, "" },          \
      .keeper = true,                          \
      .options = "preemptions=" #most }

const struct map_case node_cases[] = {
    /* one key */
    CASE("nodes.2x3", nodes, "0", "P0T0G0", "G0I0T0"),
    CASE("nodes.3x2", nodes, "0", "T0P0", "S0G0", "G0C0"),
    CASE("nodes.replace", nodes, "0", "P0S0", "V0G0", "G0"),
    CASE("nodes.cas", nodes, "0", "C0G0", "C0D0", "G0I0"),
    CASE("nodes.equal", equal, "0", "C0G0", "P0D0", "C0"),
    CASE("nodes.insert", nodes, "", "P0P1", "G1V0", "I0G1"),
    /* places that are used again, chains */
    CASE("nodes.reuse", nodes, "012", "T0P3", "G0V3", "N."),
    CASE("nodes.chain", nodes, "012", "P3T3", "G3V0", "I3G3"),
    /* two keys of one hash */
    CASE("nodes.same.2x3", same, "0", "P1T0G1", "G1I0T1"),
    CASE("nodes.same.two", same, "01", "T0P0", "G1C1", "V0D0"),
    CASE("nodes.same.chain", same, "012", "P3T2", "G2G3", "S3"),
    CASE("nodes.same.walk", same, "012", "W.", "T0P3", "P2"),
    CASE("nodes.same.grow", same, "01", "R.", "T0G1", "P1"),
    /* moving, walks, clears */
    CASE("nodes.grow", nodes, "0a", "R.", "G0Va", "P0"),
    CASE("nodes.shrink", nodes, "0a", "R.Z.", "V0Ga", "PbT0"),
    CASE("nodes.walk", nodes, "01a", "W.", "T0P0", "P2"),
    CASE("nodes.walk.grow", nodes, "01", "W.", "R.", "T0P2"),
    CASE("nodes.clear", nodes, "01", "X.", "P0G1", "G0T1"),
    CASE("nodes.clear.two", nodes, "03", "X.", "X.", "P0G0"),
    CASE("nodes.clear.grow", nodes, "0a", "X.", "R.", "G0Va"),
    /* what is replaced or removed is freed while others look at it */
    FREED("nodes.freed.replace", nodes, "0", 2, "P0", "V0"),
    FREED("nodes.freed.take", nodes, "0", 2, "T0P0", "V0"),
    FREED("nodes.freed.clear", nodes, "01", 2, "X.", "V0"),
    FREED("nodes.freed.equal", equal, "0", 1, "P0P0", "C0"),
    FREED("nodes.freed.same", same, "01", 1, "T1", "V0"),
    FREED("nodes.freed.walk", nodes, "01", 1, "P0T1", "W."),
    FREED("nodes.freed.grow", nodes, "0", 1, "P0", "V0", "R."),
    /* weir_shardmap: reads without locks, which look again */
    CASE("snodes.2x3", snodes, "0", "P0T0G0", "G0I0T0"),
    CASE("snodes.3x2", snodes, "0", "T0P0", "S0G0", "G0C0"),
    CASE("snodes.value", snodes, "0", "P0P0", "G0G0", "S0"),
    CASE("snodes.reuse.same", snodes, "012", "T0P0", "G0G0"),
    CASE("snodes.reuse.other", snodes, "012", "T0P3", "G0G3"),
    CASE("snodes.chain", snodes, "012", "P3T3", "G3G0", "I3G3"),
    CASE("snodes.chain.reuse", snodes, "0123", "T3P4", "G3G4", "P3"),
    CASE("snodes.same", ssame, "01", "T0P0", "G1C1", "V0D0"),
    CASE("snodes.same.chain", ssame, "012", "P3T2", "G2G3", "S3"),
    CASE("snodes.update", snodes, "0", "U0G0", "Y0V0", "G0"),
    CASE("snodes.grow", snodes, "0a", "R.", "G0Ga", "P0"),
    CASE("snodes.walk", snodes, "01a", "W.", "T0P0", "P2"),
    CASE("snodes.clear", snodes, "01", "X.", "P0G1", "G0T1"),
    CASE("pnodes.2x3", pnodes, "0", "P0T0G0", "G0I0Y0"),
    CASE("pnodes.walk", pnodes, "01a", "W.", "T0P0", "U1"),
    FREED("snodes.freed.replace", snodes, "0", 2, "P0", "G0"),
    FREED("snodes.freed.other", snodes, "012", 1, "T0P3", "G0G3"),
    FREED("snodes.freed.chain", snodes, "0123", 1, "T3P4", "G3G4"),
    FREED("snodes.freed.same", ssame, "01", 1, "T1P1", "G0"),
    FREED("snodes.freed.grow", snodes, "0", 1, "P0", "G0", "R."),
    FREED("pnodes.freed.walk", pnodes, "01", 1, "P0T1", "W."),
    /* statistics, which look at nodes */
    CASE("nodes.stats", strings, "0", "P0T0P0", "B.B."),
    CASE("nodes.stats.chain", strings, "012", "P3T0T3", "B.P4"),
    CASE("nodes.stats.grow", strings, "0a", "R.", "B.", "P0T0"),
    CASE("snodes.stats", sstrings, "0", "P0T0P0", "B.B."),
    CASE("snodes.stats.chain", sstrings, "012", "P3T0T3", "B.P4"),
    CASE("snodes.stats.grow", sstrings, "0a", "R.", "B.", "P0T0"),
    CASE("pnodes.stats", pstrings, "0", "P0T0P0", "B.B."),
    FREED("nodes.freed.stats", strings, "0", 1, "P0T0", "B."),
    FREED("nodes.freed.stats.other", strings, "01", 1, "T0P2T1", "B.B."),
    FREED("snodes.freed.stats", sstrings, "0", 1, "P0T0", "B."),
    FREED("snodes.freed.stats.chain", sstrings, "0123", 1, "T3P4", "B.B."),
    { .name = NULL },
};
