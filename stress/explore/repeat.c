/* SPDX-License-Identifier: MIT */
/* stress/explore/repeat.c - an execution again: for its report, for its fingerprint, from a file.
 *
 * The search keeps no trace. A failure is repeated from its record of choices with the trace switched
 * on, twice, and printed if both agree: a report can always be repeated. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "asan.h"
#include "run.h"
#include "trace.h"

/* ---- repeating -------------------------------------------------------------------------------------------- */

static struct ex_budget again_budget;
static void nothing(void) {}
static void again_begin(void) { E.left = again_budget; }
static unsigned again_choose(enum ex_kind kind, unsigned n) {
    (void)kind;
    (void)n;
    return 0;
}
static bool again_next(void) { return false; }

/* The choices of E.prefix, then whatever happens if nobody interferes. */
static const struct ex_strategy again = { "again", nothing, again_begin, again_choose, again_next };

void ex_execute_traced(struct ex_budget budget, size_t nprefix) {
    const struct ex_strategy *was = E.strategy;
    again_budget = budget;
    E.strategy = &again;
    E.nprefix = nprefix;
    E.tracing = true;
    ex_execute();
    E.tracing = false;
    E.strategy = was;
}

/* The default execution, for its fingerprint. False: two of them differ. */
bool ex_fingerprint(uint64_t *version) {
    ex_execute_traced(E.budget, 0);
    *version = E.fingerprint;
    ex_execute_traced(E.budget, 0);
    return *version == E.fingerprint;
}

/* ---- failures -------------------------------------------------------------------------------- */

const char *ex_program_name;

struct ex_record ex_saved[EX_CHOICES];

static void save_replay(const struct ex_run *r, size_t n, uint64_t execution, char *path,
                        size_t size) {
    struct ex_replay f = { .seed = E.seed,
                           .version = r->version,
                           .execution = execution,
                           .budget = E.begun,
                           .steps = E.max_steps,
                           .cpus = E.cpus,
                           .membarrier = E.membarrier,
                           .races = r->s.races,
                           .n = n };
    (void)snprintf(f.scenario, sizeof f.scenario, "%s", E.sc->name);
    (void)snprintf(f.memory, sizeof f.memory, "%s", E.mem->name);
    (void)snprintf(f.strategy, sizeof f.strategy, "%s", E.strategy->name);
    (void)snprintf(f.weaken, sizeof f.weaken, "%s", r->s.weaken);
    (void)snprintf(f.failure, sizeof f.failure, "%s", ex_failure_name(E.failure));
    (void)snprintf(path, size, "%s/%s.%s.replay", r->command->out, E.sc->name, E.mem->name);
    if ((mkdir(r->command->out, 0777) != 0 && errno != EEXIST) ||
        ex_replay_write(path, &f, ex_saved) < 0) {
        (void)fprintf(stderr, "weir-stress: cannot write %s: %s\n", path, strerror(errno));
        path[0] = '\0';
    }
}

/* AddressSanitizer ends the program: what repeats the execution is written before. */
#ifdef EX_ASAN
static const struct ex_run *current;
static void on_death(void) {
    char path[400];
    if (!current || !E.running || E.tracing) return;
    memcpy(ex_saved, E.rec, E.nrec * sizeof *ex_saved);
    save_replay(current, E.nrec, E.executions + 1, path, sizeof path);
    (void)fprintf(stderr, "repeat: %s --replay %s --force\n", ex_program_name, path);
}
void ex_on_death_of(const struct ex_run *r) {
    current = r;
    __sanitizer_set_death_callback(on_death);
}
#else
void ex_on_death_of(const struct ex_run *r) { (void)r; }
#endif

/* The execution that has just failed, again, traced. False: it went otherwise. */
static bool repeat(size_t n, enum ex_failure_kind kind, struct ex_budget budget) {
    memcpy(E.prefix, ex_saved, n * sizeof *ex_saved);
    ex_execute_traced(budget, n);
    return E.failure == kind && E.nrec == n;
}

void ex_report(const struct ex_run *r, uint64_t execution) {
    char path[400], command[600] = "";
    size_t n = E.nrec;
    enum ex_failure_kind kind = E.failure;
    struct ex_budget budget = E.begun;
    memcpy(ex_saved, E.rec, n * sizeof *ex_saved);
    save_replay(r, n, execution, path, sizeof path);
    if (path[0]) (void)snprintf(command, sizeof command, "%s --replay %s", ex_program_name, path);
    bool same = repeat(n, kind, budget) && repeat(n, kind, budget);
    if (r->command->quiet)
        (void)printf("%s: %s\nrepeat: %s\n", ex_failure_name(kind), E.failure_text, command);
    else
        ex_report_print(stdout, command[0] ? command : NULL);
    if (!same)
        (void)printf("This execution did not repeat itself: something outside of weir/atomic.h and "
                     "weir/model.h enters the scenario (static variables, addresses, time).\n");
    (void)printf("\n");
    (void)fflush(stdout);
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Whether the file fits this program; else one line in `why`. */
bool ex_fits(struct ex_run *r, const struct ex_replay *f, char *why, size_t n) {
    const char *file = r->command->replay;
    (void)ex_fingerprint(&r->version);
    if (r->version != f->version && !r->command->force) {
        (void)snprintf(why, n,
                       "%s: recorded with other sources of %s (version %016" PRIx64
                       ", here %016" PRIx64 "); --force repeats it as far as it fits",
                       file, f->scenario, f->version, r->version);
        return false;
    }
    memcpy(E.prefix, ex_saved, f->n * sizeof *ex_saved);
    ex_execute_traced(f->budget, f->n);
    bool same = E.failure && strcmp(ex_failure_name(E.failure), f->failure) == 0 && E.nrec == f->n;
    if (!same && !r->command->force)
        (void)snprintf(why, n,
                       "%s: recorded with other sources: its schedule gives \"%s\" here, not "
                       "\"%s\"; --force shows it",
                       file, ex_failure_name(E.failure), f->failure);
    return same || r->command->force;
}
