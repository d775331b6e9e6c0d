/* SPDX-License-Identifier: MIT */
/* bench/bars.c - see bars.h. */
#include "bars.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maps.h"
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
    static const char at_least[] = "at least ", at_most[] = "at most ";
    if (strcmp(bar->wanted, "no slower") == 0) return true;
    bool most = strncmp(bar->wanted, at_most, sizeof at_most - 1) == 0;
    if (!most && strncmp(bar->wanted, at_least, sizeof at_least - 1) != 0) return false;
    char *end;
    double k = strtod(bar->wanted + (most ? sizeof at_most : sizeof at_least) - 1, &end);
    *(most ? &bar->most : &bar->least) = k;
    return *end == '\0' && k > 0;
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
                      "at most K, or no slower\n",
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
    if (bar->most > 0) return bar->ratio.median <= bar->most;
    if (bar->least <= 0) return bar->ratio.lo >= NO_SLOWER;
    return bar->ratio.median >= bar->least && (bar->least <= 1 || bar->ratio.lo > 1);
}

/* One side of a bar: an item, or an item's throughput over another's. */
struct side {
    const struct wb_item *item, *per; /* NULL: not in the plan */
    bool two, built_in;
};

static struct side side_of(const struct wb_plan *plan, const char *text) {
    static const char over[] = " over ";
    struct side side = { .two = false };
    const char *middle = strstr(text, over);
    char first[WB_NAME_BYTES];
    (void)snprintf(first, sizeof first, "%.*s",
                   middle ? (int)(middle - text) : (int)sizeof first - 1, text);
    side.item = wb_plan_find(plan, first);
    side.built_in = built_in(first);
    if (!middle) return side;
    side.two = true;
    side.per = wb_plan_find(plan, middle + sizeof over - 1);
    side.built_in &= built_in(middle + sizeof over - 1);
    return side;
}

static bool found(const struct side *s) { return s->item && (s->per || !s->two); }

static bool any(const struct side *s, enum wb_status status) {
    return s->item->status == status || (s->two && s->per->status == status);
}

static bool all_ok(const struct side *s) {
    return s->item->status == WB_OK && (!s->two || s->per->status == WB_OK);
}

/* What it was in that round; 0: not measured. */
static double speed(const struct side *s, unsigned round) {
    const struct wb_sample *a = &s->item->samples[round];
    const struct wb_sample *b = s->two ? &s->per->samples[round] : NULL;
    if (a->status != WB_OK || (b && b->status != WB_OK)) return 0;
    return (b ? b->ns_op : 1) / a->ns_op;
}

static unsigned pairs(const struct judging *j, const struct side *over, const struct side *under) {
    unsigned n = 0;
    for (unsigned r = 0; r < j->plan->rounds; r++) {
        double a = speed(over, r), b = speed(under, r);
        if (a > 0 && b > 0) j->scratch[n++] = a / b;
    }
    return n;
}

/* Without a pair of samples a bar is missed if the fault is the numerator's; else its rival is
 * missing. False: this run did not measure it. */
static bool decide(struct wb_bar *bar, const struct judging *j) {
    struct side over = side_of(j->plan, bar->numerator);
    struct side under = side_of(j->plan, bar->denominator);
    bool missing = (found(&over) || found(&under)) && (!over.built_in || !under.built_in);
    bool both = found(&over) && found(&under);
    if (!missing && !both) return false;
    if (both && !any(&over, WB_FAILED) && !any(&under, WB_FAILED))
        bar->rounds = pairs(j, &over, &under);
    bar->ratio = wb_bootstrap(j->scratch, bar->rounds);
    bar->result = reached(bar) ? WB_BAR_MET : WB_BAR_MISSED;
    if (bar->rounds > 0) return true;
    if (both && all_ok(&over) && all_ok(&under)) return false; /* interrupted */
    bool ours = found(&over) && !all_ok(&over) && !any(&over, WB_ABSENT);
    bar->result = ours && !missing ? WB_BAR_MISSED : WB_BAR_RIVAL_MISSING;
    return true;
}

/* Of memory, or of what an idle pool spends: the denominator says which figure. */
static double figure(const struct wb_bar *bar, const struct wb_sample *s) {
    if (strcmp(bar->denominator, "ns_op") == 0) return s->ns_op;
    return strcmp(bar->denominator, "bytes_low") == 0 ? s->bytes_low : s->bytes;
}

static bool decide_figure(struct wb_bar *bar, const struct judging *j) {
    const struct wb_item *item = wb_plan_find(j->plan, bar->numerator);
    if (!item) return false;
    for (unsigned r = 0; r < j->plan->rounds; r++)
        if (item->samples[r].status == WB_OK)
            j->scratch[bar->rounds++] = figure(bar, &item->samples[r]);
    bar->ratio = wb_bootstrap(j->scratch, bar->rounds);
    bar->result = bar->rounds > 0 && reached(bar) ? WB_BAR_MET : WB_BAR_MISSED;
    return bar->rounds > 0 || item->status != WB_OK;
}

static bool is_rival(const struct wb_ring *r) {
    const struct wb_map *m = r->can & WB_IS_MAP ? (const struct wb_map *)r : NULL;
    if (m && (m->can & (WB_MAP_ALONE | WB_MAP_IN_PLACE))) return false; /* bounds */
    return strncmp(r->name, "weir", 4) != 0;
}

/* A denominator whose variant is a star is each rival on its own: the bar becomes the worst of
 * them, a missed one before any that is met. */
static bool decide_best(struct wb_bar *bar, const struct judging *j) {
    const char *star = strstr(bar->denominator, "/*/");
    int head = (int)(star - bar->denominator);
    struct wb_bar worst = { .rounds = 0 };
    for (const struct wb_ring *const *r = wb_rings; *r; r++) {
        struct wb_bar one = *bar;
        if ((int)strlen((*r)->structure) != head || !is_rival(*r) ||
            strncmp((*r)->structure, bar->denominator, (size_t)head) != 0)
            continue;
        (void)snprintf(one.denominator, sizeof one.denominator, "%.*s/%s/%s", head,
                       bar->denominator, (*r)->name, star + 3);
        if (!decide(&one, j) || one.result == WB_BAR_RIVAL_MISSING) continue;
        bool missed = one.result == WB_BAR_MISSED, before = worst.result == WB_BAR_MISSED;
        if (worst.name[0] == '\0' || (missed && !before) ||
            (missed == before && one.ratio.median < worst.ratio.median))
            worst = one;
    }
    if (worst.name[0] != '\0') *bar = worst;
    return worst.name[0] != '\0';
}

static void judge(struct wb_bar *bar, void *arg) {
    struct judging *j = arg;
    bool decided = bar->most > 0                     ? decide_figure(bar, j)
                   : strstr(bar->denominator, "/*/") ? decide_best(bar, j)
                                                     : decide(bar, j);
    if (!decided) return;
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
