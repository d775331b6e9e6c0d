/* SPDX-License-Identifier: MIT */
/* weir/map_str.h - a weir_map from strings to pointers, see weir/map.h: the verbs of that header without the
 * structs around keys and values.
 *
 *   struct weir_map_opts o = WEIR_MAP_OPTS_STR;
 *   o.drop = free_object;
 *   if (weir_map_new(&m, &o) == 0) rc = weir_map_put_str(m, "one", 3, object);
 *
 * All calls return what those do; WEIR_EINVAL also for a map of other keys, or of values of another size. */
#ifndef WEIR_MAP_STR_H
#define WEIR_MAP_STR_H

#include <weir/map.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_MAP_OPTS_STR           \
    { sizeof(struct weir_map_opts), \
      sizeof(struct weir_str),      \
      sizeof(void *),               \
      0,                            \
      0,                            \
      NULL,                         \
      WEIR_MAP_LINES,               \
      0,                            \
      0,                            \
      WEIR_MAP_STRINGS,             \
      NULL,                         \
      NULL,                         \
      NULL,                         \
      NULL,                         \
      false }

/* The pointer to *val. What it points to stays as long as a guard is held that was taken before, if `drop` is
 * what frees it, and nobody takes it. Returns 0, WEIR_ENOENT. */
WEIR_API int weir_map_get_str(weir_map *m, const void *key, size_t len, void **val);

WEIR_NODISCARD WEIR_API int weir_map_put_str_wait(weir_map *m, const void *key, size_t len,
                                                  void *val, weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_API int weir_map_get_or_put_str_wait(weir_map *m, const void *key, size_t len,
                                                         void **val, weir_time deadline,
                                                         weir_ctx *ctx);
WEIR_NODISCARD WEIR_API int weir_map_swap_str_wait(weir_map *m, const void *key, size_t len,
                                                   void **val, weir_time deadline, weir_ctx *ctx);
WEIR_NODISCARD WEIR_API int weir_map_take_str_wait(weir_map *m, const void *key, size_t len,
                                                   void **val, weir_time deadline, weir_ctx *ctx);
WEIR_API int weir_map_delete_str_wait(weir_map *m, const void *key, size_t len, weir_time deadline,
                                      weir_ctx *ctx);
WEIR_NODISCARD WEIR_API int weir_map_cas_str_wait(weir_map *m, const void *key, size_t len,
                                                  const void *expect, void *val, weir_time deadline,
                                                  weir_ctx *ctx);
WEIR_NODISCARD WEIR_API int weir_map_cad_str_wait(weir_map *m, const void *key, size_t len,
                                                  const void *expect, weir_time deadline,
                                                  weir_ctx *ctx);
/* As weir_map_compute_wait. */
typedef int weir_map_compute_fn_str(const void *key, size_t len, void **val, void *arg);
WEIR_NODISCARD WEIR_API int weir_map_compute_str_wait(weir_map *m, const void *key, size_t len,
                                                      weir_map_compute_fn_str *fn, void *arg,
                                                      void **val, weir_time deadline,
                                                      weir_ctx *ctx);

WEIR_NODISCARD WEIR_INLINE int weir_map_compute_str(weir_map *m, const void *key, size_t len,
                                                    weir_map_compute_fn_str *fn, void *arg,
                                                    void **val) {
    return weir_map_compute_str_wait(m, key, len, fn, arg, val, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_map_put_str(weir_map *m, const void *key, size_t len,
                                                void *val) {
    return weir_map_put_str_wait(m, key, len, val, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_map_get_or_put_str(weir_map *m, const void *key, size_t len,
                                                       void **val) {
    return weir_map_get_or_put_str_wait(m, key, len, val, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_map_swap_str(weir_map *m, const void *key, size_t len,
                                                 void **val) {
    return weir_map_swap_str_wait(m, key, len, val, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_map_take_str(weir_map *m, const void *key, size_t len,
                                                 void **val) {
    return weir_map_take_str_wait(m, key, len, val, WEIR_FOREVER, NULL);
}
WEIR_INLINE int weir_map_delete_str(weir_map *m, const void *key, size_t len) {
    return weir_map_delete_str_wait(m, key, len, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_map_cas_str(weir_map *m, const void *key, size_t len,
                                                const void *expect, void *val) {
    return weir_map_cas_str_wait(m, key, len, expect, val, WEIR_FOREVER, NULL);
}
WEIR_NODISCARD WEIR_INLINE int weir_map_cad_str(weir_map *m, const void *key, size_t len,
                                                const void *expect) {
    return weir_map_cad_str_wait(m, key, len, expect, WEIR_FOREVER, NULL);
}

#ifdef __cplusplus
}
#endif
#endif
