/* SPDX-License-Identifier: MIT */
/* lib/weaken.c - labels that can be weakened, and points that can stop a thread; both empty in
 * production. See weir/atomic.h. */
#include <weir/atomic.h>

#include <string.h>

#ifdef WEIR_WEAKEN
unsigned char weir__weak_[WEIR_LABELS_];

enum { LOAD_ACQ = 1 << WEIR_WEAK_ACQUIRE, STORE_REL = 1 << WEIR_WEAK_RELEASE };
enum { RMW_ACQ = LOAD_ACQ, RMW_REL = STORE_REL, RMW_AR = LOAD_ACQ | STORE_REL };
enum { LOAD_SC = LOAD_ACQ | 1 << WEIR_WEAK_SC, STORE_SC = STORE_REL | 1 << WEIR_WEAK_SC };
enum { RMW_SC = LOAD_SC | STORE_SC };
enum { RECHECK = 1 << WEIR_WEAK_CHECK };

static const struct {
    const char *name;
    unsigned steps;
} labels[WEIR_LABELS_] = {
#define XX(label, kind, partners, text) [WEIR_L_##label] = { #label, kind },
    WEIR_LABELS(XX)
#undef XX
};

static unsigned step_named(const char *name) {
    static const char *const names[WEIR_WEAK_STEPS_] = { "", "sc", "acquire", "release", "check" };
    for (unsigned i = 1; i < WEIR_WEAK_STEPS_; i++)
        if (strcmp(names[i], name) == 0) return i;
    return WEIR_WEAK_NONE;
}

int weir_weaken(const char *label_and_step) {
    memset(weir__weak_, 0, sizeof weir__weak_);
    if (!label_and_step) return 0;
    size_t n = strcspn(label_and_step, ":");
    unsigned step = label_and_step[n] ? step_named(label_and_step + n + 1) : WEIR_WEAK_NONE;
    for (unsigned i = 1; i < WEIR_LABELS_; i++) {
        if (strncmp(labels[i].name, label_and_step, n) != 0 || labels[i].name[n]) continue;
        if (step == WEIR_WEAK_NONE || !(labels[i].steps & 1u << step)) return WEIR_EINVAL;
        weir__weak_[i] = (unsigned char)step;
        return 0;
    }
    return WEIR_ENOENT;
}
#else
int weir_weaken(const char *label_and_step) { return label_and_step ? WEIR_ENOTSUP : 0; }
#endif

#ifdef WEIR_POINTS
static weir_aptr hook; /* a weir_point_fn, kept as a data pointer */

void weir_set_point_hook(weir_point_fn *fn) {
    void *p;
    memcpy(&p, &fn, sizeof p);
    weir_store_release(&hook, p, HOOK_P1);
}

void weir__point(const char *name) {
    void *p = weir_load_acquire(&hook, HOOK_P2);
    weir_point_fn *fn;
    memcpy(&fn, &p, sizeof fn);
    if (fn) fn(name);
}
#endif
