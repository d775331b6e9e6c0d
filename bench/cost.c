/* SPDX-License-Identifier: MIT */
/* bench/cost.c - see cost.h. */
#include "cost.h"

#include "away.h"
#include "map_tables.h"
#include "map_tests.h"

/* Seconds for an entry, of all kinds on the average: put, looked for at every eighth run, and given back. As measured on
 * two virtual processors by maps-bars with one round of a millisecond, which is little else. */
#define NS_WORD 950e-9
#define NS_STRING 1700e-9
#define NS_AWAY 550e-9

/* What a table holds once it is filled, of what it is given room for: most hold 35 to 60 bytes for a word. */
#define TYPICAL 0.5

/* A program of its own keeps tables, too. */
static bool away(const struct wb_item *item) { return (item->ring->can & WB_AWAY) != 0; }

/* Whether its runs use a table that was there before. */
static bool has_table(const struct wb_item *item) {
    return item->of->shape.map.keys > 0 && wb_test_keeps_table(item->of->test);
}

static double filling(const struct wb_item *item) {
    const struct wb_shape *s = &item->of->shape;
    return (double)s->map.keys * (away(item) ? NS_AWAY : s->size > 8 ? NS_STRING : NS_WORD);
}

static bool same_table(const struct wb_item *a, const struct wb_item *b) {
    const struct wb_shape *s = &a->of->shape, *t = &b->of->shape;
    return a->ring == b->ring && has_table(b) && s->map.keys == t->map.keys && s->size == t->size &&
           s->map.growing == t->map.growing &&
           wb_table_share(a->of->test, &s->map) == wb_table_share(b->of->test, &t->map);
}

/* One of the group's items before it has the same. */
static bool came_before(const struct wb_group *g, const struct wb_item *item) {
    for (const struct wb_item *i = g->items; i < item; i++)
        if (same_table(item, i)) return true;
    return false;
}

static void cost_group(struct wb_group *g, double room) {
    double bytes = 0;
    unsigned elsewhere = 0; /* tables of other programs */
    for (struct wb_item *i = g->items; i < g->items + g->n; i++) {
        if (!has_table(i) || came_before(g, i)) continue;
        i->setup = filling(i);
        if (away(i))
            elsewhere++;
        else
            bytes += TYPICAL * wb_table_guess(&i->of->shape);
    }
    for (struct wb_item *i = g->items; i < g->items + g->n; i++) {
        if (!has_table(i)) continue;
        i->refills = away(i) ? elsewhere > WB_AWAY_TABLES : bytes > room;
        if (i->refills) i->setup = filling(i);
    }
}

void wb_cost_tables(struct wb_plan *plan, double room) {
    for (unsigned i = 0; i < plan->n_items; i++) {
        plan->items[i].setup = 0;
        plan->items[i].refills = false;
    }
    for (unsigned g = 0; g < plan->n_groups; g++) cost_group(&plan->groups[g], room);
}

double wb_cost_of(const struct wb_plan *plan, const struct wb_item *item, unsigned round) {
    double run = wb_run_cost(item->of->test, &item->of->shape, plan->seconds);
    return run + (round == 0 || item->refills ? item->setup : 0);
}

double wb_plan_estimate(const struct wb_plan *plan) {
    double s = 0;
    for (unsigned i = 0; i < plan->n_items; i++)
        for (unsigned r = 0; r < plan->rounds; r++) s += wb_cost_of(plan, &plan->items[i], r);
    return s;
}
