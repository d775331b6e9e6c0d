/* SPDX-License-Identifier: MIT */
/* lib/ffi.c - gives every inline function of the public headers a symbol of its own, for callers that
 * cannot include C: dlopen, Go, Rust, Python. */
#define WEIR_INLINE WEIR_API

#include <weir/base.h>
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wmissing-declarations"
#include <weir/weir.h>
