/* SPDX-License-Identifier: EUPL-1.2 */
#include "api.h"

static const struct toc_field_info fields[] = {
#define FIELD(name, number, json, type, max, meaning)                                              \
    {TOC_FIELD_##name, TOC_FIELD_TYPE_##type, json, max},
    TOC_FIELDS(FIELD)
#undef FIELD
};
#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

const struct toc_field_info *toc_field_find(uint64_t number)
{
    size_t low = 0, high = FIELD_COUNT;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if ((uint64_t)fields[middle].field == number) {
            return &fields[middle];
        }
        if ((uint64_t)fields[middle].field < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}
