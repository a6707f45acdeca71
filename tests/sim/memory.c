/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Memory for cores: zero when it is given out, and taken from the kernel once. A core touches a
 * little of what it may use, and a page costs the kernel more to give than us to wipe. */

#define STEP_BYTES (UINT64_C(1) << 20) /* sizes that differ by less are one size */

struct place {
    struct place *next;
    void *at;
    size_t bytes;
};
static struct place *places;

static size_t round_up(size_t bytes)
{
    return (bytes + STEP_BYTES - 1) / STEP_BYTES * STEP_BYTES;
}

void *sim_memory_take(size_t bytes)
{
    bytes = round_up(bytes);
    for (struct place **at = &places; *at != NULL; at = &(*at)->next) {
        struct place *place = *at;
        if (place->bytes == bytes) {
            void *memory = place->at;
            *at = place->next;
            free(place);
            return memory;
        }
    }
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    TOC_ASSERT(memory != MAP_FAILED);
    return memory;
}

/* Wipes the pages that are there: only what was written to is. */
static void wipe(uint8_t *at, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), count = bytes / page;
    unsigned char *there = malloc(count);
    TOC_ASSERT(there != NULL && mincore(at, bytes, there) == 0);
    for (size_t i = 0; i < count; i++) {
        if ((there[i] & 1) != 0) {
            memset(at + i * page, 0, page);
        }
    }
    free(there);
}

void sim_memory_give(void *memory, size_t bytes)
{
    struct place *place = malloc(sizeof *place);
    TOC_ASSERT(place != NULL);
    bytes = round_up(bytes);
    wipe(memory, bytes);
    *place = (struct place){places, memory, bytes};
    places = place;
}
