/* SPDX-License-Identifier: EUPL-1.2 */
/* The atoms of a pattern while it is parsed. */
#ifndef TOC_PATTERN_ATOMS_H
#define TOC_PATTERN_ATOMS_H

#include "pattern.h"

/* Appends a copy. Fails: LIMIT, FULL; nothing changed. */
TOC_MUST_USE struct toc_err toc_pattern_add(struct toc_pattern *pattern,
                                            const struct toc_pattern_atom *atom);
/* Drops from `start` on the members of AND chain `chain` that only say more about a neighbour (its
 * type, its port); gives how many were dropped. */
uint32_t toc_pattern_fold(struct toc_pattern *pattern, uint32_t start, uint32_t chain);
/* Whether `text` can be a hash of the algorithm that `path` names; true for other paths. */
bool toc_pattern_hash_fits(struct toc_span path, struct toc_span text);

#endif
