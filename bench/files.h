/* SPDX-License-Identifier: MIT */
/* bench/files.h - the folder of --out. */
#ifndef WEIR_BENCH_FILES_H
#define WEIR_BENCH_FILES_H

#include "report.h"

/* Makes the folder and checks that this file can be made in it; else one line on stderr and false. */
bool wb_files_check(const char *dir, const char *name);

/* Says on stderr that the file could not be written, by errno; false. */
bool wb_files_complain(const char *path);

/* Writes all files but raw.json; one line on stderr for the first that fails, and false. */
bool wb_files_write(const struct wb_report *r, const char *dir);

/* Where nothing was measured: takes away an empty cases.csv, and, if it was `begun`, raw.json. */
void wb_files_remove(const char *dir, bool begun);

/* "dir/name" in `out`; false: too long. */
bool wb_files_path(char *out, size_t n, const char *dir, const char *name);

#endif
