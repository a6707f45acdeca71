/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: api store trust bulletin content ops */
/*
 * fill: puts entries of 1 KiB, signed and encrypted, into the store of a node that does not run:
 *
 *     fill HOME CREDENTIAL ENTRIES
 *
 * prints the bytes of payload that their headers declare.
 */
#include "author.h"

int main(int argc, char **argv)
{
    struct node node = {.handle = "the node"};
    struct author author = {.summary_bytes = AUTHOR_SUMMARY_BYTES};
    uint64_t stored_bytes = 0;
    unsigned long entries = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (sodium_init() < 0 || entries == 0) {
        fprintf(stderr, "usage: fill HOME CREDENTIAL ENTRIES\n");
        return 2;
    }
    snprintf(node.home, sizeof(node.home), "%s", argv[1]);
    snprintf(node.credential, sizeof(node.credential), "%s", argv[2]);
    author_open(&author, &node);
    author_fill(&author, author.head.seq + entries, &stored_bytes);
    author_close(&author);
    printf("%llu\n", (unsigned long long)author.declared_bytes);
    return 0;
}
