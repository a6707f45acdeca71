/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: intel */
/* Lists and running text of any content; the first byte chooses between text and Markdown. */
#include "reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool markdown = size > 0 && data[0] == '#';
    fuzz_reading(markdown ? "text/markdown" : "text/plain", data, size);
    return 0;
}
