/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Several bulletins on their way to one process tocsin-index. The process is this program, started
 * by that name: it refuses every request with the request's own words, but ends, or breaks the
 * rules, where these tell it to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "feed.h"

#define ITEMS 200u

/* the process */

static bool get(uint8_t *at, size_t len)
{
    while (len > 0) {
        ssize_t count = read(STDIN_FILENO, at, len);
        if (count <= 0) {
            return false;
        }
        at += count;
        len -= (size_t)count;
    }
    return true;
}

static bool says(struct toc_span body, const char *word)
{
    return body.len >= strlen(word) && memcmp(body.at, word, strlen(word)) == 0;
}

static int serve(void)
{
    static uint8_t body[65536];
    static struct toc_intel_reading reading;
    struct toc_index_buffer reply = {NULL, 0, 0};
    uint8_t head[TOC_INDEX_LENGTH_BYTES];
    struct toc_span canonical;
    while (get(head, sizeof head) && get(body, toc_le32(head))) {
        if (toc_failed(toc_index_decode_request(toc_span(body, toc_le32(head)), &canonical)) ||
            says(canonical, "end")) {
            return 1;
        }
        (void)snprintf(reading.fault.detail, sizeof reading.fault.detail, "%.*s",
                       (int)(canonical.len < 16 ? canonical.len : 16), (const char *)canonical.at);
        if (toc_failed(toc_index_encode_reply(&reply, toc_fail(TOC_SYNTAX, "echo"), &reading))) {
            return 1;
        }
        if (says(canonical, "broken")) {
            memset(reply.at, 0xff, TOC_INDEX_LENGTH_BYTES);
        }
        if (write(STDOUT_FILENO, reply.at, reply.len) != (ssize_t)reply.len) {
            return 1;
        }
    }
    return 0;
}

/* the tests */

struct several {
    struct toc_indexers *indexers;
    struct toc_indexers_item items[ITEMS];
    struct toc_intel_reading readings[ITEMS];
    char texts[ITEMS][2048];
};

static int set_up(void **state)
{
    struct toc_line line;
    char path[1024] = {0};
    struct several *several = calloc(1, sizeof *several);
    assert_non_null(several);
    assert_true(readlink("/proc/self/exe", path, sizeof path - 1) > 0);
    assert_false(toc_failed(toc_indexers_open(&several->indexers, path, &line)));
    for (size_t i = 0; i < ITEMS; i++) {
        int len = snprintf(several->texts[i], sizeof several->texts[i], "item %zu", i);
        /* Together more than both pipes hold. */
        memset(several->texts[i] + len, ' ', sizeof several->texts[i] - (size_t)len);
        several->items[i].canonical =
            toc_span((uint8_t *)several->texts[i], sizeof several->texts[i]);
        several->items[i].reading = &several->readings[i];
    }
    *state = several;
    return 0;
}

static int tear_down(void **state)
{
    struct several *several = *state;
    for (size_t i = 0; i < ITEMS; i++) {
        toc_intel_reading_clear(&several->readings[i]);
    }
    toc_indexers_close(several->indexers);
    free(several);
    return 0;
}

static void read_all(struct several *several, size_t count)
{
    const uint8_t author[TOC_ID_BYTES] = {1}, group[TOC_ID_BYTES] = {2};
    toc_indexers_read_all(several->indexers, author, group, several->items, count);
}

/* Item `i` was answered, and with its own words. */
static void assert_answered(const struct several *several, size_t i)
{
    char text[16];
    (void)snprintf(text, sizeof text, "item %zu ", i);
    assert_int_equal(several->items[i].err.code, TOC_SYNTAX);
    assert_memory_equal(several->readings[i].fault.detail, text, strlen(text));
}

static void every_item_gets_its_own_reply(void **state)
{
    struct several *several = *state;
    read_all(several, ITEMS);
    for (size_t i = 0; i < ITEMS; i++) {
        assert_answered(several, i);
    }
}

static void only_what_breaks_the_process_is_corrupt(void **state)
{
    static const char *const words[] = {"end", "broken"};
    struct several *several = *state;
    const size_t bad[] = {0, 77, 78, ITEMS - 1};
    for (size_t i = 0; i < 4; i++) {
        memcpy(several->texts[bad[i]], words[i % 2], strlen(words[i % 2]));
    }
    read_all(several, ITEMS);
    for (size_t i = 0; i < ITEMS; i++) {
        bool is_bad = i == bad[0] || i == bad[1] || i == bad[2] || i == bad[3];
        if (is_bad) {
            assert_int_equal(several->items[i].err.code, TOC_CORRUPT);
            assert_false(several->items[i].late);
        } else {
            assert_answered(several, i);
        }
    }
}

static void a_node_that_stops_reads_nothing_more(void **state)
{
    struct several *several = *state;
    toc_indexers_stop(several->indexers);
    read_all(several, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(several->items[i].err.code, TOC_IO);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_item_gets_its_own_reply, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_what_breaks_the_process_is_corrupt, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_node_that_stops_reads_nothing_more, set_up, tear_down),
    };
    if (argc > 0 && strcmp(argv[0], "tocsin-index") == 0) {
        return serve();
    }
    return cmocka_run_group_tests_name("feed: several at a time", tests, NULL, NULL);
}
