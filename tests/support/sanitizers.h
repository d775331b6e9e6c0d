/* SPDX-License-Identifier: MIT */
/* tests/support/sanitizers.h - which sanitizer watches this build: UNDER_ASAN, UNDER_TSAN, 0 or 1. */
#ifndef WEIR_TESTS_SANITIZERS_H
#define WEIR_TESTS_SANITIZERS_H

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define UNDER_ASAN 1
#endif
#ifdef __SANITIZE_THREAD__
#define UNDER_TSAN 1
#endif
#ifndef UNDER_ASAN
#define UNDER_ASAN 0
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN 0
#endif

#endif
