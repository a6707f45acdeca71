/* SPDX-License-Identifier: EUPL-1.2 */
#include "escape.h"
#include "term.h"

#include <string.h>

/* Code points that a terminal or a reader's eye would obey instead of show. */
static bool is_harmful(uint32_t point)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1f},       /* C0 */
        {0x7f, 0x9f},       /* DEL and C1 */
        {0xad, 0xad},       /* soft hyphen: invisible in the middle of a name */
        {0x61c, 0x61c},     /* Arabic letter mark */
        {0x180e, 0x180e},   /* Mongolian vowel separator */
        {0x200b, 0x200f},   /* zero width, direction marks */
        {0x2028, 0x202e},   /* separators, embeddings and overrides */
        {0x2060, 0x206f},   /* word joiner, isolates, deprecated format characters */
        {0xfeff, 0xfeff},   /* byte order mark */
        {0xfff9, 0xfffb},   /* interlinear annotation */
        {0xe0000, 0xe0fff}, /* tags */
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (point >= ranges[i].first && point <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

static size_t point_width(uint32_t point)
{
    static const struct {
        uint32_t first, last;
        uint8_t width;
    } ranges[] = {
        {0x300, 0x36f, 0},     {0x483, 0x489, 0},     {0x591, 0x5bd, 0},     {0x610, 0x61a, 0},
        {0x64b, 0x65f, 0},     {0x20d0, 0x20ff, 0},   {0xfe00, 0xfe0f, 0},   {0xfe20, 0xfe2f, 0},
        {0x1100, 0x115f, 2},   {0x2e80, 0x303e, 2},   {0x3041, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},
        {0xf900, 0xfaff, 2},   {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2},   {0xffe0, 0xffe6, 2},
        {0x1f300, 0x1f64f, 2}, {0x1f680, 0x1f6ff, 2}, {0x1f900, 0x1f9ff, 2}, {0x20000, 0x3fffd, 2},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (point >= ranges[i].first && point <= ranges[i].last) {
            return ranges[i].width;
        }
    }
    return 1;
}

/* Continuation bytes that a first byte asks for; 0 for a byte that begins no character. */
static size_t continuation_count(uint8_t first, uint32_t *bits)
{
    if (first >= 0xc2 && first <= 0xdf) {
        *bits = first & 0x1fu;
        return 1;
    }
    if ((first & 0xf0u) == 0xe0) {
        *bits = first & 0x0fu;
        return 2;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        *bits = first & 0x07u;
        return 3;
    }
    return 0;
}

struct toc_point toc_point_next(struct toc_span text)
{
    struct toc_point bad = {.value = text.at[0], .bytes = 1, .valid = false, .harmful = true};
    if (text.at[0] < 0x80) {
        return (struct toc_point){text.at[0], 1, true, is_harmful(text.at[0])};
    }
    uint32_t value = 0;
    size_t count = continuation_count(text.at[0], &value);
    if (count == 0 || count >= text.len) {
        return bad;
    }
    for (size_t i = 1; i <= count; i++) {
        if ((text.at[i] & 0xc0u) != 0x80) {
            return bad;
        }
        value = value << 6 | (text.at[i] & 0x3fu);
    }
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (value < least[count] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
        return bad;
    }
    return (struct toc_point){value, count + 1, true, is_harmful(value)};
}

/* The escaped form of a harmful point; gives its length. */
static size_t escape_point(char out[static 16], struct toc_point point)
{
    int len = 0;
    if (point.value == '\n' && point.valid) {
        len = snprintf(out, 16, "\\n");
    } else if (point.value == '\t' && point.valid) {
        len = snprintf(out, 16, "\\t");
    } else if (!point.valid || point.value < 0x80) {
        len = snprintf(out, 16, "\\x%02x", (unsigned)point.value);
    } else {
        len = snprintf(out, 16, "\\u{%x}", (unsigned)point.value);
    }
    return (size_t)len;
}

void toc_term_text(FILE *out, struct toc_span text, enum toc_term_style style)
{
    char escaped[16];
    while (text.len > 0) {
        struct toc_point point = toc_point_next(text);
        bool layout = point.valid && (point.value == '\n' || point.value == '\t');
        if (!point.harmful || (style == TOC_TERM_LINES && layout)) {
            (void)fwrite(text.at, 1, point.bytes, out);
        } else {
            (void)fwrite(escaped, 1, escape_point(escaped, point), out);
        }
        text = toc_span(text.at + point.bytes, text.len - point.bytes);
    }
}

void toc_term_print(FILE *out, const char *text)
{
    if (text != NULL) {
        toc_term_text(out, toc_span(text, strlen(text)), TOC_TERM_LINE);
    }
}

static size_t shown_width(struct toc_point point)
{
    char escaped[16];
    return point.harmful ? escape_point(escaped, point) : point_width(point.value);
}

size_t toc_term_width(struct toc_span text)
{
    size_t width = 0;
    while (text.len > 0) {
        struct toc_point point = toc_point_next(text);
        width += shown_width(point);
        text = toc_span(text.at + point.bytes, text.len - point.bytes);
    }
    return width;
}

struct toc_span toc_term_cut(struct toc_span text, size_t columns)
{
    size_t width = 0, used = 0;
    while (used < text.len) {
        struct toc_point point = toc_point_next(toc_span(text.at + used, text.len - used));
        width += shown_width(point);
        if (width > columns) {
            break;
        }
        used += point.bytes;
    }
    return toc_span(text.at, used);
}
