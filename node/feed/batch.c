/* SPDX-License-Identifier: EUPL-1.2 */
#include "feed_internal.h"

#include "ops.h"

#include <stdlib.h>
#include <string.h>

/* batches */

static void clear_item(struct toc_feed_item *item)
{
    if (item->has_content) {
        toc_content_clear(&item->content);
    }
    if (item->has_content || item->is_given) {
        toc_intel_reading_clear(&item->reading);
    }
    toc_bytes_free(&item->plaintext);
    item->has_content = item->is_unread = item->again = item->is_given = false;
}

void toc_feed_clear_batch(struct toc_feed_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        clear_item(&batch->items[i]);
    }
    batch->count = batch->read = batch->facts = batch->bytes = 0;
}

bool toc_feed_batch_full(const struct toc_feed_batch *batch)
{
    return batch->count == TOC_BATCH_ENTRIES_MAX || batch->facts >= TOC_BATCH_FACTS_MAX ||
           batch->bytes >= TOC_BATCH_BYTES_MAX;
}

void toc_feed_hand_over(struct toc_feed *feed, const struct toc_feed_log *log, uint64_t seq,
                        struct toc_feed_row *row)
{
    struct toc_feed_batch *batch = feed->filling;
    TOC_ASSERT(feed->writing == NULL);
    for (size_t i = 0; i < batch->count; i++) {
        const struct toc_feed_item *item = &batch->items[i];
        batch->entries[i] = (struct toc_index_entry){
            .place = item->place,
            .bulletin = &item->content.bulletin,
            .facts = item->is_unread ? NULL : &item->reading.facts,
            .again = item->again,
        };
        memcpy(batch->entries[i].id, item->content.id, TOC_ID_BYTES);
    }
    batch->row = row;
    batch->job = (struct toc_index_job){.entries = batch->entries, .entry_count = batch->count};
    batch->job.reached.seq = seq;
    memcpy(batch->job.reached.log, log->log, TOC_ID_BYTES);
    feed->writing = batch;
    feed->filling = feed->spare;
    feed->spare = NULL;
    toc_writer_index_begin(feed->options.writer, &batch->job);
}

struct toc_err toc_feed_take_back(struct toc_feed *feed, struct toc_feed_row **row)
{
    *row = NULL;
    if (feed->writing == NULL) {
        return toc_ok();
    }
    struct toc_feed_batch *batch = feed->writing;
    struct toc_err err = toc_writer_index_end(feed->options.writer, &batch->job);
    *row = batch->row;
    toc_feed_clear_batch(batch);
    feed->spare = batch;
    feed->writing = NULL;
    return err;
}

/* one entry */

static void count(struct toc_feed *feed, uint64_t *what)
{
    pthread_mutex_lock(&feed->mutex);
    (*what)++;
    pthread_mutex_unlock(&feed->mutex);
}

struct vouching {
    struct toc_feed *feed;
    bool unknown;
};

static bool certifies(void *arg, const uint8_t *log_key, const uint8_t *org)
{
    struct vouching *vouching = arg;
    const struct toc_feed_options *options = &vouching->feed->options;
    enum toc_certified answer = options->certifies(options->arg, log_key, org);
    vouching->unknown = answer == TOC_CERTIFIED_UNKNOWN;
    return answer == TOC_CERTIFIED_YES;
}

/* Opens the payload into item->plaintext. `payload` is overwritten. */
static struct toc_err open_payload(struct toc_feed *feed, const struct toc_feed_log *log,
                                   const struct toc_entry *entry, struct toc_feed_item *item)
{
    size_t len = entry->header.payload_bytes;
    uint8_t *payload = malloc(len + 1);
    if (payload == NULL) {
        return toc_fail(TOC_FULL, "no memory for a payload");
    }
    struct toc_room room = {payload, len};
    struct toc_err err = toc_ok();
    if (entry->payload.at != NULL) {
        memcpy(payload, entry->payload.at, len);
    } else {
        err = toc_store_read_payload(feed->options.store, &entry->header, room);
    }
    if (!toc_failed(err)) {
        err = toc_opener_open(feed->opener, log->group, &entry->header, entry->bytes, room,
                              &item->plaintext);
    }
    free(payload);
    return err;
}

/* The bulletin in item->plaintext, if it is one and its author's. */
static struct toc_err read_bulletin(struct toc_feed *feed, const struct toc_feed_log *log,
                                    struct toc_feed_item *item)
{
    struct toc_span plaintext = toc_span(item->plaintext.at, item->plaintext.len);
    TOC_TRY(toc_content_read(&item->content, plaintext, feed->options.federation));
    item->has_content = true;
    struct vouching vouching = {.feed = feed};
    const struct toc_voucher voucher = {.federation = feed->options.federation,
                                        .org = log->org,
                                        .log_key = log->log_key,
                                        .certifies = certifies,
                                        .arg = &vouching};
    struct toc_err err = toc_content_vouch(&item->content, plaintext, &voucher);
    return vouching.unknown ? toc_fail(TOC_STATE, "stopping") : err;
}

/* Takes in what an indexer has made of the item. */
static struct toc_err take_outcome(struct toc_feed *feed, struct toc_feed_item *item,
                                   const struct toc_indexers_item *outcome)
{
    struct toc_err err = outcome->err;
    if (err.code == TOC_CORRUPT || err.code == TOC_SYNTAX || err.code == TOC_LIMIT) {
        item->is_unread = true;
        /* What takes all its time would hold up every start. */
        item->again = !outcome->late;
        char id[TOC_ID_TEXT_BYTES];
        toc_id_text(id, item->content.id);
        toc_say(TOC_LEVEL_WARNING,
                "bulletin %.10s cannot be read here (%s): it is kept, shown "
                "with a mark, and its documents can be saved",
                id, err.why == NULL ? toc_code_text(err.code) : err.why);
        if (err.code == TOC_CORRUPT) {
            count(feed, &feed->stat.quarantined);
        }
        return toc_ok();
    }
    feed->filling->facts += toc_failed(err) ? 0 : item->reading.facts.count;
    return err;
}

/* How many of the items, from `items` on, are of the first one's author and still to be read. */
static size_t same_author(const struct toc_feed_item *items, size_t count)
{
    size_t same = 1;
    while (same < count && !items[same].is_given &&
           memcmp(items[same].content.bulletin.author, items[0].content.bulletin.author,
                  TOC_ID_BYTES) == 0) {
        same++;
    }
    return same;
}

struct toc_err toc_feed_read_facts(struct toc_feed *feed, const struct toc_feed_log *log)
{
    struct toc_feed_batch *batch = feed->filling;
    struct toc_indexers_item outcomes[TOC_BATCH_ENTRIES_MAX];
    while (batch->read < batch->count) {
        struct toc_feed_item *items = &batch->items[batch->read];
        if (items[0].is_given) {
            batch->facts += items[0].reading.facts.count;
            batch->read++;
            continue;
        }
        size_t same = same_author(items, batch->count - batch->read);
        for (size_t i = 0; i < same; i++) {
            outcomes[i] = (struct toc_indexers_item){.canonical = items[i].content.parts.canonical,
                                                     .reading = &items[i].reading};
        }
        toc_indexers_read_all(feed->options.indexers, items[0].content.bulletin.author, log->group,
                              outcomes, same);
        for (size_t i = 0; i < same; i++) {
            TOC_TRY(take_outcome(feed, &items[i], &outcomes[i]));
        }
        batch->read += same;
    }
    return toc_ok();
}

/* Says what an entry that is not indexed lacks; it stays stored. */
static void pass_over(struct toc_feed *feed, const struct toc_feed_log *log,
                      const struct toc_entry *entry, struct toc_err err, bool opened)
{
    char text[TOC_ID_TEXT_BYTES];
    toc_id_text(text, log->log);
    toc_say(TOC_LEVEL_WARNING, "entry %llu of log %.10s is not shown: %s",
            (unsigned long long)entry->header.seq, text,
            err.why == NULL ? toc_code_text(err.code) : err.why);
    count(feed, opened ? &feed->stat.refused : &feed->stat.unreadable);
}

/* The entry's bulletin and its facts. `*opened`: the payload could be opened. */
static struct toc_err read_entry(struct toc_feed *feed, const struct toc_feed_log *log,
                                 const struct toc_entry *entry, bool *opened)
{
    struct toc_feed_item *item = &feed->filling->items[feed->filling->count];
    struct toc_feed_given given = {.plaintext = {NULL, 0}};
    struct toc_err err = toc_ok();
    item->is_given = toc_feed_take_given(feed, log->log, entry->header.seq, &given);
    if (item->is_given) {
        item->plaintext = given.plaintext;
        item->reading = given.reading;
    } else {
        err = open_payload(feed, log, entry, item);
    }
    *opened = !toc_failed(err);
    return *opened ? read_bulletin(feed, log, item) : err;
}

/* Adds the entry that was read to the batch. */
static void add_entry(struct toc_feed *feed, const struct toc_feed_log *log,
                      const struct toc_entry *entry)
{
    struct toc_feed_batch *batch = feed->filling;
    struct toc_feed_item *item = &batch->items[batch->count];
    item->place = (struct toc_index_place){.seq = entry->header.seq,
                                           .received = toc_now_utc(),
                                           .tlp = (enum toc_tlp)entry->header.tlp};
    memcpy(item->place.log, log->log, TOC_ID_BYTES);
    memcpy(item->place.group, log->group, TOC_ID_BYTES);
    batch->count++;
    batch->bytes += item->plaintext.len;
}

struct toc_err toc_feed_take(struct toc_feed *feed, const struct toc_feed_log *log,
                             const struct toc_entry *entry)
{
    if (entry->header.kind != TOC_KIND_BULLETIN) {
        return toc_ok();
    }
    bool opened;
    struct toc_err err = read_entry(feed, log, entry, &opened);
    if (!toc_failed(err)) {
        add_entry(feed, log, entry);
        return toc_ok();
    }
    clear_item(&feed->filling->items[feed->filling->count]);
    if (err.code == TOC_ABSENT && !opened && entry->detached) {
        return toc_ok(); /* its chunks are still to come: toc_feed_push_late tells of them */
    }
    if (err.code == TOC_FULL || err.code == TOC_STATE || err.code == TOC_IO) {
        return err;
    }
    pass_over(feed, log, entry, err, opened);
    return toc_ok();
}

struct toc_err toc_feed_take_early(struct toc_feed *feed, const struct toc_feed_log *log,
                                   const struct toc_entry *entry)
{
    if (entry->header.kind != TOC_KIND_BULLETIN) {
        return toc_ok();
    }
    if (entry->payload.at == NULL || toc_feed_batch_full(feed->filling)) {
        return toc_fail(TOC_ABSENT, "not in the range");
    }
    bool opened;
    struct toc_err err = read_entry(feed, log, entry, &opened);
    if (toc_failed(err)) {
        clear_item(&feed->filling->items[feed->filling->count]);
        return err;
    }
    add_entry(feed, log, entry);
    return toc_ok();
}
