/* SPDX-License-Identifier: MIT */
/* stress/run/script.c - reading scripts. See script.h; delays.c runs them. */
#include "script.h"

#include <stdio.h>
#include <string.h>

#include "stress/common/command.h"

/* "0@mpmc.push.claimed#3" */
static bool parse_place(struct sr_place_of *p, char *text) {
    long long x;
    char *at = strchr(text, '@'), *nth = at ? strchr(at, '#') : NULL;
    if (!at) return false;
    *at = '\0';
    if (nth) *nth = '\0';
    p->nth = 1;
    if (nth && !cm_number(nth + 1, 1, 1000000000, &x)) return false;
    if (nth) p->nth = (unsigned)x;
    p->thread = SR_ANYBODY;
    if (strcmp(text, "*") != 0) {
        if (!cm_number(text, 0, WEIR_STRESS_THREADS - 1, &x)) return false;
        p->thread = (unsigned)x;
    }
    size_t n = strlen(at + 1);
    if (n == 0 || n >= sizeof p->point) return false;
    memcpy(p->point, at + 1, n + 1);
    return true;
}

/* "PLACE until PLACE", "PLACE after PLACE" */
static bool parse_step(struct sr_step *s, char *text) {
    char *save, *word[4];
    unsigned n = 0;
    for (char *w = strtok_r(text, " \t\n", &save); w && n < 4; w = strtok_r(NULL, " \t\n", &save))
        word[n++] = w;
    if (n != 3) return false;
    s->after = strcmp(word[1], "after") == 0;
    return (s->after || strcmp(word[1], "until") == 0) && parse_place(&s->at, word[0]) &&
           parse_place(&s->until, word[2]);
}

static bool there(const struct sr_place_of *p, unsigned threads) {
    return threads == 0 || p->thread == SR_ANYBODY || p->thread < threads;
}

int sr_script_parse(struct sr_script *s, const char *text, unsigned threads, char *why, size_t n) {
    char copy[SR_SCRIPT], *save;
    s->n = 0;
    if ((size_t)snprintf(copy, sizeof copy, "%s", text) >= sizeof copy) {
        (void)snprintf(why, n, "script: longer than %d characters", SR_SCRIPT - 1);
        return -1;
    }
    for (char *w = strtok_r(copy, ";", &save); w; w = strtok_r(NULL, ";", &save), s->n++) {
        char shown[SR_SCRIPT];
        (void)snprintf(shown, sizeof shown, "%s", w + strspn(w, " "));
        if (s->n == SR_STEPS) {
            (void)snprintf(why, n, "script: more than %d steps", SR_STEPS);
            return -1;
        }
        if (!parse_step(&s->step[s->n], w)) {
            (void)snprintf(why, n, "script: \"%s\" is not THREAD@POINT until THREAD@POINT", shown);
            return -1;
        }
        if (there(&s->step[s->n].at, threads) && there(&s->step[s->n].until, threads)) continue;
        (void)snprintf(why, n, "script: \"%s\": there are threads 0 to %u", shown, threads - 1);
        return -1;
    }
    if (s->n > 0) return 0;
    (void)snprintf(why, n, "script: no step in it");
    return -1;
}
