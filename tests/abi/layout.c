/* SPDX-License-Identifier: MIT */
/* layout.c - the layouts and values that are compiled into users' programs, frozen per SONAME. A line that
 * fails here means a new SONAME and a new layout number in the ring's magic, not a new number here. */
#include <weir/weir.h>

#include <stdio.h>

#define AT(type, field, offset) \
    _Static_assert(offsetof(type, field) == (offset), #type "." #field " has moved")
#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " has another size")

/* ---- rings: inline code reads and writes these fields, other processes may map them -------------- */

SIZE(weir_spsc, 384);
AT(weir_spsc, tail_, 0);
AT(weir_spsc, limit_, 8);
AT(weir_spsc, reserved_, 16);
AT(weir_spsc, head_, 128);
AT(weir_spsc, tail_seen_, 136);
AT(weir_spsc, magic_, 256);
AT(weir_spsc, owned_, 260);
AT(weir_spsc, mask_, 264);
AT(weir_spsc, cap_, 272);
AT(weir_spsc, elem_size_, 280);
AT(weir_spsc, slots_, 288);

SIZE(weir_scq, 384);
AT(weir_scq, tail_, 0);
AT(weir_scq, head_, 128);
AT(weir_scq, misses_, 136);
AT(weir_scq, magic_, 256);
AT(weir_scq, owned_, 260);
AT(weir_scq, field_, 264);
AT(weir_scq, last_, 272);
AT(weir_scq, gap_, 280);
AT(weir_scq, elem_size_, 288);
AT(weir_scq, stride_, 296);
AT(weir_scq, threads_, 304);
AT(weir_scq, slots_, 312);
AT(weir_scq, cells_, 320);
AT(weir_scq, buffers_, 328);

SIZE(weir_mpmc, 384);
AT(weir_mpmc, tail_, 0);
AT(weir_mpmc, head_, 128);
AT(weir_mpmc, waiters_, 256);
AT(weir_mpmc, magic_, 264);
AT(weir_mpmc, owned_, 268);
AT(weir_mpmc, mask_, 272);
AT(weir_mpmc, last_, 280);
AT(weir_mpmc, lap_, 288);
AT(weir_mpmc, gap_, 296);
AT(weir_mpmc, elem_size_, 304);
AT(weir_mpmc, stride_, 312);
AT(weir_mpmc, slots_, 320);
AT(weir_mpmc, id_, 328);

SIZE(weir_mpsc_list, 256);
AT(weir_mpsc_list, in_, 0);
AT(weir_mpsc_list, out_, 128);
AT(weir_mpsc_list, dummy_, 136);
SIZE(struct weir_mpsc_node, 8);

_Static_assert(WEIR_LINE == 128, "the lines of a ring");
_Static_assert(WEIR__MPMC_OPEN == 1 && WEIR__MPMC_ONE == 4, "the words of a ring");
_Static_assert(WEIR__MPMC_POPPER == 1 && WEIR__MPMC_PUSHER == UINT64_C(1) << 31, "its waiters");
_Static_assert(WEIR__MPMC_FENCE == UINT64_C(1) << 63, "its waiters");

/* ---- structs that users fill or read ---------------------------------------------------------------- */

#if UINTPTR_MAX == UINT64_MAX
SIZE(weir_guard, 8);
SIZE(struct weir_rcu_head, 24); /* a field of the user's objects */
SIZE(struct weir_rcu_stats, 72);
AT(struct weir_rcu_stats, waited, 64);
SIZE(weir_once, 48); /* in the caller's memory, from a static initializer */
AT(weir_once, queue_, 16);
AT(weir_once, state_, 32);
AT(weir_once, err_, 40);
SIZE(weir_wg, 40); /* in the caller's memory, from a static initializer */
AT(weir_wg, word_, 8);
AT(weir_wg, queue_, 16);
AT(weir_wg, lock_, 32);
SIZE(weir_sem, 48); /* in the caller's memory, from a static initializer */
AT(weir_sem, word_, 8);
AT(weir_sem, queue_, 16);
AT(weir_sem, places_, 32);
AT(weir_sem, lock_, 40);
SIZE(weir_limiter, 96); /* likewise */
SIZE(struct weir_reservation, 40);
AT(struct weir_reservation, n, 8);
SIZE(struct weir_span, 32);
AT(struct weir_span, n, 16);
SIZE(struct weir_alloc, 24);
AT(struct weir_alloc, free, 8);
AT(struct weir_alloc, self, 16);
SIZE(struct weir_ring_opts, 56);
AT(struct weir_ring_opts, size, 0);
AT(struct weir_ring_opts, cap, 8);
AT(struct weir_ring_opts, elem_size, 16);
AT(struct weir_ring_opts, flags, 24);
AT(struct weir_ring_opts, drop, 32);
AT(struct weir_ring_opts, drop_arg, 40);
AT(struct weir_ring_opts, alloc, 48);
#endif

/* ---- values ----------------------------------------------------------------------------------------- */

_Static_assert(WEIR_NOW == 0 && WEIR_FOREVER == INT64_MAX, "deadlines");
_Static_assert(WEIR_RING_NO_MEMBARRIER == 1, "flags");
_Static_assert(WEIR_RING_CAP_MAX == UINT64_C(1) << 31 && WEIR_RING_ELEM_MAX == 65536, "limits");
_Static_assert(WEIR_OK == 0 && WEIR_EAGAIN == -EAGAIN && WEIR_EBUSY == -EBUSY, "codes");
_Static_assert(WEIR_ECLOSED == -EPIPE && WEIR_ETIMEDOUT == -ETIMEDOUT, "codes");
_Static_assert(WEIR_ECANCELED == -ECANCELED && WEIR_ENOENT == -ENOENT, "codes");
_Static_assert(WEIR_EEXIST == -EEXIST && WEIR_ENOMEM == -ENOMEM && WEIR_EINVAL == -EINVAL, "codes");
_Static_assert(WEIR_EDEADLK == -EDEADLK && WEIR_ETOOBIG == -E2BIG, "codes");
_Static_assert(WEIR_ESTOPPED == -ESHUTDOWN && WEIR_ENOTSUP == -ENOTSUP, "codes");

/* What the library says at run time about a ring must agree with what this file was compiled with. */
int main(void) {
    size_t spsc = weir_spsc_bytes(4, 8), mpmc = weir_mpmc_bytes(4, 8);
    if (spsc != sizeof(weir_spsc) + 4 * 8 || mpmc != sizeof(weir_mpmc) + 4 * 16) {
        (void)printf("4 elements of 8 bytes take %zu (spsc) and %zu (mpmc) bytes\n", spsc, mpmc);
        return 1;
    }
    if (weir_version() != WEIR_VERSION) {
        (void)printf("library %d, headers %d\n", weir_version(), WEIR_VERSION);
        return 1;
    }
    return 0;
}
