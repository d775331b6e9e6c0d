/* SPDX-License-Identifier: MIT */
/* 17 - a concurrent cache on the RCU map: get, set, get-or-set, delete; many reads, few writes. A value is lent
 * inside a guard; one that was replaced or deleted is freed by the map when nobody can be looking at it any more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

#define READERS 4
#define ROUNDS 20000

struct user {
    int visits, twice;
};

static weir_map *cache; /* from names to struct user */
static weir_au32 made, freed, hits, torn, first;

static void must(int rc) {
    if (rc >= 0) return;
    (void)fprintf(stderr, "%s\n", weir_strerror(rc));
    exit(1);
}

static struct user *user_new(int visits) {
    struct user *u = malloc(sizeof *u);
    if (!u) must(WEIR_ENOMEM);
    *u = (struct user){ visits, 2 * visits };
    (void)weir_fetch_add_relaxed(&made, 1);
    return u;
}

static void user_free(void *elem, void *arg) {
    free(*(struct user **)elem);
    (void)weir_fetch_add_relaxed(&freed, 1);
    (void)arg;
}

static bool cache_get(const char *name, struct user *copy) {
    void *u;
    weir_guard g = weir_rcu_enter();
    bool found = weir_map_get_str(cache, name, strlen(name), &u) == 0;
    if (found) *copy = *(struct user *)u;
    (void)weir_rcu_exit(g);
    return found;
}

static void cache_set(const char *name, int visits) {
    must(weir_map_put_str(cache, name, strlen(name), user_new(visits)));
}

/* true: this call has set it; false: it was there, and what it had is counted. */
static bool cache_get_or_set(const char *name, int visits) {
    struct user *mine = user_new(visits);
    void *u = mine;
    int rc = weir_map_get_or_put_str(cache, name, strlen(name), &u);
    if (rc == WEIR_EEXIST)
        user_free(&mine, NULL); /* not stored: still ours */
    else
        must(rc);
    return rc == 0;
}

static bool cache_delete(const char *name) {
    return weir_map_delete_str(cache, name, strlen(name)) == 0;
}

static void read_often(void *arg) {
    struct user u;
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        if (!cache_get(i % 2 == 0 ? "ada" : "grace", &u)) continue;
        (void)weir_fetch_add_relaxed(&hits, 1);
        if (u.twice != 2 * u.visits) (void)weir_fetch_add_relaxed(&torn, 1);
    }
}

static void write_rarely(void *arg) {
    (void)arg;
    for (int i = 1; i <= ROUNDS / 100; i++) cache_set(i % 2 == 0 ? "ada" : "grace", i);
}

static void first_visit(void *arg) {
    (void)arg;
    if (cache_get_or_set("barbara", 1)) (void)weir_fetch_add_relaxed(&first, 1);
}

int main(void) {
    struct weir_map_opts o = WEIR_MAP_OPTS_STR;
    weir_wg threads = WEIR_WG_INIT;
    struct user u;
    o.drop = user_free;
    must(weir_map_new(&cache, &o));
    cache_set("ada", 0);
    cache_set("grace", 0);
    for (int i = 0; i < READERS; i++) must(weir_wg_go(&threads, read_often, NULL));
    must(weir_wg_go(&threads, write_rarely, NULL));
    for (int i = 0; i < READERS; i++) must(weir_wg_go(&threads, first_visit, NULL));
    must(weir_wg_wait(&threads));
    printf("%u hits, %u torn\n", weir_load_relaxed(&hits), weir_load_relaxed(&torn));
    printf("barbara: set by %u of %d\n", weir_load_relaxed(&first), READERS);
    if (cache_get("ada", &u)) printf("ada: %d visits\n", u.visits);
    printf("ada: %s", cache_delete("ada") ? "deleted" : "not there");
    printf(", then %s\n", cache_get("ada", &u) ? "still there" : "gone");
    must(weir_map_free(cache)); /* waits until all values are freed */
    printf("%s made and freed\n",
           weir_load_relaxed(&made) == weir_load_relaxed(&freed) ? "as many" : "not as many");
    return 0;
}
