/* SPDX-License-Identifier: MIT */
/* bench/rivals/map_lfht_qsbr.c - cds_lfht with the qsbr flavour, whose readers say every 64 operations that they
 * are in no section: they cost nothing, and a thread that forgets to say so holds up all memory. */
#define _LGPL_SOURCE
#define URCU_API_MAP
#include <urcu/urcu-qsbr.h>

#define LFHT_REGISTERED URCU_TLS(urcu_qsbr_reader).registered
#define LFHT_QUIET() rcu_quiescent_state()
#define LFHT_READERS "each thread must say now and then that it reads nothing; "
#include "map_lfht.h"

LFHT_KIND(wb_map_lfht_qsbr, "lfht_qsbr", "map", words);
LFHT_KIND(wb_strmap_lfht_qsbr, "lfht_qsbr", "strmap", strings);
