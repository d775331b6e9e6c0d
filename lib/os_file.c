/* SPDX-License-Identifier: MIT */
/* lib/os_file.c - Linux. See lib/os_file.h. Each call stands between `begin` and `end`, which keep errno and
 * cancellation away.
 *
 * A file is written under a name of its own in the same folder (mkostemp), is brought to the disk (fsync), takes
 * the name (rename), and then the folder is brought to the disk. So at each moment, and after a crash, the name
 * has the old file or the new one, whole. */
#include "os_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct kept {
    int saved, cancel;
};
static struct kept begin(void) {
    struct kept k = { errno, 0 };
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &k.cancel);
    return k;
}
static void end(struct kept k) {
    (void)pthread_setcancelstate(k.cancel, NULL);
    errno = k.saved;
}

/* ---- writing -------------------------------------------------------------------------------------------- */

static int open_for(struct weir__os_save *s) {
    struct stat st;
    size_t n = strlen(s->path);
    if (stat(s->path, &st) == 0 && !S_ISREG(st.st_mode)) {
        s->fd = open(s->path, O_WRONLY | O_CLOEXEC);
        return s->fd < 0 ? -errno : 0;
    }
    if (n >= WEIR__PATH_MAX) return -ENAMETOOLONG;
    memcpy(s->temp, s->path, n);
    memcpy(s->temp + n, ".XXXXXX" /* as mkostemp has it */, 8);
    s->fd = mkostemp(s->temp, O_CLOEXEC);
    if (s->fd < 0) s->temp[0] = '\0';
    return s->fd < 0 ? -errno : 0;
}

int weir__os_save_begin(struct weir__os_save *s, const char *path) {
    struct kept k = begin();
    s->path = path;
    s->fd = -1;
    s->temp[0] = '\0';
    int rc = open_for(s);
    end(k);
    return rc;
}

static int write_all(int fd, const char *at, size_t n) {
    while (n > 0) {
        ssize_t some = write(fd, at, n);
        if (some < 0 && errno != EINTR) return -errno;
        if (some == 0) return -EIO; /* a device that takes nothing */
        if (some < 0) continue;
        at += some;
        n -= (size_t)some;
    }
    return 0;
}

/* A pipe whose reader has left sends SIGPIPE to the thread, beside EPIPE. It is blocked meanwhile, and taken away, unless
 * one was pending before: those two are one. */
static int write_to_pipe(int fd, const char *at, size_t n) {
    static const struct timespec no_time = { 0, 0 };
    sigset_t broken, before, pending;
    (void)sigemptyset(&broken);
    (void)sigaddset(&broken, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &broken, &before);
    bool was = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
    int rc = write_all(fd, at, n);
    if (rc == -EPIPE && !was)
        while (sigtimedwait(&broken, NULL, &no_time) < 0 && errno == EINTR) {
        }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

int weir__os_save_write(struct weir__os_save *s, const void *p, size_t n) {
    struct kept k = begin();
    int rc = s->temp[0] ? write_all(s->fd, p, n) : write_to_pipe(s->fd, p, n);
    end(k);
    return rc;
}

/* A folder that cannot be opened for reading has no fsync: then a crash may bring the old file back, whole. */
static int sync_folder(const char *path) {
    char folder[WEIR__PATH_MAX];
    const char *last = strrchr(path, '/');
    size_t n = last ? (size_t)(last - path) + 1 : 0;
    memcpy(folder, n ? path : ".", n ? n : 1);
    folder[n ? n : 1] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return 0;
    int rc = fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
    (void)close(fd);
    return rc;
}

static int finish(struct weir__os_save *s, int rc) {
    /* EINVAL, EROFS: a pipe, a device. */
    if (rc == 0 && fsync(s->fd) < 0 && (s->temp[0] || (errno != EINVAL && errno != EROFS)))
        rc = -errno;
    if (close(s->fd) < 0 && rc == 0 && errno != EINTR) rc = -errno;
    if (!s->temp[0]) return rc;
    if (rc == 0 && rename(s->temp, s->path) < 0) rc = -errno;
    if (rc == 0) return sync_folder(s->path);
    (void)unlink(s->temp);
    return rc;
}

int weir__os_save_end(struct weir__os_save *s, int rc) {
    struct kept k = begin();
    rc = finish(s, rc);
    end(k);
    return rc;
}

/* ---- reading -------------------------------------------------------------------------------------------- */

int weir__os_file_open(const char *path) {
    struct kept k = begin();
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) fd = -errno;
    end(k);
    return fd;
}

ptrdiff_t weir__os_file_read(int fd, void *p, size_t n) {
    struct kept k = begin();
    ptrdiff_t got = 0;
    for (ssize_t some = 1; (size_t)got < n && some != 0;) {
        some = read(fd, (char *)p + got, n - (size_t)got);
        if (some < 0 && errno == EINTR) continue;
        if (some < 0) {
            got = -errno;
            break;
        }
        got += some;
    }
    end(k);
    return got;
}

void weir__os_file_close(int fd) {
    struct kept k = begin();
    (void)close(fd);
    end(k);
}

/* ---- else ----------------------------------------------------------------------------------------------- */

int64_t weir__os_wall(void) {
    struct timespec t = { 0, 0 };
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void weir__os_words(int code, char *to, size_t size) {
    struct kept k = begin();
    char text[128];
    (void)snprintf(to, size, "%s", strerror_r(-code, text, sizeof text));
    end(k);
}
