/* SPDX-License-Identifier: MIT */
/* tests/cache/files.h - what the tests of saved caches share. */
#ifndef WEIR_TESTS_CACHE_FILES_H
#define WEIR_TESTS_CACHE_FILES_H

#include <stdio.h>
#include <weir/error.h>

#include "cache.h"

/* Options of a cache that can be saved. */
struct weir_cache_opts file_opts(struct world *w, uint64_t capacity);

/* A folder with room for one file; it is empty at the end but for that. */
struct folder {
    char name[256], file[300];
};
bool folder_open(struct folder *f); /* false: a check has failed */
void folder_close(struct folder *f);

void save_is(weir_cache *c, const char *path, ptrdiff_t n);
void restore_is(weir_cache *c, const char *path, ptrdiff_t n);

#endif
