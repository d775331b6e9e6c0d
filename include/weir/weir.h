/* SPDX-License-Identifier: MIT */
/* weir/weir.h - all of weir. */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H

#include <weir/base.h>
#include <weir/mpmc.h>
#include <weir/mutex_ring.h>
#include <weir/spsc.h>

#endif
