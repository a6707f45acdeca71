/* SPDX-License-Identifier: EUPL-1.2 */
#include "ops.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct key {
    const char *section, *name;
    enum toc_conf_type type;
    size_t offset;
    const char *start, *comment;
};

static const struct key keys[] = {
#define KEY(section, name, type, start, comment)                                                   \
    {#section, #name, TOC_CONF_##type, offsetof(struct toc_conf, section##_##name), start, comment},
    TOC_CONF_KEYS(KEY)
#undef KEY
};
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

/* Bounds of NUMBER keys, by offset: what core.h and LMDB can take. */
static const struct {
    size_t offset;
    uint32_t min, max;
} bounds[] = {
    {offsetof(struct toc_conf, limits_links), 1, 64},
    {offsetof(struct toc_conf, limits_groups), 1, 4096},
    {offsetof(struct toc_conf, limits_logs), 16, 65536},
    {offsetof(struct toc_conf, limits_pool_threads), 1, 16},
    {offsetof(struct toc_conf, quota_entries_hour), 1, 1000000},
    {offsetof(struct toc_conf, quota_burst), 1, 1000000},
    {offsetof(struct toc_conf, quota_bytes_day), 1, UINT32_MAX},
    {offsetof(struct toc_conf, store_map_gib), 1, 65536}, /* 47 bits of address space, halved */
};

static const char *const levels[] = {"error", "warning", "info", "debug"};
#define LEVEL_COUNT (sizeof(levels) / sizeof(levels[0]))

static bool is_word(struct toc_span value, const char *word)
{
    return toc_span_equal(value, toc_span_str(word));
}

/* one value */

static struct toc_err set_number(struct toc_conf *conf, const struct key *key,
                                 struct toc_span value, struct toc_line *line)
{
    uint32_t min = 0, max = UINT32_MAX;
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        if (bounds[i].offset == key->offset) {
            min = bounds[i].min;
            max = bounds[i].max;
        }
    }
    uint64_t number = 0;
    bool valid = value.len > 0 && value.len <= 10;
    for (size_t i = 0; valid && i < value.len; i++) {
        valid = value.at[i] >= '0' && value.at[i] <= '9';
        number = number * 10 + (uint64_t)(value.at[i] - '0');
    }
    if (!valid || number < min || number > max) {
        return toc_line_fail(line, TOC_USAGE, "%s must be a number from %u to %u", key->name, min,
                             max);
    }
    *(uint32_t *)(void *)((uint8_t *)conf + key->offset) = (uint32_t)number;
    return toc_ok();
}

static struct toc_err set_level(struct toc_conf *conf, const struct key *key, struct toc_span value,
                                struct toc_line *line)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        if (is_word(value, levels[i])) {
            *(enum toc_level *)(void *)((uint8_t *)conf + key->offset) = (enum toc_level)i;
            return toc_ok();
        }
    }
    return toc_line_fail(line, TOC_USAGE, "%s must be error, warning, info or debug", key->name);
}

static struct toc_err set_text(struct toc_conf *conf, const struct key *key, struct toc_span value,
                               struct toc_line *line)
{
    if (value.len >= TOC_CONF_WORD_BYTES || memchr(value.at, '\0', value.len) != NULL) {
        return toc_line_fail(line, TOC_USAGE, "%s may have %u bytes at most", key->name,
                             TOC_CONF_WORD_BYTES - 1);
    }
    char *out = (char *)conf + key->offset;
    memset(out, 0, TOC_CONF_WORD_BYTES); /* equal configurations are equal bytes */
    memcpy(out, value.at, value.len);
    return toc_ok();
}

static struct toc_err set_value(struct toc_conf *conf, const struct key *key, struct toc_span value,
                                struct toc_line *line)
{
    switch (key->type) {
    case TOC_CONF_TEXT:
        return set_text(conf, key, value, line);
    case TOC_CONF_NUMBER:
        return set_number(conf, key, value, line);
    case TOC_CONF_LEVEL:
        return set_level(conf, key, value, line);
    case TOC_CONF_FLAG:
        break;
    }
    bool yes = is_word(value, "yes");
    if (!yes && !is_word(value, "no")) {
        return toc_line_fail(line, TOC_USAGE, "%s must be yes or no", key->name);
    }
    *(bool *)((uint8_t *)conf + key->offset) = yes;
    return toc_ok();
}

void toc_conf_init(struct toc_conf *conf)
{
    memset(conf, 0, sizeof(*conf));
    for (size_t i = 0; i < KEY_COUNT; i++) {
        struct toc_err err = set_value(conf, &keys[i], toc_span_str(keys[i].start), NULL);
        TOC_ASSERT(!toc_failed(err));
    }
}

static const struct key *find(struct toc_span section, struct toc_span name)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (is_word(section, keys[i].section) && is_word(name, keys[i].name)) {
            return &keys[i];
        }
    }
    return NULL;
}

struct toc_err toc_conf_set(struct toc_conf *conf, const char *section, const char *key,
                            struct toc_span value, struct toc_line *line)
{
    const struct key *found = find(toc_span_str(section), toc_span_str(key));
    if (found == NULL) {
        return toc_line_fail(line, TOC_USAGE, "there is no key %s in [%s]", key, section);
    }
    return set_value(conf, found, value, line);
}

/* a file */

#define COMMENT_HINT " is followed by a comment: comments need a line of their own"

static struct toc_span trim(struct toc_span text)
{
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text = toc_span(text.at + 1, text.len - 1);
    }
    while (text.len > 0 && memchr(" \t\r", text.at[text.len - 1], 3) != NULL) {
        text.len--;
    }
    return text;
}

/* Takes the next line off *text, without its end. */
static struct toc_span take_line(struct toc_span *text)
{
    const uint8_t *end = memchr(text->at, '\n', text->len);
    size_t len = end == NULL ? text->len : (size_t)(end - text->at);
    struct toc_span taken = toc_span(text->at, len);
    size_t skip = end == NULL ? len : len + 1;
    *text = toc_span(text->at + skip, text->len - skip);
    return taken;
}

#define SHOWN(text) (int)((text).len > 64 ? 64 : (text).len), (const char *)(text).at

static bool is_section(struct toc_span name)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (is_word(name, keys[i].section)) {
            return true;
        }
    }
    return false;
}

static struct toc_err enter_section(struct toc_span *section, struct toc_span text,
                                    struct toc_line *line)
{
    if (text.at[text.len - 1] != ']') {
        return toc_line_fail(line, TOC_SYNTAX, "%s",
                             memchr(text.at, ']', text.len) == NULL ? "a section must end with ]"
                                                                    : "a section" COMMENT_HINT);
    }
    struct toc_span name = toc_span(text.at + 1, text.len - 2);
    if (!is_section(name)) {
        return toc_line_fail(line, TOC_USAGE, "no section [%.*s]", SHOWN(name));
    }
    *section = name;
    return toc_ok();
}

/* What stands behind a blank and a comment sign in a value that is refused was meant as one. */
static bool has_comment(struct toc_span value)
{
    for (size_t i = 0; i < value.len; i++) {
        bool blank = i == 0 || value.at[i - 1] == ' ' || value.at[i - 1] == '\t';
        if (blank && (value.at[i] == '#' || value.at[i] == ';')) {
            return true;
        }
    }
    return false;
}

static struct toc_err set_line(struct toc_conf *conf, bool *given, const struct key *key,
                               struct toc_span value, struct toc_line *line)
{
    if (*given) {
        return toc_line_fail(line, TOC_USAGE, "%s is given twice in [%s]", key->name, key->section);
    }
    if (has_comment(value)) {
        return toc_line_fail(line, TOC_USAGE, "the value of %s%s", key->name, COMMENT_HINT);
    }
    *given = true;
    return set_value(conf, key, value, line);
}

/* `given`: which keys the file has set, by their place in the table. */
static struct toc_err parse_line(struct toc_conf *conf, struct toc_span *section, bool *given,
                                 struct toc_span text, struct toc_line *line)
{
    text = trim(text);
    if (text.len == 0 || text.at[0] == '#' || text.at[0] == ';') {
        return toc_ok();
    }
    if (text.at[0] == '[') {
        return enter_section(section, text, line);
    }
    const uint8_t *sign = memchr(text.at, '=', text.len);
    if (sign == NULL) {
        return toc_line_fail(line, TOC_SYNTAX, "neither [section], key = value nor # comment");
    }
    size_t at = (size_t)(sign - text.at);
    struct toc_span name = trim(toc_span(text.at, at));
    struct toc_span value = trim(toc_span(text.at + at + 1, text.len - at - 1));
    const struct key *key = find(*section, name);
    if (key == NULL && section->len == 0) {
        return toc_line_fail(line, TOC_USAGE, "%.*s stands before the first [section]",
                             SHOWN(name));
    }
    if (key == NULL) {
        return toc_line_fail(line, TOC_USAGE, "there is no key %.*s in [%.*s]", SHOWN(name),
                             SHOWN(*section));
    }
    return set_line(conf, &given[key - keys], key, value, line);
}

struct toc_err toc_conf_parse(struct toc_conf *conf, struct toc_span text, const char *name,
                              struct toc_line *line)
{
    if (text.len > TOC_CONF_BYTES_MAX) {
        return toc_line_fail(line, TOC_LIMIT, "%s is larger than %u bytes", name,
                             TOC_CONF_BYTES_MAX);
    }
    struct toc_conf read = *conf;
    struct toc_span section = toc_span(text.at, 0);
    bool given[KEY_COUNT] = {false};
    for (unsigned number = 1; text.len > 0; number++) {
        struct toc_line why = {{0}};
        struct toc_err err = parse_line(&read, &section, given, take_line(&text), &why);
        if (toc_failed(err)) {
            toc_line_set(line, "%s:%u: %s", name, number, why.text);
            return err;
        }
    }
    *conf = read;
    return toc_ok();
}

struct toc_err toc_conf_read(struct toc_conf *conf, const struct toc_home *home,
                             struct toc_line *line)
{
    struct toc_conf read;
    toc_conf_init(&read);
    struct toc_bytes text;
    struct toc_err err = toc_home_read(home, TOC_HOME_CONF, TOC_CONF_BYTES_MAX, &text, line);
    if (!toc_failed(err)) {
        err = toc_conf_parse(&read, toc_span(text.at, text.len), TOC_HOME_CONF, line);
        toc_bytes_free(&text);
    } else if (err.code == TOC_ABSENT) {
        err = toc_ok();
    }
    if (!toc_failed(err)) {
        *conf = read;
    }
    return err;
}

/* the documented file */

static int value_text(char *out, size_t out_bytes, const struct toc_conf *conf,
                      const struct key *key)
{
    const uint8_t *at = (const uint8_t *)conf + key->offset;
    switch (key->type) {
    case TOC_CONF_TEXT:
        return snprintf(out, out_bytes, "%s", (const char *)at);
    case TOC_CONF_FLAG:
        return snprintf(out, out_bytes, "%s", *(const bool *)at ? "yes" : "no");
    case TOC_CONF_NUMBER:
        return snprintf(out, out_bytes, "%u", *(const uint32_t *)(const void *)at);
    case TOC_CONF_LEVEL:
        break;
    }
    return snprintf(out, out_bytes, "%s", levels[*(const enum toc_level *)(const void *)at]);
}

#define RESTART " Needs a restart."

/* What a running node takes over from the file. */
static bool changes_at_once(const struct key *key)
{
    return key->offset == offsetof(struct toc_conf, node_log) ||
           key->offset == offsetof(struct toc_conf, publish_audience);
}

size_t toc_conf_text(char *out, size_t out_bytes, const struct toc_conf *conf)
{
    int head = snprintf(
        out, out_bytes,
        "# Configuration of a Tocsin node. Lines that begin with # are comments.\n"
        "# SIGHUP makes the node read it again: `log` and `audience` change at once; what needs\n"
        "# a restart says so.\n");
    TOC_ASSERT(head > 0 && (size_t)head < out_bytes);
    size_t used = (size_t)head;
    const char *section = "";
    for (size_t i = 0; i < KEY_COUNT; i++) {
        char value[TOC_CONF_WORD_BYTES];
        value_text(value, sizeof(value), conf, &keys[i]);
        bool first = strcmp(section, keys[i].section) != 0;
        section = keys[i].section;
        int len =
            snprintf(out + used, out_bytes - used, "%s%s%s\n# %s%s\n%s = %s\n", first ? "\n[" : "",
                     first ? section : "", first ? "]" : "", keys[i].comment,
                     changes_at_once(&keys[i]) ? "" : RESTART, keys[i].name, value);
        TOC_ASSERT(len > 0 && (size_t)len < out_bytes - used);
        used += (size_t)len;
    }
    return used;
}
