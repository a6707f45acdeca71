/* SPDX-License-Identifier: EUPL-1.2 */
#include "code.h"
#include "command.h"
#include "own.h"
#include "term.h"

#include <string.h>

/* printing */

static void json_node(struct toc_jsonl *json, const struct toc_cert *node)
{
    toc_jsonl_object(json, NULL);
    toc_jsonl_uint(json, "node", node->number);
    toc_jsonl_uint(json, "incarnation", node->incarnation);
    toc_jsonl_array(json, "addresses");
    for (size_t i = 0; i < node->address_count; i++) {
        toc_jsonl_text(json, NULL, node->addresses[i]);
    }
    toc_jsonl_close(json);
    toc_jsonl_close(json);
}

static void print_json(const struct toc_card *card)
{
    char id[TOC_ID_TEXT_BYTES], fingerprint[TOC_FINGERPRINT_CHARS];
    toc_id_text(id, card->id);
    toc_fingerprint(fingerprint, card->org_key);
    struct toc_jsonl json;
    toc_jsonl_init(&json, stdout);
    toc_jsonl_object(&json, NULL);
    toc_jsonl_text(&json, "org", card->handle);
    toc_jsonl_text(&json, "org_id", id);
    toc_jsonl_text(&json, "fingerprint", fingerprint);
    toc_jsonl_uint(&json, "serial", card->serial);
    toc_jsonl_text(&json, "kind", toc_org_kind_name(card->kind));
    toc_jsonl_text(&json, "country", card->country);
    toc_jsonl_text(&json, "name", card->name);
    toc_jsonl_text(&json, "phone", card->phone);
    toc_jsonl_text(&json, "mail", card->mail);
    toc_jsonl_text(&json, "hours", card->hours);
    toc_jsonl_array(&json, "languages");
    for (size_t i = 0; i < card->language_count; i++) {
        toc_jsonl_text(&json, NULL, card->languages[i]);
    }
    toc_jsonl_close(&json);
    toc_jsonl_array(&json, "nodes");
    for (size_t i = 0; i < card->node_count; i++) {
        json_node(&json, &card->nodes[i]);
    }
    toc_jsonl_close(&json);
    toc_jsonl_close(&json);
}

static void print_card(const struct toc_card *card)
{
    char fingerprint[TOC_FINGERPRINT_CHARS];
    toc_fingerprint(fingerprint, card->org_key);
    toc_show_line(stdout, "organisation", "%s (%s%s%s)", card->handle, card->country,
                  card->country[0] == '\0' ? "" : ", ", toc_org_kind_name(card->kind));
    toc_show_text("fingerprint", fingerprint);
    toc_show_text("name", card->name);
    toc_show_text("telephone", card->phone);
    toc_show_text("mail", card->mail);
    toc_show_text("hours", card->hours);
    for (size_t i = 0; i < card->language_count; i++) {
        toc_show_text(i == 0 ? "languages" : "", card->languages[i]);
    }
    toc_show_line(stdout, "card", "number %llu", (unsigned long long)card->serial);
    for (size_t i = 0; i < card->node_count; i++) {
        const struct toc_cert *node = &card->nodes[i];
        toc_show_line(stdout, "node", "%u, incarnation %lu%s", (unsigned)node->number,
                      (unsigned long)node->incarnation,
                      node->address_count == 0 ? ", dials only" : "");
        for (size_t k = 0; k < node->address_count; k++) {
            toc_show_text("  address", node->addresses[k]);
        }
    }
}

/* A person reads the fields; a pipe or file gets the card itself. */
static enum toc_exit print_own(const struct toc_args *args)
{
    struct toc_home home;
    struct toc_card card;
    struct toc_bytes envelope = {0};
    struct toc_line line = {""};
    struct toc_err err = toc_args_home(args, &home, &line);
    if (toc_failed(err)) {
        return toc_complain_err(err, &line);
    }
    err = toc_own_card(&home, &card, &envelope, &line);
    toc_home_close(&home);
    if (toc_failed(err)) {
        return toc_complain_err(err, &line);
    }
    if (toc_args_has(args, "json")) {
        print_json(&card);
    } else {
        if (toc_term_is_terminal(stdout)) {
            print_card(&card);
        }
        toc_armour_print(stdout, toc_span(envelope.at, envelope.len));
    }
    toc_bytes_free(&envelope);
    return toc_finish_output(TOC_EXIT_DONE);
}

static enum toc_exit show_file(const struct toc_args *args)
{
    struct toc_bytes envelope = {0};
    struct toc_line line = {""};
    struct toc_card card;
    for (size_t i = 0; i < args->operand_count; i++) {
        const char *path = args->operands[i];
        struct toc_err err = toc_armour_read(path, &envelope, &line);
        if (toc_failed(err)) {
            return toc_complain_err(err, &line);
        }
        err = toc_card_verify(&card, toc_span(envelope.at, envelope.len));
        toc_bytes_free(&envelope);
        if (toc_failed(err)) {
            return toc_complain(TOC_EXIT_FAILED, "%s is no valid card: %s; ask for it again", path,
                                toc_code_text(err.code));
        }
        if (toc_args_has(args, "json")) {
            print_json(&card);
        } else {
            (void)fputs(i > 0 ? "\n" : "", stdout);
            print_card(&card);
        }
    }
    return toc_finish_output(TOC_EXIT_DONE);
}

/* changing */

static const struct toc_option set_options[] = {
    {"name", 0, "TEXT", "full name"},
    {"phone", 0, "TEXT", "telephone that is answered at any hour"},
    {"mail", 0, "ADDRESS", "mail address of the duty officer"},
    {"hours", 0, "TEXT", "when somebody answers, such as 24/7"},
    {"language", 0, "TAG", "replaces the list of languages; may be repeated"},
    {"advertise", 0, "HOST:PORT", "replaces the list of addresses, or none; may be repeated"},
    {0},
};

static struct toc_err change(struct toc_home *home, const struct toc_args *args,
                             struct toc_card *card, struct toc_line *line)
{
    struct toc_bytes before = {0};
    TOC_TRY(toc_own_card(home, card, &before, line));
    toc_bytes_free(&before);
    TOC_TRY(toc_own_set_texts(card, args, line));
    TOC_TRY(toc_own_set_addresses(&card->nodes[0], args, line));
    card->serial++;
    struct toc_unlock_options options = toc_args_unlock(args);
    struct toc_sign_keys *keys = NULL;
    TOC_TRY(toc_org_keys_open(home, &options, &keys, line));
    if (memcmp(keys->public_key, card->org_key, TOC_KEY_BYTES) != 0) {
        toc_guarded_free(keys);
        return toc_line_fail(line, TOC_CORRUPT,
                             "%s/org.key belongs to another organisation than %s: nothing was "
                             "changed; bring back the org.key that was made with this card",
                             home->path, card->handle);
    }
    uint8_t bytes[TOC_CARD_BYTES_MAX];
    struct toc_span envelope;
    struct toc_err err =
        toc_card_sign(card, keys, (struct toc_room){bytes, sizeof bytes}, &envelope);
    toc_guarded_free(keys);
    if (toc_failed(err)) {
        return toc_line_fail(line, err.code, "the card cannot be made: %s",
                             err.why == NULL ? toc_code_text(err.code) : err.why);
    }
    return toc_home_write(home, TOC_HOME_CARD, envelope, line);
}

static enum toc_exit set(const struct toc_args *args)
{
    bool any = false;
    for (size_t i = 0; set_options[i].name != NULL; i++) {
        any = any || toc_args_has(args, set_options[i].name);
    }
    if (!any) {
        return toc_complain_usage(args, "nothing to set");
    }
    struct toc_home home;
    struct toc_card card;
    struct toc_line line = {""};
    struct toc_err err = toc_args_home(args, &home, &line);
    if (toc_failed(err)) {
        return toc_complain_err(err, &line);
    }
    err = change(&home, args, &card, &line);
    bool runs = !toc_failed(err) && toc_own_node_runs(&home);
    toc_home_close(&home);
    if (toc_failed(err)) {
        return toc_complain_err(err, &line);
    }
    if (toc_args_has(args, "json")) {
        print_json(&card);
    } else {
        print_card(&card);
        (void)printf(runs ? "Restart the node: it then tells the others.\n"
                          : "The node tells the others when it runs next.\n");
    }
    return toc_finish_output(TOC_EXIT_DONE);
}

static const struct toc_command set_verb = {
    .name = "set",
    .operands = "",
    .summary = "changes the card, raises its number and signs it with org.key",
    .options = set_options,
    .json = true,
    .operand_max = 0,
    .run = set,
};

static const struct toc_command show_verb = {
    .name = "show",
    .operands = "FILE...",
    .summary = "checks the cards of others and prints them with their fingerprints",
    .json = true,
    .operand_min = 1,
    .operand_max = SIZE_MAX,
    .run = show_file,
};

static const struct toc_command *const verbs[] = {&set_verb, &show_verb, NULL};

const struct toc_command toc_command_card = {
    .name = "card",
    .operands = "",
    .summary = "prints the card that others need: signed keys, addresses, contacts",
    .detail = "\nThe card itself is the block between the BEGIN and END lines. It holds nothing "
              "secret, but\nits fingerprint is to be compared by telephone.",
    .json = true,
    .operand_max = 0,
    .run = print_own,
    .verbs = verbs,
};
