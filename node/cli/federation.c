/* SPDX-License-Identifier: EUPL-1.2 */
#include "code.h"
#include "command.h"
#include "founding.h"
#include "term.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* found */

/* The cards of the command line and, unless it is among them, our own. */
struct founders {
    struct toc_bytes *files; /* own; count of them */
    struct toc_span *cards;
    size_t count;
};

static void founders_free(struct founders *founders)
{
    for (size_t i = 0; i < founders->count; i++) {
        toc_bytes_free(&founders->files[i]);
    }
    free(founders->files);
    free(founders->cards);
}

static struct toc_err founders_read(struct founders *founders, const struct toc_args *args,
                                    struct toc_bytes *own, const uint8_t own_id[static 32],
                                    struct toc_line *line)
{
    founders->files = calloc(args->operand_count + 1, sizeof *founders->files);
    founders->cards = calloc(args->operand_count + 1, sizeof *founders->cards);
    if (founders->files == NULL || founders->cards == NULL) {
        return toc_fail(TOC_FULL, "no memory for the cards");
    }
    bool own_given = false;
    for (size_t i = 0; i < args->operand_count; i++) {
        struct toc_bytes *file = &founders->files[founders->count];
        TOC_TRY(toc_armour_read(args->operands[i], file, line));
        founders->cards[founders->count++] = toc_span(file->at, file->len);
        struct toc_card card;
        struct toc_err err = toc_card_verify(&card, toc_span(file->at, file->len));
        if (toc_failed(err)) {
            return toc_line_fail(line, TOC_CORRUPT, "%s is no valid card: %s; ask for it again",
                                 args->operands[i], toc_code_text(err.code));
        }
        own_given = own_given || memcmp(card.id, own_id, TOC_ID_BYTES) == 0;
    }
    if (!own_given) {
        founders->files[founders->count] = *own;
        *own = (struct toc_bytes){0};
        founders->cards[founders->count] =
            toc_span(founders->files[founders->count].at, founders->files[founders->count].len);
        founders->count++;
    }
    if (founders->count < TOC_FOUNDERS_MIN) {
        return toc_line_fail(line, TOC_USAGE,
                             "%zu founders are too few: at least %u, four advised; give the cards "
                             "of the others",
                             founders->count, TOC_FOUNDERS_MIN);
    }
    return toc_ok();
}

/* F leaves by hand: into a key file under a code that is shown once. */
static struct toc_err write_secret(const struct toc_args *args, const struct toc_founding *own,
                                   const uint8_t f[static TOC_KEY_BYTES],
                                   struct toc_secret_code *code, struct toc_line *line)
{
    const char *path = toc_args_value(args, "secret-out");
    if (path == NULL) {
        return toc_ok();
    }
    toc_code_draw(code);
    return toc_code_write(path, own->home.path, TOC_KEYFILE_FEDERATION, toc_span(f, TOC_KEY_BYTES),
                          code, line);
}

static struct toc_err draft(const struct toc_args *args, struct toc_founding *own,
                            const struct founders *founders, struct toc_secret_code *code,
                            struct toc_line *line)
{
    uint8_t entropy[TOC_DRAFT_ENTROPY_BYTES];
    uint8_t *f = toc_guarded_new(TOC_KEY_BYTES);
    struct toc_founding_memory memory;
    struct toc_span file;
    TOC_TRY(toc_founding_memory_new(&memory, line));
    randombytes_buf(entropy, sizeof entropy);
    struct toc_genesis_options options = {
        .name = toc_span_str(toc_args_value(args, "name")),
        .cards = founders->cards,
        .card_count = founders->count,
        .drafter = own->card.id,
        .drafter_node = own->node->number,
        .log_keys = &own->keyring->log,
        .secret_out = toc_args_has(args, "secret-out"),
        .entropy = entropy,
    };
    struct toc_err err = f == NULL
                             ? toc_fail(TOC_FULL, "no guarded memory for keys")
                             : toc_genesis_draft(&options, &memory.arena, memory.out, &file, f);
    if (toc_failed(err) && line->text[0] == '\0') {
        err = toc_line_fail(line, TOC_SYNTAX, "these founders cannot found a federation: %s",
                            err.why == NULL ? toc_code_text(err.code) : err.why);
    }
    if (!toc_failed(err)) {
        err = write_secret(args, own, f, code, line);
    }
    if (!toc_failed(err)) {
        err = toc_file_write(toc_args_value(args, "output"), file, 0600, TOC_REPLACE_NO, line);
    }
    toc_guarded_free(f);
    toc_wipe(entropy, sizeof entropy);
    toc_founding_memory_free(&memory);
    return err;
}

static enum toc_exit found(const struct toc_args *args)
{
    const char *output = toc_args_value(args, "output"), *name = toc_args_value(args, "name");
    if (name == NULL || output == NULL) {
        return toc_complain_usage(args, "%s",
                                  name == NULL ? "--name of the federation is missing"
                                               : "-o FILE is missing");
    }
    struct toc_founding own;
    struct toc_line line = {""};
    struct founders founders = {0};
    struct toc_secret_code code;
    struct toc_err err = toc_founding_open(&own, args, &line);
    if (!toc_failed(err)) {
        err = founders_read(&founders, args, &own.envelope, own.card.id, &line);
    }
    if (!toc_failed(err)) {
        err = draft(args, &own, &founders, &code, &line);
    }
    founders_free(&founders);
    toc_founding_close(&own);
    if (toc_failed(err)) {
        return toc_complain_err(err, &line);
    }
    if (toc_args_has(args, "secret-out")) {
        toc_show_text("secret", toc_args_value(args, "secret-out"));
        toc_show_text("its code", code.text);
        (void)printf("Write the code down now: it is shown this once. Hand file and code to each "
                     "founder by\nseparate ways, never with %s.\n",
                     output);
    }
    (void)printf("Drafted %s. Every founder, you included: `tocsin federation show`, compare the "
                 "fingerprints\nby telephone, then `tocsin federation sign` and send it back.\n",
                 output);
    toc_wipe(&code, sizeof code);
    return toc_finish_output(TOC_EXIT_DONE);
}

/* show */

static enum toc_exit show(const struct toc_args *args)
{
    struct toc_founding_memory memory;
    struct toc_genesis genesis;
    struct toc_bytes file = {0};
    struct toc_line line = {""};
    enum toc_exit status = TOC_EXIT_DONE;
    struct toc_err err = toc_founding_memory_new(&memory, &line);
    if (!toc_failed(err)) {
        err = toc_founding_read(&genesis, &file, args->operands[0], &memory, &line);
    }
    if (toc_failed(err)) {
        status = toc_complain_err(err, &line);
    } else {
        status = toc_founding_print(stdout, &genesis, toc_args_has(args, "json"));
    }
    toc_bytes_free(&file);
    toc_founding_memory_free(&memory);
    return toc_finish_output(status);
}

/* sign */

/* The one act of trust: a person sees what the signature vouches for and says yes, on the terminal
 * or by --yes. */
static struct toc_err check_wanted(const struct toc_args *args, const struct toc_genesis *genesis,
                                   struct toc_line *line)
{
    const char *path = args->operands[0];
    if (toc_args_has(args, "yes")) {
        return toc_ok();
    }
    if (!toc_prompt_possible()) {
        return toc_line_fail(line, TOC_USAGE,
                             "not signed: without a terminal nobody can be asked whether the "
                             "fingerprints match; compare those of `tocsin federation show %s` by "
                             "telephone, then sign with --yes",
                             path);
    }
    (void)toc_founding_print(stderr, genesis, false);
    return toc_prompt_yes("Compared by telephone, and they match? Sign")
               ? toc_ok()
               : toc_line_fail(line, TOC_POLICY, "not signed; %s is unchanged", path);
}

static bool is_signed(const struct toc_genesis *genesis, const uint8_t org[static TOC_ID_BYTES])
{
    for (size_t i = 0; i < genesis->roster.org_count; i++) {
        if (memcmp(genesis->roster.orgs[i].id, org, TOC_ID_BYTES) == 0) {
            return toc_genesis_signed(genesis, i);
        }
    }
    return false;
}

static struct toc_err sign_file(const struct toc_args *args, struct toc_founding *own,
                                bool *already, struct toc_line *line)
{
    const char *path = args->operands[0];
    struct toc_founding_memory memory;
    struct toc_genesis genesis;
    struct toc_bytes file = {0};
    struct toc_sign_keys *keys = NULL;
    struct toc_unlock_options options = toc_args_unlock(args);
    TOC_TRY(toc_founding_memory_new(&memory, line));
    struct toc_err err = toc_founding_read(&genesis, &file, path, &memory, line);
    if (!toc_failed(err)) {
        err = toc_founding_check(own, &genesis, args, NULL, line);
    }
    *already = !toc_failed(err) && is_signed(&genesis, own->card.id);
    if (!toc_failed(err) && !*already) {
        err = check_wanted(args, &genesis, line);
    }
    if (!toc_failed(err) && !*already) {
        err = toc_org_keys_open(&own->home, &options, &keys, line);
    }
    if (!toc_failed(err) && !*already) {
        struct toc_span signed_file;
        err = toc_genesis_sign(&genesis, keys, memory.out, &signed_file);
        if (toc_failed(err)) {
            err = toc_line_fail(line, err.code, "%s cannot be signed: %s", path,
                                err.why == NULL ? toc_code_text(err.code) : err.why);
        } else {
            err = toc_file_write(path, signed_file, 0600, TOC_REPLACE_YES, line);
        }
    }
    toc_guarded_free(keys);
    toc_bytes_free(&file);
    toc_founding_memory_free(&memory);
    return err;
}

static enum toc_exit sign(const struct toc_args *args)
{
    struct toc_founding own;
    bool already = false;
    struct toc_line line = {""};
    struct toc_err err = toc_founding_open(&own, args, &line);
    if (!toc_failed(err)) {
        err = sign_file(args, &own, &already, &line);
    }
    toc_founding_close(&own);
    if (toc_failed(err)) {
        return toc_complain_err(err, &line);
    }
    (void)printf(already ? "%s holds our signature already; nothing was changed.\n"
                         : "%s is signed; send it to the others.\n",
                 args->operands[0]);
    return toc_finish_output(TOC_EXIT_DONE);
}

/* adopt */

static enum toc_exit adopt(const struct toc_args *args)
{
    struct toc_founding own;
    struct toc_line line = {""};
    char missing[TOC_LINE_BYTES] = "";
    struct toc_err err = toc_founding_open(&own, args, &line);
    if (!toc_failed(err)) {
        err = toc_founding_adopt(&own, args, missing, sizeof missing, &line);
    }
    toc_founding_close(&own);
    if (missing[0] != '\0') {
        return toc_complain(TOC_EXIT_POLICY,
                            "signatures are missing: %s; let them sign and adopt again with their "
                            "files",
                            missing);
    }
    if (toc_failed(err)) {
        return toc_complain_err(err, &line);
    }
    (void)printf("Adopted. Start the node: `tocsin run`.\n");
    return toc_finish_output(TOC_EXIT_DONE);
}

/* the command */

static const struct toc_option found_options[] = {
    {"name", 0, "TEXT", "name of the federation"},
    {"output", 'o', "FILE", "the genesis file to draft"},
    {"secret-out", 0, "FILE", "write the federation secret here, for a handover by hand"},
    {0},
};

static const struct toc_option sign_options[] = {
    {"secret", 0, "FILE", "the federation secret, where it was handed over by hand"},
    {"secret-code-file", 0, "FILE", "its first line is the code of that secret; else asked"},
    {"yes", 'y', NULL, "the fingerprints have been compared: do not ask"},
    {0},
};

static const struct toc_option adopt_options[] = {
    {"secret", 0, "FILE", "the federation secret, where it was handed over by hand"},
    {"secret-code-file", 0, "FILE", "its first line is the code of that secret; else asked"},
    {0},
};

static const struct toc_command found_verb = {
    .name = "found",
    .operands = "CARD...",
    .summary = "drafts a genesis file from the cards of the founders, ours included",
    .detail = "\nAt least three founders, four advised. With --secret-out the federation secret "
              "is left out of\nthe file and handed over on paper or USB; that alone protects "
              "recorded traffic against a later\nquantum computer.",
    .options = found_options,
    .operand_min = 1,
    .operand_max = SIZE_MAX,
    .run = found,
};

static const struct toc_command show_verb = {
    .name = "show",
    .operands = "FILE",
    .summary = "lists the founders, their fingerprints and who has signed",
    .json = true,
    .operand_min = 1,
    .operand_max = 1,
    .run = show,
};

static const struct toc_command sign_verb = {
    .name = "sign",
    .operands = "FILE",
    .summary = "checks a genesis file and adds our signature in place",
    .detail = "\nCompare the fingerprints that `tocsin federation show` prints by telephone first. "
              "On a terminal it\nasks whether you have; elsewhere it signs with --yes alone.",
    .options = sign_options,
    .operand_min = 1,
    .operand_max = 1,
    .run = sign,
};

static const struct toc_command adopt_verb = {
    .name = "adopt",
    .operands = "FILE...",
    .summary = "unites the signatures of the files and joins; exit 3 while one is missing",
    .options = adopt_options,
    .operand_min = 1,
    .operand_max = SIZE_MAX,
    .run = adopt,
};

static const struct toc_command *const verbs[] = {&found_verb, &show_verb, &sign_verb, &adopt_verb,
                                                  NULL};

const struct toc_command toc_command_federation = {
    .name = "federation",
    .operands = "",
    .summary = "founds a federation: draft, compare, sign, adopt",
    .operand_max = 0,
    .verbs = verbs,
};
