/* SPDX-License-Identifier: MIT */
/* maps/node_read.c - where the node of a key is looked for, in maps of all kinds. See read.h, node.h. */
#include "node.h"

bool weir__node_find(const struct weir__at *a, uint64_t *node) {
    return weir__find(weir__map_root(a->c), a->hash, weir__node_is, &a->key, node);
}

bool weir__node_get(const struct weir__at *a, void *val) {
    uint64_t node;
    weir_guard g = weir__core_enter_read(a->c);
    bool found = weir__node_find(a, &node);
    if (found) weir__node_copy(a->s, weir__node_of(node), val);
    weir__core_exit(a->c, g);
    return found;
}
