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

#endif
