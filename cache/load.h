/* SPDX-License-Identifier: MIT */
/* cache/load.h - loads, between the files that have a part in them:
 *
 *   load.c        a load's life: linked, its function run, its end, its value stored
 *   load_call.c   weir_cache_load: makes one, or waits for the one that is under way
 *   refresh.c     one on the executor, that a hit has begun
 *
 * What holds of a load, and who may touch which field when: load.c. */
#ifndef WEIR_CACHE_LOAD_H
#define WEIR_CACHE_LOAD_H

#include "cache.h"

struct weir__load {
    struct weir__load *next;    /* in the shard */
    struct weir__load *aborted; /* the next that close has ended */
    weir_cache *c;
    struct weir__entry *e;
    weir_future done;
    size_t refs;
    bool linked, over;
    bool shut;  /* close has ended it: `again` is not yet known then */
    bool again; /* it has failed with the context of its caller: who waits is to load himself */
    int code;
    int rc; /* its caller's: also if close has ended it */
    weir_cache_load_fn *fn;
    void *arg;
    weir_time ttl, deadline;
    weir_ctx *ctx;
    const struct weir__thread *thread; /* that runs it */
    struct weir__entry *old;           /* of a refresh */
    struct weir__untold untold;        /* by who runs it, when he is through */
};

/* ---- in the hold of the key's shard ------------------------------------------------------------------------ */

/* The one that is linked for the key; NULL: none. */
struct weir__load *weir__load_of(const struct weir__shard *s, const struct weir__spot *a);
void weir__load_link(struct weir__shard *s, struct weir__load *l);
bool weir__load_linked(const struct weir__load *l);
/* That of the key; all of them; this one. */
void weir__loads_unlink(struct weir__shard *s, const struct weir__spot *a);
void weir__loads_unlink_all(struct weir__shard *s);
void weir__load_unlink(struct weir__load *l);

/* ---- in no lock --------------------------------------------------------------------------------------------- */

/* NULL: no memory. Linked nowhere; with its caller's reference. */
struct weir__load *weir__load_make(weir_cache *c, const struct weir__spot *a);
/* Of one that was never linked. */
void weir__load_free(struct weir__load *l);
void weir__load_unref(struct weir__load *l);
/* Calls the function of one that is linked, and ends it: l->rc, and if that is negative, *err (NULL: nobody asks).
 * Afterwards its caller, or the task, leaves. */
void weir__load_run(struct weir__load *l, weir_ctx *ctx, struct weir_error *err);
/* Gives the caller's, or the task's, reference back, and tells what is to be told, which may end the thread: then
 * *acquired (NULL: nothing was) is given back, too. */
void weir__load_leave(struct weir__load *l, const void **acquired);
/* Unlinks all of the shard, and ends their waits. Nobody links one any more. */
void weir__loads_abort(struct weir__shard *s);

/* cache/refresh.c. A hit of e has set `refreshing`, and taken a reference, which goes to the load, or is given back here; it
 * may end the thread. */
void weir__refresh(weir_cache *c, struct weir__entry *e);
/* Instead: a later hit may begin it. */
void weir__refresh_not(struct weir__entry *e);

#endif
