/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to cli: our own card and home. */
#ifndef TOC_OWN_H
#define TOC_OWN_H

#include "command.h"

#include "trust.h"

/* Sets what --name, --phone, --mail, --hours and --language give; the rest stays. Fails: USAGE. */
TOC_MUST_USE struct toc_err toc_own_set_texts(struct toc_card *card, const struct toc_args *args,
                                              struct toc_line *line);
/* Sets the country from --country, which only an international organisation may leave out. Fails:
 * USAGE. */
TOC_MUST_USE struct toc_err toc_own_set_country(struct toc_card *card, const struct toc_args *args,
                                                struct toc_line *line);
/* Replaces the addresses by those of --advertise, if any; "none" empties them. Fails: USAGE. */
TOC_MUST_USE struct toc_err
toc_own_set_addresses(struct toc_cert *node, const struct toc_args *args, struct toc_line *line);

/* Refuses where a home exists already. Fails: LOCKED. Nothing is made. */
TOC_MUST_USE struct toc_err toc_own_home_absent(const char *path, struct toc_line *line);
/* Opens the folder that was just made and holds no key yet. Fails: IO. */
TOC_MUST_USE struct toc_err toc_own_home_new(struct toc_home *home, const char *path,
                                             struct toc_line *line);

/* Reads and verifies our own card. Fails: ABSENT, CORRUPT, IO. */
TOC_MUST_USE struct toc_err toc_own_card(const struct toc_home *home, struct toc_card *card,
                                         struct toc_bytes *envelope, struct toc_line *line);
/* The certificate of the node whose keys the home holds: by its log key where `keyring` is given,
 * else the only one. NULL after setting the line. */
const struct toc_cert *toc_own_node(const struct toc_card *card, const struct toc_keyring *keyring,
                                    struct toc_line *line);
/* Whether tocsind runs on this home: it holds the lock. */
bool toc_own_node_runs(struct toc_home *home);

#endif
