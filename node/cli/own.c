/* SPDX-License-Identifier: EUPL-1.2 */
#include "own.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* fields of a card */

static struct toc_err set_text(char *out, size_t out_bytes, const struct toc_args *args,
                               const char *option, struct toc_line *line)
{
    const char *text = toc_args_value(args, option);
    if (text == NULL) {
        return toc_ok();
    }
    if (strlen(text) >= out_bytes || !toc_utf8_valid(toc_span_str(text))) {
        return toc_line_fail(line, TOC_USAGE, "--%s: wanted UTF-8 text of at most %zu bytes",
                             option, out_bytes - 1);
    }
    for (const char *at = text; *at != '\0'; at++) {
        if ((uint8_t)*at < 0x20 || *at == 0x7f) {
            return toc_line_fail(line, TOC_USAGE, "--%s: a card holds no control characters",
                                 option);
        }
    }
    memcpy(out, text, strlen(text) + 1);
    return toc_ok();
}

/* Something, one @, a host: what a mail program takes. The rest is for its owner to know. */
static bool is_mail(const char *text)
{
    const char *at = strchr(text, '@');
    return at != NULL && at > text && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
           strpbrk(text, " \t,;<>") == NULL;
}

struct toc_err toc_own_set_texts(struct toc_card *card, const struct toc_args *args,
                                 struct toc_line *line)
{
    TOC_TRY(set_text(card->name, sizeof card->name, args, "name", line));
    TOC_TRY(set_text(card->phone, sizeof card->phone, args, "phone", line));
    TOC_TRY(set_text(card->mail, sizeof card->mail, args, "mail", line));
    const char *mail = toc_args_value(args, "mail");
    if (mail != NULL && mail[0] != '\0' && !is_mail(mail)) {
        return toc_line_fail(line, TOC_USAGE,
                             "--mail %s: wanted an address such as "
                             "duty@cert.example",
                             mail);
    }
    TOC_TRY(set_text(card->hours, sizeof card->hours, args, "hours", line));
    size_t count = toc_args_count(args, "language");
    if (count > TOC_LANGUAGES_MAX) {
        return toc_line_fail(line, TOC_USAGE, "--language: at most %u languages",
                             TOC_LANGUAGES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        const char *tag = toc_args_repeated(args, "language", i);
        if (strlen(tag) > TOC_LANGUAGE_BYTES_MAX || tag[0] == '\0' ||
            strspn(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") !=
                strlen(tag)) {
            return toc_line_fail(line, TOC_USAGE, "--language %s: wanted a tag such as fr or pt-BR",
                                 tag);
        }
        (void)snprintf(card->languages[i], sizeof card->languages[i], "%s", tag);
    }
    card->language_count = count > 0 ? count : card->language_count;
    return toc_ok();
}

struct toc_err toc_own_set_country(struct toc_card *card, const struct toc_args *args,
                                   struct toc_line *line)
{
    const char *country = toc_args_value(args, "country");
    if (country == NULL && card->kind == TOC_ORG_INTERNATIONAL) {
        return toc_ok();
    }
    if (country == NULL) {
        return toc_line_fail(line, TOC_USAGE,
                             "--country is missing: the two letters of ISO 3166, "
                             "such as FR");
    }
    if (strlen(country) != 2 || !isalpha((uint8_t)country[0]) || !isalpha((uint8_t)country[1])) {
        return toc_line_fail(line, TOC_USAGE,
                             "--country %s: wanted the two letters of ISO 3166, "
                             "such as FR",
                             country);
    }
    card->country[0] = (char)toupper((uint8_t)country[0]);
    card->country[1] = (char)toupper((uint8_t)country[1]);
    return toc_ok();
}

struct toc_err toc_own_set_addresses(struct toc_cert *node, const struct toc_args *args,
                                     struct toc_line *line)
{
    size_t count = toc_args_count(args, "advertise");
    if (count == 0) {
        return toc_ok();
    }
    if (count > TOC_ADDRESSES_MAX) {
        return toc_line_fail(line, TOC_USAGE, "--advertise: at most %u addresses",
                             TOC_ADDRESSES_MAX);
    }
    const char *first = toc_args_repeated(args, "advertise", 0);
    if (count == 1 && strcmp(first, "none") == 0) {
        node->address_count = 0;
        return toc_ok();
    }
    for (size_t i = 0; i < count; i++) {
        const char *address = toc_args_repeated(args, "advertise", i);
        if (toc_failed(toc_address_check(toc_span_str(address)))) {
            return toc_line_fail(line, TOC_USAGE, "--advertise %s: wanted HOST:PORT or [IPV6]:PORT",
                                 address);
        }
        (void)snprintf(node->addresses[i], sizeof node->addresses[i], "%s", address);
    }
    node->address_count = count;
    return toc_ok();
}

/* home */

struct toc_err toc_own_home_absent(const char *path, struct toc_line *line)
{
    static const char *const names[] = {TOC_HOME_NODE_KEY,   TOC_HOME_LOG_KEY, TOC_HOME_ORG_KEY,
                                        TOC_HOME_FEDERATION, TOC_HOME_CARD,    TOC_HOME_CONF,
                                        TOC_HOME_STORE};
    char file[TOC_PATH_BYTES + 32];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(file, sizeof file, "%s/%s", path, names[i]);
        if (access(file, F_OK) == 0) {
            return toc_line_fail(line, TOC_LOCKED,
                                 "%s is a home already: it holds %s; choose "
                                 "another folder with --home",
                                 path, names[i]);
        }
    }
    return toc_ok();
}

struct toc_err toc_own_home_new(struct toc_home *home, const char *path, struct toc_line *line)
{
    (void)snprintf(home->path, sizeof home->path, "%s", path);
    home->lock_fd = -1;
    home->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (home->dir_fd < 0) {
        return toc_line_fail(line, TOC_IO, "%s cannot be opened: %s", path, strerror(errno));
    }
    return toc_ok();
}

struct toc_err toc_own_card(const struct toc_home *home, struct toc_card *card,
                            struct toc_bytes *envelope, struct toc_line *line)
{
    struct toc_err err = toc_home_read(home, TOC_HOME_CARD, TOC_CARD_BYTES_MAX, envelope, line);
    if (toc_failed(err)) {
        return err;
    }
    err = toc_card_verify(card, toc_span(envelope->at, envelope->len));
    if (toc_failed(err)) {
        toc_bytes_free(envelope);
        return toc_line_fail(line, TOC_CORRUPT, "%s/%s is damaged (%s); restore it from a backup",
                             home->path, TOC_HOME_CARD, toc_code_text(err.code));
    }
    return toc_ok();
}

const struct toc_cert *toc_own_node(const struct toc_card *card, const struct toc_keyring *keyring,
                                    struct toc_line *line)
{
    for (size_t i = 0; i < card->node_count; i++) {
        if (keyring == NULL ||
            memcmp(card->nodes[i].log_key, keyring->log.public_key, TOC_KEY_BYTES) == 0) {
            return &card->nodes[i];
        }
    }
    toc_line_set(line, "the card does not name this node's log key; restore card and log.key that "
                       "belong together");
    return NULL;
}

bool toc_own_node_runs(struct toc_home *home)
{
    return toc_home_lock(home, NULL).code == TOC_LOCKED;
}
