/* SPDX-License-Identifier: MIT */
/* lib/os_file.h - the system's side of files that are read, or written as a whole. As lib/os.h: errno is kept,
 * EINTR never leaves, no call is a cancellation point. Codes are the system's own, negated errno values. */
#ifndef WEIR_LIB_OS_FILE_H
#define WEIR_LIB_OS_FILE_H

#include <weir/base.h>

#define WEIR__PATH_MAX 4096

/* A file that is being written: under another name, until all of it is there. What is no regular file (a pipe, a
 * device) is written to as it is. */
struct weir__os_save {
    const char *path;
    int fd;
    char temp[WEIR__PATH_MAX + 8]; /* "": none */
};

/* Returns 0 or a code. path must stay. */
WEIR_NODISCARD int weir__os_save_begin(struct weir__os_save *s, const char *path);
/* A pipe whose reader has left: -EPIPE, without SIGPIPE. */
WEIR_NODISCARD int weir__os_save_write(struct weir__os_save *s, const void *p, size_t n);
/* Ends it: with rc 0 what was written takes the name, after it has reached the disk; else, and if that fails,
 * nothing is left of it, and what stood there does; but for a failure to bring the folder to the disk, after the name
 * was taken. Returns rc, or a code. */
WEIR_NODISCARD int weir__os_save_end(struct weir__os_save *s, int rc);

/* A descriptor, or a code. */
WEIR_NODISCARD int weir__os_file_open(const char *path);
/* n bytes, or fewer at the end of the file; or a code. */
WEIR_NODISCARD ptrdiff_t weir__os_file_read(int fd, void *p, size_t n);
void weir__os_file_close(int fd);

/* ns since 1970, as the system has it now; may go back. */
int64_t weir__os_wall(void);
/* The system's words for a code, in `to`. */
void weir__os_words(int code, char *to, size_t size);

#endif
