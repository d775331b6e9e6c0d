/* SPDX-License-Identifier: MIT */
/* bench/progress.c - see progress.h. The time left is the plan's, scaled by how the plan has held
 * so far, so that a machine on which runs take longer is told so early. */
#include "progress.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "team.h"

static struct {
    bool shown;
    double planned, done; /* seconds by plan */
    uint64_t began, drawn;
} bar;

void wb_progress_begin(double seconds) {
    bar.shown = isatty(STDERR_FILENO) != 0;
    bar.planned = seconds;
    bar.done = 0;
    bar.began = wb_now();
    bar.drawn = 0;
}

static unsigned columns(void) {
    struct winsize w;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col < 20) return 80;
    return w.ws_col;
}

static void draw(const char *what) {
    const int width = 24;
    double part = bar.planned > 0 ? bar.done / bar.planned : 1;
    if (part > 1) part = 1;
    double spent = (double)(wb_now() - bar.began) / 1e9;
    double left = part > 0 ? spent / part - spent : bar.planned;
    char line[256], fill[32];
    for (int i = 0; i < width; i++) fill[i] = i < (int)(part * width) ? '#' : '.';
    fill[width] = '\0';
    int n = snprintf(line, sizeof line, "[%s] %3.0f %%  %d:%02d left  %s", fill, part * 100,
                     (int)left / 60, (int)left % 60, what);
    int room = (int)columns() - 1;
    (void)fprintf(stderr, "\r%.*s\033[K", n < room ? n : room, line);
    (void)fflush(stderr);
}

void wb_progress_step(double seconds, const char *what) {
    bar.done += seconds;
    if (!bar.shown || wb_now() - bar.drawn < 100000000u) return;
    bar.drawn = wb_now();
    draw(what);
}

void wb_progress_clear(void) {
    if (!bar.shown) return;
    (void)fputs("\r\033[K", stderr);
    (void)fflush(stderr);
}
