/* SPDX-License-Identifier: MIT */
/* bench/trace.h - requests to a cache, one after the other: read from a file, or made here.
 *
 * Keys are numbered from 0 in the order in which they first come.
 *
 * Files. Text: one key a line, of any bytes but blanks; a line end may be CR LF, and the last one may be missing.
 * oracleGeneral, the binary form of libCacheSim's traces: records of 24 bytes, little-endian, without padding:
 *     uint32 time, uint64 key, uint32 size, int64 next (the request at which the key comes next; -1: never)
 * of which the key is used, and `next` shows whether it is such a file. Sizes do not count: an entry is an entry.
 *
 * Made here: zipf with an exponent; the same of which a fifth are keys that come once; the same
 * with scans of keys that come once; a loop over a quarter more keys than there is room for; zipf whose favourites change. */
#ifndef WEIR_BENCH_TRACE_H
#define WEIR_BENCH_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wb_trace {
    uint32_t *at; /* keys */
    size_t n;     /* requests */
    uint32_t keys;
};

void wb_trace_free(struct wb_trace *t);

/* ---- files --------------------------------------------------------------------------------------------- */

enum wb_trace_form { WB_TRACE_AUTO, WB_TRACE_TEXT, WB_TRACE_ORACLE };

/* Reads at most `limit` requests (0: all). False: `why` gets one line, and the trace is empty. WB_TRACE_AUTO: oracleGeneral if
 * the file's name says so or its first bytes hold a zero, else text. */
bool wb_trace_read(struct wb_trace *t, const char *path, enum wb_trace_form form, size_t limit,
                   char *why, size_t size);

/* ---- made here ------------------------------------------------------------------------------------------ */

struct wb_maker;
struct wb_workload {
    const char *name, *words;
    bool loops; /* its keys depend on the capacity; else on their number */
    double exponent;
    uint32_t (*next)(struct wb_maker *m, size_t i); /* the key of request i */
};

/* Ends with a NULL name. The same call makes the same trace on every machine that rounds as IEEE 754 says. */
extern const struct wb_workload wb_workloads[];

/* False: out of memory. After Ctrl-C it is shorter. */
bool wb_trace_make(struct wb_trace *t, const struct wb_workload *w, uint32_t keys, size_t requests,
                   size_t capacity);

#endif
