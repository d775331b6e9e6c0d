/* SPDX-License-Identifier: MIT */
/* bench/ratios_print.c - hit ratios as a table, as CSV and as JSON; see ratios.h. The columns are a contract:
 * bench/OUTPUT.md. */
#include <string.h>

#include <weir/base.h>

#include "files.h"
#include "ratios.h"
#include "report.h"

static double best_of(const struct wb_ratio_case *c) {
    return wb_ratio_percent(c, &c->ratio[c->best]);
}

/* ---- a table -------------------------------------------------------------------------------------------- */

/* "weir", or with 8 threads "weir x8". */
static const char *column(char *out, size_t n, const struct wb_ratio *r) {
    if (r->threads == 1)
        (void)snprintf(out, n, "%s", r->policy->name);
    else
        (void)snprintf(out, n, "%s x%u", r->policy->name, r->threads);
    return out;
}

static void heading(const struct wb_ratio_case *c, FILE *f) {
    char name[40];
    (void)fprintf(f, "\n%s%s%s\n  %10s %10s %10s", c->workload, *c->words ? ": " : "", c->words,
                  "capacity", "keys", "requests");
    for (unsigned i = 0; i < c->n; i++)
        (void)fprintf(f, " %10s", column(name, sizeof name, &c->ratio[i]));
    (void)fputs("   best\n", f);
}

bool wb_ratios_table(const struct wb_ratios *r, FILE *f) {
    for (unsigned k = 0; k < r->n; k++) {
        const struct wb_ratio_case *c = &r->at[k];
        if (k == 0 || strcmp(c->workload, c[-1].workload) != 0) heading(c, f);
        (void)fprintf(f, "  %10zu %10u %10zu", c->capacity, c->keys, c->requests);
        for (unsigned i = 0; i < c->n; i++)
            (void)fprintf(f, " %9.2f%s", wb_ratio_percent(c, &c->ratio[i]),
                          wb_ratio_met(c, &c->ratio[i]) ? " " : "!");
        (void)fprintf(f, "   %s\n", c->ratio[c->best].policy->name);
    }
    (void)fputs("\nHits in percent of all requests, from an empty cache on.", f);
    if (*wb_caches)
        (void)fprintf(
            f,
            " !: a bar is missed: weir within %.1f points of the best simulated policy, over "
            "%.0f %% in the loop, and with several threads within %.1f points of its own ratio.",
            WB_RATIO_POINTS, WB_RATIO_LOOP, WB_RATIO_THREADS);
    (void)fputc('\n', f);
    return !ferror(f);
}

/* ---- CSV ------------------------------------------------------------------------------------------------ */

bool wb_ratios_csv(const struct wb_ratios *r, FILE *f) {
    (void)fputs("workload,requests,keys,capacity,policy,real,threads,hits,hit_ratio,best,"
                "points_below_best,result\n",
                f);
    for (unsigned k = 0; k < r->n; k++) {
        const struct wb_ratio_case *c = &r->at[k];
        for (unsigned i = 0; i < c->n; i++) {
            const struct wb_ratio *one = &c->ratio[i];
            double is = wb_ratio_percent(c, one);
            wb_csv_text(f, c->workload);
            (void)fprintf(f, ",%zu,%u,%zu,%s,%d,%u,%llu,%.6f,%s,%.4f,%s\n", c->requests, c->keys,
                          c->capacity, one->policy->name, one->real, one->threads,
                          (unsigned long long)one->hits, is / 100, c->ratio[c->best].policy->name,
                          best_of(c) - is, wb_ratio_met(c, one) ? "met" : "missed");
        }
    }
    return !ferror(f);
}

/* ---- JSON ----------------------------------------------------------------------------------------------- */

static void json_text(FILE *f, const char *s) {
    (void)fputc('"', f);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c < 0x20)
            (void)fprintf(f, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            (void)fprintf(f, "\\%c", c);
        else
            (void)fputc(c, f);
    }
    (void)fputc('"', f);
}

static void json_case(const struct wb_ratio_case *c, FILE *f) {
    (void)fputs("    { \"workload\": ", f);
    json_text(f, c->workload);
    (void)fprintf(f, ", \"requests\": %zu, \"keys\": %u, \"capacity\": %zu, \"best\": \"%s\",\n",
                  c->requests, c->keys, c->capacity, c->ratio[c->best].policy->name);
    (void)fputs("      \"policies\": [\n", f);
    for (unsigned i = 0; i < c->n; i++) {
        const struct wb_ratio *one = &c->ratio[i];
        (void)fprintf(
            f,
            "        { \"policy\": \"%s\", \"real\": %s, \"threads\": %u, \"hits\": %llu, "
            "\"hit_ratio\": %.6f }%s\n",
            one->policy->name, one->real ? "true" : "false", one->threads,
            (unsigned long long)one->hits, wb_ratio_percent(c, one) / 100, i + 1 < c->n ? "," : "");
    }
    (void)fputs("      ] }", f);
}

bool wb_ratios_json(const struct wb_ratios *r, FILE *f) {
    (void)fprintf(f,
                  "{\n  \"weir_version\": \"%d.%d.%d\",\n  \"incomplete\": %s,\n  \"cases\": [\n",
                  WEIR_VERSION_MAJOR, WEIR_VERSION_MINOR, WEIR_VERSION_PATCH,
                  r->incomplete ? "true" : "false");
    for (unsigned k = 0; k < r->n; k++) {
        json_case(&r->at[k], f);
        (void)fputs(k + 1 < r->n ? ",\n" : "\n", f);
    }
    (void)fputs("  ]\n}\n", f);
    return !ferror(f);
}

/* ---- files ---------------------------------------------------------------------------------------------- */

static bool write_one(const struct wb_ratios *r, const char *dir, const char *name,
                      bool (*write)(const struct wb_ratios *r, FILE *f)) {
    char path[4096];
    if (!wb_files_path(path, sizeof path, dir, name)) return false;
    FILE *f = fopen(path, "w");
    bool ok = f && write(r, f);
    if (f && fclose(f) != 0) ok = false;
    return ok || wb_files_complain(path);
}

bool wb_ratios_write(const struct wb_ratios *r, const char *dir) {
    return write_one(r, dir, "ratios.csv", wb_ratios_csv) &&
           write_one(r, dir, "ratios.json", wb_ratios_json);
}
