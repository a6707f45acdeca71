/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the store is about to get is opened and parsed while it becomes durable. It shows only when
 * toc_feed_push says that it is: then it lies in a batch already. Whatever is not as expected is
 * dropped, and read again from the store.
 */
#include "feed_internal.h"

#include <string.h>

void toc_feed_expect(struct toc_feed *feed, const struct toc_feed_log *log, struct toc_span range)
{
    pthread_mutex_lock(&feed->mutex);
    if (feed->idle && feed->expected_len == 0 && range.len <= TOC_FEED_EARLY_BYTES_MAX) {
        memcpy(feed->expected, range.at, range.len);
        feed->expected_len = range.len;
        feed->expected_of = *log;
        pthread_cond_signal(&feed->work);
    }
    pthread_mutex_unlock(&feed->mutex);
}

static void drop(struct toc_feed *feed)
{
    toc_feed_clear_batch(feed->early.batch);
    feed->early.from = feed->early.to = 0;
}

/* Takes all entries of the range into the early batch. */
static struct toc_err take_range(struct toc_feed *feed, const struct toc_feed_log *log,
                                 struct toc_span range)
{
    struct toc_range_walk walk;
    struct toc_entry entry;
    TOC_TRY(toc_range_open(&walk, range));
    for (;;) {
        struct toc_err err = toc_range_next(&walk, &entry);
        if (err.code == TOC_ABSENT) {
            return toc_feed_read_facts(feed, log);
        }
        TOC_TRY(err);
        TOC_TRY(toc_feed_take_early(feed, log, &entry));
        feed->early.from = feed->early.from == 0 ? entry.header.seq : feed->early.from;
        feed->early.to = entry.header.seq;
    }
}

void toc_feed_read_early(struct toc_feed *feed)
{
    struct toc_feed_log log;
    pthread_mutex_lock(&feed->mutex);
    size_t len = feed->stopping || feed->first != NULL ? 0 : feed->expected_len;
    if (len != 0) {
        memcpy(feed->range, feed->expected, len);
        log = feed->expected_of;
    }
    feed->expected_len = 0;
    pthread_mutex_unlock(&feed->mutex);
    if (len == 0) {
        return;
    }
    drop(feed);
    memcpy(feed->early.log, log.log, TOC_ID_BYTES);
    struct toc_feed_batch *filling = feed->filling;
    feed->filling = feed->early.batch;
    struct toc_err err = take_range(feed, &log, toc_span(feed->range, len));
    feed->filling = filling;
    if (toc_failed(err)) {
        drop(feed);
    }
}

uint64_t toc_feed_use_early(struct toc_feed *feed, const uint8_t *log, uint64_t fed, uint64_t until)
{
    struct toc_feed_early *early = &feed->early;
    if (early->to == 0 || memcmp(early->log, log, TOC_ID_BYTES) != 0) {
        return 0;
    }
    if (early->from != fed + 1 || early->to > until || feed->filling->count != 0) {
        drop(feed);
        return 0;
    }
    uint64_t to = early->to;
    struct toc_feed_batch *empty = feed->filling;
    feed->filling = early->batch;
    early->batch = empty;
    early->from = early->to = 0;
    return to;
}
