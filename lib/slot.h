/* SPDX-License-Identifier: MIT */
/* lib/slot.h - where a thread's record is kept, and what runs when the thread ends. For thread.c
 * alone. The model build keeps both per thread of the explorer, which shares one real thread. */
#ifndef WEIR_LIB_SLOT_H
#define WEIR_LIB_SLOT_H

#include <weir/base.h>

#ifdef WEIR_MODEL

#include <weir/detail/model.h>

static inline void *weir__slot_get(void) { return *weir__model_slot(); }
static inline void weir__slot_clear(void) { *weir__model_slot() = NULL; }
static inline bool weir__slot_prepare(void (*at_exit)(void *)) {
    (void)at_exit;
    return true;
}
static inline bool weir__slot_set(void *p, void (*at_exit)(void *)) {
    weir__model_at_exit(at_exit, p);
    *weir__model_slot() = p;
    return true;
}

#else

#include <pthread.h>

static __thread void *weir__slot __attribute__((tls_model("initial-exec")));
static pthread_key_t weir__slot_key; /* for its destructor only */
static bool weir__slot_key_made;

static inline void *weir__slot_get(void) { return weir__slot; }
static inline void weir__slot_clear(void) { weir__slot = NULL; }

/* Before the first set; under a lock. False: no key is left. */
static inline bool weir__slot_prepare(void (*at_exit)(void *)) {
    if (!weir__slot_key_made && pthread_key_create(&weir__slot_key, at_exit) != 0) return false;
    weir__slot_key_made = true;
    return true;
}

/* at_exit(p) runs when the calling thread ends. */
static inline bool weir__slot_set(void *p, void (*at_exit)(void *)) {
    (void)at_exit;
    if (pthread_setspecific(weir__slot_key, p) != 0) return false;
    weir__slot = p;
    return true;
}

#endif
#endif
