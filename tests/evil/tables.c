/* SPDX-License-Identifier: EUPL-1.2 */
#include "evil.h"

const struct evil_table *const evil_tables[EVIL_TABLES] = {
    &evil_table_truth, &evil_table_link, &evil_table_body,  &evil_table_log,
    &evil_table_piece, &evil_table_tell, &evil_table_group, &evil_table_flood,
};
