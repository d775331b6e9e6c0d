/* SPDX-License-Identifier: MIT */
/* stress/explore/asan.h - EX_ASAN: built with AddressSanitizer, gcc's or clang's. */
#ifndef WEIR_STRESS_ASAN_H
#define WEIR_STRESS_ASAN_H

#if defined(__SANITIZE_ADDRESS__)
#define EX_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EX_ASAN 1
#endif
#endif

#ifdef EX_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#include <stdbool.h>
#include <stdint.h>

/* Whether p is a local variable of the running fiber that AddressSanitizer keeps apart from its stack. */
static inline bool ex_in_fake_stack(const void *p) {
#ifdef EX_ASAN
    void *fake = __asan_get_current_fake_stack();
    return fake && __asan_addr_is_in_fake_stack(fake, (void *)(uintptr_t)p, NULL, NULL);
#else
    (void)p;
    return false;
#endif
}

#endif
