/* SPDX-License-Identifier: EUPL-1.2 */
#include "atoms.h"

#include <stdlib.h>
#include <string.h>

/* Members of an AND chain that are compared pairwise for folding. Reason: the real pairs have two
 * to four members; a hostile chain must not cost its square. */
#define FOLD_MEMBERS_MAX 64u

size_t toc_pattern_hash_digits(struct toc_span algorithm)
{
    static const struct {
        const char *name;
        size_t digits;
    } rows[] = {{"md5", 32},     {"sha1", 40},    {"sha224", 56},  {"sha256", 64},
                {"sha384", 96},  {"sha512", 128}, {"sha3224", 56}, {"sha3256", 64},
                {"sha3384", 96}, {"sha3512", 128}};
    char name[8];
    size_t len = 0;
    for (size_t i = 0; i < algorithm.len; i++) {
        uint8_t c = algorithm.at[i];
        if (c == '-' || c == '_') {
            continue;
        }
        if (len == sizeof name - 1) {
            return 0;
        }
        name[len++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    name[len] = '\0';
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return rows[i].digits;
        }
    }
    return 0;
}

bool toc_pattern_hash_fits(struct toc_span path, struct toc_span text)
{
    static const char step[] = "hashes.";
    size_t len = sizeof step - 1;
    size_t at = 0;
    while (at + len < path.len &&
           (memcmp(path.at + at, step, len) != 0 || (at > 0 && path.at[at - 1] != '.'))) {
        at++;
    }
    if (at + len >= path.len) {
        return true;
    }
    size_t digits = toc_pattern_hash_digits(toc_span(path.at + at + len, path.len - at - len));
    size_t good = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        good += (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
    }
    return digits == 0 || (text.len == digits && good == digits);
}

struct toc_err toc_pattern_add(struct toc_pattern *pattern, const struct toc_pattern_atom *atom)
{
    if (pattern->count == pattern->room) {
        uint32_t room = pattern->room == 0 ? 16 : 2 * pattern->room;
        if (pattern->count >= TOC_PATTERN_ATOMS_MAX) {
            return toc_fail(TOC_LIMIT, "a pattern has too many values");
        }
        struct toc_pattern_atom *atoms = realloc(pattern->atoms, room * sizeof *atoms);
        if (atoms == NULL) {
            return toc_fail(TOC_FULL, "no memory for a pattern");
        }
        pattern->atoms = atoms;
        pattern->room = room;
    }
    pattern->atoms[pattern->count++] = *atom;
    return toc_ok();
}

static bool ends_with(struct toc_span text, const char *end)
{
    size_t len = strlen(end);
    return text.len >= len && memcmp(text.at + text.len - len, end, len) == 0;
}

/* "x_ref" of "x_ref.type" and so on; false when `path` does not end so. */
static bool base_of(struct toc_span path, const char *end, struct toc_span *base)
{
    if (!ends_with(path, end)) {
        return false;
    }
    *base = toc_span(path.at, path.len - strlen(end));
    return true;
}

/* Whether `helper` only says more about what `value` is: its type or its port. */
static bool folds_into(const struct toc_pattern_atom *helper, struct toc_pattern_atom *value)
{
    struct toc_span base;
    struct toc_span other;
    if (!toc_span_equal(helper->type, value->type) || !base_of(value->path, ".value", &base)) {
        return false;
    }
    if (helper->literal == TOC_PATTERN_STRING && base_of(helper->path, ".type", &other) &&
        toc_span_equal(base, other)) {
        value->ref_type = helper->text;
        return true;
    }
    bool number = helper->literal == TOC_PATTERN_NUMBER || helper->literal == TOC_PATTERN_STRING;
    if (number && base_of(helper->path, "_port", &other) && base_of(base, "_ref", &base) &&
        toc_span_equal(base, other) && helper->text.len <= 5) {
        uint32_t port = 0;
        for (size_t i = 0; i < helper->text.len; i++) {
            uint8_t c = helper->text.at[i];
            port = c >= '0' && c <= '9' ? port * 10 + (uint32_t)(c - '0') : UINT16_MAX + 1u;
        }
        value->port = port <= UINT16_MAX ? (uint16_t)port : 0;
        return value->port > 0;
    }
    return false;
}

uint32_t toc_pattern_fold(struct toc_pattern *pattern, uint32_t start, uint32_t chain)
{
    uint32_t dropped = 0;
    if (pattern->count - start > FOLD_MEMBERS_MAX) {
        return 0;
    }
    for (uint32_t i = start; i < pattern->count;) {
        struct toc_pattern_atom *helper = &pattern->atoms[i];
        bool folded = false;
        for (uint32_t j = start; j < pattern->count && !folded; j++) {
            folded = j != i && helper->conjunction == chain &&
                     pattern->atoms[j].conjunction == chain &&
                     folds_into(helper, &pattern->atoms[j]);
        }
        if (folded) {
            memmove(helper, helper + 1, (pattern->count - i - 1) * sizeof *helper);
            pattern->count--;
            dropped++;
        } else {
            i++;
        }
    }
    return dropped;
}
