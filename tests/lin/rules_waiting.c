/* SPDX-License-Identifier: MIT */
/* tests/lin/rules_waiting.c - as rules.c, for the channel and the cache, whose operations wait for
 * each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cases.h"

void rules_of_channel(void **s);
void rules_of_rendezvous(void **s);
void rules_of_cache(void **s);

/* ---- channel of capacity 1 ------------------------------------------------------------------- */

static const struct hand_made chan_cases[] = {
    GOOD("sent, received", OP(0, 0, 1, SEND, 0, IN(1)), OP(1, 2, 3, RECV, 0, OUT(1))),
    BAD("received before it was sent", OP(1, 0, 1, RECV, 0, OUT(1)), OP(0, 2, 3, SEND, 0, IN(1))),
    BAD("two sends into one place", OP(0, 0, 1, SEND, 0, IN(1)), OP(0, 2, 3, SEND, 0, IN(2))),
    GOOD("the second send waits", OP(0, 0, 1, SEND, 0, IN(1)), OP(0, 2, 9, SEND, 0, IN(2)),
         OP(1, 4, 5, RECV, 0, OUT(1)), OP(1, 10, 11, RECV, 0, OUT(2))),
    BAD("out of order", OP(0, 0, 1, SEND, 0, IN(1)), OP(0, 2, 9, SEND, 0, IN(2)),
        OP(1, 4, 5, RECV, 0, OUT(2)), OP(1, 10, 11, RECV, 0, OUT(1))),
    GOOD("timed out: full", OP(0, 0, 1, SEND, 0, IN(1)), OP(0, 2, 3, SEND, WEIR_ETIMEDOUT, IN(2)),
         OP(1, 4, 5, RECV, 0, OUT(1)), OP(1, 6, 7, TRY_RECV, WEIR_EAGAIN)),
    BAD("timed out, but sent", OP(0, 0, 1, SEND, 0, IN(1)),
        OP(0, 2, 5, SEND, WEIR_ETIMEDOUT, IN(2)), OP(1, 3, 6, RECV, 0, OUT(1)),
        OP(1, 7, 8, RECV, 0, OUT(2))),
    BAD("timed out with a value ready", OP(0, 0, 1, SEND, 0, IN(1)),
        OP(1, 2, 3, RECV, WEIR_ETIMEDOUT)),
    GOOD("canceled with a value ready", OP(0, 0, 1, SEND, 0, IN(1)),
         OP(1, 2, 3, RECV, WEIR_ECANCELED), OP(1, 4, 5, RECV, 0, OUT(1))),
    BAD("canceled, but the value is gone", OP(0, 0, 1, SEND, 0, IN(1)),
        OP(1, 2, 3, RECV, WEIR_ECANCELED), OP(1, 4, 5, TRY_RECV, WEIR_EAGAIN)),
    GOOD("close ends those who wait", OP(1, 0, 5, RECV, WEIR_ECLOSED),
         OP(2, 0, 6, RECV, WEIR_ECLOSED), OP(0, 2, 3, CHAN_CLOSE, 0)),
    GOOD("close ends a blocked send, what is inside stays", OP(0, 0, 1, SEND, 0, IN(1)),
         OP(0, 2, 9, SEND, WEIR_ECLOSED, IN(2)), OP(1, 4, 5, CHAN_CLOSE, 0),
         OP(1, 10, 11, RECV, 0, OUT(1)), OP(1, 12, 13, TRY_RECV, WEIR_ECLOSED)),
    BAD("refused by close, but delivered", OP(0, 0, 1, SEND, 0, IN(1)),
        OP(0, 2, 9, SEND, WEIR_ECLOSED, IN(2)), OP(1, 4, 5, CHAN_CLOSE, 0),
        OP(1, 10, 11, RECV, 0, OUT(1)), OP(1, 12, 13, RECV, 0, OUT(2))),
    BAD("closed with a value left", OP(0, 0, 1, SEND, 0, IN(1)), OP(0, 2, 3, CHAN_CLOSE, 0),
        OP(1, 4, 5, RECV, WEIR_ECLOSED)),
    BAD("would block, though closed", OP(0, 0, 1, CHAN_CLOSE, 0),
        OP(1, 2, 3, TRY_RECV, WEIR_EAGAIN)),
    BAD("sent after close", OP(0, 0, 1, CHAN_CLOSE, 0), OP(1, 2, 3, SEND, 0, IN(1))),
    BAD("two closers", OP(0, 0, 3, CHAN_CLOSE, 0), OP(1, 0, 3, CHAN_CLOSE, 0)),
    GOOD("canceled and closed", OP(0, 0, 1, CHAN_CLOSE, 0),
         OP(1, 2, 3, TRY_SEND, WEIR_ECANCELED, IN(1)), OP(1, 4, 5, TRY_RECV, WEIR_ECANCELED),
         OP(1, 6, 7, SEND, WEIR_ECANCELED, IN(2)), OP(1, 8, 9, RECV, WEIR_ECANCELED)),
    GOOD("no memory and closed", OP(0, 0, 1, CHAN_CLOSE, 0),
         OP(1, 2, 3, TRY_SEND, WEIR_ENOMEM, IN(1)), OP(1, 4, 5, TRY_RECV, WEIR_ENOMEM)),
    BAD("canceled, but it came to a closed channel", OP(0, 0, 1, CHAN_CLOSE, 0),
        OP(1, 2, 3, TRY_SEND, WEIR_ECANCELED, IN(1)), OP(1, 4, 5, TRY_RECV, 0, OUT(1))),
    GOOD("sleeps on an empty channel", OP(1, 0, 9, RECV, WEIR_LIN_BLOCKED)),
    BAD("sleeps beside a value: a lost wake-up", OP(1, 0, 9, RECV, WEIR_LIN_BLOCKED),
        OP(0, 2, 3, SEND, 0, IN(1))),
    BAD("sleeps though closed", OP(1, 0, 9, RECV, WEIR_LIN_BLOCKED), OP(0, 2, 3, CHAN_CLOSE, 0)),
    BAD("sleeps though there is room", OP(0, 0, 1, SEND, 0, IN(1)),
        OP(1, 2, 9, SEND, WEIR_LIN_BLOCKED, IN(2)), OP(0, 3, 4, RECV, 0, OUT(1))),
    GOOD("parked senders are served in line", OP(0, 0, 1, SEND, 0, IN(1)),
         OP(1, 2, 20, SEND, 0, IN(2), .parked = 3), OP(2, 4, 20, SEND, 0, IN(3), .parked = 5),
         OP(0, 6, 7, RECV, 0, OUT(1)), OP(0, 8, 9, RECV, 0, OUT(2)),
         OP(0, 10, 11, RECV, 0, OUT(3))),
    BAD("a parked sender is overtaken", OP(0, 0, 1, SEND, 0, IN(1)),
        OP(1, 2, 20, SEND, 0, IN(2), .parked = 3), OP(2, 4, 20, SEND, 0, IN(3), .parked = 5),
        OP(0, 6, 7, RECV, 0, OUT(1)), OP(0, 8, 9, RECV, 0, OUT(3)), OP(0, 10, 11, RECV, 0, OUT(2))),
    GOOD("overtaken, but not known to be parked", OP(0, 0, 1, SEND, 0, IN(1)),
         OP(1, 2, 20, SEND, 0, IN(2)), OP(2, 4, 20, SEND, 0, IN(3)), OP(0, 6, 7, RECV, 0, OUT(1)),
         OP(0, 8, 9, RECV, 0, OUT(3)), OP(0, 10, 11, RECV, 0, OUT(2))),
    /* selects: both cases failed, at two instants; key 1 is channel 1, key 2 channel 2 */
    GOOD("a select that took nothing: never both empty, each at some instant",
         OP(0, 0, 1, SEND, 0, IN(1), .key = 1), OP(0, 10, 11, SEND, 0, IN(2), .key = 2),
         OP(0, 12, 13, RECV, 0, OUT(1), .key = 1),
         OP(1, 5, 20, TRY_RECV, WEIR_EAGAIN, .key = 1, .seq = 9),
         OP(1, 5, 20, TRY_RECV, WEIR_EAGAIN, .key = 2, .seq = 9)),
    BAD("a select that took nothing, with a value ready all the time",
        OP(0, 0, 1, SEND, 0, IN(1), .key = 1),
        OP(1, 5, 20, TRY_RECV, WEIR_EAGAIN, .key = 1, .seq = 9),
        OP(1, 5, 20, TRY_RECV, WEIR_EAGAIN, .key = 2, .seq = 9)),
    BAD("a select that took two", OP(0, 0, 1, SEND, 0, IN(1), .key = 1),
        OP(0, 2, 3, SEND, 0, IN(2), .key = 2), OP(1, 5, 20, RECV, 0, OUT(1), .key = 1),
        OP(1, 21, 22, TRY_RECV, WEIR_EAGAIN, .key = 2)),
};

/* Over a ring, which may be undecided. */
static const struct hand_made undecided_cases[] = {
    GOOD("undecided beside another", OP(0, 0, 5, TRY_SEND, 0, IN(1)),
         OP(1, 2, 3, TRY_SEND, WEIR_EBUSY, IN(2)), OP(1, 6, 7, TRY_RECV, 0, OUT(1))),
    BAD("undecided by itself", OP(0, 0, 1, TRY_SEND, 0, IN(1)), OP(1, 2, 3, TRY_RECV, WEIR_EBUSY)),
    BAD("undecided, though closed", OP(0, 0, 1, CHAN_CLOSE, 0),
        OP(0, 2, 5, TRY_SEND, WEIR_ECLOSED, IN(1)), OP(1, 3, 4, TRY_SEND, WEIR_EBUSY, IN(2))),
    GOOD("canceled and closed", OP(0, 0, 1, CHAN_CLOSE, 0),
         OP(1, 2, 3, TRY_SEND, WEIR_ECANCELED, IN(1))),
};

void rules_of_channel(void **s) {
    (void)s;
    const struct weir_lin_chan one = { .cap = 1, .exact = true }, ring = { .cap = 1 };
    struct weir_lin_spec spec;
    assert_int_equal(weir_lin_chan_spec(&spec, &one), 0);
    CHECK_CASES(&spec, weir_lin_chan_rules, 2, chan_cases);
    assert_int_equal(weir_lin_chan_spec(&spec, &ring), 0);
    CHECK_CASES(&spec, weir_lin_chan_rules, 2, undecided_cases);
}

/* ---- rendezvous ------------------------------------------------------------------------------ */

static const struct hand_made rendezvous_cases[] = {
    GOOD("they meet", OP(0, 0, 5, SEND, 0, IN(1)), OP(1, 2, 7, RECV, 0, OUT(1))),
    BAD("a send returns before anybody receives", OP(0, 0, 1, SEND, 0, IN(1)),
        OP(1, 2, 7, RECV, 0, OUT(1))),
    GOOD("a try meets one who waits", OP(1, 0, 9, RECV, 0, OUT(1)),
         OP(0, 2, 3, TRY_SEND, 0, IN(1))),
    BAD("a try with nobody there", OP(0, 2, 3, TRY_SEND, 0, IN(1)), OP(1, 4, 9, RECV, 0, OUT(1))),
    BAD("two tries cannot meet", OP(0, 0, 9, TRY_SEND, 0, IN(1)), OP(1, 0, 9, TRY_RECV, 0, OUT(1))),
    GOOD("would block: nobody there", OP(0, 0, 1, TRY_SEND, WEIR_EAGAIN, IN(1))),
    BAD("would block, though one is parked", OP(1, 0, 9, RECV, WEIR_LIN_BLOCKED, .parked = 2),
        OP(0, 3, 4, TRY_SEND, WEIR_EAGAIN, IN(1))),
    BAD("one value for two receivers", OP(0, 0, 9, SEND, 0, IN(1)), OP(1, 0, 9, RECV, 0, OUT(1)),
        OP(2, 0, 9, RECV, 0, OUT(1))),
    BAD("sender and receiver both sleep", OP(0, 0, 9, SEND, WEIR_LIN_BLOCKED, IN(1)),
        OP(1, 0, 9, RECV, WEIR_LIN_BLOCKED)),
    GOOD("a receive that never returned took it", OP(0, 2, 3, SEND, 0, IN(1)),
         PENDING(1, 0, RECV, IN(0))),
};

void rules_of_rendezvous(void **s) {
    (void)s;
    const struct weir_lin_chan none = { .cap = 0, .exact = true };
    struct weir_lin_spec spec;
    assert_int_equal(weir_lin_chan_spec(&spec, &none), 0);
    CHECK_CASES(&spec, weir_lin_chan_rules, 2, rendezvous_cases);
}

/* ---- cache ----------------------------------------------------------------------------------- */

#define START(c, r, g) OP(7, c, r, LOADER_START, 0, IN(g))
#define END(c, r, g, v) OP(7, c, r, LOADER_END, 0, IN(g), OUT(v))

static const struct hand_made cache_cases[] = {
    GOOD("put, hit", OP(0, 0, 1, CACHE_PUT, 0, IN(1)), OP(1, 2, 3, CACHE_GET, 0, OUT(1))),
    BAD("a hit of another value", OP(0, 0, 1, CACHE_PUT, 0, IN(1)),
        OP(1, 2, 3, CACHE_GET, 0, OUT(2))),
    BAD("a miss after a put", OP(0, 0, 1, CACHE_PUT, 0, IN(1)),
        OP(1, 2, 3, CACHE_GET, WEIR_ENOENT)),
    BAD("a hit after invalidate", OP(0, 0, 1, CACHE_PUT, 0, IN(1)), OP(0, 2, 3, INVALIDATE, 0),
        OP(1, 4, 5, CACHE_GET, 0, OUT(1))),
    GOOD("one load for two callers", OP(0, 0, 9, LOAD, 0, OUT(5)), OP(1, 1, 9, LOAD, 0, OUT(5)),
         START(2, 3, 1), END(4, 5, 1, 5), OP(2, 10, 11, CACHE_GET, 0, OUT(5))),
    BAD("two callers, two values, one load", OP(0, 0, 9, LOAD, 0, OUT(5)),
        OP(1, 1, 9, LOAD, 0, OUT(6)), START(2, 3, 1), END(4, 5, 1, 5)),
    BAD("two loaders at once", OP(0, 0, 9, LOAD, 0, OUT(5)), OP(1, 0, 9, LOAD, 0, OUT(6)),
        START(1, 2, 1), OP(8, 3, 4, LOADER_START, 0, IN(2)), END(5, 6, 1, 5),
        OP(8, 5, 6, LOADER_END, 0, IN(2), OUT(6))),
    BAD("loaded though present", OP(0, 0, 1, CACHE_PUT, 0, IN(4)), OP(0, 2, 9, LOAD, 0, OUT(5)),
        START(3, 4, 1), END(5, 6, 1, 5)),
    BAD("a load that nobody asked for", START(3, 4, 1), END(5, 6, 1, 5)),
    BAD("loaded out of nothing", OP(0, 2, 9, LOAD, 0, OUT(5))),
    GOOD("a put during the load wins", OP(0, 0, 9, LOAD, 0, OUT(5)), START(1, 2, 1),
         OP(1, 3, 4, CACHE_PUT, 0, IN(6)), END(5, 6, 1, 5), OP(1, 10, 11, CACHE_GET, 0, OUT(6))),
    BAD("a put during the load is overwritten", OP(0, 0, 9, LOAD, 0, OUT(5)), START(1, 2, 1),
        OP(1, 3, 4, CACHE_PUT, 0, IN(6)), END(5, 6, 1, 5), OP(1, 10, 11, CACHE_GET, 0, OUT(5))),
    GOOD("invalidated during the load: not inserted", OP(0, 0, 9, LOAD, 0, OUT(5)), START(1, 2, 1),
         OP(1, 3, 4, INVALIDATE, 0), END(5, 6, 1, 5), OP(1, 10, 11, CACHE_GET, WEIR_ENOENT)),
    BAD("invalidated during the load, and inserted", OP(0, 0, 9, LOAD, 0, OUT(5)), START(1, 2, 1),
        OP(1, 3, 4, INVALIDATE, 0), END(5, 6, 1, 5), OP(1, 10, 11, CACHE_GET, 0, OUT(5))),
    GOOD("after invalidate a new load starts beside the old", OP(0, 0, 9, LOAD, 0, OUT(5)),
         START(1, 2, 1), OP(1, 3, 4, INVALIDATE, 0), OP(1, 5, 12, LOAD, 0, OUT(6)),
         OP(8, 6, 7, LOADER_START, 0, IN(2)), END(8, 8, 1, 5),
         OP(8, 10, 11, LOADER_END, 0, IN(2), OUT(6))),
    BAD("asked after invalidate, answered by the old load", OP(0, 0, 9, LOAD, 0, OUT(5)),
        START(1, 2, 1), OP(1, 3, 4, INVALIDATE, 0), OP(1, 5, 12, LOAD, 0, OUT(5)), END(8, 8, 1, 5)),
    GOOD("an error goes to all who wait", OP(0, 0, 9, LOAD, WEIR_ENOTSUP),
         OP(1, 0, 9, LOAD, WEIR_ENOTSUP), START(1, 2, 1),
         OP(7, 3, 4, LOADER_END, WEIR_ENOTSUP, IN(1))),
    BAD("an error is kept", OP(0, 0, 9, LOAD, WEIR_ENOTSUP), START(1, 2, 1),
        OP(7, 3, 4, LOADER_END, WEIR_ENOTSUP, IN(1)), OP(1, 10, 12, LOAD, WEIR_ENOTSUP)),
    GOOD("one gives up, the load goes on", OP(0, 0, 9, LOAD, 0, OUT(5)),
         OP(1, 1, 4, LOAD, WEIR_ETIMEDOUT), START(2, 3, 1), END(5, 6, 1, 5)),
    BAD("sleeps though loaded", OP(0, 0, 9, LOAD, 0, OUT(5)),
        OP(1, 1, 12, LOAD, WEIR_LIN_BLOCKED, .parked = 3), START(2, 2, 1), END(5, 6, 1, 5)),
};

static const struct hand_made evicting_cases[] = {
    GOOD("a miss after a put", OP(0, 0, 1, CACHE_PUT, 0, IN(1)),
         OP(1, 2, 3, CACHE_GET, WEIR_ENOENT)),
    BAD("a hit after a miss", OP(0, 0, 1, CACHE_PUT, 0, IN(1)), OP(1, 2, 3, CACHE_GET, WEIR_ENOENT),
        OP(1, 4, 5, CACHE_GET, 0, OUT(1))),
    GOOD("loaded though it was put", OP(0, 0, 1, CACHE_PUT, 0, IN(4)), OP(0, 2, 9, LOAD, 0, OUT(5)),
         START(3, 4, 1), END(5, 6, 1, 5)),
    GOOD("too heavy: nothing happened", OP(0, 0, 1, CACHE_PUT, 0, IN(4)),
         OP(0, 2, 3, CACHE_PUT, WEIR_ETOOBIG, IN(5)), OP(0, 4, 5, CACHE_GET, 0, OUT(4))),
};

void rules_of_cache(void **s) {
    (void)s;
    const struct weir_lin_cache keeps = { .evicts = false }, evicts = { .evicts = true };
    struct weir_lin_spec spec;
    assert_int_equal(weir_lin_cache_spec(&spec, &keeps), 0);
    CHECK_CASES(&spec, weir_lin_cache_rules, 1, cache_cases);
    assert_int_equal(weir_lin_cache_spec(&spec, &evicts), 0);
    CHECK_CASES(&spec, weir_lin_cache_rules, 1, evicting_cases);
}
