/* SPDX-License-Identifier: MIT */
/* weir/shardmap_str.h - a weir_shardmap from strings to pointers, see weir/shardmap.h: the verbs of that header
 * without the structs around keys and values. Options: WEIR_MAP_OPTS_STR of weir/map_str.h.
 *
 * All calls return what those do; WEIR_EINVAL also for a map of other keys, or of values of another size. */
#ifndef WEIR_SHARDMAP_STR_H
#define WEIR_SHARDMAP_STR_H

#include <weir/map_str.h>
#include <weir/shardmap.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The pointer to *val; another thread may drop what it points to at once. */
WEIR_API int weir_shardmap_get_str(weir_shardmap *m, const void *key, size_t len, void **val);
WEIR_NODISCARD WEIR_API int weir_shardmap_put_str(weir_shardmap *m, const void *key, size_t len,
                                                  void *val);
WEIR_NODISCARD WEIR_API int weir_shardmap_get_or_put_str(weir_shardmap *m, const void *key,
                                                         size_t len, void **val);
/* As weir_shardmap_compute_wait; fn as that of weir_map_compute_str. */
WEIR_NODISCARD WEIR_API int weir_shardmap_compute_str_wait(weir_shardmap *m, const void *key,
                                                           size_t len, weir_map_compute_fn_str *fn,
                                                           void *arg, void **val,
                                                           weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_INLINE int weir_shardmap_compute_str(weir_shardmap *m, const void *key,
                                                         size_t len, weir_map_compute_fn_str *fn,
                                                         void *arg, void **val) {
    return weir_shardmap_compute_str_wait(m, key, len, fn, arg, val, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_API int weir_shardmap_swap_str(weir_shardmap *m, const void *key, size_t len,
                                                   void **val);
WEIR_API int weir_shardmap_take_str(weir_shardmap *m, const void *key, size_t len, void **val);
WEIR_API int weir_shardmap_delete_str(weir_shardmap *m, const void *key, size_t len);
WEIR_NODISCARD WEIR_API int weir_shardmap_cas_str(weir_shardmap *m, const void *key, size_t len,
                                                  const void *expect, void *val);
WEIR_NODISCARD WEIR_API int weir_shardmap_cad_str(weir_shardmap *m, const void *key, size_t len,
                                                  const void *expect);

#ifdef __cplusplus
}
#endif
#endif
