/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: intel */
/* STIX documents of any content. */
#include "reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_reading("application/stix+json", data, size);
    return 0;
}
