/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * An indexer has read our own bulletins before they were signed, for their markings. What it found
 * waits here until their entries are stored, and is shown with them.
 */
#include "feed_internal.h"

#include <stdlib.h>
#include <string.h>

#define GIVEN_BYTES_MAX ((size_t)16 * 1024 * 1024)

void toc_feed_given_clear(struct toc_feed_given *given)
{
    toc_bytes_free(&given->plaintext);
    toc_intel_reading_clear(&given->reading);
}

static size_t bytes_of(const struct toc_feed_given *given)
{
    return given->plaintext.len + given->reading.facts.count * sizeof(struct toc_fact);
}

void toc_feed_give(struct toc_feed *feed, const uint8_t log[static TOC_ID_BYTES], uint64_t seq,
                   struct toc_feed_given *given)
{
    struct toc_feed_gift *gift = calloc(1, sizeof(*gift));
    pthread_mutex_lock(&feed->mutex);
    bool fits = gift != NULL && feed->gift_count < TOC_FEED_GIVEN_MAX &&
                feed->gift_bytes + bytes_of(given) <= GIVEN_BYTES_MAX;
    if (fits) {
        memcpy(gift->entry.log, log, TOC_ID_BYTES);
        gift->entry.seq = seq;
        gift->given = *given;
        *feed->gifts_last = gift;
        feed->gifts_last = &gift->next;
        feed->gift_count++;
        feed->gift_bytes += bytes_of(given);
    }
    pthread_mutex_unlock(&feed->mutex);
    if (fits) {
        *given = (struct toc_feed_given){.plaintext = {NULL, 0}};
    } else {
        free(gift);
        toc_feed_given_clear(given);
    }
}

/* Takes the gift at this place out of the list; the mutex is held. */
static struct toc_feed_gift *unlink_gift(struct toc_feed *feed, struct toc_feed_gift **at)
{
    struct toc_feed_gift *gift = *at;
    *at = gift->next;
    if (feed->gifts_last == &gift->next) {
        feed->gifts_last = at;
    }
    feed->gift_count--;
    feed->gift_bytes -= bytes_of(&gift->given);
    return gift;
}

bool toc_feed_take_given(struct toc_feed *feed, const uint8_t *log, uint64_t seq,
                         struct toc_feed_given *given)
{
    bool found = false;
    pthread_mutex_lock(&feed->mutex);
    for (struct toc_feed_gift **at = &feed->gifts; *at != NULL && !found;) {
        if ((*at)->entry.seq > seq || memcmp((*at)->entry.log, log, TOC_ID_BYTES) != 0) {
            at = &(*at)->next;
            continue;
        }
        struct toc_feed_gift *gift = unlink_gift(feed, at);
        found = gift->entry.seq == seq;
        if (found) {
            *given = gift->given;
        } else {
            toc_feed_given_clear(&gift->given);
        }
        free(gift);
    }
    pthread_mutex_unlock(&feed->mutex);
    return found;
}

void toc_feed_drop_given(struct toc_feed *feed)
{
    while (feed->gifts != NULL) {
        struct toc_feed_gift *gift = unlink_gift(feed, &feed->gifts);
        toc_feed_given_clear(&gift->given);
        free(gift);
    }
}
