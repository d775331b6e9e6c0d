/* SPDX-License-Identifier: MIT */
/* tests/rings/stopped_mutex.c - RING15 for the mutex ring: blocking.
 *
 * The mutex ring has no points. A thread is stopped inside it by its own element: that lies in a page
 * which may not be touched, so the copy under the mutex raises SIGSEGV, and the handler waits until
 * it is let go, gives the rights back and returns into the copy. */
#include "cases.h"
#include "ring.h"

#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CAP 4
#define SIZE 24

static sem_t arrived, go;
static char *page;
static size_t page_size;

static void on_fault(int sig, siginfo_t *info, void *context) {
    (void)context;
    const char *at = info->si_addr;
    if (at < page || at >= page + page_size) {
        (void)signal(sig,
                     SIG_DFL); /* a real fault: the instruction is repeated and ends the process */
        return;
    }
    (void)sem_post(&arrived);
    while (sem_wait(&go) != 0) continue;
    (void)mprotect(page, page_size, PROT_READ | PROT_WRITE);
}

static int64_t push_page(void *arg) {
    struct ring *q = arg;
    return R.try_push(q->in, page);
}
static int64_t pop_page(void *arg) {
    struct ring *q = arg;
    return R.try_pop(q->out, page);
}
static int64_t try_push(void *arg) {
    struct ring *q = arg;
    char elem[SIZE];
    item_make(elem, SIZE, 50);
    return R.try_push(q->in, elem);
}
static int64_t try_pop(void *arg) {
    struct ring *q = arg;
    char elem[SIZE];
    return R.try_pop(q->out, elem);
}
static int64_t len(void *arg) {
    struct ring *q = arg;
    return (int64_t)R.len(q->in);
}

/* While one thread stands inside, each call of the others waits; once it is let go, all return. */
static void others_wait(struct ring *q, struct call *stopped) {
    int64_t (*const fns[])(void *) = { try_push, try_pop, len };
    struct call calls[3];
    while (sem_wait(&arrived) != 0) continue;
    for (int i = 0; i < 3; i++) call_start(&calls[i], fns[i], q);
    for (int i = 0; i < 3; i++)
        CHECK(call_sleeps(&calls[i]), "call %d returned while a thread stands inside", i);
    CHECK(!call_returns(&calls[0], 50), "a push returned while a thread stands inside");
    CHECK(!call_done(stopped), "the stopped thread went on");
    (void)sem_post(&go);
    CHECK_IS(call_end(stopped), 0);
    CHECK_IS(call_end(&calls[0]), 0);
    CHECK_IS(call_end(&calls[1]), 0);
    (void)call_end(&calls[2]);
}

static void stopped_inside(int64_t (*fn)(void *), int rights, size_t inside) {
    struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO }, before;
    struct call stopped;
    struct ring q;
    page_size = (size_t)sysconf(_SC_PAGESIZE);
    page = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!CHECK(page != MAP_FAILED, "mmap") || !ring_open(&q, CAP, SIZE)) return;
    item_make(page, SIZE, inside);
    (void)sem_init(&arrived, 0, 0);
    (void)sem_init(&go, 0, 0);
    (void)sigaction(SIGSEGV, &act, &before);
    push_ids(&q, SIZE, 0, inside);
    (void)mprotect(page, page_size, rights);
    call_start(&stopped, fn, &q);
    others_wait(&q, &stopped);
    (void)sigaction(SIGSEGV, &before, NULL);
    CHECK(fn == push_page || item_is(page, SIZE, 0), "the stopped pop gave another element");
    CHECK_IS(R.len(q.in), fn == push_page ? inside + 1 : inside - 1);
    ring_close(&q);
    (void)munmap(page, page_size);
}

void ring15_mutex_push(void) { stopped_inside(push_page, PROT_NONE, 2); }
void ring15_mutex_pop(void) { stopped_inside(pop_page, PROT_READ, 2); }
