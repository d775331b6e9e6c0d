/* SPDX-License-Identifier: MIT */
/* weir/weir.h - all of weir. */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H

#include <weir/base.h>
#include <weir/cache.h>
#include <weir/chan.h>
#include <weir/ctx.h>
#include <weir/debug.h>
#include <weir/deque.h>
#include <weir/error.h>
#include <weir/eventfd.h>
#include <weir/fd.h>
#include <weir/flight.h>
#include <weir/future.h>
#include <weir/go.h>
#include <weir/group.h>
#include <weir/limiter.h>
#include <weir/map.h>
#include <weir/map_str.h>
#include <weir/map_u64.h>
#include <weir/merge.h>
#include <weir/mpmc.h>
#include <weir/mpsc.h>
#include <weir/mpsc_list.h>
#include <weir/mutex_deque.h>
#include <weir/mutex_queue.h>
#include <weir/mutex_ring.h>
#include <weir/notify.h>
#include <weir/once.h>
#include <weir/pipeline.h>
#include <weir/pool.h>
#include <weir/queue.h>
#include <weir/rcu.h>
#include <weir/scq.h>
#include <weir/select.h>
#include <weir/sem.h>
#include <weir/shardmap.h>
#include <weir/shardmap_str.h>
#include <weir/shardmap_u64.h>
#include <weir/spsc.h>
#include <weir/stream.h>
#include <weir/timer.h>
#include <weir/waitable.h>
#include <weir/wg.h>

#endif
