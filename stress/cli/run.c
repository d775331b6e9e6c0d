/* SPDX-License-Identifier: MIT */
/* stress/cli/run.c - weir-stress run: the program weir-stress-run, which stands beside this one. (It holds weir
 * as the tests have it; this program holds the model of weir.) */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

int command_run(int argc, char **argv) {
    char path[4096 + sizeof "weir-stress-run"];
    ssize_t n = readlink("/proc/self/exe", path, 4095);
    (void)argc;
    path[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(path, '/');
    (void)strcpy(slash ? slash + 1 : path, "weir-stress-run");
    (void)execv(path, argv);
    (void)fprintf(stderr, "%s: %s: %s\n", argv[0], path, strerror(errno));
    return 2;
}
