/* SPDX-License-Identifier: EUPL-1.2 */
#include "reader.h"

#include <string.h>

/* Words that are shorter hold nothing to look for. */
#define WORD_BYTES_MIN 5u

/* Hosts of services that analyse samples or publish reports. Their links lead to a report wherever
 * they stand; what is hosted there is not what attackers use. */
static const char *const report_hosts[] = {
    "urlscan.io",
    "www.virustotal.com",
    "virustotal.com",
    "otx.alienvault.com",
    "app.any.run",
    "any.run",
    "tria.ge",
    "bazaar.abuse.ch",
    "urlhaus.abuse.ch",
    "threatfox.abuse.ch",
    "malpedia.caad.fkie.fraunhofer.de",
    "attack.mitre.org",
    "nvd.nist.gov",
    "cve.org",
    "www.cve.org",
    "cve.mitre.org",
    "www.hybrid-analysis.com",
    "app.sekoia.io",
    "twitter.com",
    "x.com",
    "infosec.exchange",
};

bool toc_text_is_report(struct toc_span url)
{
    struct toc_span host = toc_url_host(url);
    for (size_t i = 0; i < sizeof report_hosts / sizeof report_hosts[0]; i++) {
        if (toc_span_equal(host, toc_span_str(report_hosts[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_word_end(uint8_t c)
{
    return c <= ' ' || c == '"' || c == '\'' || c == '`' || c == '<' || c == '>' || c == '|' ||
           c == ',' || c == ';';
}

static int32_t count(struct toc_span word, uint8_t c)
{
    int32_t found = 0;
    for (size_t i = 0; i < word.len; i++) {
        found += word.at[i] == c;
    }
    return found;
}

/* Marks around a word that do not belong to it. A bracket at the end goes if it was not opened
 * within the word, so that those of a defanged name stay. */
static struct toc_span strip(struct toc_span word)
{
    static const char before[] = "([{*_-\\";
    static const char behind[] = ".:!?*_)]}";
    static const char opening[] = "([{";
    static const char closing[] = ")]}";
    int32_t surplus[3]; /* closing brackets beyond the opening ones */
    while (word.len > 0 && memchr(before, word.at[0], sizeof before - 1) != NULL &&
           !(word.len > 2 && (word.at[1] == '.' || word.at[1] == ':'))) {
        word = toc_span(word.at + 1, word.len - 1);
    }
    for (size_t i = 0; i < 3; i++) {
        surplus[i] = count(word, (uint8_t)closing[i]) - count(word, (uint8_t)opening[i]);
    }
    while (word.len > 0 && memchr(behind, word.at[word.len - 1], sizeof behind - 1) != NULL) {
        const char *close = memchr(closing, word.at[word.len - 1], 3);
        if (close != NULL && surplus[close - closing]-- <= 0) {
            break;
        }
        word.len--;
    }
    return word;
}

struct toc_span toc_text_cut_link(struct toc_span word)
{
    bool open = false;
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = word.at[i];
        uint8_t next = i + 1 < word.len ? word.at[i + 1] : 0;
        if (c == '[') {
            bool address = i > 1 && word.at[i - 1] == '/' && word.at[i - 2] == '/';
            if (!address && (next == 0 || memchr(".:/dD@ ", next, 7) == NULL)) {
                return toc_span(word.at, i);
            }
            open = true;
        } else if (c == ']') {
            if (!open && (i == 0 || word.at[i - 1] != '.')) {
                return toc_span(word.at, i);
            }
            open = false;
        }
    }
    return word;
}

/* Addresses that anybody may use at home say nothing in running text (RFC 6890). */
static bool is_public(const struct toc_value *value)
{
    const uint8_t *v4 = value->bytes + 12;
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (memcmp(value->bytes, mapped, sizeof mapped) != 0) {
        return (value->bytes[0] & 0xe0) == 0x20; /* 2000::/3 */
    }
    return v4[0] != 0 && v4[0] != 10 && v4[0] != 127 && v4[0] < 224 &&
           !(v4[0] == 192 && v4[1] == 168) && !(v4[0] == 172 && v4[1] >= 16 && v4[1] < 32) &&
           !(v4[0] == 169 && v4[1] == 254) && !(v4[0] == 100 && v4[1] >= 64 && v4[1] < 128);
}

/* Cheap look at a word before it is taken apart. */
static bool is_promising(struct toc_span word)
{
    size_t dots = 0;
    size_t digits = 0;
    size_t marks = 0;
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = word.at[i];
        dots += c == '.';
        digits += c >= '0' && c <= '9';
        marks += c == '[' || c == '(' || c == ':' || c == '@' || c == '{';
    }
    return dots > 0 || marks > 0 || digits >= 4;
}

static bool is_wanted(const struct toc_value *value)
{
    switch ((int)value->kind) {
    case TOC_VALUE_MD5:
    case TOC_VALUE_SHA1:
    case TOC_VALUE_SHA256:
    case TOC_VALUE_SHA512:
    case TOC_VALUE_CVE:
    case TOC_VALUE_TECHNIQUE:
        return true;
    case TOC_VALUE_IP:
        return value->defanged || is_public(value);
    case TOC_VALUE_CIDR:
    case TOC_VALUE_DOMAIN:
    case TOC_VALUE_URL:
    case TOC_VALUE_EMAIL:
        return value->defanged;
    default:
        return false;
    }
}

static bool is_plain_link(struct toc_span word)
{
    size_t scheme = toc_url_scheme(word);
    return scheme > 0 && scheme < word.len &&
           (memcmp(word.at, "http", 4) == 0 || memcmp(word.at, "HTTP", 4) == 0 ||
            memcmp(word.at, "ftp:", 4) == 0);
}

static struct toc_err read_word(struct toc_text_reader *reader, struct toc_span word,
                                bool links_only)
{
    struct toc_value value;
    if (word.len > TOC_VALUE_WRITTEN_BYTES_MAX) {
        return toc_ok();
    }
    word = strip(word);
    if (word.len < WORD_BYTES_MIN || !is_promising(word)) {
        return toc_ok();
    }
    word = toc_url_scheme(word) > 0 ? strip(toc_text_cut_link(word)) : word;
    if (toc_failed(toc_value_guess(&value, word))) {
        return toc_ok();
    }
    if (is_plain_link(word) && !value.defanged) {
        return toc_text_add_link(reader, word);
    }
    if (links_only || !is_wanted(&value)) {
        return toc_ok();
    }
    reader->base.flags |= TOC_FACT_IN_TEXT;
    struct toc_err err = toc_text_add_made(reader, &value, word);
    reader->base.flags &= ~(uint32_t)TOC_FACT_IN_TEXT;
    return err;
}

/* Markdown writes a link as [text](link): the bracket between them parts two words. */
static bool is_link_mark(struct toc_span line, size_t at)
{
    return line.at[at] == ']' && at + 1 < line.len && line.at[at + 1] == '(';
}

static struct toc_err read_words(struct toc_text_reader *reader, struct toc_span line,
                                 bool links_only)
{
    size_t start = 0;
    for (size_t i = 0; i <= line.len; i++) {
        bool mark = i < line.len && is_link_mark(line, i);
        if (i < line.len && !mark && !is_word_end(line.at[i])) {
            continue;
        }
        if (i > start) {
            TOC_TRY(read_word(reader, toc_span(line.at + start, i - start), links_only));
        }
        start = i + (mark ? 2 : 1);
        i += mark;
    }
    return toc_ok();
}

struct toc_err toc_text_read_prose(struct toc_text_reader *reader, struct toc_span line)
{
    return read_words(reader, line, false);
}

struct toc_err toc_text_read_links(struct toc_text_reader *reader, struct toc_span line)
{
    return read_words(reader, line, true);
}
