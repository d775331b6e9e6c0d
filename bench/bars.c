/* SPDX-License-Identifier: MIT */
/* bench/bars.c - see bars.h. */
#include "bars.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "results.h"

#define NO_SLOWER 0.97

const char *wb_bar_word(enum wb_bar_result r) {
    return r == WB_BAR_MET ? "met" : r == WB_BAR_MISSED ? "missed" : "rival missing";
}

/* ---- reading --------------------------------------------------------------------------------- */

/* One field, without the blanks around it and with {over} replaced; false: too long, or empty. */
static bool field(char *out, size_t size, const char *from, const char *end) {
    size_t n = 0;
    while (from < end && *from == ' ') from++;
    while (end > from && end[-1] == ' ') end--;
    while (from < end && n + 12 < size) {
        if (strncmp(from, "{over}", 6) == 0) {
            n += (size_t)snprintf(out + n, size - n, "%u", wb_oversubscribed());
            from += 6;
        } else {
            out[n++] = *from++;
        }
    }
    out[n] = '\0';
    return n > 0 && from == end;
}

static bool wanted(struct wb_bar *bar) {
    static const char at_least[] = "at least ";
    if (strcmp(bar->wanted, "no slower") == 0) return true;
    if (strncmp(bar->wanted, at_least, sizeof at_least - 1) != 0) return false;
    char *end;
    bar->least = strtod(bar->wanted + sizeof at_least - 1, &end);
    return *end == '\0' && bar->least > 0;
}

/* A line up to `end`; false: malformed. */
static bool parse(struct wb_bar *bar, const char *line, const char *end) {
    char *const out[] = { bar->name, bar->numerator, bar->denominator, bar->wanted };
    const size_t room[] = { sizeof bar->name, sizeof bar->numerator, sizeof bar->denominator,
                            sizeof bar->wanted };
    memset(bar, 0, sizeof *bar);
    for (unsigned i = 0; i < 4; i++) {
        const char *bar_end = memchr(line, '|', (size_t)(end - line));
        if ((i < 3) != (bar_end != NULL)) return false;
        if (!bar_end) bar_end = end;
        if (!field(out[i], room[i], line, bar_end)) return false;
        line = bar_end + 1;
    }
    return wanted(bar);
}

static char *read_file(const char *path) {
    enum { MOST = 1 << 20 };
    FILE *f = fopen(path, "r");
    char *text = f ? malloc(MOST) : NULL;
    size_t n = text ? fread(text, 1, MOST, f) : 0;
    if (text && (ferror(f) || n == MOST)) {
        errno = ferror(f) ? errno : EFBIG;
        free(text);
        text = NULL;
    }
    if (text) text[n] = '\0';
    if (f) (void)fclose(f);
    return text;
}

static char *built_in_text(void) {
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    for (const char *const *line = wb_bars_lines; f && *line; line++)
        (void)fprintf(f, "%s\n", *line);
    return f && fclose(f) == 0 ? text : NULL;
}

typedef void each_fn(struct wb_bar *bar, void *arg);

static int for_each(const char *file, each_fn *each, void *arg) {
    char *text = file ? read_file(file) : built_in_text();
    if (!text) {
        (void)fprintf(stderr, "weir-bench: %s: %s\n", file ? file : "bars.txt", strerror(errno));
        return 2;
    }
    unsigned number = 0;
    int rc = 0;
    for (const char *line = text; *line && rc == 0;) {
        const char *end = strchrnul(line, '\n');
        struct wb_bar bar;
        number++;
        if (*line == '#' || end == line)
            rc = 0;
        else if (parse(&bar, line, end))
            each(&bar, arg);
        else
            rc = 2;
        line = *end ? end + 1 : end;
    }
    if (rc)
        (void)fprintf(stderr,
                      "weir-bench: %s:%u: not a bar: name | numerator | denominator | at least K, "
                      "or no slower\n",
                      file ? file : "bars.txt", number);
    free(text);
    return rc;
}

static void nothing(struct wb_bar *bar, void *arg) {
    (void)bar;
    (void)arg;
}

int wb_bars_check(const char *file) { return for_each(file, nothing, NULL); }

/* ---- judging --------------------------------------------------------------------------------- */

struct judging {
    struct wb_bars *out;
    const struct wb_plan *plan;
    double *scratch;
};

/* "mpmc/ck/P:1/..." names a variant that this binary has; it has all bounds. */
static bool built_in(const char *item) {
    if (strncmp(item, "bound/", 6) == 0) return true;
    for (const struct wb_ring *const *r = wb_rings; *r; r++) {
        size_t s = strlen((*r)->structure), v = strlen((*r)->name);
        if (strncmp(item, (*r)->structure, s) == 0 && item[s] == '/' &&
            strncmp(item + s + 1, (*r)->name, v) == 0 && item[s + 1 + v] == '/')
            return true;
    }
    return false;
}

static bool reached(const struct wb_bar *bar) {
    if (bar->least <= 0) return bar->ratio.lo >= NO_SLOWER;
    return bar->ratio.median >= bar->least && (bar->least <= 1 || bar->ratio.lo > 1);
}

/* Without a pair of samples a bar is missed if the fault is the numerator's; else its rival is
 * missing. */
static void judge(struct wb_bar *bar, void *arg) {
    struct judging *j = arg;
    const struct wb_item *over = wb_plan_find(j->plan, bar->numerator);
    const struct wb_item *under = wb_plan_find(j->plan, bar->denominator);
    bool missing = (over || under) && (!built_in(bar->numerator) || !built_in(bar->denominator));
    if (!missing && (!over || !under)) return;
    if (over && under && over->status != WB_FAILED && under->status != WB_FAILED)
        bar->rounds = wb_ratios(j->plan, over, under, j->scratch);
    bar->ratio = wb_bootstrap(j->scratch, bar->rounds);
    bar->result = reached(bar) ? WB_BAR_MET : WB_BAR_MISSED;
    if (bar->rounds == 0) {
        bool interrupted = over && under && over->status == WB_OK && under->status == WB_OK;
        bool ours = over && over->status != WB_OK && over->status != WB_ABSENT;
        if (interrupted) return;
        bar->result = ours && !missing ? WB_BAR_MISSED : WB_BAR_RIVAL_MISSING;
    }
    struct wb_bar *more = realloc(j->out->bar, (j->out->n + 1) * sizeof *more);
    if (!more) abort();
    j->out->bar = more;
    more[j->out->n++] = *bar;
    j->out->missed += bar->result == WB_BAR_MISSED;
}

int wb_bars_judge(struct wb_bars *out, const char *file, const struct wb_plan *plan) {
    struct judging j = { out, plan, malloc((plan->rounds + 1) * sizeof(double)) };
    if (!j.scratch) abort();
    memset(out, 0, sizeof *out);
    int rc = for_each(file, judge, &j);
    free(j.scratch);
    return rc;
}

void wb_bars_free(struct wb_bars *bars) { free(bars->bar); }
