/* SPDX-License-Identifier: EUPL-1.2 */
/* Cards survive a mail; keys that must survive the home never lie in it. */
#include "check.h"

#include "code.h"

#include "card.h"

#include <sodium.h>
#include <sys/stat.h>

static char folder[] = "/tmp/tocsin-unit-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char *write_text(const char *name, const char *text)
{
    const char *path = path_of(name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    return path;
}

/* The armour of `card`, terminated, on the heap. */
static char *armour_of(struct toc_span card)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    toc_armour_print(out, card);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* `text` with every occurrence of a line feed replaced by `by`. */
static char *replace_line_feeds(const char *text, const char *by)
{
    char *out = calloc(strlen(text) + 1, strlen(by) + 1);
    assert_non_null(out);
    size_t len = 0;
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            memcpy(out + len, by, strlen(by));
            len += strlen(by);
        } else {
            out[len++] = *text;
        }
    }
    return out;
}

static void card_block_survives_a_mail(void **state)
{
    (void)state;
    uint8_t card[TOC_CARD_BYTES_MAX];
    uint64_t seed = 7;
    static const size_t lens[] = {1, 47, 48, 49, 443, TOC_CARD_BYTES_MAX};
    static const char *const mails[] = {"\n", "\r\n", "\n> ", " \n", "\n\n"};
    check_random_fill(&seed, card, sizeof card);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        char *armour = armour_of(toc_span(card, lens[i]));
        for (size_t k = 0; k < sizeof mails / sizeof mails[0]; k++) {
            char *block = replace_line_feeds(armour, mails[k]);
            char text[3 * TOC_CARD_BYTES_MAX];
            (void)snprintf(text, sizeof text, "Dear all,\nour card:\n%s\nRegards\n", block);
            struct toc_bytes read = {0};
            assert_ok(toc_armour_read(write_text("mail", text), &read, NULL));
            assert_span(toc_span(read.at, read.len), toc_span(card, lens[i]));
            toc_bytes_free(&read);
            free(block);
        }
        free(armour);
    }
}

static void cut_or_altered_blocks_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum toc_code code;
    } rows[] = {
        {"-----BEGIN TOCSIN CARD-----\nAAAA\n", TOC_CORRUPT},
        {"-----BEGIN TOCSIN CARD-----\nAA*A\n-----END TOCSIN CARD-----\n", TOC_CORRUPT},
        {"-----BEGIN TOCSIN CARD-----\nAAAAA\n-----END TOCSIN CARD-----\n", TOC_CORRUPT},
        {"-----END TOCSIN CARD-----\n-----BEGIN TOCSIN CARD-----\n", TOC_CORRUPT},
        {"-----BEGIN TOCSIN CARD-----\n-----END TOCSIN CARD-----\n", TOC_CORRUPT},
        {"", TOC_CORRUPT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct toc_bytes read = {0};
        struct toc_line line = {""};
        assert_code(toc_armour_read(write_text("cut", rows[i].text), &read, &line), rows[i].code);
        assert_null(read.at);
        assert_non_null(strstr(line.text, "ask for the card again"));
    }
    struct toc_bytes read = {0};
    assert_code(toc_armour_read(path_of("absent"), &read, NULL), TOC_USAGE);
}

static void raw_envelope_is_taken_as_it_is(void **state)
{
    (void)state;
    struct toc_bytes read = {0};
    assert_ok(toc_armour_read(write_text("raw", "\x92\x01"), &read, NULL));
    assert_span(toc_span(read.at, read.len), toc_span("\x92\x01", 2));
    toc_bytes_free(&read);
}

static void codes_are_29_characters_and_differ(void **state)
{
    (void)state;
    struct toc_secret_code a, b;
    toc_code_draw(&a);
    toc_code_draw(&b);
    assert_int_equal(strlen(a.text), 29);
    assert_string_not_equal(a.text, b.text);
    assert_int_equal(strspn(a.text, "ABCDEFGHJKLMNPQRSTUVWXYZ23456789-"), 29);
    assert_int_equal(a.text[5], '-');
}

static void keys_for_elsewhere_never_lie_in_the_home(void **state)
{
    (void)state;
    char home[256], inner[512], linked[512], outside[512];
    (void)snprintf(home, sizeof home, "%s/home", folder);
    (void)snprintf(inner, sizeof inner, "%s/deep", home);
    (void)snprintf(linked, sizeof linked, "%s/link", folder);
    assert_int_equal(mkdir(home, 0700), 0);
    assert_int_equal(mkdir(inner, 0700), 0);
    assert_int_equal(symlink(inner, linked), 0);
    static const char *const inside[] = {"home/r.key", "home/deep/r.key", "link/r.key",
                                         "home/../home/r.key"};
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++) {
        struct toc_line line = {""};
        assert_code(toc_code_check_path(path_of(inside[i]), home, &line), TOC_USAGE);
        assert_non_null(strstr(line.text, "inside the home"));
    }
    (void)snprintf(outside, sizeof outside, "%s/homely.key", folder);
    assert_ok(toc_code_check_path(outside, home, NULL));
    assert_code(toc_code_check_path(write_text("there", "x"), home, NULL), TOC_LOCKED);
    assert_code(toc_code_check_path(path_of("nowhere/r.key"), home, NULL), TOC_USAGE);
    /* A home that is not there yet counts by its name. */
    char future[512];
    (void)snprintf(future, sizeof future, "%s/future", folder);
    assert_ok(toc_code_check_path(path_of("future.key"), future, NULL));
}

static int make_folder(void **state)
{
    (void)state;
    return sodium_init() < 0 || mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"mail", "cut", "raw", "there", "link"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlink(path_of(names[i]));
    }
    (void)rmdir(path_of("home/deep"));
    (void)rmdir(path_of("home"));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(card_block_survives_a_mail),
        cmocka_unit_test(cut_or_altered_blocks_are_refused),
        cmocka_unit_test(raw_envelope_is_taken_as_it_is),
        cmocka_unit_test(codes_are_29_characters_and_differ),
        cmocka_unit_test(keys_for_elsewhere_never_lie_in_the_home),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
