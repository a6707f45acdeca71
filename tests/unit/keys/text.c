/* SPDX-License-Identifier: EUPL-1.2 */
/* Fingerprints and ids as people read and type them. */
#include "check.h"

#include "keys.h"

static const uint8_t counting[TOC_ID_BYTES] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
};

static void a_fingerprint_is_six_groups_of_five_digits(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 200; i++) {
        const uint8_t key[TOC_KEY_BYTES] = {i};
        char text[TOC_FINGERPRINT_CHARS + 1];
        text[TOC_FINGERPRINT_CHARS] = '!';
        toc_fingerprint(text, key);
        assert_int_equal(strlen(text), TOC_FINGERPRINT_CHARS - 1);
        assert_int_equal(text[TOC_FINGERPRINT_CHARS], '!');
        for (size_t at = 0; text[at] != '\0'; at++) {
            bool blank = at % 6 == 5;
            assert_true(blank ? text[at] == ' ' : text[at] >= '0' && text[at] <= '9');
        }
    }
}

/* RFC 4648 section 6 by way of the coreutils: `printf ... | base32 | tr A-Z a-z | tr -d =`. */
static void an_id_has_this_text(void **state)
{
    (void)state;
    char text[TOC_ID_TEXT_BYTES];
    toc_id_text(text, counting);
    assert_string_equal(text, "aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq");
}

static void an_id_survives_its_text_in_any_case(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int i = 0; i < 100; i++) {
        uint8_t id[TOC_ID_BYTES], back[TOC_ID_BYTES];
        char text[TOC_ID_TEXT_BYTES];
        size_t bits = 0;
        check_random_fill(&seed, id, sizeof id);
        toc_id_text(text, id);
        assert_int_equal(strlen(text), TOC_ID_TEXT_BYTES - 1);
        for (size_t at = 0; at < strlen(text); at += 2) {
            text[at] = (char)(text[at] >= 'a' ? text[at] - 32 : text[at]);
        }
        assert_ok(toc_id_parse(back, &bits, toc_span_str(text)));
        assert_int_equal(bits, 256);
        assert_memory_equal(back, id, sizeof id);
    }
}

/* A beginning of the text gives the same beginning of the id, bit for bit, and zeros after it. */
static void a_beginning_gives_the_bits_that_are_known(void **state)
{
    (void)state;
    char text[TOC_ID_TEXT_BYTES];
    uint8_t id[TOC_ID_BYTES];
    memset(id, 0xff, sizeof id);
    toc_id_text(text, id);
    for (size_t len = TOC_ID_TEXT_CHARS_MIN; len <= TOC_ID_TEXT_BYTES - 1; len++) {
        uint8_t out[TOC_ID_BYTES];
        size_t bits = 0;
        assert_ok(toc_id_parse(out, &bits, toc_span(text, len)));
        assert_int_equal(bits, len == 52 ? 256 : 5 * len);
        for (size_t bit = 0; bit < 256; bit++) {
            assert_int_equal(out[bit / 8] >> (7 - bit % 8) & 1, bit < bits);
        }
    }
}

static const struct {
    const char *text, *why;
} refused[] = {
    {"", "empty"},
    {"aaaaaaaaa", "nine characters"},
    {"aaaaaaaaa1", "1 is not in the alphabet"},
    {"aaaaaaaaa0", "0 is not in the alphabet"},
    {"aaaaaaaaa8", "8 is not in the alphabet"},
    {"aaaaaaaaa9", "9 is not in the alphabet"},
    {"aaaaaaaaa@", "the character before A"},
    {"aaaaaaaaa[", "the character after Z"},
    {"aaaaaaaaa`", "the character before a"},
    {"aaaaaaaaa{", "the character after z"},
    {"aaaaaaaaa=", "padding"},
    {"aaaaa aaaaa", "a blank"},
    {"aaaaaaaaa\xc3\xa4", "outside ASCII"},
    {"aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypqa", "53 characters"},
    {"aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypr", "a bit beyond the 256th"},
    {"aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dyp2", "a bit beyond the 256th, a digit"},
};

/* R-3.5 */
static void what_is_no_id_is_refused_and_leaves_zeros(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        uint8_t out[TOC_ID_BYTES];
        size_t bits = 77;
        memset(out, 0xaa, sizeof out);
        struct toc_err err = toc_id_parse(out, &bits, toc_span_str(refused[i].text));
        if (err.code != TOC_SYNTAX || bits != 0 || !toc_is_zero(out, sizeof out)) {
            fail_msg("row %zu, %s: %s", i, refused[i].why, toc_code_name(err.code));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fingerprint_is_six_groups_of_five_digits),
        cmocka_unit_test(an_id_has_this_text),
        cmocka_unit_test(an_id_survives_its_text_in_any_case),
        cmocka_unit_test(a_beginning_gives_the_bits_that_are_known),
        cmocka_unit_test(what_is_no_id_is_refused_and_leaves_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
