/* SPDX-License-Identifier: MIT */
/* stress/explore/replay.c - files that repeat an execution: what was run, and the answer to every choice.
 * The last line holds a hash of all lines before it, so that a file that was cut or edited is seen. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

#define MAGIC "weir-explore replay 1"

struct out {
    FILE *f;
    uint64_t hash;
};

static uint64_t mix(uint64_t h, const char *line) {
    for (; *line; line++) h = (h ^ (unsigned char)*line) * UINT64_C(0x100000001b3);
    return h;
}

__attribute__((format(printf, 2, 3))) static void say(struct out *o, const char *text, ...) {
    char line[512];
    va_list ap;
    va_start(ap, text);
    (void)vsnprintf(line, sizeof line, text, ap);
    va_end(ap);
    o->hash = mix(o->hash, line);
    (void)fprintf(o->f, "%s\n", line);
}

static void say_choices(struct out *o, const struct ex_record *rec, size_t n) {
    char line[256];
    for (size_t i = 0; i < n;) {
        size_t k = 0;
        for (unsigned c = 0; c < 16 && i < n; c++, i++)
            k += (size_t)snprintf(line + k, sizeof line - k, "%s%u/%u:%u", c ? " " : "",
                                  rec[i].kind, rec[i].n, rec[i].c);
        say(o, "%s", line);
    }
}

int ex_replay_write(const char *path, const struct ex_replay *r, const struct ex_record *rec) {
    FILE *file = fopen(path, "w");
    if (!file) return -1;
    struct out o = { file, UINT64_C(0xcbf29ce484222325) };
    say(&o, MAGIC);
    say(&o, "scenario %s", r->scenario);
    say(&o, "version %016" PRIx64, r->version);
    say(&o, "memory %s", r->memory);
    say(&o, "strategy %s", r->strategy);
    say(&o, "seed %" PRIu64, r->seed);
    say(&o, "execution %" PRIu64, r->execution);
    say(&o, "failure %s", r->failure);
    say(&o, "weaken %s", r->weaken[0] ? r->weaken : "-");
    say(&o, "machine %u %u %u %u", r->steps, r->cpus, r->membarrier, r->races);
#define XX(name, text) say(&o, "budget " #name " %d", r->budget.name);
    EX_BUDGETS(XX)
#undef XX
    say(&o, "choices %zu", r->n);
    say_choices(&o, rec, r->n);
    (void)fprintf(file, "end %016" PRIx64 "\n", o.hash);
    bool bad = ferror(file);
    return fclose(file) != 0 || bad ? -1 : 0;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

struct in {
    FILE *f;
    uint64_t hash;
    char line[512];
};

static bool next(struct in *in) {
    if (!fgets(in->line, sizeof in->line, in->f)) return false;
    size_t n = strlen(in->line);
    if (n == 0 || in->line[n - 1] != '\n') return false;
    in->line[n - 1] = '\0';
    return true;
}

/* The next line must be "key value"; returns the value. */
static char *field(struct in *in, const char *key) {
    size_t n = strlen(key);
    if (!next(in) || strncmp(in->line, key, n) != 0 || in->line[n] != ' ') return NULL;
    in->hash = mix(in->hash, in->line);
    return in->line + n + 1;
}

static bool text_field(struct in *in, const char *key, char *to, size_t size) {
    const char *v = field(in, key);
    return v && (size_t)snprintf(to, size, "%s", v) < size;
}

static bool u64_field(struct in *in, const char *key, int base, uint64_t *to) {
    const char *v = field(in, key);
    char *end;
    if (!v || !*v) return false;
    errno = 0;
    *to = strtoull(v, &end, base);
    return errno == 0 && *end == '\0';
}

static bool budget_field(struct in *in, const char *name, int *to) {
    char key[64], *end;
    (void)snprintf(key, sizeof key, "budget %s", name);
    const char *v = field(in, key);
    if (!v || !*v) return false;
    *to = (int)strtol(v, &end, 10);
    return *end == '\0';
}

static bool choices(struct in *in, struct ex_record *rec, size_t n) {
    for (size_t i = 0; i < n;) {
        if (!next(in)) return false;
        in->hash = mix(in->hash, in->line);
        char *p = in->line;
        for (; *p && i < n; i++) {
            unsigned kind, of, c;
            int used;
            if (sscanf(p, "%u/%u:%u%n", &kind, &of, &c, &used) != 3) return false;
            if (kind >= EX_KINDS || of > 255 || c >= of) return false;
            rec[i] = (struct ex_record){ (uint8_t)kind, (uint8_t)of, (uint8_t)c };
            p += used;
            if (*p == ' ') p++;
        }
        if (*p) return false;
    }
    return true;
}

static bool read_all(struct in *in, struct ex_replay *r, struct ex_record *rec) {
    uint64_t n = 0, sum;
    const char *machine;
    if (!text_field(in, "scenario", r->scenario, sizeof r->scenario) ||
        !u64_field(in, "version", 16, &r->version) ||
        !text_field(in, "memory", r->memory, sizeof r->memory) ||
        !text_field(in, "strategy", r->strategy, sizeof r->strategy) ||
        !u64_field(in, "seed", 10, &r->seed) || !u64_field(in, "execution", 10, &r->execution) ||
        !text_field(in, "failure", r->failure, sizeof r->failure) ||
        !text_field(in, "weaken", r->weaken, sizeof r->weaken))
        return false;
    machine = field(in, "machine");
    if (!machine ||
        sscanf(machine, "%u %u %u %u", &r->steps, &r->cpus, &r->membarrier, &r->races) != 4)
        return false;
#define XX(name, text) \
    if (!budget_field(in, #name, &r->budget.name)) return false;
    EX_BUDGETS(XX)
#undef XX
    if (!u64_field(in, "choices", 10, &n) || n > EX_CHOICES || !choices(in, rec, (size_t)n))
        return false;
    r->n = (size_t)n;
    uint64_t hash = in->hash;
    return u64_field(in, "end", 16, &sum) && sum == hash;
}

int ex_replay_read(const char *path, struct ex_replay *r, struct ex_record *rec, char *why,
                   size_t n) {
    FILE *file = fopen(path, "r");
    struct in in = { .f = file, .hash = UINT64_C(0xcbf29ce484222325) };
    if (!file) {
        (void)snprintf(why, n, "%s: %s", path, strerror(errno));
        return -1;
    }
    int rc = -1;
    if (!next(&in) || strcmp(in.line, MAGIC) != 0) {
        (void)snprintf(why, n, "%s: not a replay file of this version", path);
    } else {
        in.hash = mix(in.hash, in.line);
        rc = read_all(&in, r, rec) ? 0 : -1;
        if (rc < 0) (void)snprintf(why, n, "%s: truncated or damaged", path);
    }
    if (strcmp(r->weaken, "-") == 0) r->weaken[0] = '\0';
    (void)fclose(file);
    return rc;
}
