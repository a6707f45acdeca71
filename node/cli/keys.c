/* SPDX-License-Identifier: EUPL-1.2 */
#include "command.h"
#include "own.h"
#include "term.h"

#include <string.h>
#include <sys/stat.h>

/* show */

struct key_row {
    const char *file;
    const char *holds;
};

static const struct key_row key_rows[] = {
    {TOC_HOME_NODE_KEY, "link, sealing and store keys"},
    {TOC_HOME_LOG_KEY, "log key: signs what this node publishes"},
    {TOC_HOME_ORG_KEY, "organisation key: signs cards and memberships"},
    {TOC_HOME_FEDERATION_KEY, "federation secret, handed over by hand"},
    {"recovery.key", "certifies a new organisation key; belongs on another medium"},
};

static const char *lock_name(enum toc_keyfile_lock lock)
{
    switch (lock) {
    case TOC_LOCK_CREDENTIAL:
        return "credential";
    case TOC_LOCK_PASSPHRASE:
        return "passphrase";
    case TOC_LOCK_NODE:
        return "node.key";
    }
    return "unknown lock";
}

/* How a key file is opened, "offline" where it is not here, and when it was written last. */
static const char *key_state(const struct toc_home *home, const char *name, uint64_t *written_ms)
{
    char path[TOC_PATH_BYTES + 32];
    struct stat at;
    struct toc_bytes file = {0};
    struct toc_line line;
    enum toc_keyfile_kind kind;
    enum toc_keyfile_lock lock;
    *written_ms = 0;
    (void)snprintf(path, sizeof path, "%s/%s", home->path, name);
    if (stat(path, &at) == 0) {
        *written_ms = (uint64_t)at.st_mtim.tv_sec * 1000;
    }
    struct toc_err err = toc_home_read(home, name, TOC_KEYFILE_BYTES_MAX, &file, &line);
    if (!toc_failed(err)) {
        err = toc_keyfile_lock(toc_span(file.at, file.len), &kind, &lock);
    }
    toc_bytes_free(&file);
    if (err.code == TOC_ABSENT) {
        return "offline";
    }
    if (err.code == TOC_PERMISSION) {
        return "refused: open to others";
    }
    return toc_failed(err) ? "damaged" : lock_name(lock);
}

/* Keys that most homes never have are shown where they are. */
static bool is_shown(const struct toc_home *home, const struct key_row *row)
{
    return strcmp(row->file, TOC_HOME_FEDERATION_KEY) != 0 || toc_home_has(home, row->file);
}

static void show_json(const struct toc_home *home, const struct toc_card *card)
{
    char fingerprint[TOC_FINGERPRINT_CHARS];
    toc_fingerprint(fingerprint, card->org_key);
    for (size_t i = 0; i < sizeof key_rows / sizeof key_rows[0]; i++) {
        if (!is_shown(home, &key_rows[i])) {
            continue;
        }
        struct toc_jsonl json;
        uint64_t written = 0;
        const char *state = key_state(home, key_rows[i].file, &written);
        toc_jsonl_init(&json, stdout);
        toc_jsonl_object(&json, NULL);
        toc_jsonl_text(&json, "key", key_rows[i].file);
        toc_jsonl_text(&json, "lock", state);
        toc_jsonl_time(&json, "written", written);
        toc_jsonl_text(&json, "org", card->handle);
        toc_jsonl_text(&json, "fingerprint", fingerprint);
        toc_jsonl_close(&json);
    }
}

static enum toc_exit show_table(const struct toc_home *home, const struct toc_card *card)
{
    static const char *const header[] = {"KEY", "OPENED BY", "WRITTEN", "HOLDS"};
    char fingerprint[TOC_FINGERPRINT_CHARS], time[TOC_TERM_TIME_BYTES];
    toc_fingerprint(fingerprint, card->org_key);
    if (toc_term_is_terminal(stdout)) {
        toc_show_text("organisation", card->handle);
        toc_show_text("fingerprint", fingerprint);
    }
    struct toc_table table;
    toc_table_init(&table, stdout, header, 4);
    for (size_t i = 0; i < sizeof key_rows / sizeof key_rows[0]; i++) {
        if (!is_shown(home, &key_rows[i])) {
            continue;
        }
        uint64_t written = 0;
        const char *state = key_state(home, key_rows[i].file, &written);
        toc_term_time(time, written);
        toc_table_text(&table, key_rows[i].file);
        toc_table_text(&table, state);
        toc_table_text(&table, time);
        toc_table_text(&table, key_rows[i].holds);
    }
    struct toc_err err = toc_table_end(&table);
    return toc_failed(err) ? toc_complain_err(err, NULL) : TOC_EXIT_DONE;
}

static enum toc_exit show(const struct toc_args *args)
{
    struct toc_home home;
    struct toc_card card;
    struct toc_bytes envelope = {0};
    struct toc_line line = {""};
    enum toc_exit status = TOC_EXIT_DONE;
    struct toc_err err = toc_args_home(args, &home, &line);
    if (toc_failed(err)) {
        return toc_complain_err(err, &line);
    }
    err = toc_own_card(&home, &card, &envelope, &line);
    toc_bytes_free(&envelope);
    if (toc_failed(err)) {
        status = toc_complain_err(err, &line);
    } else if (toc_args_has(args, "json")) {
        show_json(&home, &card);
    } else {
        status = show_table(&home, &card);
    }
    toc_home_close(&home);
    return toc_finish_output(status);
}

/* passphrase */

static struct toc_unlock_options new_options(const struct toc_args *args)
{
    return (struct toc_unlock_options){
        .credential_path = toc_args_value(args, "new-credential"),
        .passphrase_path = toc_args_value(args, "new-passphrase-file"),
        .may_ask = true,
    };
}

/* Both files are opened before either is written, so that a wrong passphrase changes nothing. */
static struct toc_err change_locks(const struct toc_home *home, const struct toc_args *args,
                                   struct toc_line *line)
{
    bool node = !toc_args_has(args, "org-only"), org = !toc_args_has(args, "node-only");
    org = org && toc_home_has(home, TOC_HOME_ORG_KEY);
    struct toc_unlock_options old = toc_args_unlock(args), new = new_options(args);
    struct toc_keyring *keyring = NULL;
    struct toc_sign_keys *keys = NULL;
    struct toc_unlocked unlocked = {0};
    if (new.passphrase_path == NULL &&new.credential_path == NULL && !toc_prompt_possible()) {
        return toc_line_fail(line, TOC_USAGE,
                             "the new secret is missing: give --new-passphrase-file FILE or "
                             "--new-credential FILE, or run this on a terminal");
    }
    struct toc_err err = node ? toc_keyring_open(home, &old, &keyring, line) : toc_ok();
    if (!toc_failed(err) && org) {
        err = toc_org_keys_open(home, &old, &keys, line);
    }
    if (!toc_failed(err)) {
        err = toc_unlock_choose(&unlocked, &new, "the key files", line);
    }
    if (!toc_failed(err) && org) {
        err = toc_org_keys_store(home, keys, &unlocked.unlock, line);
    }
    if (!toc_failed(err) && node) {
        err = toc_keyring_store(home, keyring, &unlocked.unlock, line);
    }
    toc_unlocked_free(&unlocked);
    toc_guarded_free(keys);
    toc_keyring_close(keyring);
    return err;
}

static enum toc_exit passphrase(const struct toc_args *args)
{
    if (toc_args_has(args, "org-only") && toc_args_has(args, "node-only")) {
        return toc_complain_usage(args, "--org-only and --node-only exclude each other");
    }
    struct toc_home home;
    struct toc_line line = {""};
    struct toc_err err = toc_args_home(args, &home, &line);
    if (toc_failed(err)) {
        return toc_complain_err(err, &line);
    }
    if (toc_args_has(args, "org-only") && !toc_home_has(&home, TOC_HOME_ORG_KEY)) {
        err = toc_line_fail(&line, TOC_IO,
                            "org.key is not in %s: it is kept offline; bring it "
                            "back first",
                            home.path);
    } else {
        err = change_locks(&home, args, &line);
    }
    bool org = !toc_args_has(args, "node-only") && toc_home_has(&home, TOC_HOME_ORG_KEY);
    toc_home_close(&home);
    if (toc_failed(err)) {
        return toc_complain_err(err, &line);
    }
    const char *both = org ? "node.key and org.key are" : "node.key is";
    (void)printf("%s sealed under the new secret; keep the old one as long as backups need it.\n",
                 toc_args_has(args, "org-only") ? "org.key is" : both);
    return toc_finish_output(TOC_EXIT_DONE);
}

static const struct toc_option passphrase_options[] = {
    {"new-passphrase-file", 0, "FILE", "its first line is the new passphrase"},
    {"new-credential", 0, "FILE", "32 bytes that open the files from now on"},
    {"node-only", 0, NULL, "leave org.key as it is"},
    {"org-only", 0, NULL, "leave node.key as it is"},
    {0},
};

static const struct toc_command show_verb = {
    .name = "show",
    .operands = "",
    .summary = "lists the key files, what opens them and when they were written",
    .json = true,
    .operand_max = 0,
    .run = show,
};

static const struct toc_command passphrase_verb = {
    .name = "passphrase",
    .operands = "",
    .summary = "seals node.key and org.key anew, under another passphrase or credential",
    .detail = "\nThe old secret comes from --passphrase-file, --credential or a question; the new "
              "one from the\noptions below or a question. A running node goes on undisturbed.",
    .options = passphrase_options,
    .operand_max = 0,
    .run = passphrase,
};

static const struct toc_command *const verbs[] = {&show_verb, &passphrase_verb, NULL};

const struct toc_command toc_command_keys = {
    .name = "keys",
    .operands = "",
    .summary = "shows the key files, changes their passphrase",
    .operand_max = 0,
    .verbs = verbs,
};
