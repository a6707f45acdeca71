/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: intel */
/* Tables of any content. */
#include "reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_reading("text/csv", data, size);
    return 0;
}
