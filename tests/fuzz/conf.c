/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: ops */
/* tocsin.conf: whatever parses is written and read back the same; whatever does not changes
 * nothing and gives a line that a terminal can show. */
#include "ops.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[65536];
    struct toc_conf conf, before, again;
    struct toc_line line = {{0}};
    toc_conf_init(&conf);
    before = conf;
    if (toc_failed(toc_conf_parse(&conf, toc_span(data, size), "fuzz", &line))) {
        TOC_ASSERT(memcmp(&conf, &before, sizeof(conf)) == 0);
        TOC_ASSERT(line.text[0] != '\0');
        for (const char *at = line.text; *at != '\0'; at++) {
            TOC_ASSERT((unsigned char)*at >= 0x20 && *at != 0x7f);
        }
        return 0;
    }
    size_t len = toc_conf_text(text, sizeof(text), &conf);
    toc_conf_init(&again);
    struct toc_err err = toc_conf_parse(&again, toc_span(text, len), "again", &line);
    TOC_ASSERT(!toc_failed(err));
    TOC_ASSERT(memcmp(&conf, &again, sizeof(conf)) == 0);
    return 0;
}
