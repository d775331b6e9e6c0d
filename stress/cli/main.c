/* SPDX-License-Identifier: MIT */
/* stress/cli/main.c - weir-stress: one command for each way to look for faults. */
#include <stdio.h>
#include <string.h>

#include "commands.h"

#ifndef WEIR_HAS_EXPLORER
int command_explore(int argc, char **argv) {
    (void)argc;
    (void)fprintf(stderr, "%s: ThreadSanitizer builds have no explorer\n", argv[0]);
    return 77;
}
#endif

static const struct {
    const char *name, *about;
    int (*run)(int argc, char **argv); /* argv[0]: "path/weir-stress explore" */
} commands[] = {
    { "explore", "run scenarios under every schedule up to a bound, or under random ones",
      command_explore },
    { "run", "run scenarios on real threads, with delays and storms, under a watchdog",
      command_run },
};
#define COMMANDS (sizeof commands / sizeof *commands)

static void usage(FILE *to) {
    (void)fprintf(to, "usage: weir-stress COMMAND [ARGUMENT...]   (COMMAND --help says more)\n");
    for (size_t i = 0; i < COMMANDS; i++)
        (void)fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].about);
}

int main(int argc, char **argv) {
    static char name[512];
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        usage(argc < 2 ? stderr : stdout);
        return argc < 2 ? 2 : 0;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, argv[1]) != 0) continue;
        (void)snprintf(name, sizeof name, "%s %s", argv[0], argv[1]);
        argv[1] = name;
        return commands[i].run(argc - 1, argv + 1);
    }
    (void)fprintf(stderr, "weir-stress: unknown command %s; weir-stress --help lists them\n",
                  argv[1]);
    return 2;
}
