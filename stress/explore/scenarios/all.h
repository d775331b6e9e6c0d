#include <weir/model.h>
extern const struct weir_model_scenario scenario_mpmc_2x3, scenario_mpmc_3x2;
