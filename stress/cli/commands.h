/* SPDX-License-Identifier: MIT */
/* stress/cli/commands.h - the commands of weir-stress. Each returns the exit status: 0, 1 a failure was
 * found, 2 usage, 77 skipped. */
#ifndef WEIR_STRESS_COMMANDS_H
#define WEIR_STRESS_COMMANDS_H

int command_explore(int argc, char **argv);
int command_run(int argc, char **argv);

#endif
