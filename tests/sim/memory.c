/* SPDX-License-Identifier: EUPL-1.2 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Memory for cores: zero when it is given out, and taken from the kernel once. A core touches a
 * little of what it may use, and a page costs the kernel more to give than us to wipe. */

#define PAGE_BYTES 4096u
#define STEP_BYTES (UINT64_C(1) << 20) /* sizes that differ by less are one size */
#define IDLE_LIVES 20u                 /* a page that so many have left alone goes back */

struct place {
    struct place *next;
    uint8_t *at;
    size_t page_count;
    bool is_taken;
    uint8_t *idle;  /* by page: how many lives have left it alone */
    uint8_t *there; /* by page, for mincore */
};
static struct place *places;

static size_t pages_of(size_t bytes)
{
    return (bytes + STEP_BYTES - 1) / STEP_BYTES * (STEP_BYTES / PAGE_BYTES);
}

static struct place *make_place(size_t page_count)
{
    struct place *place = calloc(1, sizeof *place);
    TOC_ASSERT(place != NULL);
    void *at = mmap(NULL, page_count * PAGE_BYTES, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    TOC_ASSERT(at != MAP_FAILED);
    *place = (struct place){.next = places,
                            .at = at,
                            .page_count = page_count,
                            .idle = calloc(page_count, 1),
                            .there = calloc(page_count, 1)};
    TOC_ASSERT(place->idle != NULL && place->there != NULL);
    places = place;
    return place;
}

void *sim_memory_take(size_t bytes)
{
    struct place *place = places;
    while (place != NULL && (place->is_taken || place->page_count != pages_of(bytes))) {
        place = place->next;
    }
    place = place == NULL ? make_place(pages_of(bytes)) : place;
    place->is_taken = true;
    return place->at;
}

static void wipe(struct place *place)
{
    static const uint8_t zeros[PAGE_BYTES];
    int failed = mincore(place->at, place->page_count * PAGE_BYTES, place->there);
    for (size_t i = 0; failed == 0 && i < place->page_count; i++) {
        uint8_t *page = place->at + i * PAGE_BYTES;
        if ((place->there[i] & 1) == 0) {
            continue;
        }
        if (memcmp(page, zeros, PAGE_BYTES) != 0) {
            memset(page, 0, PAGE_BYTES);
            place->idle[i] = 0;
        } else if (++place->idle[i] == IDLE_LIVES) {
            failed = madvise(page, PAGE_BYTES, MADV_DONTNEED);
            place->idle[i] = 0;
        }
    }
    TOC_ASSERT(failed == 0);
}

void sim_memory_give(void *memory)
{
    struct place *place = places;
    while (place->at != memory) {
        place = place->next;
    }
    wipe(place);
    place->is_taken = false;
}
