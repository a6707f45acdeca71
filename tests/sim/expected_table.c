/* SPDX-License-Identifier: EUPL-1.2 */
#include "expected.h"

/* What the trace of each scenario must be, line by line. A star stands for anything. When a rule
 * changes what happens, `scripts/sim --scenario NAME` prints the new trace: read it, then take it.
 */

const char sim_trace_first_light[] = "t=5.000 cert-01 publishes cert-01/1\n"
                                     "t=5.* cert-00 stores cert-01/1 from cert-01\n"
                                     "t=5.* cert-02 stores cert-01/1 from cert-01\n"
                                     "t=6.000 cert-00 publishes cert-00/2\n"
                                     "t=6.* cert-01 stores cert-00/2 from cert-00\n"
                                     "t=6.* cert-02 stores cert-00/2 from cert-00\n"
                                     "t=8.000 cert-01 publishes cert-01/2\n"
                                     "t=8.* cert-00 stores cert-01/2 from cert-01\n"
                                     "t=8.* cert-02 stores cert-01/2 from cert-01\n"
                                     "t=10.000 cert-02 publishes cert-02/1\n"
                                     "t=10.* cert-01 stores cert-02/1 from cert-02\n"
                                     "t=10.* cert-00 stores cert-02/1 from cert-02\n";

const char sim_trace_partition_heals[] = "t=5.000 a partition: cert-03, cert-04 alone\n"
                                         "t=6.000 cert-00 publishes cert-00/2\n"
                                         "t=6.* cert-01 stores cert-00/2 from cert-00\n"
                                         "t=6.* cert-02 stores cert-00/2 from cert-00\n"
                                         "t=7.000 cert-04 publishes cert-04/1\n"
                                         "t=7.* cert-03 stores cert-04/1 from cert-04\n"
                                         "t=25.000 the partition heals\n"
                                         "t=25.* cert-03 stores cert-00/2 from cert-00\n"
                                         "t=25.* cert-04 stores cert-00/2 from cert-00\n"
                                         "t=25.* cert-00 stores cert-04/1 from cert-03\n"
                                         "t=25.* cert-01 stores cert-04/1 from cert-03\n"
                                         "t=25.* cert-02 stores cert-04/1 from cert-03\n";

const char sim_trace_one_way_drop[] =
    "t=5.000 nothing from cert-01 reaches cert-00, cert-02, cert-03\n"
    "t=6.000 cert-01 publishes cert-01/1\n"
    "t=7.000 cert-00 publishes cert-00/2\n"
    "t=7.* cert-01 stores cert-00/2 from cert-00\n"
    "t=7.* cert-02 stores cert-00/2 from cert-00\n"
    "t=7.* cert-03 stores cert-00/2 from cert-00\n"
    "t=15.000 cert-01 is heard again\n"
    "t=15.* cert-00 stores cert-01/1 from cert-01\n"
    "t=15.* cert-02 stores cert-01/1 from cert-01\n"
    "t=15.* cert-03 stores cert-01/1 from cert-01\n";

const char sim_trace_author_dies[] = "t=5.000 nothing from cert-00 reaches cert-02, cert-03\n"
                                     "t=5.000 cert-00 publishes cert-00/2\n"
                                     "t=5.* cert-01 stores cert-00/2 from cert-00\n"
                                     "t=5.* cert-00 loses power, 0 of 0 stores survive\n"
                                     "t=5.* cert-02 stores cert-00/2 from cert-01\n"
                                     "t=5.* cert-03 stores cert-00/2 from cert-01\n"
                                     "t=8.000 cert-00 is heard again\n"
                                     "t=35.* cert-00 starts\n";

const char sim_trace_withholding[] = "t=5.000 cert-00 publishes cert-00/2\n"
                                     "t=5.* cert-01 stores cert-00/2 from cert-00\n"
                                     "t=5.* cert-02 stores cert-00/2 from cert-00\n"
                                     "t=5.* cert-03 stores cert-00/2 from cert-00\n"
                                     "t=5.* cert-04 stores cert-00/2 from cert-00\n"
                                     "t=5.* cert-05 stores cert-00/2 from cert-00\n"
                                     "t=5.* cert-06 stores cert-00/2 from cert-00\n"
                                     "t=5.* cert-07 stores cert-00/2 from cert-00\n"
                                     "t=5.* cert-08 stores cert-00/2 from cert-04\n"
                                     "t=6.000 cert-08 publishes cert-08/1\n"
                                     "t=6.* cert-07 stores cert-08/1 from cert-08\n"
                                     "t=6.* cert-06 stores cert-08/1 from cert-08\n"
                                     "t=6.* cert-05 stores cert-08/1 from cert-08\n"
                                     "t=6.* cert-04 stores cert-08/1 from cert-08\n"
                                     "t=6.* cert-03 stores cert-08/1 from cert-08\n"
                                     "t=6.* cert-02 stores cert-08/1 from cert-08\n"
                                     "t=6.* cert-01 stores cert-08/1 from cert-08\n"
                                     "t=6.* cert-00 stores cert-08/1 from cert-04\n";

const char sim_trace_surrounded[] = "t=35.000 all neighbours of cert-15 begin to withhold: *\n"
                                    "t=35.000 cert-15 publishes cert-15/1\n"
                                    "t=35.000 cert-02 publishes cert-02/1\n"
                                    "t=* all are equal after * ms\n"
                                    "t=* all are equal after 0 ms\n";

const char sim_trace_late_starter[] = "t=14.* cert-04 starts\n"
                                      "t=* cert-04 has caught up from three peers or more\n"
                                      "t=* all are equal*\n";

const char sim_trace_swizzle[] = "t=5.000 links of cert-00 to cert-05 are clogged one by one\n"
                                 "t=* all are equal*\n";

const char sim_trace_store_points[] = "t=215.* over fifty crashes\n"
                                      "t=* all are equal*\n";

const char sim_trace_full_disk[] =
    "t=5.000 cert-01 publishes cert-01/1\n"
    "t=5.* cert-00 stores cert-01/1 from cert-01\n"
    "t=5.* cert-02 stores cert-01/1 from cert-01\n"
    "t=6.000 the disk of cert-01 is full\n"
    "t=6.000 cert-00 publishes cert-00/2\n"
    "t=6.* cert-02 stores cert-00/2 from cert-00\n"
    "t=7.000 cert-01 may not publish: the store has failed: nothing is published until a restart\n"
    "t=16.000 cert-01 has room again and starts anew\n"
    "t=16.* cert-01 stores cert-00/2 from cert-00\n";

const char sim_trace_damaged_block[] = "t=5.000 cert-00 publishes cert-00/2\n"
                                       "t=5.* cert-01 stores cert-00/2 from cert-00\n"
                                       "t=6.000 a bit of cert-01 flips\n"
                                       "t=6.* cert-00 is killed, 0 of 0 stores survive\n"
                                       "t=8.000 cert-02 starts\n"
                                       "t=26.000 cert-00 starts\n"
                                       "t=26.* cert-02 stores cert-00/2 from cert-00\n";

const char sim_trace_damaged_holder[] = "t=5.000 cert-00 publishes cert-00/2\n"
                                        "t=5.* cert-01 stores cert-00/2 from cert-00\n"
                                        "t=5.* cert-03 stores cert-00/2 from cert-00\n"
                                        "t=6.000 a bit of cert-01 flips\n"
                                        "t=6.* cert-00 is killed, 0 of 0 stores survive\n"
                                        "t=6.* cert-03 is killed, 0 of 0 stores survive\n"
                                        "t=8.000 cert-02 starts\n"
                                        "t=9.000 cert-03 starts\n"
                                        "t=9.* cert-02 stores cert-00/2 from cert-03\n"
                                        "t=26.000 cert-00 starts\n";

const char sim_trace_ten_years[] =
    "t=5.000 the clock of cert-02 jumps by 315576000 s\n"
    "t=5.* cert-02 is killed, 0 of 0 stores survive\n"
    "t=6.000 cert-02 starts\n"
    "t=6.* cert-02 doubts its clock\n"
    "t=10.000 cert-02 may not publish: the clock is more than 10 minutes off the peers' median\n"
    "t=11.000 cert-00 publishes cert-00/2\n"
    "t=11.* cert-01 stores cert-00/2 from cert-00\n"
    "t=11.* cert-02 stores cert-00/2 from cert-00\n"
    "t=11.* cert-03 stores cert-00/2 from cert-00\n"
    "t=31.* cert-02 is killed, 0 of 0 stores survive\n"
    "t=32.000 cert-02 starts\n"
    "t=41.000 cert-02 publishes cert-02/1\n"
    "t=41.* cert-01 stores cert-02/1 from cert-02\n"
    "t=41.* cert-00 stores cert-02/1 from cert-02\n"
    "t=41.* cert-03 stores cert-02/1 from cert-02\n";

const char sim_trace_alert_in_bulk[] = "t=17.* the alert overtook the bulk\n"
                                       "t=* all are equal*\n";

const char sim_trace_header_first[] = "t=5.000 cert-00 publishes cert-00/2\n"
                                      "t=5.* cert-01 stores cert-00/2 from cert-00\n"
                                      "t=5.* cert-02 stores cert-00/2 from cert-00\n"
                                      "t=6.000 cert-00 publishes cert-00/3\n"
                                      "t=6.* cert-01 stores cert-00/3 from cert-00\n"
                                      "t=6.* cert-02 stores cert-00/3 from cert-00\n"
                                      "t=7.000 nothing from cert-00 reaches cert-02\n"
                                      "t=7.000 cert-00 publishes cert-00/4\n"
                                      "t=7.* cert-01 stores cert-00/4 from cert-00\n"
                                      "t=7.* cert-02 stores cert-00/4 from cert-01\n";

const char sim_trace_late_pair[] = "t=* hardly more than one copy a node\n"
                                   "t=* all are equal*\n";

const char sim_trace_thin_line[] = "t=155.000 cert-02 loses power, *\n"
                                   "t=156.000 cert-02 starts\n"
                                   "t=160.000 cert-02 keeps what it held\n"
                                   "t=* all of it has come\n"
                                   "t=* hardly more than one copy a node\n"
                                   "t=* all are equal*\n";

const char sim_trace_restored_snapshot[] = "t=5.000 cert-01 publishes cert-01/1\n"
                                           "t=6.000 cert-01 publishes cert-01/2\n"
                                           "t=6.000 cert-01 publishes cert-01/3\n"
                                           "t=7.000 a partition: cert-01 alone\n"
                                           "t=7.000 cert-01 is restored from an old copy\n"
                                           "t=8.000 cert-01 publishes cert-01/2\n"
                                           "t=8.000 cert-01 publishes cert-01/3\n"
                                           "t=8.000 cert-01 publishes cert-01/4\n"
                                           "t=8.000 cert-01 publishes cert-01/5\n"
                                           "t=10.000 cert-00 publishes cert-00/2\n"
                                           "t=12.000 the partition heals\n"
                                           "t=70.000 others see that cert-01 signed two histories\n"
                                           "t=* all are equal*\n";

const char sim_trace_cloned_node[] = "t=5.000 cert-01 publishes cert-01/1\n"
                                     "t=6.000 a clone of cert-01 starts\n"
                                     "t=86.000 cert-01 publishes cert-01/2\n"
                                     "t=86.000 twin-01 publishes cert-01/2\n"
                                     "t=86.000 twin-01 publishes cert-01/3\n"
                                     "t=116.000 others see that cert-01 signed two histories\n"
                                     "t=* all are equal*\n";

const char sim_trace_group_in_group[] = "t=5.000 cert-02 publishes cert-02@g1/3\n"
                                        "t=5.* cert-05 stores cert-02@g1/3 from cert-02\n"
                                        "t=5.* cert-07 stores cert-02@g1/3 from cert-05\n"
                                        "t=10.000 cert-02 publishes cert-02@g1/4\n"
                                        "t=10.* cert-05 stores cert-02@g1/4 from cert-02\n"
                                        "t=10.* cert-07 stores cert-02@g1/4 from cert-02\n"
                                        "t=20.000 cert-09 publishes cert-09/1\n"
                                        "t=20.* cert-08 stores cert-09/1 from cert-09\n"
                                        "t=20.* cert-07 stores cert-09/1 from cert-09\n"
                                        "t=20.* cert-05 stores cert-09/1 from cert-09\n"
                                        "t=20.* cert-06 stores cert-09/1 from cert-09\n"
                                        "t=20.* cert-04 stores cert-09/1 from cert-09\n"
                                        "t=20.* cert-03 stores cert-09/1 from cert-09\n"
                                        "t=20.* cert-02 stores cert-09/1 from cert-09\n"
                                        "t=20.* cert-01 stores cert-09/1 from cert-09\n"
                                        "t=20.* cert-00 stores cert-09/1 from cert-09\n";

const char sim_trace_new_group[] = "";
