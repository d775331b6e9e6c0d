/* SPDX-License-Identifier: MIT */
/* tests/bench/sim_models.c - see sim_models.h. */
#include "sim_models.h"

#include <string.h>

/* ---- rows ----------------------------------------------------------------------------------------------- */

static int find(const struct row *r, int key) {
    for (int i = 0; i < r->n; i++)
        if (r->key[i] == key) return i;
    return -1;
}

static bool in(const struct row *r, int key) { return find(r, key) >= 0; }

static void front(struct row *r, int key) {
    memmove(r->key + 1, r->key, (size_t)r->n++ * sizeof r->key[0]);
    r->key[0] = key;
}

static int take(struct row *r, int at) {
    int key = r->key[at];
    memmove(r->key + at, r->key + at + 1, (size_t)(--r->n - at) * sizeof r->key[0]);
    return key;
}

static int last(struct row *r) { return take(r, r->n - 1); }

static int cut(struct row *r, int key) { return take(r, find(r, key)); }

/* ---- one list ------------------------------------------------------------------------------------------- */

static bool lru(struct model *m, int key) {
    bool hit = in(&m->a, key);
    if (hit)
        (void)cut(&m->a, key);
    else if (m->a.n == m->capacity)
        (void)last(&m->a);
    front(&m->a, key);
    return hit;
}

/* A ring of slots with a hand, where the simulated one has a queue. */
static bool clock(struct model *m, int key) {
    if (in(&m->a, key)) {
        m->uses[key] = 1;
        return true;
    }
    m->uses[key] = 0;
    if (m->a.n < m->capacity) {
        m->a.key[m->a.n++] = key;
        return false;
    }
    for (; m->uses[m->a.key[m->hand]]; m->hand = (m->hand + 1) % m->capacity)
        m->uses[m->a.key[m->hand]] = 0;
    m->a.key[m->hand] = key;
    m->hand = (m->hand + 1) % m->capacity;
    return false;
}

/* The hand is a place in the row, from 1; 0: at its end. */
static bool sieve(struct model *m, int key) {
    if (in(&m->a, key)) {
        m->uses[key] = 1;
        return true;
    }
    if (m->a.n == m->capacity) {
        int at = m->hand ? m->hand - 1 : m->a.n - 1;
        while (m->uses[m->a.key[at]]) {
            m->uses[m->a.key[at]] = 0;
            at = at ? at - 1 : m->a.n - 1;
        }
        (void)take(&m->a, at);
        m->hand = at;
    }
    if (m->hand) m->hand++;
    m->uses[key] = 0;
    front(&m->a, key);
    return false;
}

/* ---- ARC: a, b are T1 and T2, c, d are B1 and B2 ---------------------------------------------------------- */

static void arc_replace(struct model *m, bool from_d) {
    bool first = m->a.n > 0 && (m->a.n > m->p || (from_d && m->a.n == m->p));
    if (first || m->b.n == 0)
        front(&m->c, last(&m->a));
    else
        front(&m->d, last(&m->b));
}

static bool arc_miss(struct model *m, int key) {
    int n = m->capacity;
    if (m->a.n + m->c.n == n) {
        if (m->a.n == n) {
            (void)last(&m->a);
        } else {
            (void)last(&m->c);
            arc_replace(m, false);
        }
    } else if (m->a.n + m->b.n + m->c.n + m->d.n >= n) {
        if (m->a.n + m->b.n + m->c.n + m->d.n == 2 * n) (void)last(&m->d);
        arc_replace(m, false);
    }
    front(&m->a, key);
    return false;
}

static bool arc(struct model *m, int key) {
    double c = m->c.n, d = m->d.n;
    if (in(&m->a, key) || in(&m->b, key)) {
        (void)cut(in(&m->a, key) ? &m->a : &m->b, key);
        front(&m->b, key);
        return true;
    }
    if (in(&m->c, key)) {
        m->p += d / c > 1 ? d / c : 1;
        if (m->p > m->capacity) m->p = m->capacity;
        arc_replace(m, false);
        front(&m->b, cut(&m->c, key));
        return false;
    }
    if (in(&m->d, key)) {
        m->p -= c / d > 1 ? c / d : 1;
        if (m->p < 0) m->p = 0;
        arc_replace(m, true);
        front(&m->b, cut(&m->d, key));
        return false;
    }
    return arc_miss(m, key);
}

/* ---- S3-FIFO: a small, b large, c remembered -------------------------------------------------------------- */

static void s3fifo_evict(struct model *m, int enough) {
    int small = m->capacity >= 10 ? m->capacity / 10 : 1, ghosts = m->capacity - small;
    if (m->a.n >= small || m->b.n == 0) {
        while (m->a.n > 0) {
            int key = last(&m->a), uses = m->uses[key];
            m->uses[key] = 0;
            front(uses >= enough ? &m->b : &m->c, key);
            if (uses < enough) break;
        }
        while (m->c.n > (ghosts ? ghosts : 1)) (void)last(&m->c);
        return;
    }
    while (m->uses[m->b.key[m->b.n - 1]] > 0) {
        int key = last(&m->b);
        m->uses[key]--;
        front(&m->b, key);
    }
    (void)last(&m->b);
}

static bool s3fifo_with(struct model *m, int key, int enough) {
    if (in(&m->a, key) || in(&m->b, key)) {
        if (m->uses[key] < 3) m->uses[key]++;
        return true;
    }
    while (m->a.n + m->b.n >= m->capacity) s3fifo_evict(m, enough);
    m->uses[key] = 0;
    bool known = in(&m->c, key);
    if (known) (void)cut(&m->c, key);
    front(known ? &m->b : &m->a, key);
    return false;
}

static bool s3fifo(struct model *m, int key) { return s3fifo_with(m, key, 2); }
static bool s3fifo_1(struct model *m, int key) { return s3fifo_with(m, key, 1); }

/* ---- W-TinyLFU: a window, b probation, c protected -------------------------------------------------------- */

static bool wtinylfu(struct model *m, int key) {
    int window = m->capacity >= 100 ? m->capacity / 100 : 1, rest = m->capacity - window;
    bool hit = true;
    m->uses[key]++;
    if (in(&m->a, key)) {
        front(&m->a, cut(&m->a, key));
    } else if (in(&m->b, key) || in(&m->c, key)) {
        front(&m->c, cut(in(&m->b, key) ? &m->b : &m->c, key));
        if (m->c.n > rest * 8 / 10) front(&m->b, last(&m->c));
    } else {
        hit = false;
        front(&m->a, key);
        if (m->a.n > window) {
            int leaves = last(&m->a);
            struct row *victims = m->b.n > 0 ? &m->b : &m->c;
            if (m->b.n + m->c.n < rest) {
                front(&m->b, leaves);
            } else if (rest > 0 && m->uses[leaves] > m->uses[victims->key[victims->n - 1]]) {
                (void)last(victims);
                front(&m->b, leaves);
            }
        }
    }
    if (++m->seen % (10 * m->capacity) == 0)
        for (int i = 0; i < MODEL_KEYS; i++) m->uses[i] /= 2;
    return hit;
}

/* --------------------------------------------------------------------------------------------------------- */

bool model_init(struct model *m, const char *policy, int capacity) {
    static const struct {
        const char *name;
        bool (*access)(struct model *m, int key);
    } all[] = { { "lru", lru },          { "clock", clock },   { "sieve", sieve },
                { "arc", arc },          { "s3fifo", s3fifo }, { "s3fifo_1", s3fifo_1 },
                { "wtinylfu", wtinylfu } };
    memset(m, 0, sizeof *m);
    m->policy = policy;
    m->capacity = capacity;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, policy) == 0) m->access = all[i].access;
    return m->access != NULL;
}
