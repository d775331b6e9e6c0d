/* SPDX-License-Identifier: MIT */
/* bench/files.c - see files.h. */
#include "files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4000

bool wb_files_path(char *out, size_t n, const char *dir, const char *name) {
    int k = snprintf(out, n, "%s/%s", dir, name);
    return k > 0 && (size_t)k < n;
}

bool wb_files_complain(const char *path) {
    (void)fprintf(stderr, "weir-bench: cannot write %s: %s; choose another --out\n", path,
                  strerror(errno));
    return false;
}

/* As mkdir -p; what cannot be made shows when a file is. */
static void make_dirs(const char *dir) {
    char path[PATH_BYTES];
    size_t n = strlen(dir);
    if (n >= sizeof path) return;
    memcpy(path, dir, n + 1);
    for (char *s = path + 1; *s; s++) {
        if (*s != '/') continue;
        *s = '\0';
        (void)mkdir(path, 0777);
        *s = '/';
    }
    (void)mkdir(path, 0777);
}

bool wb_files_check(const char *dir, const char *name) {
    char path[PATH_BYTES];
    make_dirs(dir);
    if (!wb_files_path(path, sizeof path, dir, name)) {
        errno = ENAMETOOLONG;
        return wb_files_complain(dir);
    }
    FILE *f = fopen(path, "a");
    if (!f || fclose(f) != 0) return wb_files_complain(path);
    return true;
}

void wb_files_remove(const char *dir, bool begun) {
    char path[PATH_BYTES];
    struct stat cases;
    if (begun && wb_files_path(path, sizeof path, dir, "raw.json")) (void)unlink(path);
    if (!wb_files_path(path, sizeof path, dir, "cases.csv")) return;
    bool earlier = stat(path, &cases) == 0 && cases.st_size > 0;
    if (!earlier) (void)unlink(path);
}

typedef bool write_fn(const struct wb_report *r, FILE *f);

static bool write_one(const struct wb_report *r, const char *dir, const char *name,
                      write_fn *write) {
    char path[PATH_BYTES];
    if (!wb_files_path(path, sizeof path, dir, name)) return false;
    FILE *f = fopen(path, "w");
    bool ok = f && write(r, f);
    if (f && fclose(f) != 0) ok = false;
    return ok || wb_files_complain(path);
}

bool wb_files_write(const struct wb_report *r, const char *dir) {
    char path[PATH_BYTES];
    if (!write_one(r, dir, "cases.csv", wb_write_cases) ||
        !write_one(r, dir, "samples.csv", wb_write_samples) ||
        !write_one(r, dir, "bars.csv", wb_write_bars) ||
        !write_one(r, dir, "summary.md", wb_write_summary))
        return false;
    if (!wb_files_path(path, sizeof path, dir, "env.json")) return false;
    return wb_env_write(r->env, path) || wb_files_complain(path);
}
