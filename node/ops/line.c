/* SPDX-License-Identifier: EUPL-1.2 */
#include "ops.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum toc_exit toc_exit_of(enum toc_code code)
{
    if (code == TOC_OK) {
        return TOC_EXIT_DONE;
    }
    if (code == TOC_ABSENT) {
        return TOC_EXIT_NOTHING;
    }
    if (code == TOC_USAGE || code == TOC_SYNTAX) {
        return TOC_EXIT_USAGE;
    }
    if (code == TOC_POLICY) {
        return TOC_EXIT_POLICY;
    }
    return code == TOC_UNREACHABLE ? TOC_EXIT_UNREACHABLE : TOC_EXIT_FAILED;
}

/* escaping */

/* Reads one character; gives its bytes, 0 for bytes that are not UTF-8 (RFC 3629 section 3). */
static size_t take_character(struct toc_span text, uint32_t *character)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t head = text.at[0];
    size_t len = head < 0x80 ? 1 : head < 0xc2 ? 0 : head < 0xe0 ? 2 : head < 0xf0 ? 3 : 4;
    if (len == 0 || head > 0xf4 || len > text.len) {
        return 0;
    }
    uint32_t value = len == 1 ? head : head & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((text.at[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (text.at[i] & 0x3fu);
    }
    if (value < least[len] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
        return 0;
    }
    *character = value;
    return len;
}

/* Characters that a terminal obeys, that turn the direction of writing, or that nobody sees. */
static bool is_dangerous(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},   {0x200b, 0x200f},
        {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (c >= ranges[i].first && c <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

size_t toc_text_escape(char *out, size_t out_bytes, struct toc_span text)
{
    size_t used = 0;
    while (text.len > 0) {
        char piece[16];
        uint32_t character = 0;
        size_t taken = take_character(text, &character);
        size_t len = taken;
        if (taken == 0) {
            taken = 1;
            len = (size_t)snprintf(piece, sizeof(piece), "\\x%02x", text.at[0]);
        } else if (!is_dangerous(character)) {
            memcpy(piece, text.at, taken);
        } else if (character < 0x80) {
            len = (size_t)snprintf(piece, sizeof(piece), "\\x%02x", (unsigned)character);
        } else {
            len = (size_t)snprintf(piece, sizeof(piece), "\\u{%04x}", (unsigned)character);
        }
        if (used + len + 1 > out_bytes) {
            break;
        }
        memcpy(out + used, piece, len);
        used += len;
        text = toc_span(text.at + taken, text.len - taken);
    }
    out[used] = '\0';
    return used;
}

/* lines */

/* Formats into `out`, escaped. `format` was checked at the call of the public function. */
__attribute__((format(printf, 3, 0))) static void line_format(char *out, size_t out_bytes,
                                                              const char *format, va_list values)
{
    char raw[2 * TOC_LINE_BYTES];
    int len = vsnprintf(raw, sizeof(raw), format, values);
    size_t raw_len = len < 0 ? 0 : (size_t)len;
    if (raw_len > sizeof(raw) - 1) {
        raw_len = sizeof(raw) - 1;
    }
    toc_text_escape(out, out_bytes, toc_span(raw, raw_len));
}

void toc_line_set(struct toc_line *line, const char *format, ...)
{
    if (line == NULL) {
        return;
    }
    va_list values;
    va_start(values, format);
    line_format(line->text, sizeof(line->text), format, values);
    va_end(values);
}

struct toc_err toc_line_fail(struct toc_line *line, enum toc_code code, const char *format, ...)
{
    if (line != NULL) {
        va_list values;
        va_start(values, format);
        line_format(line->text, sizeof(line->text), format, values);
        va_end(values);
    }
    return toc_fail(code, toc_code_text(code));
}

/* log */

static _Atomic int say_level = TOC_LEVEL_INFO;

void toc_say_level(enum toc_level level)
{
    atomic_store(&say_level, (int)level);
}

void toc_say(enum toc_level level, const char *format, ...)
{
    static const char *const words[] = {"error", "warning", "info", "debug"};
    /* sd-daemon(3): syslog priorities as a prefix when the journal reads stderr. */
    static const char *const journal[] = {"<3>", "<4>", "<6>", "<7>"};
    if ((int)level > atomic_load(&say_level)) {
        return;
    }
    struct toc_line line;
    va_list values;
    va_start(values, format);
    line_format(line.text, sizeof(line.text), format, values);
    va_end(values);
    char whole[TOC_LINE_BYTES + 64];
    int len;
    if (getenv("JOURNAL_STREAM") != NULL) {
        len = snprintf(whole, sizeof(whole), "%s%s\n", journal[level], line.text);
    } else {
        char time[TOC_TIME_TEXT_BYTES];
        toc_time_text(time, toc_now_utc());
        len = snprintf(whole, sizeof(whole), "%s %s %s\n", time, words[level], line.text);
    }
    /* One write a line keeps lines of several threads whole; a lost log line stops nobody. */
    ssize_t written = write(STDERR_FILENO, whole, (size_t)len);
    (void)written;
}

/* clocks */

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now;
    int failed = clock_gettime(clock, &now);
    TOC_ASSERT(failed == 0);
    return now.tv_sec < 0 ? 0 : (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

struct toc_mono toc_now_mono(void)
{
    return (struct toc_mono){read_clock(CLOCK_MONOTONIC)};
}

struct toc_mono toc_now_boot(void)
{
    return (struct toc_mono){read_clock(CLOCK_BOOTTIME)};
}

struct toc_utc toc_now_utc(void)
{
    return (struct toc_utc){read_clock(CLOCK_REALTIME)};
}

void toc_time_text(char out[static TOC_TIME_TEXT_BYTES], struct toc_utc at)
{
    time_t seconds = (time_t)(at.ms / 1000u);
    struct tm parts;
    if (gmtime_r(&seconds, &parts) == NULL ||
        strftime(out, TOC_TIME_TEXT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        memcpy(out, "-", 2);
    }
}
