/* SPDX-License-Identifier: MIT */
/* stress/explore/settings.c - the command line and the options of scenarios. See settings.h. */
#include "settings.h"

#include <limits.h>
#include <string.h>

static const struct ex_strategy *const strategies[] = { &ex_dfs, &ex_random, &ex_pct };
static const struct ex_memory *const memories[] = { &ex_sc, &ex_tso, &ex_named };

const struct ex_memory *ex_memory_named(const char *name) {
    for (size_t i = 0; i < sizeof memories / sizeof *memories; i++)
        if (strcmp(memories[i]->name, name) == 0) return memories[i];
    return NULL;
}

void ex_usage(FILE *to) {
    (void)fprintf(
        to,
        "usage: explore [SCENARIO...] [KEY=VALUE...] [--list] [--replay FILE]\n"
        "Runs scenarios (names or patterns; all, if none is given) under many schedules, and prints the\n"
        "first failure of each as a table. Exit 0: none, 1: some, 2: usage.\n"
        "  --list            name the scenarios\n"
        "  --replay FILE     repeat the execution that FILE describes; --force: of other sources, too\n"
        "  --all             patterns match those, too, that fail on purpose\n"
        "  --out DIR         where replay files go (weir-failures)\n"
        "  --must-exhaust    a search that a limit cut short counts as a failure\n"
        "  --first           end after the first failure\n"
        "  --quiet           one line for each scenario\n"
        "keys, as KEY=VALUE or --KEY VALUE:\n"
        "  strategy          dfs (all schedules), random, pct\n"
        "  memory            sc, tso, named, or several: sc,tso\n"
        "  seed              of random and pct; printed first, else taken from the clock\n"
        "  seconds           limit for each scenario and memory (random, pct: 10)\n"
        "  executions        the same, in executions\n"
        "  depth             of pct, 2 to 5 (3)\n"
        "  steps             longer executions are livelocks (20000)\n"
        "  cpus              that the library believes to have (1: waiting threads do not spin)\n"
        "  membarrier        1, or 0: the kernel refuses it\n"
        "  races             1: look for data races on plain memory (memory sc only), or 0\n"
        "  weaken            LABEL:STEP, with STEP sc, acquire, release or check\n"
        "budgets of each execution, as keys; -1: no limit:\n");
#define XX(name, text) (void)fprintf(to, "  %-17s %s\n", #name, text);
    EX_BUDGETS(XX)
#undef XX
}

/* ---- the command line ------------------------------------------------------------------------------------ */

int ex_command_parse(struct ex_command *c, int argc, char **argv, char *why, size_t n) {
    *c = (struct ex_command){ .out = "weir-failures" };
    const struct cm_flag flags[] = {
        { "--list", &c->list },   { "--help", &c->help },
        { "-h", &c->help },       { "--quiet", &c->quiet },
        { "--force", &c->force }, { "--all", &c->all },
        { "--first", &c->first }, { "--must-exhaust", &c->must_exhaust },
        { NULL, NULL },
    };
    const struct cm_text texts[] = { { "--replay", &c->replay },
                                     { "--out", &c->out },
                                     { NULL, NULL } };
    return cm_parse(&c->line, argc, argv, flags, texts, why, n);
}

/* ---- settings ----------------------------------------------------------------------------------------------- */

static bool add_memory(void *arg, const char *word) {
    struct ex_settings *s = arg;
    const struct ex_memory *m = ex_memory_named(word);
    if (!m || s->nmemory == 3) return false;
    s->memory[s->nmemory++] = m;
    return true;
}

static bool set_strategy(struct ex_settings *s, const char *v) {
    for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i++) {
        if (strcmp(strategies[i]->name, v) != 0) continue;
        s->strategy = strategies[i];
        return true;
    }
    return false;
}

static bool set(struct ex_settings *s, const char *key, const char *v, bool *known) {
    long long x;
    *known = true;
    if (strcmp(key, "memory") == 0) return s->nmemory = 0, cm_each(v, ",", add_memory, s);
    if (strcmp(key, "strategy") == 0) return set_strategy(s, v);
    if (strcmp(key, "weaken") == 0) {
        return (size_t)snprintf(s->weaken, sizeof s->weaken, "%s", v) < sizeof s->weaken;
    }
    if (strcmp(key, "seconds") == 0) return cm_seconds(v, &s->seconds);
    if (strcmp(key, "seed") == 0) return cm_unsigned(v, &s->seed);
    if (strcmp(key, "executions") == 0)
        return cm_number(v, 0, LLONG_MAX, &x) && (s->executions = (uint64_t)x, true);
    if (strcmp(key, "depth") == 0) return cm_number(v, 2, 5, &x) && (s->depth = (unsigned)x, true);
    if (strcmp(key, "steps") == 0)
        return cm_number(v, 1, 1000000, &x) && (s->steps = (unsigned)x, true);
    if (strcmp(key, "cpus") == 0) return cm_number(v, 1, 1024, &x) && (s->cpus = (unsigned)x, true);
    if (strcmp(key, "membarrier") == 0)
        return cm_number(v, 0, 1, &x) && (s->membarrier = (unsigned)x, true);
    if (strcmp(key, "races") == 0) return cm_number(v, 0, 1, &x) && (s->races = (unsigned)x, true);
#define XX(name, text)           \
    if (strcmp(key, #name) == 0) \
        return cm_number(v, -1, 1000, &x) && (s->budget.name = (int)x, true);
    EX_BUDGETS(XX)
#undef XX
    *known = false;
    return false;
}

static int set_checked(struct ex_settings *s, const char *key, const char *v, char *why, size_t n) {
    bool known;
    if (set(s, key, v, &known)) return 0;
    return cm_refuse(key, v, known, why, n);
}

/* Applies "a=1 b=2"; only == NULL: all keys, else that one. */
static int set_all(struct ex_settings *s, const char *options, const char *only, char *why,
                   size_t n) {
    char copy[256];
    if (!options) return 0;
    if (strlen(options) >= sizeof copy) {
        (void)snprintf(why, n, "options too long");
        return -1;
    }
    (void)snprintf(copy, sizeof copy, "%s", options);
    for (char *save, *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        char *eq = strchr(w, '=');
        if (!eq) {
            (void)snprintf(why, n, "%s: not KEY=VALUE", w);
            return -1;
        }
        *eq = '\0';
        if (only && strcmp(w, only) != 0) continue;
        if (set_checked(s, w, eq + 1, why, n) < 0) return -1;
    }
    return 0;
}

static void defaults(struct ex_settings *s) {
    bool dfs = s->strategy == &ex_dfs;
    s->budget = (struct ex_budget){ .preemptions = dfs ? 2 : -1,
                                    .flushes = dfs ? 1 : 4,
                                    .timeouts = dfs ? 1 : 2,
                                    .spurious = dfs ? 0 : 1,
                                    .weak = dfs ? 0 : 1,
                                    .reuse = dfs ? 1 : 4,
                                    .oom = 0,
                                    .stops = dfs ? 0 : 1,
                                    .solo = 0 };
    s->seconds = dfs ? 0 : 10;
}

/* Whether what the command says of this key is for the scenario (WEIR_MODEL_FIXED). */
static bool applies(const struct weir_model_scenario *sc, const char *key) {
    static const char *const always[] = { "memory", "weaken", "seconds", "executions", "seed" };
    if (!sc || !(sc->flags & WEIR_MODEL_FIXED)) return true;
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        if (strcmp(key, always[i]) == 0) return true;
    return false;
}

int ex_settings_make(struct ex_settings *s, const struct ex_command *c,
                     const struct weir_model_scenario *sc, char *why, size_t n) {
    *s = (struct ex_settings){ .strategy = &ex_dfs,
                               .memory = { &ex_sc, &ex_tso },
                               .nmemory = 2,
                               .depth = 3,
                               .steps = 20000,
                               .cpus = 1,
                               .membarrier = 1,
                               .races = 1,
                               .seed = cm_seed() };
    const char *options = sc ? sc->options : NULL;
    if (set_all(s, options, "strategy", why, n) < 0) return -1;
    for (unsigned i = 0; i < c->line.npairs; i++)
        if (strcmp(c->line.pair[i].key, "strategy") == 0 && applies(sc, "strategy") &&
            set_checked(s, "strategy", c->line.pair[i].value, why, n) < 0)
            return -1;
    const struct ex_strategy *strategy = s->strategy;
    defaults(s);
    int unbounded = s->budget.preemptions;
    if (set_all(s, options, NULL, why, n) < 0) return -1;
    if (strategy != &ex_dfs) s->budget.preemptions = unbounded; /* a scenario's bound is for dfs */
    for (unsigned i = 0; i < c->line.npairs; i++)
        if (applies(sc, c->line.pair[i].key) &&
            set_checked(s, c->line.pair[i].key, c->line.pair[i].value, why, n) < 0)
            return -1;
    s->strategy = strategy;
    if (strategy == &ex_dfs && s->budget.preemptions < 0) s->budget.preemptions = 1000;
    return 0;
}

/* ---- weakening ------------------------------------------------------------------------------------------------- */

/* Of the library under test, if one is linked. */
#pragma weak weir_weaken

int ex_weaken(const char *text, char *why, size_t n) {
    int rc = 0;
    if (weir_weaken) {
        ex_state_restore();
        rc = weir_weaken(*text ? text : NULL);
    } else if (*text) {
        rc = WEIR_EINVAL;
    }
    ex_state_save();
    if (rc < 0)
        (void)snprintf(
            why, n, "weaken=%s: %s", text,
            rc == WEIR_ENOENT
                ? "no such label"
                : "use LABEL:STEP, where STEP (sc, acquire, release; check) is one that it has");
    return rc < 0 ? -1 : 0;
}
