/* SPDX-License-Identifier: MIT */
/* lib/fd.h - the thread that waits for descriptors. */
#ifndef WEIR_LIB_FD_H
#define WEIR_LIB_FD_H

/* What it does until no object has been there for a while. */
void weir__fd_main(void);

#endif
