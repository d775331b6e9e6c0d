/* SPDX-License-Identifier: MIT */
/* weir/detail/model.h - the seam of the model build: with WEIR_MODEL, weir/atomic.h sends every
 * operation through the functions below, where the schedule explorer (libweir_explore) attaches.
 *
 * A call is a step: the explorer first decides which thread goes on, and then carries the operation
 * out by its memory model. Outside of an execution (set-up, final checks) a call is the plain
 * operation. Each call hands over its place in the source, a static constant. Nothing here is used
 * in production builds. The part for users is weir/model.h. */
#ifndef WEIR_DETAIL_MODEL_H
#define WEIR_DETAIL_MODEL_H

#include <weir/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir__site {
    const char *file, *func, *text; /* text: the operand as it stands in the source */
    int line;
};

enum weir__rmw { WEIR__RMW_XCHG, WEIR__RMW_ADD, WEIR__RMW_SUB, WEIR__RMW_OR, WEIR__RMW_AND };

/* p: an object of `size` (4 or 8) bytes. */
uint64_t weir__model_load(const void *p, unsigned size, int order, const struct weir__site *at);
void weir__model_store(void *p, unsigned size, uint64_t v, int order, const struct weir__site *at);
uint64_t weir__model_rmw(void *p, unsigned size, enum weir__rmw op, uint64_t v, int order,
                         const struct weir__site *at);
bool weir__model_cas(void *p, unsigned size, void *expected, uint64_t desired, bool weak, int order,
                     const struct weir__site *at);

/* A thread polls: others may go first, at no cost to the budget of preemptions. */
void weir__model_pause(const struct weir__site *at);
/* n bytes are about to be copied. Threads can be switched between what came before and the copy. */
void weir__model_copy(const void *to, const void *from, size_t n, const struct weir__site *at);
/* A named place in an algorithm: a row of the printed table. */
void weir__model_point(const char *name);

/* What a real thread keeps in thread-local storage, and what runs when it ends. */
void **weir__model_slot(void);
void weir__model_at_exit(void (*fn)(void *), void *arg);

/* Set by a labelled operation whose order is taken away, right before it is carried out: a
 * read-modify-write that is weakened does not drain the store buffer. */
extern unsigned char weir__model_weakened;

#ifdef __cplusplus
}
#endif

#ifdef WEIR_MODEL

#define WEIR__SITE(text_)                                                               \
    (__extension__({                                                                    \
        static const struct weir__site site_ = { __FILE__, __func__, text_, __LINE__ }; \
        &site_;                                                                         \
    }))

/* The comma takes the qualifiers off. */
#define WEIR__OF(p, call) ((__typeof__(((void)0, (p)->v_)))(uintptr_t)(call))
#define WEIR__BITS(v) ((uint64_t)(uintptr_t)(v))

#define WEIR__LOAD(p, mo) WEIR__OF(p, weir__model_load(&(p)->v_, sizeof(p)->v_, mo, WEIR__SITE(#p)))
#define WEIR__STORE(p, v, mo) \
    weir__model_store(&(p)->v_, sizeof(p)->v_, WEIR__BITS(v), mo, WEIR__SITE(#p))
#define WEIR__MODEL_RMW(op, p, v, mo, text) \
    WEIR__OF(p, weir__model_rmw(&(p)->v_, sizeof(p)->v_, op, WEIR__BITS(v), mo, WEIR__SITE(text)))
#define WEIR__XCHG(p, v, mo) WEIR__MODEL_RMW(WEIR__RMW_XCHG, p, v, mo, #p)
#define WEIR__ADD(p, v, mo) WEIR__MODEL_RMW(WEIR__RMW_ADD, p, v, mo, #p)
#define WEIR__SUB(p, v, mo) WEIR__MODEL_RMW(WEIR__RMW_SUB, p, v, mo, #p)
#define WEIR__OR(p, v, mo) WEIR__MODEL_RMW(WEIR__RMW_OR, p, v, mo, #p)
#define WEIR__AND(p, v, mo) WEIR__MODEL_RMW(WEIR__RMW_AND, p, v, mo, #p)
#define WEIR__CAS(p, e, d, weak, mo) \
    weir__model_cas(&(p)->v_, sizeof(p)->v_, e, WEIR__BITS(d), weak, mo, WEIR__SITE(#p))

/* Initialisation of what no other thread can reach is no step. */
#define WEIR__INIT(p, v) ((void)((p)->v_ = (v)))

/* A light barrier binds the compiler only; store buffers are drained by the heavy one. */
#define WEIR__LIGHT() ((void)0)
#define WEIR__PREFETCH(p) ((void)(p))
#define WEIR__PAUSE() weir__model_pause(WEIR__SITE("pause"))

#endif
#endif
