/* SPDX-License-Identifier: MIT */
/* tests/limiter/limiter.c - the list of cases. */
#include "cases.h"

weir_limiter limiter_of(double rate, uint32_t burst) {
    weir_limiter l;
    CHECK_IS(weir_limiter_init_at(&l, rate, burst, T0), 0);
    return l;
}

size_t drain(weir_limiter *l, weir_time now, size_t most) {
    size_t n = 0;
    while (n < most && weir_limiter_allow_at(l, 1, now)) n++;
    return n;
}

bool has(const weir_limiter *l, weir_time now, double tokens) {
    double t = weir_limiter_tokens_at(l, now);
    return CHECK(t > tokens - 1e-6 && t < tokens + 1e-6, "%.9g tokens, not %.9g", t, tokens);
}

static const struct test tests[] = {
    { "R01 the bucket starts full", r01_full },
    { "R02 allow takes its tokens or changes nothing", r02_one_or_nothing },
    { "R02 as many threads as there are: each token once", r02_threads },
    { "R03 allow of more than burst is refused", r03_above_burst },
    { "R04 without a limit everything is allowed, whatever burst is", r04_inf },
    { "R05 limit 0: burst tokens, then nothing", r05_zero },
    { "R06 a reservation of more than burst has no time", r06_above_burst },
    { "R07 reservations debit at once, and slots go in order", r07_order },
    { "R07 each slot once, from many threads", r07_threads },
    { "R08 cancel gives back n less what was reserved after it", r08_cancel },
    { "R08 cancel at its slot or later gives back nothing", r08_after_slot },
    { "R08 cancel after a change of limit or burst", r08_after_change },
    { "R08 cancels of both sides of a change", r08_both },
    { "R08 a reservation that is too far away takes nothing", r08_far },
    { "R08 R15 nested cancels never admit more", r15_cancel },
    { "R09 wait for more than burst fails at once, unless there is no limit",
      r09_wait_above_burst },
    { "R10 wait with an ended context takes nothing", r10_ended },
    { "R10 a context that ends when the slot has come", r10_ended_late },
    { "R11 wait that cannot finish in time fails at once, and takes nothing", r11_too_late },
    { "R12 wait that is cancelled while it sleeps gives its tokens back", r12_cancelled },
    { "R13 set_limit settles at the old rate", r13_limit },
    { "R13 set_burst adds no tokens", r13_burst },
    { "R13 slots that were granted keep their times", r13_slots },
    { "R13 a change leaves room for slots that come after tokens given back", r13_room },
    { "R13 to and from limit 0 and no limit", r13_special },
    { "R13 a change that is stopped stops nobody", r13_stopped },
    { "R13 changes against takers", r13_threads },
    { "R14 never above burst, after any idle time", r14_idle },
    { "R14 the clock's base moves and nothing is lost or gained", r14_base },
    { "R15 no span admits more than burst + rate * T", r15_spans },
    { "R15 R13 nor across changes", r15_change },
    { "R15 and no less than 99.9 % of the rate", r15_rate },
    { "R15 eight threads at 1,000 a second get that and no more", r15_threads },
    { "R16 a stale now does not move the clock back", r16_stale },
    { "R17 every", r17_every },
    { "R18 a limiter of zero bytes rejects everything", r18_zero_bytes },
    { "R19 late wakers bunch up, and do not where they look again", r19_recheck },
    { "wait sleeps until its slot, in turn", wait_slots },
    { "wait that may not wait", wait_now },
    { "bad arguments", bad_arguments },
};

int main(int argc, char **argv) {
    return tests_main(argc, argv, "limiter", tests, sizeof tests / sizeof *tests);
}
