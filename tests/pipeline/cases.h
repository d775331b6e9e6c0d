/* SPDX-License-Identifier: MIT */
/* tests/pipeline/cases.h - the tests of the program `pipeline`. */
#ifndef WEIR_TESTS_PIPELINE_CASES_H
#define WEIR_TESTS_PIPELINE_CASES_H

/* outcomes.c */
void pipe1_outcomes(void);
void pipe1_looked_at(void);
void pipe1_cancelled(void);
void pipe2_ordered(void);
void pipe2_unordered(void);

/* window.c */
void pipe3_window(void);
void pipe3_lockstep(void);
void pipe3_workers(void);
void pipe3_senders(void);

/* failures.c */
void pipe4_cancel(void);
void pipe4_collect(void);
void pipe5_text(void);

/* ends.c */
void pipe6_threads(void);
void pipe6_parent(void);
void pipe6_mid_batch(void);
void pipe6_waits(void);
void pipe7_few(void);
void pipe7_refused(void);
void pipe8_leaves_nothing(void);

/* turns.c */
void pipe9_others(void);
void pipe_exec_stops(void);
void pipe_exec_drains(void);
void pipe_exec_joins(void);
void pipe_exec_exits(void);
void pipe_exec_full(void);

/* exits.c */
void pipe1_exits_inside(void);
void pipe1_exits_in_submit(void);
void pipe1_exits_in_credit(void);
void pipe1_exits_in_turn(void);
void pipe1_exits_in_drop(void);

/* runs.c */
void pipe9_submits(void);
void pipe9_itself(void);
void pipe_thread_exit(void);
void pipe_exec_refuses(void);
void pipe_exec_inline(void);
void pipe_sink(void);

#endif
