/* SPDX-License-Identifier: MIT */
/* bench/env_json.c - env.json, by libjansson. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "env.h"

static json_t *list_of(const char *items) {
    json_t *out = json_array();
    while (*items) {
        size_t n = strcspn(items, "\n");
        (void)json_array_append_new(out, json_stringn(items, n));
        items += n + (items[n] == '\n');
    }
    return out;
}

static json_t *value_of(const struct wb_fact *f) {
    switch (f->kind) {
        case WB_FACT_TEXT: return json_string(f->text);
        case WB_FACT_LIST: return list_of(f->text);
        case WB_FACT_BOOL: return json_boolean(f->number > 0);
        case WB_FACT_NUMBER:
            if (f->number < floor(f->number) || f->number > floor(f->number))
                return json_real(f->number);
            return json_integer((json_int_t)f->number);
    }
    return NULL;
}

bool wb_env_write(const struct wb_env *env, const char *path) {
    json_t *all = json_object();
    for (unsigned i = 0; i < env->n; i++)
        (void)json_object_set_new(all, env->fact[i].key, value_of(&env->fact[i]));
    FILE *f = fopen(path, "w");
    bool ok = f && all && json_dumpf(all, f, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) == 0 &&
              fputc('\n', f) != EOF;
    if (f && fclose(f) != 0) ok = false;
    json_decref(all);
    return ok;
}
