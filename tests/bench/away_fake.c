/* SPDX-License-Identifier: MIT */
/* tests/bench/away_fake.c - a rival that is a program of its own (bench/away.h) and measures nothing: what it answers
 * depends on the name that it is called by.
 *
 *   weir-bench-go       1000 elements in one millisecond; trips of 100 ns, and one of 5000
 *   weir-bench-liar     one element less came out than went in
 *   weir-bench-mumbler  says something else
 *   weir-bench-mute     never answers
 *   weir-bench-mortal   ends when it is asked a second time for a phase
 *
 * Of a map the liar has an entry less than there should be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PHASE_LINE = 256 };

/* Whether the line asks for what weir-bench would: a place, a time, and as many processors as it names. */
static int sensible(const char *line) {
    char test[16], structure[16], cpus[PHASE_LINE];
    unsigned p, c, cap, ways, ready, sends, n;
    double seconds;
    if (sscanf(line, "run %15s %15s %u %u %u %u %u %u %lf %u %255s", test, structure, &p, &c, &cap,
               &ways, &ready, &sends, &seconds, &n, cpus) != 11)
        return 0;
    unsigned named = 1;
    for (const char *s = cpus; *s; s++) named += *s == ',';
    return p >= 1 && c >= 1 && ready <= ways && sends <= ways && seconds > 0 && n >= 1 &&
           n <= named;
}

/* 1000 operations in one millisecond. */
static void answer_map(const char *name, const char *line) {
    char variant[24], test[16], dist[16], cpus[PHASE_LINE];
    unsigned threads, read, hit, keys, growing, n;
    double seconds;
    if (sscanf(line, "map %23s %15s %u %u %u %15s %u %u %lf %u %255s", variant, test, &threads,
               &read, &hit, dist, &keys, &growing, &seconds, &n, cpus) != 11 ||
        threads < 1 || read > 100 || n < 1 || growing > 1) {
        (void)printf("no: %s", line);
        return;
    }
    (void)printf("ok 1000000 1000 1000 %d 0 %u %u 0.5 20 2000000%s\n", hit == 0 ? 0 : 1000, keys,
                 keys - (strcmp(name, "liar") == 0), strcmp(test, "grow") == 0 ? " 100:1000" : "");
}

static void answer(const char *name, const char *line) {
    static int phases;
    const char *latencies = strncmp(line, "run ping ", 9) == 0 ? " 100:99 5000:1" : "";
    if (strcmp(line, "version\n") == 0)
        (void)puts("fake 1.0");
    else if (strncmp(line, "map ", 4) == 0 && strcmp(name, "mumbler") != 0)
        answer_map(name, line);
    else if (strcmp(name, "mumbler") != 0 && !sensible(line))
        (void)printf("no: %s", line);
    else if (strcmp(name, "mortal") == 0 && ++phases == 2)
        exit(3);
    else if (strcmp(name, "mumbler") == 0)
        (void)puts("ok ok ok");
    else
        (void)printf("ok 1000000 1000 %d 499500 499500 0 0.5 20 2000000%s\n",
                     strcmp(name, "liar") == 0 ? 999 : 1000, latencies);
    (void)fflush(stdout);
}

int main(int argc, char **argv) {
    char line[PHASE_LINE];
    const char *name = argc > 0 ? strrchr(argv[0], '-') : NULL;
    if (!name) return 2;
    while (fgets(line, sizeof line, stdin)) {
        while (strcmp(name, "-mute") == 0) (void)pause();
        answer(name + 1, line);
    }
    return 0;
}
