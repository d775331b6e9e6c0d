/* SPDX-License-Identifier: MIT */
/* stress/common/list_kind.c - weir_mpsc_list as a ring with a soft limit: each push has a node of its own from malloc,
 * which the pop frees at once, so that the address sanitizer sees a list that still looks at a node which it has
 * given away. `inside` is counted as weir_queue counts it: reserved before the push, given back after the pop. */
#include "ring_kind.h"

#include <weir/mpsc_list.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct list {
    _Alignas(WEIR_LINE) weir_mpsc_list l; /* whole lines, as aligned_alloc wants them */
    weir_au64 inside;
    struct weir_ring_opts o;
};

struct item {
    struct weir_mpsc_node node;
    char elem[];
};

static int list_make(void **ring, const struct weir_ring_opts *o) {
    const struct weir_alloc *a = o->alloc;
    size_t size = sizeof(struct list);
    *ring = NULL;
    struct list *l = a ? a->alloc(a->self, size, WEIR_LINE) : aligned_alloc(WEIR_LINE, size);
    if (!l) return WEIR_ENOMEM;
    memset(l, 0, sizeof *l);
    l->o = *o;
    *ring = l;
    return weir_mpsc_list_init(&l->l);
}

static int list_push(void *ring, const void *elem) {
    struct list *l = ring;
    uint64_t inside = weir_load_seq_cst(&l->inside, 0);
    do
        if (inside >= l->o.cap) return WEIR_EAGAIN;
    while (!weir_cas_seq_cst(&l->inside, &inside, inside + 1, 0));
    struct item *item = calloc(1, sizeof *item + l->o.elem_size);
    if (!item) abort(); /* the machine has no memory: there is nothing to test */
    memcpy(item->elem, elem, l->o.elem_size);
    return weir_mpsc_list_push(&l->l, &item->node);
}

static int list_pop(void *ring, void *elem) {
    struct list *l = ring;
    struct weir_mpsc_node *node;
    int rc = weir_mpsc_list_pop(&l->l, &node);
    if (rc < 0) return rc;
    struct item *item = WEIR_MPSC_ENTRY(node, struct item, node);
    memcpy(elem, item->elem, l->o.elem_size);
    free(item);
    (void)weir_fetch_add_seq_cst(&l->inside, UINT64_MAX, 0);
    return 0;
}

static size_t list_len(void *ring) {
    return (size_t)weir_load_seq_cst(&((struct list *)ring)->inside, 0);
}
static bool list_is_closed(void *ring) {
    (void)ring;
    return false;
}

/* Nobody else is here: what is inside goes to drop. */
static int list_free(void *ring) {
    struct list *l = ring;
    const struct weir_alloc *a = l->o.alloc;
    struct weir_mpsc_node *node;
    while (weir_mpsc_list_pop(&l->l, &node) == 0) {
        struct item *item = WEIR_MPSC_ENTRY(node, struct item, node);
        if (l->o.drop) l->o.drop(item->elem, l->o.drop_arg);
        free(item);
    }
    if (a)
        a->free(a->self, l, sizeof *l, WEIR_LINE);
    else
        free(l);
    return 0;
}

static void list_dump(void *ring, char *text, size_t n) {
    struct list *l = ring;
    (void)snprintf(text, n, "inside %zu, in %p, out %p", list_len(ring),
                   weir_load_relaxed(&l->l.in_), (void *)l->l.out_);
}

const struct ring_kind ring_mpsc_list = {
    .name = "mpsc_list",
    .has = RING_FUNNEL | RING_BUSY | RING_TRIES | RING_SOFT,
    .make = list_make,
    .free = list_free,
    .push = list_push,
    .pop = list_pop,
    .is_closed = list_is_closed,
    .len = list_len,
    .dump = list_dump,
};
