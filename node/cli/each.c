/* SPDX-License-Identifier: EUPL-1.2 */
/* `publish --each`: a bulletin for each file, many in one request. */
#include "publish.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* With --each so many requests are on their way at a time, each with many bulletins: while some
 * become durable, the next are read. */
#define LANES 4u
#define LANE_SOURCES_MAX 256u
/* Of one request. A file that is larger goes alone: it fills the memory of the node and of this
 * program. */
#define LANE_BYTES_MAX ((size_t)1 << 20)

/* A connection with bulletins on their way. */
struct toc_publish_lane {
    struct toc_ask ask;
    size_t sources[LANE_SOURCES_MAX];
    uint64_t sums[LANE_SOURCES_MAX]; /* of their bytes: those that differ differ */
    size_t count, bytes;
    bool open, busy, sent;
};

static void count_outcome(struct toc_publish *publish, size_t source, enum toc_exit status)
{
    toc_source_forget(&publish->sources, source);
    publish->skipped_count += status == TOC_EXIT_DONE && publish->skipped;
    publish->published_count += status == TOC_EXIT_DONE && !publish->skipped;
    publish->refused_count += status != TOC_EXIT_DONE;
    publish->first_failure =
        publish->first_failure == TOC_EXIT_DONE ? status : publish->first_failure;
    publish->is_cut_off = publish->is_cut_off || status == TOC_EXIT_UNREACHABLE;
}

/* One of several outcomes: of the source at hand. */
static enum toc_exit take_row(struct toc_publish *publish)
{
    const struct toc_message *row = &publish->ask->row;
    struct toc_ask *ask = publish->ask;
    publish->skipped = false;
    if (!toc_message_is(row, TOC_FIELD_ROW, "refused")) {
        toc_publish_print(publish, toc_args_has(publish->args, "dry-run"));
        return TOC_EXIT_DONE;
    }
    struct toc_span text = toc_message_text(row, TOC_FIELD_LINE);
    int shown = (int)(text.len < TOC_LINE_BYTES ? text.len : TOC_LINE_BYTES);
    toc_line_set(&ask->line, "%.*s", shown, text.len == 0 ? "" : (const char *)text.at);
    ask->status = (enum toc_exit)toc_message_number(row, TOC_FIELD_EXIT);
    enum toc_exit status = toc_publish_complain(publish);
    ask->line.text[0] = '\0';
    return status;
}

/* The outcomes of a request with several files, in their order; what has none failed with it. */
static void take_rows(struct toc_publish *publish, const struct toc_publish_lane *lane)
{
    size_t done = 0;
    publish->count = 1;
    while (lane->sent && done < lane->count && toc_ask_next(publish->ask)) {
        publish->at = &lane->sources[done++];
        count_outcome(publish, *publish->at, take_row(publish));
    }
    if (done == lane->count) {
        while (lane->sent && toc_ask_next(publish->ask)) {
        }
    }
    for (; done < lane->count; done++) {
        publish->at = &lane->sources[done];
        publish->skipped = false;
        enum toc_exit status = publish->ask->status;
        if (status == TOC_EXIT_DONE) {
            toc_line_set(&publish->ask->line, "the node has not said what became of it");
            publish->ask->status = TOC_EXIT_FAILED;
        }
        count_outcome(publish, *publish->at, toc_publish_complain(publish));
    }
}

/* Waits for what is on its way in the lane. */
static void end_lane(struct toc_publish *publish, struct toc_publish_lane *lane)
{
    if (!lane->busy) {
        return;
    }
    lane->busy = false;
    publish->ask = &lane->ask;
    publish->at = lane->sources;
    publish->count = lane->count;
    publish->skipped = false;
    if (lane->count > 1) {
        take_rows(publish, lane);
    } else {
        bool dry_run = toc_args_has(publish->args, "dry-run");
        count_outcome(publish, lane->sources[0], toc_publish_take(publish, lane->sent, dry_run));
    }
    lane->count = lane->bytes = 0;
}

/* Waits for all, those that began first before the others: `next` is the lane after the newest. */
static void end_lanes(struct toc_publish *publish, size_t next)
{
    for (size_t i = 0; i < LANES; i++) {
        end_lane(publish, &publish->lanes[(next + i) % LANES]);
    }
}

static uint64_t sum_of(const struct toc_bytes *bytes)
{
    static const uint8_t key[crypto_shorthash_KEYBYTES];
    uint8_t sum[crypto_shorthash_BYTES];
    (void)crypto_shorthash(sum, bytes->at, bytes->len, key);
    return toc_le64(sum);
}

/* Is the same document on its way, or about to go? Only when that is published does the node know
 * that it is. */
static bool is_on_its_way(const struct toc_publish *publish, size_t source, uint64_t sum)
{
    const struct toc_bytes *bytes = &publish->sources.at[source].bytes;
    for (size_t i = 0; i < LANES; i++) {
        const struct toc_publish_lane *lane = &publish->lanes[i];
        for (size_t j = 0; j < lane->count; j++) {
            const struct toc_bytes *other = &publish->sources.at[lane->sources[j]].bytes;
            if (lane->sums[j] == sum && other->len == bytes->len &&
                (bytes->len == 0 || memcmp(other->at, bytes->at, bytes->len) == 0)) {
                return true;
            }
        }
    }
    return false;
}

/* Sends the sources of the lane, which have been read, on their way. */
static void begin_lane(struct toc_publish *publish, struct toc_publish_lane *lane)
{
    lane->open = lane->open || toc_ask_open(&lane->ask, publish->args);
    if (!lane->open) {
        for (size_t i = 0; i < lane->count; i++) {
            count_outcome(publish, lane->sources[i], lane->ask.status);
        }
        lane->count = lane->bytes = 0;
        return;
    }
    lane->busy = true;
    lane->ask.quiet = true;
    publish->ask = &lane->ask;
    publish->at = lane->sources;
    publish->count = lane->count;
    lane->sent = toc_publish_send(publish, toc_args_has(publish->args, "dry-run"),
                                  publish->draft.tlp_missing);
}

/* Sends the lane that is being filled, if there is something in it; gives the one to fill then. */
static size_t send_lane(struct toc_publish *publish, size_t number)
{
    if (publish->lanes[number].count == 0) {
        return number;
    }
    begin_lane(publish, &publish->lanes[number]);
    number = (number + 1) % LANES;
    end_lane(publish, &publish->lanes[number]);
    return number;
}

/* Puts one file into the lane that is being filled, which goes when it is full; a large file when
 * the others have ended, and before they go on. Gives the lane to fill then. */
static size_t publish_in_lane(struct toc_publish *publish, size_t number, size_t source)
{
    enum toc_exit status = toc_publish_read(publish, source);
    if (status != TOC_EXIT_DONE) {
        number = send_lane(publish, number); /* complaints in the order of the files */
        count_outcome(publish, source, status);
        return number;
    }
    size_t bytes = publish->sources.at[source].bytes.len;
    bool alone = bytes > LANE_BYTES_MAX || bytes == 0;
    uint64_t sum = sum_of(&publish->sources.at[source].bytes);
    bool twice = is_on_its_way(publish, source, sum);
    if (alone || twice || publish->lanes[number].bytes + bytes > LANE_BYTES_MAX) {
        number = send_lane(publish, number);
    }
    if (alone || twice) {
        end_lanes(publish, number);
    }
    struct toc_publish_lane *lane = &publish->lanes[number];
    lane->sums[lane->count] = sum;
    lane->sources[lane->count++] = source;
    lane->bytes += bytes;
    return alone || lane->count == LANE_SOURCES_MAX ? send_lane(publish, number) : number;
}

enum toc_exit toc_publish_each(struct toc_publish *publish)
{
    struct toc_progress progress;
    bool dry_run = toc_args_has(publish->args, "dry-run");
    bool asks = toc_prompt_possible() && !dry_run && !toc_args_has(publish->args, "yes");
    size_t next = 0;
    publish->lanes = calloc(LANES, sizeof(*publish->lanes));
    if (publish->lanes == NULL) {
        return toc_complain(TOC_EXIT_FAILED, "no memory");
    }
    toc_progress_begin(&progress, "publishing");
    for (size_t i = 0; i < publish->sources.count && !publish->is_cut_off; i++) {
        toc_progress_step(&progress, i, publish->sources.count);
        if (asks) {
            enum toc_exit status = toc_publish_read(publish, i);
            publish->at = &i;
            publish->count = 1;
            count_outcome(publish, i, status == TOC_EXIT_DONE ? toc_publish_one(publish) : status);
        } else {
            next = publish_in_lane(publish, next, i);
        }
    }
    end_lanes(publish, send_lane(publish, next));
    toc_progress_end(&progress);
    for (size_t i = 0; i < LANES; i++) {
        toc_ask_close(&publish->lanes[i].ask);
    }
    free(publish->lanes);
    (void)fprintf(stderr,
                  dry_run ? "nothing published; it would be: published %llu, skipped %llu, "
                            "refused %llu\n"
                          : "published %llu, skipped %llu, refused %llu\n",
                  (unsigned long long)publish->published_count,
                  (unsigned long long)publish->skipped_count,
                  (unsigned long long)publish->refused_count);
    return publish->first_failure;
}
