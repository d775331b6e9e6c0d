/* SPDX-License-Identifier: MIT */
/* examples/queue_sensors.c - unbounded queues: four sensors must never wait, so their readings go to a weir_queue, in
 * batches; two workers judge them, and report to one thread by a weir_mpsc. Closing the first queue ends the workers
 * once it is drained, the last of them closes the second. Afterwards trim gives the memory of the burst back.
 * `cc queue_sensors.c $(pkg-config --cflags --libs weir)`. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <weir/mpsc.h>
#include <weir/queue.h>

#define SENSORS 4
#define WORKERS 2
#define READINGS 10000 /* of each sensor */
#define BATCH 50
#define HOT 990 /* degrees from which a reading is reported */

struct reading {
    uint32_t sensor, degrees;
};

static char no_memory[] = "no memory", no_pop[] = "pop failed";
static weir_queue *readings;
static weir_mpsc *reports;

/* Every degree from 0 to 999, ten times. */
static void *sense(void *arg) {
    struct reading r[BATCH];
    uint32_t sensor = (uint32_t)(uintptr_t)arg;
    for (uint32_t i = 0; i < READINGS; i += BATCH) {
        for (uint32_t k = 0; k < BATCH; k++) r[k] = (struct reading){ sensor, (i + k) * 7 % 1000 };
        /* Fewer than asked for only if memory runs out: what is left is still ours. */
        if (weir_queue_try_push_n(readings, r, BATCH) != BATCH) return no_memory;
    }
    return NULL;
}

static void *judge(void *arg) {
    struct reading r[BATCH];
    ptrdiff_t n;
    (void)arg;
    while ((n = weir_queue_pop_n_wait(readings, r, BATCH, WEIR_FOREVER, NULL)) > 0)
        for (ptrdiff_t i = 0; i < n; i++)
            if (r[i].degrees >= HOT && weir_mpsc_push(reports, &r[i]) < 0) return no_memory;
    return n == WEIR_ECLOSED ? NULL : no_pop;
}

/* Starts the threads, and says to each stage that the one before has ended. */
static void *manage(void *arg) {
    pthread_t t[SENSORS + WORKERS];
    void *why, **failed = arg;
    for (uintptr_t i = 0; i < SENSORS + WORKERS; i++)
        if (pthread_create(&t[i], NULL, i < SENSORS ? sense : judge, (void *)i) != 0) return NULL;
    for (int i = 0; i < SENSORS + WORKERS; i++) {
        if (i == SENSORS) weir_queue_close(readings);
        (void)pthread_join(t[i], &why);
        if (why) *failed = why;
    }
    weir_mpsc_close(reports);
    return NULL;
}

int main(void) {
    struct weir_queue_opts o = WEIR_QUEUE_OPTS(sizeof(struct reading));
    struct reading r;
    unsigned hot[SENSORS] = { 0 }, hottest = 0;
    void *failed = NULL;
    pthread_t manager;
    if (weir_queue_new(&readings, &o) < 0 || weir_mpsc_new(&reports, &o) < 0) return 1;
    size_t bytes = weir_queue_bytes(readings);
    if (pthread_create(&manager, NULL, manage, &failed) != 0) return 1;
    while (weir_mpsc_pop(reports, &r) == 0) {
        hot[r.sensor]++;
        if (r.degrees > hottest) hottest = r.degrees;
    }
    (void)pthread_join(manager, NULL);
    if (failed) printf("failed: %s\n", (const char *)failed);
    for (unsigned i = 0; i < SENSORS; i++) printf("sensor %u: %u hot readings\n", i, hot[i]);
    printf("hottest: %u\n", hottest);
    if (weir_queue_trim(readings) < 0) return 1;
    puts(weir_queue_bytes(readings) == bytes ? "memory: as at the start" : "memory: more");
    if (weir_mpsc_free(reports) < 0 || weir_queue_free(readings) < 0) return 1;
    return 0;
}
