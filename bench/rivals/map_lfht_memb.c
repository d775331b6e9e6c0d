/* SPDX-License-Identifier: MIT */
/* bench/rivals/map_lfht_memb.c - cds_lfht with the memb flavour, which weir's own maps stand on too. */
#define _LGPL_SOURCE
#define URCU_API_MAP
#include <urcu/urcu-memb.h>

#define LFHT_REGISTERED URCU_TLS(urcu_memb_reader).registered
#define LFHT_QUIET() ((void)0)
#define LFHT_READERS ""
#include "map_lfht.h"

LFHT_KIND(wb_map_lfht, "lfht", "map", words);
LFHT_KIND(wb_strmap_lfht, "lfht", "strmap", strings);
