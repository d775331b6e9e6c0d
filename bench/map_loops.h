/* SPDX-License-Identifier: MIT */
/* bench/map_loops.h - the inner loops of every map benchmark: a template by inclusion, C11 and C++17.
 *
 * A kind defines the macros below and includes this file; it then has <MAP_NAME>_run(struct wb_map_work *), for
 * WB_MAP. All macros are undefined again at the end, so that one file can bring several kinds.
 *
 *   MAP_NAME          prefix of the names
 *   MAP_T             type of the map; m is a MAP_T *
 *   MAP_GET(m, k, pv) true if k is there; then *pv is a copy of its value
 *   MAP_PUT(m, k, v)  stores, whether k is there or not: WB_MAP_NEW, WB_MAP_OLD (it replaced a value), WB_MAP_PUT
 *                     (one of them, it does not say), WB_MAP_REFUSED
 *   MAP_DEL(m, k)     true if k was there
 * and, where the kind has need of it:
 *   MAP_STRINGS       defined: k is a struct wb_map_str, v a struct wb_map_val and pv a pointer to one; else k
 *                     and v are uint64_t and pv a uint64_t *. The key's bytes are the caller's; v's too
 *   MAP_OF(w)         the MAP_T * of a struct wb_map_work *, where (MAP_T *)w->map is not enough
 *   MAP_QUIET(m)      said every 64 operations: no read is going on (quiescent state)
 * The macros may use `w`, the struct wb_map_work *, whose `own` is the thread's.
 *
 * What a loop costs beside the operation: a random number (a multiplication, whose input depends on nothing but a
 * counter, so that the processor may begin with the next operation before it has ended this one), another one for
 * the index and one for the key, a branch by kind of operation, a comparison with what the value should be, and a look at
 * `stop` every 64 operations. Of strings 16 operations are prepared before they are done, so that a key's bytes
 * have left the store buffer when they are loaded in another width. */
#include "map_run.h"

#ifndef MAP_OF
#define MAP_OF(w) ((MAP_T *)(w)->map)
#endif
#ifndef MAP_QUIET
#define MAP_QUIET(m) ((void)(m))
#endif

#ifdef MAP_STRINGS
#define MAP_AHEAD 16u
#define MAP_KEY struct wb_map_str
#define MAP_VAL struct wb_map_val
#else
#define MAP_AHEAD 1u
#define MAP_KEY uint64_t
#define MAP_VAL uint64_t
#endif
#define MAP_FN(x) WB_CAT2(MAP_NAME, x)

struct MAP_FN(step) { /* one operation, prepared */
    uint64_t word;    /* wb_map_key of its index */
    uint32_t what;    /* below gets_below a get, ... */
    MAP_KEY key;
#ifdef MAP_STRINGS
    char text[WB_MAP_KEY_BYTES];
#endif
};

WB_LOOP void MAP_FN(prepare)(struct MAP_FN(step) * s, const struct wb_map_work *w, uint64_t index) {
    s->word = wb_map_key(index);
#ifdef MAP_STRINGS
    s->key.ptr = s->text;
    s->key.len = w->key_bytes;
    wb_map_text(s->text, w->key_bytes, s->word);
#else
    (void)w;
    s->key = s->word;
#endif
}

WB_LOOP MAP_VAL MAP_FN(value)(uint64_t word) {
#ifdef MAP_STRINGS
    MAP_VAL v;
    wb_map_val_set(&v, word);
    return v;
#else
    return wb_map_value(word);
#endif
}

/* How far it is from what it should be. */
WB_LOOP uint64_t MAP_FN(off)(const MAP_VAL *v, uint64_t word) {
#ifdef MAP_STRINGS
    return wb_map_val_off(v, word);
#else
    return *v - wb_map_value(word);
#endif
}

/* ---- one operation ------------------------------------------------------------------------------- */

WB_LOOP void MAP_FN(get)(MAP_T *m, struct wb_map_work *w, struct wb_map_tally *t,
                         const struct MAP_FN(step) * s) {
    MAP_VAL v;
    (void)w;
    t->gets++;
    if (WB_LIKELY(MAP_GET(m, s->key, &v))) {
        t->hits++;
        t->sum += MAP_FN(off)(&v, s->word);
    }
}

WB_LOOP void MAP_FN(put)(MAP_T *m, struct wb_map_work *w, struct wb_map_tally *t,
                         const struct MAP_FN(step) * s) {
    MAP_VAL v = MAP_FN(value)(s->word);
    (void)w;
    t->puts++;
    wb_map_told(t, MAP_PUT(m, s->key, v));
}

WB_LOOP void MAP_FN(del)(MAP_T *m, struct wb_map_work *w, struct wb_map_tally *t,
                         const struct MAP_FN(step) * s) {
    (void)w;
    t->dels++;
    t->added -= MAP_DEL(m, s->key) ? 1 : 0;
}

/* ---- until stop ---------------------------------------------------------------------------------- */

/* `dist`, `reads` (nothing but gets) and `kept` are constants where it is called. */
WB_LOOP void MAP_FN(mix)(struct wb_map_work *w, const enum wb_map_dist dist, const bool reads,
                         const bool kept) {
    MAP_T *m = MAP_OF(w);
    struct wb_map_tally t = wb_map_begin(w);
    struct MAP_FN(step) step[MAP_AHEAD];
    struct wb_map_away away;
    away.n = away.at = 0;
    while (!wb_map_stopped(w)) {
        for (unsigned blocks = WB_STOP_EVERY / MAP_AHEAD; blocks > 0; blocks--) {
            for (unsigned i = 0; i < MAP_AHEAD; i++) {
                uint64_t r = wb_map_random(&t), index = wb_map_index(w, &t, r, dist);
                step[i].what = (uint32_t)r & 0xffff;
                if (kept && step[i].what >= t.gets_below) {
                    bool puts;
                    index = wb_map_turn(&away, index, &puts);
                    step[i].what = puts ? t.gets_below : 0xffff;
                }
                MAP_FN(prepare)(&step[i], w, index);
            }
            for (unsigned i = 0; i < MAP_AHEAD; i++) {
                if (reads || step[i].what < t.gets_below)
                    MAP_FN(get)(m, w, &t, &step[i]);
                else if (step[i].what < t.puts_below)
                    MAP_FN(put)(m, w, &t, &step[i]);
                else
                    MAP_FN(del)(m, w, &t, &step[i]);
            }
        }
        wb_map_lives(w, &t);
        MAP_QUIET(m);
    }
    for (; kept && away.n > 0; away.n--) {
        MAP_FN(prepare)(&step[0], w, away.index[away.at++ % WB_MAP_AWAY]);
        MAP_FN(put)(m, w, &t, &step[0]);
    }
    wb_map_end(w, &t);
}

WB_OWN void MAP_FN(reads_uniform)(struct wb_map_work *w) {
    MAP_FN(mix)(w, WB_MAP_UNIFORM, true, false);
}
WB_OWN void MAP_FN(reads_zipf)(struct wb_map_work *w) { MAP_FN(mix)(w, WB_MAP_ZIPF, true, false); }
WB_OWN void MAP_FN(reads_hot)(struct wb_map_work *w) { MAP_FN(mix)(w, WB_MAP_HOT, true, false); }
WB_OWN void MAP_FN(mix_uniform)(struct wb_map_work *w) {
    MAP_FN(mix)(w, WB_MAP_UNIFORM, false, false);
}
WB_OWN void MAP_FN(mix_kept)(struct wb_map_work *w) { MAP_FN(mix)(w, WB_MAP_UNIFORM, false, true); }
WB_OWN void MAP_FN(mix_zipf)(struct wb_map_work *w) { MAP_FN(mix)(w, WB_MAP_ZIPF, false, false); }
WB_OWN void MAP_FN(mix_hot)(struct wb_map_work *w) { MAP_FN(mix)(w, WB_MAP_HOT, false, false); }

WB_OWN void MAP_FN(write)(struct wb_map_work *w) {
    MAP_T *m = MAP_OF(w);
    struct wb_map_tally t = wb_map_begin(w);
    struct MAP_FN(step) step[MAP_AHEAD];
    while (!wb_map_stopped(w)) {
        for (unsigned blocks = WB_STOP_EVERY / MAP_AHEAD; blocks > 0; blocks--) {
            for (unsigned i = 0; i < MAP_AHEAD; i++)
                MAP_FN(prepare)(&step[i], w, w->first + wb_map_below(wb_map_random(&t), w->range));
            for (unsigned i = 0; i < MAP_AHEAD; i++) MAP_FN(put)(m, w, &t, &step[i]);
        }
        MAP_QUIET(m);
    }
    wb_map_end(w, &t);
}

/* Every 64 operations; true: it is to stop before all is done. */
WB_LOOP bool MAP_FN(pause)(MAP_T *m, const struct wb_map_work *w, uint64_t n) {
    if (n % WB_STOP_EVERY != 0) return false;
    (void)m;
    MAP_QUIET(m);
    return wb_map_stopped(w);
}

/* ---- once over the indices ----------------------------------------------------------------------- */

/* Puts each, or gets each. */
WB_OWN void MAP_FN(walk)(struct wb_map_work *w, bool puts) {
    MAP_T *m = MAP_OF(w);
    struct wb_map_tally t = wb_map_begin(w);
    struct MAP_FN(step) step;
    uint64_t n = 0;
    for (uint64_t i = w->first; i < w->end; i += w->step) {
        MAP_FN(prepare)(&step, w, i);
        if (puts)
            MAP_FN(put)(m, w, &t, &step);
        else
            MAP_FN(get)(m, w, &t, &step);
        if (MAP_FN(pause)(m, w, ++n)) break;
    }
    wb_map_end(w, &t);
}

/* One reading of the clock per put: from one to the next is the put, what the loop costs, and the clock. */
WB_OWN void MAP_FN(grow)(struct wb_map_work *w) {
    MAP_T *m = MAP_OF(w);
    struct wb_map_tally t = wb_map_begin(w);
    struct MAP_FN(step) step;
    uint64_t n = 0, before = wb_clock();
    for (uint64_t i = w->first; i < w->end; i += w->step) {
        MAP_FN(prepare)(&step, w, i);
        MAP_FN(put)(m, w, &t, &step);
        if (MAP_FN(pause)(m, w, ++n)) break;
        uint64_t now = wb_clock();
        wb_hist_add(w->hist, now - before);
        before = now;
    }
    wb_map_end(w, &t);
}

static void MAP_FN(run)(struct wb_map_work *w) {
    bool reads = w->gets_below > 0xffff;
    switch (w->job) {
        case WB_MAP_FILL: MAP_FN(walk)(w, true); return;
        case WB_MAP_GROW: MAP_FN(grow)(w); return;
        case WB_MAP_SWEEP: MAP_FN(walk)(w, false); return;
        case WB_MAP_WRITE: MAP_FN(write)(w); return;
        case WB_MAP_MIX: break;
    }
    if (w->kept && !reads) {
        MAP_FN(mix_kept)(w);
        return;
    }
    switch (w->dist) {
        case WB_MAP_UNIFORM: (reads ? MAP_FN(reads_uniform) : MAP_FN(mix_uniform))(w); return;
        case WB_MAP_ZIPF: (reads ? MAP_FN(reads_zipf) : MAP_FN(mix_zipf))(w); return;
        case WB_MAP_HOT: (reads ? MAP_FN(reads_hot) : MAP_FN(mix_hot))(w); return;
    }
}

#undef MAP_FN
#undef MAP_AHEAD
#undef MAP_KEY
#undef MAP_VAL
#undef MAP_NAME
#undef MAP_T
#undef MAP_OF
#undef MAP_GET
#undef MAP_PUT
#undef MAP_DEL
#undef MAP_QUIET
#undef MAP_STRINGS
