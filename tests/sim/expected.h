/* SPDX-License-Identifier: EUPL-1.2 */
/* expected: the traces that the named scenarios must have. */
#ifndef TOC_SIM_EXPECTED_H
#define TOC_SIM_EXPECTED_H

extern const char sim_trace_first_light[];
extern const char sim_trace_partition_heals[];
extern const char sim_trace_one_way_drop[];
extern const char sim_trace_author_dies[];
extern const char sim_trace_withholding[];
extern const char sim_trace_surrounded[];
extern const char sim_trace_late_starter[];
extern const char sim_trace_swizzle[];
extern const char sim_trace_store_points[];
extern const char sim_trace_full_disk[];
extern const char sim_trace_damaged_block[];
extern const char sim_trace_damaged_holder[];
extern const char sim_trace_ten_years[];
extern const char sim_trace_alert_in_bulk[];
extern const char sim_trace_header_first[];
extern const char sim_trace_late_pair[];
extern const char sim_trace_thin_line[];
extern const char sim_trace_restored_snapshot[];
extern const char sim_trace_cloned_node[];
extern const char sim_trace_group_in_group[];
extern const char sim_trace_new_group[];

#endif
