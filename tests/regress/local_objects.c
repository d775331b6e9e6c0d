/* SPDX-License-Identifier: MIT */
/* tests/regress/local_objects.c - the generic verbs on local objects of each small size, as a user writes
 * them; compiled by generic.sh, never run. */
#include <weir/mpmc.h>
#include <weir/spsc.h>

struct three {
    char bytes[3];
};
struct twelve {
    int words[3];
};

int use_chars(weir_mpmc *m, weir_spsc *s);
int use_ints(weir_mpmc *m, weir_spsc *s);
long use_words(weir_mpmc *m, weir_spsc *s);
int use_structs(weir_mpmc *m, weir_spsc *s);
int use_batches(weir_mpmc *m, weir_spsc *s);

int use_chars(weir_mpmc *m, weir_spsc *s) {
    char c = 1, d = 0;
    short h = 2;
    int rc = weir_mpmc_try_push(m, &c) | weir_mpmc_try_push(m, &h);
    rc |= weir_mpmc_try_pop(m, &d) | weir_mpmc_try_pop(m, &h);
    return rc | weir_spsc_push(s, &c) | weir_spsc_pop(s, &d) | weir_spsc_push(s, &h) | d | h;
}

int use_ints(weir_mpmc *m, weir_spsc *s) {
    int e = 1, f = 0;
    const int seven = 7;
    if (weir_mpmc_try_push(m, &e) || weir_mpmc_try_push(m, &seven)) return 1;
    if (weir_mpmc_push(m, &e) || weir_mpmc_pop(m, &f)) return 2;
    if (weir_mpmc_try_pop(m, &f) == 0) return f;
    return weir_spsc_push(s, &e) && weir_spsc_pop(s, &f) ? f : e;
}

long use_words(weir_mpmc *m, weir_spsc *s) {
    long e = 1, f = 0;
    void *p = &e;
    double d = 0;
    if (weir_mpmc_try_push(m, &p) || weir_mpmc_try_push(m, &d)) return 1;
    if (weir_mpmc_try_pop(m, &f) == 0) return f;
    return weir_spsc_push(s, &p) && weir_spsc_pop(s, &d) ? (long)d : e;
}

int use_structs(weir_mpmc *m, weir_spsc *s) {
    struct three a = { "ab" }, b = { "" };
    struct twelve c = { { 1, 2, 3 } }, d = { { 0 } };
    if (weir_mpmc_try_push(m, &a) || weir_mpmc_push(m, &c)) return 1;
    if (weir_mpmc_try_pop(m, &b) || weir_mpmc_pop(m, &d)) return 2;
    if (!weir_spsc_push(s, &c) || !weir_spsc_push(s, &a)) return 3;
    return weir_spsc_pop(s, &d) && weir_spsc_pop(s, &b) ? d.words[2] + b.bytes[0] : 4;
}

int use_batches(weir_mpmc *m, weir_spsc *s) {
    int in[3] = { 1, 2, 3 }, out[3] = { 0, 0, 0 };
    size_t n = weir_spsc_push_n(s, in, 3) + weir_spsc_pop_n(s, out, 2);
    return weir_mpmc_try_push_n(m, in, 3) > 0 && weir_mpmc_try_pop_n(m, out, 3) > 0 ? out[0]
                                                                                    : (int)n;
}
