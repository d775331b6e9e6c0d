// SPDX-License-Identifier: MIT
// bench/gbench.cc - see gbench.h. Manual time is seconds per operation, with one iteration per
// repetition, and every counter is a plain double: Google Benchmark's own threads and rate counters
// mean different things from version to version.
#include "gbench.h"

#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>
#include <vector>

namespace {

// The table is weir-bench's own.
class Silent : public benchmark::BenchmarkReporter {
  public:
    bool ReportContext(const Context &) override { return true; }
    void ReportRuns(const std::vector<Run> &) override {}
};

void body(benchmark::State &state, const wb_gbench *g, unsigned i, unsigned *repetition) {
    double counters[WB_COUNTERS], seconds = 0;
    while (state.KeepRunning()) {
        const char *why = g->measure(g->ctx, i, (*repetition)++, &seconds, counters);
        if (why != nullptr) {
            state.SkipWithError(why);
            break;
        }
        state.SetIterationTime(seconds);
        for (unsigned c = 0; c < WB_COUNTERS; c++) {
            if (!std::isnan(counters[c]))
                state.counters[g->counter_names[c]] = counters[c];
            else if (g->all_counters)
                state.counters[g->counter_names[c]] = 0;
        }
    }
}

} // namespace

const char *wb_gbench_version(void) { return WB_BENCHMARK_VERSION; }

int wb_gbench_run(const wb_gbench *g, int argc, char **argv) {
    std::vector<unsigned> repetitions(g->n, 0);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    for (const char *const *c = g->context; *c != nullptr; c += 2)
        benchmark::AddCustomContext(c[0], c[1]);
    for (unsigned i = 0; i < g->n; i++) {
        unsigned *repetition = &repetitions[i];
        benchmark::RegisterBenchmark(
            g->name(g->ctx, i),
            [g, i, repetition](benchmark::State &state) { body(state, g, i, repetition); })
            ->UseManualTime()
            ->Iterations(1)
            ->Unit(benchmark::kNanosecond);
    }
    std::unique_ptr<benchmark::BenchmarkReporter> display;
    if (g->json)
        display.reset(new benchmark::JSONReporter);
    else if (g->quiet)
        display.reset(new Silent);
    benchmark::RunSpecifiedBenchmarks(display.get());
    benchmark::Shutdown();
    return 0;
}
