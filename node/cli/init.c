/* SPDX-License-Identifier: EUPL-1.2 */
#include "code.h"
#include "command.h"
#include "own.h"
#include "term.h"

#include "trust.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

/* What an init makes, in guarded memory. */
struct secrets {
    struct toc_keyring keyring;
    struct toc_sign_keys org;
    struct toc_sign_keys recovery;
    struct toc_secret_code code;
    uint8_t entropy[128];
};

struct init {
    const struct toc_args *args;
    struct toc_line line;
    char home_path[TOC_PATH_BYTES];
    char recovery_path[TOC_PATH_BYTES];
    struct toc_conf conf;
    struct toc_card card;
    struct toc_span envelope;
    uint8_t envelope_bytes[TOC_CARD_BYTES_MAX];
    struct secrets *secrets;
    struct toc_unlocked node_unlock, org_unlock;
    bool org_unlock_own; /* another secret than the node's */
    struct toc_home home;
    bool home_made;
};

/* what was given */

/* "0.0.0.0:4433" and "[::]:4433" say where to listen, not where others find the node. */
static bool is_wildcard(const char *address)
{
    return strncmp(address, "0.0.0.0:", 8) == 0 || strncmp(address, "[::]:", 5) == 0 ||
           strncmp(address, "*:", 2) == 0;
}

static struct toc_err read_addresses(struct init *init, struct toc_cert *node)
{
    const char *listen = toc_args_value(init->args, "listen");
    if (listen == NULL) {
        return toc_line_fail(&init->line, TOC_USAGE,
                             "--listen is missing: ADDR:PORT for other "
                             "nodes to reach, or none to dial only");
    }
    TOC_TRY(toc_conf_set(&init->conf, "node", "listen", toc_span_str(listen), &init->line));
    bool listens = strcmp(listen, "none") != 0;
    if (listens && toc_failed(toc_address_check(toc_span_str(listen)))) {
        return toc_line_fail(&init->line, TOC_USAGE,
                             "--listen %s: wanted ADDR:PORT, [IPV6]:PORT "
                             "or none",
                             listen);
    }
    if (listens && is_wildcard(listen) && toc_args_count(init->args, "advertise") == 0) {
        return toc_line_fail(&init->line, TOC_USAGE,
                             "--listen %s hears on every address: say with --advertise HOST:PORT "
                             "which one others shall dial",
                             listen);
    }
    if (listens && toc_args_count(init->args, "advertise") == 0) {
        (void)snprintf(node->addresses[0], sizeof node->addresses[0], "%s", listen);
        node->address_count = 1;
    }
    return toc_own_set_addresses(node, init->args, &init->line);
}

static struct toc_err read_card(struct init *init)
{
    struct toc_card *card = &init->card;
    *card = (struct toc_card){.serial = 1, .voting_node = 1, .node_count = 1};
    card->nodes[0] = (struct toc_cert){
        .number = 1, .incarnation = 1, .serial = 1, .suites = TOC_SUITE_BIT(TOC_SUITE_X25519)};
    const char *org = toc_args_value(init->args, "org");
    if (org == NULL) {
        return toc_line_fail(&init->line, TOC_USAGE,
                             "--org is missing: the handle that others "
                             "will know you by, such as CERT-XX");
    }
    if (toc_failed(toc_handle_check(toc_span_str(org)))) {
        return toc_line_fail(&init->line, TOC_USAGE,
                             "--org %s: a handle is 2 to 32 letters, digits and -, and not `all`",
                             org);
    }
    (void)snprintf(card->handle, sizeof card->handle, "%s", org);
    (void)snprintf(card->name, sizeof card->name, "%s", org);
    const char *kind = toc_args_value(init->args, "kind");
    card->kind = TOC_ORG_NATIONAL_CERT;
    if (kind != NULL && toc_failed(toc_org_kind_parse(&card->kind, toc_span_str(kind)))) {
        return toc_line_fail(&init->line, TOC_USAGE,
                             "--kind %s: wanted national-cert, "
                             "sector-csirt, law-enforcement, ministry, "
                             "international, civil-society or observer",
                             kind);
    }
    TOC_TRY(toc_own_set_country(card, init->args, &init->line));
    TOC_TRY(toc_own_set_texts(card, init->args, &init->line));
    return read_addresses(init, &card->nodes[0]);
}

static struct toc_err choose_recovery_path(struct init *init)
{
    const char *given = toc_args_value(init->args, "recovery-out");
    int len = given != NULL ? snprintf(init->recovery_path, sizeof init->recovery_path, "%s", given)
                            : snprintf(init->recovery_path, sizeof init->recovery_path,
                                       "%s-recovery.key", init->card.handle);
    if (len < 0 || (size_t)len >= sizeof init->recovery_path) {
        return toc_line_fail(&init->line, TOC_USAGE, "--recovery-out: the path is too long");
    }
    struct toc_err err = toc_code_check_path(init->recovery_path, init->home_path, &init->line);
    if (toc_failed(err) && given == NULL) {
        struct toc_line why = init->line;
        return toc_line_fail(&init->line, err.code,
                             "the recovery key: %s; say where with --recovery-out FILE", why.text);
    }
    return err;
}

/* The node's secret, and the organisation key's own where one is given. */
static struct toc_err choose_unlocks(struct init *init)
{
    struct toc_unlock_options options = toc_args_unlock(init->args);
    TOC_TRY(toc_unlock_choose(&init->node_unlock, &options, "the new node", &init->line));
    const char *own = toc_args_value(init->args, "org-passphrase-file");
    if (own == NULL) {
        init->org_unlock = init->node_unlock;
        return toc_ok();
    }
    options = (struct toc_unlock_options){.passphrase_path = own};
    init->org_unlock_own = true;
    return toc_unlock_choose(&init->org_unlock, &options, "the organisation key", &init->line);
}

/* making */

static struct toc_err make_keys(struct init *init)
{
    init->secrets = toc_guarded_new(sizeof *init->secrets);
    if (init->secrets == NULL) {
        return toc_line_fail(&init->line, TOC_FULL,
                             "no guarded memory for keys; raise the limit "
                             "of locked memory (ulimit -l)");
    }
    struct secrets *secrets = init->secrets;
    randombytes_buf(secrets->entropy, sizeof secrets->entropy);
    toc_node_keys_make(&secrets->keyring.node, secrets->entropy);
    struct toc_sign_keys *const identities[] = {&secrets->keyring.log, &secrets->org,
                                                &secrets->recovery};
    for (size_t i = 0; i < sizeof identities / sizeof identities[0]; i++) {
        randombytes_buf(secrets->entropy, 32);
        toc_sign_keys_make(identities[i], secrets->entropy);
    }
    toc_code_draw(&secrets->code);
    return toc_ok();
}

static struct toc_err make_card(struct init *init)
{
    struct toc_cert *node = &init->card.nodes[0];
    memcpy(node->link_key, init->secrets->keyring.node.link_public, TOC_KEY_BYTES);
    memcpy(node->seal_key, init->secrets->keyring.node.seal_public, TOC_KEY_BYTES);
    memcpy(node->log_key, init->secrets->keyring.log.public_key, TOC_KEY_BYTES);
    memcpy(init->card.recovery_key, init->secrets->recovery.public_key, TOC_KEY_BYTES);
    struct toc_room out = {init->envelope_bytes, sizeof init->envelope_bytes};
    struct toc_err err = toc_card_sign(&init->card, &init->secrets->org, out, &init->envelope);
    if (toc_failed(err)) {
        return toc_line_fail(&init->line, TOC_USAGE, "the card cannot be made: %s",
                             err.why == NULL ? toc_code_text(err.code) : err.why);
    }
    return toc_ok();
}

static struct toc_err write_home(struct init *init)
{
    TOC_TRY(toc_home_create(init->home_path, &init->line));
    init->home_made = true;
    char conf[TOC_CONF_BYTES_MAX];
    size_t conf_len = toc_conf_text(conf, sizeof conf, &init->conf);
    init->home = (struct toc_home){.dir_fd = -1, .lock_fd = -1};
    struct toc_err err = toc_own_home_new(&init->home, init->home_path, &init->line);
    if (!toc_failed(err)) {
        err = toc_home_write(&init->home, TOC_HOME_CONF, toc_span(conf, conf_len), &init->line);
    }
    if (!toc_failed(err)) {
        err = toc_keyring_store(&init->home, &init->secrets->keyring, &init->node_unlock.unlock,
                                &init->line);
    }
    if (!toc_failed(err)) {
        err = toc_org_keys_store(&init->home, &init->secrets->org, &init->org_unlock.unlock,
                                 &init->line);
    }
    if (!toc_failed(err)) {
        err = toc_home_write(&init->home, TOC_HOME_CARD, init->envelope, &init->line);
    }
    toc_home_close(&init->home);
    return err;
}

/* Takes back what a failed init has made, so that it can be run again. */
static void unmake_home(const struct init *init)
{
    static const char *const names[] = {TOC_HOME_CONF, TOC_HOME_NODE_KEY, TOC_HOME_LOG_KEY,
                                        TOC_HOME_ORG_KEY, TOC_HOME_CARD};
    char path[TOC_PATH_BYTES + 32];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", init->home_path, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(init->home_path);
}

static struct toc_err write_recovery(struct init *init)
{
    uint8_t *seed = toc_guarded_new(32);
    if (seed == NULL) {
        return toc_line_fail(&init->line, TOC_FULL, "no guarded memory for keys");
    }
    toc_sign_keys_encode(seed, &init->secrets->recovery);
    struct toc_err err = toc_code_write(init->recovery_path, init->home_path, TOC_KEYFILE_RECOVERY,
                                        toc_span(seed, 32), &init->secrets->code, &init->line);
    toc_guarded_free(seed);
    return err;
}

static struct toc_err make_all(struct init *init)
{
    const struct toc_args *args = init->args;
    TOC_TRY(toc_home_find(init->home_path, toc_args_value(args, "home"), &init->line));
    TOC_TRY(read_card(init));
    TOC_TRY(toc_own_home_absent(init->home_path, &init->line));
    TOC_TRY(choose_recovery_path(init));
    TOC_TRY(choose_unlocks(init));
    TOC_TRY(make_keys(init));
    TOC_TRY(make_card(init));
    struct toc_err err = write_home(init);
    if (!toc_failed(err)) {
        err = write_recovery(init);
    }
    if (toc_failed(err) && init->home_made) {
        unmake_home(init);
    }
    return err;
}

/* telling */

static void print_result(const struct init *init)
{
    char fingerprint[TOC_FINGERPRINT_CHARS], id[TOC_ID_TEXT_BYTES];
    toc_fingerprint(fingerprint, init->card.org_key);
    toc_id_text(id, init->card.id);
    if (toc_args_has(init->args, "json")) {
        struct toc_jsonl json;
        toc_jsonl_init(&json, stdout);
        toc_jsonl_object(&json, NULL);
        toc_jsonl_text(&json, "org", init->card.handle);
        toc_jsonl_text(&json, "org_id", id);
        toc_jsonl_text(&json, "fingerprint", fingerprint);
        toc_jsonl_text(&json, "home", init->home_path);
        toc_jsonl_text(&json, "recovery_file", init->recovery_path);
        toc_jsonl_text(&json, "recovery_code", init->secrets->code.text);
        toc_jsonl_close(&json);
        return;
    }
    toc_show_text("organisation", init->card.handle);
    toc_show_text("fingerprint", fingerprint);
    toc_show_text("home", init->home_path);
    toc_show_text("recovery key", init->recovery_path);
    toc_show_text("its code", init->secrets->code.text);
    (void)printf("Write the code down now: it is shown this once. Keep it and the recovery key in "
                 "two\nplaces, both away from this machine. Next: `tocsin card > FILE` and give "
                 "FILE to those\nwho found the federation with you.\n");
}

static enum toc_exit run(const struct toc_args *args)
{
    static struct init init;
    init.args = args;
    toc_conf_init(&init.conf);
    struct toc_err err = make_all(&init);
    enum toc_exit status = TOC_EXIT_DONE;
    if (toc_failed(err)) {
        status = toc_complain_err(err, &init.line);
    } else {
        print_result(&init);
    }
    if (init.org_unlock_own) {
        toc_unlocked_free(&init.org_unlock);
    }
    toc_unlocked_free(&init.node_unlock);
    toc_guarded_free(init.secrets);
    return toc_finish_output(status);
}

static const struct toc_option options[] = {
    {"org", 0, "HANDLE", "name of the organisation: 2 to 32 letters, digits and -"},
    {"country", 0, "CC", "ISO 3166 code of its country"},
    {"kind", 0, "KIND",
     "national-cert (default), sector-csirt, law-enforcement, ministry, "
     "international, civil-society, observer"},
    {"name", 0, "TEXT", "full name; default HANDLE"},
    {"phone", 0, "TEXT", "telephone that is answered at any hour"},
    {"mail", 0, "ADDRESS", "mail address of the duty officer"},
    {"hours", 0, "TEXT", "when somebody answers, such as 24/7"},
    {"language", 0, "TAG", "a language that the desk speaks (BCP 47); may be repeated"},
    {"listen", 0, "ADDR:PORT", "where this node hears others, or none: it dials only"},
    {"advertise", 0, "HOST:PORT", "what others dial, if not --listen; may be repeated"},
    {"recovery-out", 0, "FILE", "the recovery key; default HANDLE-recovery.key here"},
    {"org-passphrase-file", 0, "FILE", "its first line locks org.key, apart from the node's keys"},
    {0},
};

const struct toc_command toc_command_init = {
    .name = "init",
    .operands = "--org HANDLE --country CC --listen ADDR:PORT|none",
    .summary = "makes the keys, the card and the home folder of a new node",
    .detail = "\nThe key files are sealed under a passphrase (asked, or --passphrase-file) or "
              "opened by a\ncredential of 32 bytes (--credential). Prints the fingerprint and, "
              "once, the code of the\nrecovery key.",
    .options = options,
    .json = true,
    .operand_max = 0,
    .run = run,
};
