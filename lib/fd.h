/* SPDX-License-Identifier: MIT */
/* lib/fd.h - the thread that waits for descriptors. */
#ifndef WEIR_LIB_FD_H
#define WEIR_LIB_FD_H

#include <stddef.h>

/* What it does until no object has been there for a while. */
void weir__fd_main(void);
/* Objects for which that thread is there; 0: it is not, or will end by itself. */
size_t weir__fd_open(void);

#endif
