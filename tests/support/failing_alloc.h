/* SPDX-License-Identifier: MIT */
/* tests/support/failing_alloc.h - an allocator that refuses the n-th request, or all beyond a number of blocks,
 * counts what is out, and checks that each block is given back with the size and alignment it was asked for. */
#ifndef WEIR_TESTS_FAILING_ALLOC_H
#define WEIR_TESTS_FAILING_ALLOC_H

#include <weir/base.h>

struct failing_alloc {
    struct weir_alloc as; /* give &f.as to weir */
    size_t fail_at;       /* refuse this request, counted from 1; 0: none */
    size_t most;          /* refuse while so many blocks are out; 0: never */
    size_t requests, refused, out, bytes_out;
};

void failing_alloc_init(struct failing_alloc *f, size_t fail_at);

#endif
