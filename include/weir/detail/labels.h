/* SPDX-License-Identifier: MIT */
/* weir/detail/labels.h - the label of every atomic operation that is one end of an edge, and of every
 * second look that an algorithm needs.
 *
 * XX(label, kind, partners, what breaks without it). One row per operation in the sources; kinds:
 * LOAD_ACQ, STORE_REL, RMW_ACQ, RMW_REL, LOAD_SC, RMW_SC; RECHECK (weir_recheck), whose partners are the
 * stores that it looks for. weir_weaken() takes the name; the table of docs/mutants.md is generated
 * from these rows. */
#ifndef WEIR_DETAIL_LABELS_H
#define WEIR_DETAIL_LABELS_H

#define WEIR_LABELS(XX)                                                                            \
    XX(SPSC_T1, STORE_REL, "SPSC_T2 SPSC_B4",                                                      \
       "the consumer may copy an element before it is written")                                    \
    XX(SPSC_T2, LOAD_ACQ, "SPSC_T1 SPSC_T4 SPSC_T5", "as T1")                                      \
    XX(SPSC_T4, STORE_REL, "SPSC_T2 SPSC_B4", "as T1, for a batch")                                \
    XX(SPSC_T5, STORE_REL, "SPSC_T2 SPSC_B4", "as T1, for a commit")                               \
    XX(SPSC_H1, STORE_REL, "SPSC_H2 SPSC_H5 SPSC_B2",                                              \
       "the producer may overwrite an element that is still being copied out")                     \
    XX(SPSC_H2, LOAD_ACQ, "SPSC_H1 SPSC_H3 SPSC_H4", "as H1")                                      \
    XX(SPSC_H3, STORE_REL, "SPSC_H2 SPSC_H5 SPSC_B2", "as H1, for a batch")                        \
    XX(SPSC_H4, STORE_REL, "SPSC_H2 SPSC_H5 SPSC_B2", "as H1, for a consume")                      \
    XX(SPSC_H5, LOAD_ACQ, "SPSC_H1 SPSC_H3 SPSC_H4",                                               \
       "len may read a tail older than head: a length out of range")                               \
    XX(SPSC_B1, RMW_SC, "SPSC_B4", "one side may say full while the other says empty")             \
    XX(SPSC_B2, LOAD_SC, "SPSC_B3 SPSC_H1 SPSC_H3 SPSC_H4", "as B1; and as H1")                    \
    XX(SPSC_B3, RMW_SC, "SPSC_B2", "as B1")                                                        \
    XX(SPSC_B4, LOAD_SC, "SPSC_B1 SPSC_T1 SPSC_T4 SPSC_T5", "as B1; and as T1")                    \
    XX(SPSC_Q1, RECHECK, "SPSC_H1 SPSC_H3 SPSC_H4", "as B1: full is said of a head that was old")  \
    XX(SPSC_Q2, RECHECK, "SPSC_T1 SPSC_T4 SPSC_T5", "as B1: empty is said of a tail that was old") \
    XX(MPMC_S1, STORE_REL, "MPMC_R1 MPMC_A2 MPMC_D3",                                              \
       "a popper may copy an element before it is written")                                        \
    XX(MPMC_S2, STORE_REL, "MPMC_R1 MPMC_A1 MPMC_A2 MPMC_D3 MPMC_D4",                              \
       "as S1 and F1, for a batch; and a batch may appear in part")                                \
    XX(MPMC_F1, STORE_REL, "MPMC_A1 MPMC_A2 MPMC_D4",                                              \
       "a pusher may overwrite an element that is still being copied out")                         \
    XX(MPMC_R1, LOAD_ACQ, "MPMC_S1 MPMC_S2", "as S1")                                              \
    XX(MPMC_A1, LOAD_ACQ, "MPMC_F1 MPMC_S2", "as F1")                                              \
    XX(MPMC_A2, LOAD_ACQ, "MPMC_S1 MPMC_F1 MPMC_S2", "as S1 and F1, for a batch")                  \
    XX(MPMC_C1, RMW_SC, "MPMC_E7 MPMC_E1", "a pop that began after this push may say empty")       \
    XX(MPMC_C2, RMW_SC, "MPMC_E2 MPMC_E6", "a push that began after this pop may say full")        \
    XX(MPMC_C3, RMW_SC, "MPMC_E7 MPMC_E1", "as C1, for a batch")                                   \
    XX(MPMC_C4, RMW_SC, "MPMC_E2 MPMC_E6", "as C2, for a batch")                                   \
    XX(MPMC_E1, LOAD_SC, "MPMC_C1 MPMC_C3 MPMC_K1", "full may be said of a tail that has moved")   \
    XX(MPMC_E2, LOAD_SC, "MPMC_C2 MPMC_C4", "full may be said though a pop came before")           \
    XX(MPMC_E3, LOAD_ACQ, "MPMC_K1", "what the closer did before may not be seen after is_closed") \
    XX(MPMC_E4, LOAD_ACQ, "MPMC_C2 MPMC_C4",                                                       \
       "len may read a tail older than head: a length out of range")                               \
    XX(MPMC_E6, LOAD_SC, "MPMC_C2 MPMC_C4", "empty may be said of a head that has moved")          \
    XX(MPMC_E7, LOAD_SC, "MPMC_C1 MPMC_C3 MPMC_K1",                                                \
       "empty or drained may be said though a push came before")                                   \
    XX(MPMC_K1, RMW_SC, "MPMC_E1 MPMC_E3 MPMC_E7 MPMC_D6 MPMC_D7",                                 \
       "close may miss a waiter that has not seen it: it sleeps for ever")                         \
    XX(MPMC_K2, LOAD_SC, "LOT_W3", "as K1")                                                        \
    XX(MPMC_K5, RMW_REL, "MPMC_K6", "a waiter may not settle though it has to: as B1")             \
    XX(MPMC_K6, LOAD_ACQ, "MPMC_K5", "as K5: the last look may come before what another settled")  \
    XX(MPMC_B1, RMW_SC, "MPMC_D3 MPMC_D4",                                                         \
       "without membarrier: publisher and waiter miss each other")                                 \
    XX(MPMC_B2, LOAD_SC, "LOT_W3", "as B1")                                                        \
    XX(MPMC_D3, LOAD_SC, "MPMC_B1 MPMC_S1 MPMC_S2", "as B1, for a popper")                         \
    XX(MPMC_D4, LOAD_SC, "MPMC_B1 MPMC_F1 MPMC_S2", "as B1, for a pusher")                         \
    XX(MPMC_D6, LOAD_SC, "MPMC_K1", "a popper may sleep on a closed and drained ring")             \
    XX(MPMC_D7, LOAD_SC, "MPMC_K1 MPMC_C1 MPMC_C3", "a pusher may sleep on a closed ring")         \
    XX(MPMC_Q1, RECHECK, "MPMC_S1 MPMC_S2 MPMC_F1 MPMC_K1",                                        \
       "a waiter sleeps though it became ready before it was listed")                              \
    XX(MPMC_Q2, RECHECK, "MPMC_S1 MPMC_S2 MPMC_F1",                                                \
       "as B1: what the barrier made visible is not looked at")                                    \
    XX(MPMC_Q3, RECHECK, "MPMC_S1 MPMC_S2",                                                        \
       "a popper that was woken takes its wake-up along at the deadline")                          \
    XX(MPMC_Q4, RECHECK, "MPMC_F1 MPMC_S2",                                                        \
       "a pusher that was woken takes its wake-up along at the deadline")                          \
    XX(MPMC_Q5, RECHECK, "MPMC_F1 MPMC_S2",                                                        \
       "a pusher woken for a slot in flight is not woken again for the next")                      \
    XX(MPMC_Q6, RECHECK, "MPMC_S1 MPMC_S2",                                                        \
       "a popper woken for an element in flight is not woken again for the next")                  \
    XX(MPMC_Q7, RECHECK, "MPMC_K1", "the last pop after a close wakes one popper instead of all")  \
    XX(MPMC_Q8, RECHECK, "MPMC_K1", "a popper sleeps on a ring that is closed and drained")        \
    XX(MPMC_Q9, RECHECK, "MPMC_K1", "a pusher sleeps on a closed ring")                            \
    XX(SCQ_P1, RMW_SC, "SCQ_O1 SCQ_L1 SCQ_L2",                                                     \
       "an element may be copied before it is written; empty may be said after a push")            \
    XX(SCQ_O1, RMW_SC, "SCQ_P1 SCQ_L1 SCQ_L2",                                                     \
       "a buffer may be filled that is still copied; full may be said after a pop")                \
    XX(SCQ_C1, RMW_AR, "SCQ_C2 SCQ_C3",                                                            \
       "a spare may be filled while its last owner copies it; and as C3")                          \
    XX(SCQ_C2, STORE_REL, "SCQ_C1 SCQ_C3", "as C1")                                                \
    XX(SCQ_C3, LOAD_ACQ, "SCQ_C1 SCQ_C2",                                                          \
       "busy may be said of spares that were never all taken at once")                             \
    XX(SCQ_T1, RMW_REL, "SCQ_T2", "full may be said before the pushes up to tail are seen")        \
    XX(SCQ_T2, LOAD_ACQ, "SCQ_T1", "as T1")                                                        \
    XX(SCQ_H3, RMW_REL, "SCQ_H1", "empty may be said before the pops up to head are seen")         \
    XX(SCQ_H1, LOAD_SC, "SCQ_H3 SCQ_E2", "as H3; idle may be said though a push was settled")      \
    XX(SCQ_L1, LOAD_SC, "SCQ_O1 SCQ_P1 SCQ_M1", "full may be said though a pop came before")       \
    XX(SCQ_L2, LOAD_SC, "SCQ_P1 SCQ_O1", "empty may be said though a push came before")            \
    XX(SCQ_M1, RMW_REL, "SCQ_P1 SCQ_L1",                                                           \
       "a push over a mark may read a head from before it: idle stays")                            \
    XX(SCQ_E1, LOAD_ACQ, "SCQ_E2 SCQ_H3", "as H1, for who finds it settled")                       \
    XX(SCQ_E2, RMW_SC, "SCQ_H1 SCQ_E1", "as H1")                                                   \
    XX(LOCK_L1, RMW_ACQ, "LOCK_L3", "what the lock protects may be seen half changed")             \
    XX(LOCK_L2, RMW_ACQ, "LOCK_L3", "as L1, after a wait")                                         \
    XX(LOCK_L3, RMW_REL, "LOCK_L1 LOCK_L2 LOCK_L4", "as L1")                                       \
    XX(LOCK_L4, RMW_ACQ, "LOCK_L3", "as L1, of who does not wait for it")                          \
    XX(PARK_P1, RMW_REL, "PARK_P2 PARK_P3 PARK_P4 PARK_P5",                                        \
       "the woken may not see what the waker did before")                                          \
    XX(PARK_P2, RMW_ACQ, "PARK_P1", "as P1, token found at once")                                  \
    XX(PARK_P3, RMW_ACQ, "PARK_P1", "as P1, token found when announcing")                          \
    XX(PARK_P4, RMW_ACQ, "PARK_P1", "as P1, token found after sleeping")                           \
    XX(PARK_P5, RMW_ACQ, "PARK_P1", "as P1, token found at the deadline")                          \
    XX(PARK_Q1, RECHECK, "PARK_P1", "a token that comes at the deadline is lost")                  \
    XX(LOT_W1, STORE_REL, "LOT_W2", "the waiter's frame may be reused while the waker unlinks it") \
    XX(LOT_W2, LOAD_ACQ, "LOT_W1", "as W1")                                                        \
    XX(LOT_W3, RMW_SC, "MPMC_B2 MPMC_K2", "publisher or closer and waiter miss each other")        \
    XX(WAIT_D1, STORE_REL, "WAIT_D2",                                                              \
       "a thread may not see what the peer that completed its call has moved")                     \
    XX(WAIT_D2, LOAD_ACQ, "WAIT_D1", "as D1")                                                      \
    XX(CTX_E1, RMW_REL, "CTX_E2 CTX_E3",                                                           \
       "what came before a cancel may not be seen after the error")                                \
    XX(CTX_E2, LOAD_ACQ, "CTX_E1", "as E1")                                                        \
    XX(CTX_E3, LOAD_ACQ, "CTX_E1", "as E1, for who lost the decision")                             \
    XX(CTX_R1, RMW_AR, "CTX_R1", "a context may be freed while its last user but one is inside")   \
    XX(EVFD_G1, RMW_AR, "EVFD_G1", "it may be freed while the function that tells it is inside")   \
    XX(CHAN_R1, RMW_AR, "CHAN_R1", "a channel may be freed while its last user but one is inside") \
    XX(CHAN_W3, RMW_SC, "MPMC_B2 MPMC_K2", "as LOT_W3, for a channel")                             \
    XX(CHAN_Q1, RECHECK, "MPMC_S1 MPMC_F1 MPMC_K1", "as MPMC_Q1, for a channel")                   \
    XX(CHAN_Q2, RECHECK, "MPMC_S1 MPMC_F1",                                                        \
       "a select that was told of one channel and takes another strands an element")               \
    XX(CHAN_M1, RMW_REL, "CHAN_M6",                                                                \
       "a new holder may take the bit for that of another, and sleep")                             \
    XX(CHAN_M2, RMW_SC, "MPMC_E2 MPMC_E6 MPMC_E4", "as MPMC_C2, for a holder")                     \
    XX(CHAN_M3, LOAD_ACQ, "MPMC_S1 MPMC_S2 CHAN_M9", "as MPMC_S1, for a holder")                   \
    XX(CHAN_M4, STORE_REL, "MPMC_A1 MPMC_A2 MPMC_D4 CHAN_M5", "as MPMC_F1, for a holder")          \
    XX(CHAN_M5, LOAD_ACQ, "MPMC_F1 MPMC_S2 CHAN_M4", "as MPMC_F1, for a holder")                   \
    XX(CHAN_M6, LOAD_ACQ, "CHAN_M1", "as M1")                                                      \
    XX(CHAN_M8, RMW_SC, "MPMC_E1 MPMC_E7 MPMC_K1", "as MPMC_C1, for a holder")                     \
    XX(CHAN_M9, STORE_REL, "MPMC_R1 MPMC_A2 MPMC_D3 CHAN_M3", "as MPMC_S1, for a holder")          \
    XX(CHAN_Q3, RECHECK, "MPMC_S1 MPMC_F1 MPMC_K1",                                                \
       "nobody is woken for what became ready while newcomers were kept out")                      \
    XX(CHSP_W1, RMW_SC, "CHSP_B2 CHSP_K2", "as LOT_W3, for an spsc channel")                       \
    XX(CHSP_B1, RMW_SC, "CHSP_D1 CHSP_D2",                                                         \
       "as MPMC_B1: without membarrier publisher and waiter miss each other")                      \
    XX(CHSP_B2, LOAD_SC, "CHSP_W1", "as B1")                                                       \
    XX(CHSP_D1, LOAD_SC, "CHSP_B1 SPSC_T1 SPSC_T4", "as B1, for a receiver")                       \
    XX(CHSP_D2, LOAD_SC, "CHSP_B1 SPSC_H1 SPSC_H3", "as B1, for a sender")                         \
    XX(CHSP_D3, LOAD_SC, "CHSP_K1", "a receiver may sleep on a closed and drained channel")        \
    XX(CHSP_K1, RMW_SC, "CHSP_D3 CHSP_K3 CHSP_K4",                                                 \
       "close may miss a receiver that has not seen it: it sleeps for ever")                       \
    XX(CHSP_K2, LOAD_SC, "CHSP_W1", "as K1")                                                       \
    XX(CHSP_K3, LOAD_ACQ, "CHSP_K1", "as K4, after a receive; or the last tail is not looked at")  \
    XX(CHSP_K4, LOAD_ACQ, "CHSP_K1", "what the closer did may not be seen after is_closed")        \
    XX(CHSP_Q1, RECHECK, "SPSC_T1 SPSC_T4 SPSC_H1 SPSC_H3 CHSP_K1",                                \
       "as MPMC_Q1, for an spsc channel")                                                          \
    XX(CHSP_Q2, RECHECK, "SPSC_T1 SPSC_T4 SPSC_H1 SPSC_H3",                                        \
       "as B1: what the barrier made visible is not looked at")                                    \
    XX(LIMIT_C1, RMW_REL, "LIMIT_R1",                                                              \
       "a token may be counted with an old pace, beside a new until")                              \
    XX(LIMIT_R1, LOAD_ACQ, "LIMIT_C1", "as C1")                                                    \
    XX(LIMIT_P1, STORE_REL, "LIMIT_P2",                                                            \
       "a pace may be read in part, and found to be of its version")                               \
    XX(LIMIT_P2, LOAD_ACQ, "LIMIT_P1", "as P1")                                                    \
    XX(LIMIT_Q1, RECHECK, "LIMIT_C1", "as P1: a pace of two versions, computed with")              \
    XX(SEM_A1, LOAD_SC, "SEM_R2 SEM_G1",                                                           \
       "a try may fail though the units were released before it")                                  \
    XX(SEM_A2, RMW_ACQ, "SEM_R2 SEM_G1", "what came before a release may not be seen")             \
    XX(SEM_R2, RMW_SC, "SEM_A2 SEM_G1 SEM_A1", "as A2; and as A1")                                 \
    XX(SEM_G1, RMW_SC, "SEM_A2 SEM_R2 SEM_A1", "as R2 and A2, under the lock")                     \
    XX(WG_D1, RMW_SC, "WG_W1 WG_Z1", "what came before a done may not be seen after the wait")     \
    XX(WG_Z1, RMW_SC, "WG_W1 WG_D1", "as D1, for the last done, which ends waits")                 \
    XX(WG_W1, LOAD_SC, "WG_D1 WG_Z1",                                                              \
       "as D1; and a try may fail though the last done was before it")                             \
    XX(ONCE_F1, LOAD_ACQ, "ONCE_F2 ONCE_F3", "what the function did may not be seen")              \
    XX(ONCE_F2, RMW_REL, "ONCE_F1", "as F1")                                                       \
    XX(ONCE_F3, STORE_REL, "ONCE_F1", "as F1, where others wait")                                  \
    XX(RCU_B1, RMW_AR, "RCU_B2", "a function may be called of an object that is not written yet")  \
    XX(RCU_B2, RMW_AR, "RCU_B1", "as B1; and a bag may be put on the list while it is taken off")  \
    XX(RCU_D1, RMW_SC, "RCU_D2 RCU_A3", "a bag may be forgotten: its objects are never freed")     \
    XX(RCU_D2, RMW_SC, "RCU_D1 RCU_A1", "as D1; and a bag may be seen before who comes after it")  \
    XX(RCU_A1, LOAD_SC, "RCU_A3 RCU_A2", "as D1")                                                  \
    XX(RCU_A2, RMW_REL, "RCU_A3", "as D1: the round that was asked for may not see the bag")       \
    XX(RCU_A3, RMW_SC, "RCU_A1 RCU_A2", "as D1")                                                   \
    XX(RCU_N2, STORE_REL, "RCU_N3 RCU_N4", "a place may be used again while a reader looks at it") \
    XX(RCU_N3, LOAD_SC, "RCU_N2", "a snapshot may be a period too old")                            \
    XX(RCU_N4, LOAD_ACQ, "RCU_N2", "as N2")                                                        \
    XX(RCU_N5, RMW_SC, "RCU_N3", "synchronize may count a period that began before its caller")    \
    XX(FORK_K1, STORE_REL, "FORK_K2", "a section may find the gate of forks open that is not")     \
    XX(FORK_K2, LOAD_ACQ, "FORK_K1", "as K1")                                                      \
    XX(BELL_W1, RMW_SC, "BELL_R2", "who frees a word and who sleeps for it miss each other")       \
    XX(BELL_W3, LOAD_SC, "BELL_R1", "as W1, without membarrier")                                   \
    XX(BELL_Q1, RECHECK, "MAP_C1 BELL_R1", "as W1: the word may be free already")                  \
    XX(BELL_S2, LOAD_ACQ, "BELL_S1", "a ring may be seen, and the word still held: it sleeps on")  \
    XX(BELL_S1, RMW_SC, "BELL_S2", "as S2")                                                        \
    XX(BELL_R1, RMW_SC, "BELL_W3", "as W3")                                                        \
    XX(BELL_R2, LOAD_SC, "BELL_W1", "as W3")                                                       \
    XX(MAP_T1, RMW_REL, "MAP_T2", "lines of the new table may be seen before they were filled")    \
    XX(MAP_T2, LOAD_ACQ, "MAP_T1", "as T1")                                                        \
    XX(MAP_N1, RMW_REL, "MAP_N2", "a new table may be seen before its lines are empty")            \
    XX(MAP_N2, LOAD_ACQ, "MAP_N1", "as N1")                                                        \
    XX(MAP_L1, RMW_ACQ, "MAP_C1", "what the lock protects may be seen as it was before")           \
    XX(MAP_C1, STORE_REL, "MAP_L1 MAP_C2 MAP_C3 MAP_C6 MAP_C9 MAP_Q6 MAP_J1 MAP_J2 MAP_E1",        \
       "a slot may be live before key and value are in it; and as L1")                             \
    XX(MAP_C2, LOAD_ACQ, "MAP_C1", "as C1, and an entry that has moved may not be there yet")      \
    XX(MAP_C3, LOAD_ACQ, "MAP_C1", "a writer may not find the entries that have moved")            \
    XX(MAP_C6, LOAD_ACQ, "MAP_C1", "as T1")                                                        \
    XX(MAP_C9, LOAD_ACQ, "MAP_C1", "statistics may read lines that are being filled")              \
    XX(MAP_C4, STORE_REL, "MAP_C5 MAP_J2 MAP_Q4 MAP_E3", "as C1, for a line of a chain")           \
    XX(MAP_C5, LOAD_ACQ, "MAP_C4", "as C4")                                                        \
    XX(MAP_H1, STORE_REL, "MAP_H2", "a chain may be seen before it is filled")                     \
    XX(MAP_H2, LOAD_ACQ, "MAP_H1", "as H1")                                                        \
    XX(MAP_V1, STORE_REL, "MAP_V2 MAP_V4 MAP_V5 MAP_Q5 MAP_Q7 MAP_E2",                             \
       "what came before a put may not be seen after the get")                                     \
    XX(MAP_V2, LOAD_ACQ, "MAP_V1 MAP_V3", "as V1")                                                 \
    XX(MAP_F1, STORE_REL, "MAP_Q1 MAP_Q8", "a reader may take parts of two changes together")      \
    XX(MAP_V3, STORE_REL, "MAP_V2 MAP_Q5 MAP_Q7 MAP_V4 MAP_V5 MAP_E2", "as F1")                    \
    XX(MAP_Q8, LOAD_ACQ, "MAP_F1", "as F1, the first time")                                        \
    XX(MAP_Q1, LOAD_ACQ, "MAP_F1", "as F1")                                                        \
    XX(MAP_J1, LOAD_ACQ, "MAP_C1", "as C2, where keys are not words")                              \
    XX(MAP_V4, LOAD_ACQ, "MAP_V1 MAP_V3", "as V1, in a chain, and where keys are not words")       \
    XX(MAP_J2, LOAD_ACQ, "MAP_C1 MAP_C4 MAP_C7", "as J1, for statistics")                          \
    XX(MAP_V5, LOAD_ACQ, "MAP_V1 MAP_V3", "as V4, for statistics")                                 \
    XX(MAP_Q6, LOAD_ACQ, "MAP_C1", "as C2, the second time")                                       \
    XX(MAP_Q7, LOAD_ACQ, "MAP_V1 MAP_V3", "as V2, the second time")                                \
    XX(MAP_G1, STORE_REL, "MAP_C2 MAP_J1",                                                         \
       "entries may be seen before they are filled, while one comes")                              \
    XX(MAP_Q5, LOAD_ACQ, "MAP_V1 MAP_V3", "as F1, in a chain")                                     \
    XX(MAP_Q4, LOAD_ACQ, "MAP_C4 MAP_C7 MAP_C8", "as F1")                                          \
    XX(MAP_E1, LOAD_ACQ, "MAP_C1", "as C2, of nodes")                                              \
    XX(MAP_E2, LOAD_ACQ, "MAP_V1 MAP_V3", "as F1, and a node may be read before it is written")    \
    XX(MAP_E3, LOAD_ACQ, "MAP_C4 MAP_C7 MAP_C8", "as Q4, of nodes")                                \
    XX(MAP_C7, STORE_REL, "MAP_J2 MAP_Q4 MAP_E3", "as F1, in a line that was in another chain")    \
    XX(MAP_C8, STORE_REL, "MAP_Q4 MAP_E3", "as F1, in a chain")                                    \
    XX(MAP_H3, STORE_REL, "MAP_H2", "as C7")                                                       \
    XX(MAP_H4, STORE_REL, "MAP_H2", "as C8")                                                       \
    XX(MAP_H5, STORE_REL, "MAP_H2", "as C7")                                                       \
    XX(MAP_B1, STORE_REL, "MAP_B2", "who finds nothing may not see what came before a removal")    \
    XX(MAP_B2, LOAD_ACQ, "MAP_B1 MAP_B3", "as B1")                                                 \
    XX(MAP_B3, STORE_REL, "MAP_B2", "as B1, where another entry has come since")                   \
    XX(MAP_C10, LOAD_ACQ, "MAP_C1", "as B1, of who finds it gone in the second look")              \
    XX(MAP_D1, RMW_SC, "RCU_N3", "a slot may be given out again while a reader looks at it")       \
    XX(MAP_D3, STORE_REL, "MAP_C5", "as B1, in a chain")                                           \
    XX(MAP_D2, RMW_SC, "RCU_N3", "as D1, in a chain")                                              \
    XX(MAP_M1, RMW_AR, "MAP_M1 MAP_M2", "the new table may become the root before it is filled")   \
    XX(MAP_M2, LOAD_ACQ, "MAP_M1", "as M1")                                                        \
    XX(MAP_K1, RECHECK, "MAP_C1", "a value may be computed again that has just been stored")       \
    XX(DEQUE_P1, STORE_REL, "DEQUE_B2", "a thief may take an element before it is written")        \
    XX(DEQUE_B1, STORE_SC, "DEQUE_T1 DEQUE_B2", "owner and thief may take one element both")       \
    XX(DEQUE_T1, LOAD_SC, "DEQUE_B1 DEQUE_C2", "as B1; and as R1")                                 \
    XX(DEQUE_C1, RMW_REL, "DEQUE_T2", "as B1: a thief may know of the top but not of the bottom")  \
    XX(DEQUE_R1, LOAD_ACQ, "DEQUE_C2", "a slot may be written again before a thief has read it")   \
    XX(DEQUE_A1, STORE_REL, "DEQUE_A2", "an array may be seen before it is filled")                \
    XX(DEQUE_A2, LOAD_ACQ, "DEQUE_A1", "as A1")                                                    \
    XX(DEQUE_T2, LOAD_SC, "DEQUE_C1 DEQUE_C2", "as B1")                                            \
    XX(DEQUE_B2, LOAD_SC, "DEQUE_P1 DEQUE_B1", "as B1; and as P1")                                 \
    XX(DEQUE_C2, RMW_SC, "DEQUE_T1 DEQUE_T2 DEQUE_R1", "as B1; and as R1")                         \
    XX(NOTIFY_W1, RMW_REL, "NOTIFY_W2",                                                            \
       "what came before a signal may not be seen by who is told of it")                           \
    XX(NOTIFY_W2, LOAD_ACQ, "NOTIFY_W1", "as W1")                                                  \
    XX(NOTIFY_B1, RMW_REL, "NOTIFY_B2", "the thread may take the bell, miss the count, and sleep") \
    XX(NOTIFY_B2, RMW_ACQ, "NOTIFY_B1", "as B1")                                                   \
    XX(FUT_D1, RMW_REL, "FUT_W1", "the result may be read before it is written")                   \
    XX(FUT_D2, STORE_REL, "FUT_W1", "as D1, of one that is waited for")                            \
    XX(FUT_W1, LOAD_ACQ, "FUT_D1 FUT_D2", "as D1")                                                 \
    XX(FUT_P1, RMW_REL, "FUT_P2", "a waiter may take a task that is not filled in yet")            \
    XX(FUT_P2, LOAD_ACQ, "FUT_P1", "as P1")                                                        \
    XX(POOL_W1, STORE_REL, "POOL_W2", "a worker may be looked at before it is made")               \
    XX(POOL_W2, LOAD_ACQ, "POOL_W1", "as W1")                                                      \
    XX(POOL_R1, STORE_SC, "POOL_R2", "a ring may be used before it is made; and as D1")            \
    XX(POOL_R2, LOAD_SC, "POOL_R1", "as R1")                                                       \
    XX(POOL_B1, RMW_ACQ, "POOL_B2", "a node may be filled while its last user reads it")           \
    XX(POOL_B2, RMW_REL, "POOL_B1", "as B1")                                                       \
    XX(POOL_N1, STORE_REL, "POOL_N4", "a task may be counted as over and not as begun")            \
    XX(POOL_N2, RMW_REL, "POOL_N3", "as N1, of who is no worker")                                  \
    XX(POOL_N3, LOAD_ACQ, "POOL_N2", "as N1")                                                      \
    XX(POOL_N4, LOAD_ACQ, "POOL_N1", "as N1")                                                      \
    XX(POOL_N5, LOAD_ACQ, "MPMC_C1", "as N1: as begun and not as queued")                          \
    XX(POOL_D1, RMW_SC, "POOL_D3", "a worker may sleep beside a task that was put in meanwhile")   \
    XX(POOL_D2, RMW_SC, "POOL_D3", "as D1: the next worker is not woken for the next task")        \
    XX(POOL_D3, LOAD_SC, "POOL_D1 POOL_D2", "as D1")                                               \
    XX(POOL_D5, LOAD_SC, "MPMC_C1", "as D1, of a ring")                                            \
    XX(POOL_D6, LOAD_SC, "POOL_D7", "as D1, of a list")                                            \
    XX(POOL_D7, RMW_SC, "POOL_D6", "as D6")                                                        \
    XX(POOL_D4, RMW_SC, "POOL_D1 POOL_D2", "without membarrier: as D1, of a deque")                \
    XX(POOL_D8, RMW_SC, "POOL_D4", "as D4, of who goes to sleep")                                  \
    XX(POOL_Q1, RECHECK, "MPMC_C1 MPMC_C3", "as D2")                                               \
    XX(POOL_Q2, RECHECK, "MPMC_C1 MPMC_C3", "as D1")                                               \
    XX(MPSC_X1, RMW_SC, "MPSC_X1 MPSC_X2 MPSC_E1",                                                 \
       "a node's end may be written over the link of the next push: nodes are lost; and as E1")    \
    XX(MPSC_E1, LOAD_SC, "MPSC_X1", "a consumer may sleep beside a node")                          \
    XX(MPSC_X2, RMW_REL, "MPSC_X1", "as X1, of the dummy's end")                                   \
    XX(MPSC_N1, STORE_REL, "MPSC_N2", "a node may be read before it is written")                   \
    XX(MPSC_N2, LOAD_ACQ, "MPSC_N1", "as N1")                                                      \
    XX(QUEUE_P1, LOAD_SC, "QUEUE_M2", "a push may use a segment that is given back meanwhile")     \
    XX(QUEUE_P2, LOAD_SC, "QUEUE_M1", "as P1, of a pop")                                           \
    XX(QUEUE_M1, RMW_SC, "QUEUE_P2", "as P2; and a segment may be seen before it is filled")       \
    XX(QUEUE_M2, RMW_SC, "QUEUE_P1 QUEUE_M3", "as P1; and as M1")                                  \
    XX(QUEUE_M3, LOAD_ACQ, "QUEUE_M2",                                                             \
       "as P1: who gives a segment back has not seen that tail has left it")                       \
    XX(QUEUE_N1, LOAD_ACQ, "QUEUE_N2 QUEUE_K3",                                                    \
       "tail may come to a segment before that is filled")                                         \
    XX(QUEUE_N2, RMW_SC, "QUEUE_N1 QUEUE_N3 QUEUE_N4",                                             \
       "as N1; and a popper may sleep beside the element in it")                                   \
    XX(QUEUE_N3, LOAD_SC, "QUEUE_N2 QUEUE_K3",                                                     \
       "as N1, of head; and empty may be said of a queue that was not")                            \
    XX(QUEUE_N4, LOAD_ACQ, "QUEUE_N2 QUEUE_K3",                                                    \
       "as N1, of a close; and what a closer did may not be seen")                                 \
    XX(QUEUE_E1, RMW_SC, "QUEUE_E2 QUEUE_E4 QUEUE_D2 QUEUE_K1",                                    \
       "a pop that began after this push may say empty; a popper may sleep beside it; as K1")      \
    XX(QUEUE_E2, LOAD_SC, "QUEUE_E1 QUEUE_K1", "as E1")                                            \
    XX(QUEUE_E4, LOAD_ACQ, "QUEUE_E1",                                                             \
       "a push may say that there is no memory for a segment that was there")                      \
    XX(QUEUE_D1, RMW_REL, "QUEUE_D2", "as D2: an enq from before what the other pop has seen")     \
    XX(QUEUE_D3, RMW_REL, "QUEUE_D2", "as D1, of a batch")                                         \
    XX(QUEUE_D2, LOAD_ACQ, "QUEUE_E1 QUEUE_D1 QUEUE_D3",                                           \
       "deq may be read after enq: empty is said of a queue that never was")                       \
    XX(QUEUE_V1, STORE_REL, "QUEUE_V2", "as D1, of what a third pop has seen")                     \
    XX(QUEUE_V2, LOAD_ACQ, "QUEUE_V1", "as V1")                                                    \
    XX(QUEUE_S1, RMW_REL, "QUEUE_R1 QUEUE_R2 QUEUE_R3",                                            \
       "an element may be copied before it is written")                                            \
    XX(QUEUE_R1, LOAD_ACQ, "QUEUE_S1", "as S1")                                                    \
    XX(QUEUE_R2, LOAD_ACQ, "QUEUE_S1", "as S1, after a wait")                                      \
    XX(QUEUE_R3, RMW_ACQ, "QUEUE_S1", "as S1, at the last moment")                                 \
    XX(QUEUE_K1, RMW_REL, "QUEUE_E1 QUEUE_E2",                                                     \
       "what a closer did may not be seen by who is told that it is closed")                       \
    XX(QUEUE_K2, RMW_SC, "QUEUE_K4", "close may miss a pusher that has not seen it; and as K1")    \
    XX(QUEUE_K3, RMW_SC, "QUEUE_N1 QUEUE_N3 QUEUE_N4",                                             \
       "close may miss a popper that has not seen it; and as K1")                                  \
    XX(QUEUE_K4, LOAD_SC, "QUEUE_K2 QUEUE_K5", "as K2")                                            \
    XX(QUEUE_K5, STORE_REL, "QUEUE_K4", "as K1, to who finds closing only")                        \
    XX(QUEUE_I1, LOAD_SC, "QUEUE_I2", "a pusher may sleep though there is room")                   \
    XX(QUEUE_I2, RMW_SC, "QUEUE_I1", "as I1")                                                      \
    XX(QUEUE_W1, LOAD_SC, "LOT_W3", "a popper may sleep beside an element")                        \
    XX(QUEUE_W2, LOAD_SC, "LOT_W3", "as I1")                                                       \
    XX(QUEUE_W3, LOAD_SC, "LOT_W3", "a waiter may sleep on a closed queue")                        \
    XX(QUEUE_L1, RMW_REL, "QUEUE_L2", "a list of segments may be seen before it is linked")        \
    XX(QUEUE_L2, RMW_ACQ, "QUEUE_L1", "as L1")                                                     \
    XX(QUEUE_C1, RMW_REL, "QUEUE_C2", "a segment may be used before it is cleared")                \
    XX(QUEUE_C2, RMW_ACQ, "QUEUE_C1", "as C1")                                                     \
    XX(QUEUE_Q1, RECHECK, "QUEUE_E1",                                                              \
       "tickets may be given between the look at enq and the close: drained is said too early")    \
    XX(QUEUE_Q2, RECHECK, "QUEUE_E1 QUEUE_N2 QUEUE_I2 QUEUE_K3",                                   \
       "a waiter sleeps though it became ready before it was listed")                              \
    XX(QUEUE_Q3, RECHECK, "QUEUE_E1 QUEUE_I2",                                                     \
       "a waiter that was woken takes its wake-up along at the deadline")                          \
    XX(HAZ_S1, STORE_SC, "HAZ_E1",                                                                 \
       "without membarrier: a segment may be given back while it is looked at")                    \
    XX(HAZ_S2, STORE_REL, "HAZ_E1",                                                                \
       "what a thread did in a segment may not be over when it is used again")                     \
    XX(HAZ_S3, STORE_REL, "HAZ_E1", "as S2")                                                       \
    XX(HAZ_E1, LOAD_SC, "HAZ_S1 HAZ_S2 HAZ_S3", "as S1 and S2")                                    \
    XX(HAZ_R1, RMW_SC, "HAZ_R2",                                                                   \
       "a record may be found before it is linked; or a thread's first hazard not at all")         \
    XX(HAZ_R2, LOAD_SC, "HAZ_R1", "as R1")                                                         \
    XX(CACHE_R1, RMW_AR, "CACHE_R1 CACHE_R4",                                                      \
       "a value may be dropped, or its memory freed, while another thread still reads it")         \
    XX(CACHE_R2, RMW_REL, "CACHE_R3",                                                              \
       "a cache may be freed while the last release still looks at it")                            \
    XX(CACHE_R3, LOAD_ACQ, "CACHE_R2", "as R2")                                                    \
    XX(CACHE_T1, RMW_REL, "CACHE_T2 CACHE_T3", "counts may be read before they are zeroed")        \
    XX(CACHE_T2, LOAD_ACQ, "CACHE_T1", "as T1")                                                    \
    XX(CACHE_T3, LOAD_ACQ, "CACHE_T1", "as T1, by the statistics")                                 \
    XX(CACHE_W1, RMW_REL, "CACHE_W2",                                                              \
       "an entry may be seen beside the one that was evicted for it: more than the capacity")      \
    XX(CACHE_W2, RMW_ACQ, "CACHE_W1", "as W1")                                                     \
    XX(CACHE_R4, LOAD_ACQ, "CACHE_R1",                                                             \
       "a value that was acquired may be stored over while it is still read")                      \
    XX(CACHE_V1, STORE_REL, "CACHE_V2",                                                            \
       "who gets a value may not see what was done before it was put")                             \
    XX(CACHE_V2, LOAD_ACQ, "CACHE_V1", "as V1")                                                    \
    XX(CACHE_L1, STORE_REL, "CACHE_L2",                                                            \
       "what is lent may be read while an earlier put still stores over it")                       \
    XX(CACHE_L2, LOAD_ACQ, "CACHE_L1", "as L1")                                                    \
    XX(CACHE_K1, RECHECK, "MAP_C1", "a value may be loaded again that has just been stored")       \
    XX(HOOK_P1, STORE_REL, "HOOK_P2",                                                              \
       "a point may call a hook that is not set up yet (test builds only)")                        \
    XX(HOOK_P2, LOAD_ACQ, "HOOK_P1", "as P1")

enum weir_label {
    WEIR_L_NONE_ = 0,
#define XX(label, kind, partners, text) WEIR_L_##label,
    WEIR_LABELS(XX)
#undef XX
        WEIR_LABELS_
};

#endif
