/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * stix: facts of STIX 2.0 and 2.1: bundles, bare lists, TAXII envelopes, single objects, JSON
 * Lines. Tolerant: unknown types and properties are carried, dangling references are counted,
 * nothing is dropped without a warning.
 * Source: STIX 2.1 (OASIS Standard, 10 June 2021), STIX 2.0 (Committee Specification 2).
 */
#ifndef TOC_STIX_H
#define TOC_STIX_H

#include "fact.h"
#include "json.h"

/* Whether any of the texts is or holds a STIX object, by their outermost shape. Pure. */
bool toc_stix_is(const struct toc_json *json);
/* Appends the facts of all objects with document number `document`; `*is_21` says whether an object
 * has spec_version 2.1. Of several versions of one id the newest counts.
 * Fails: LIMIT, FULL; facts already added stay (the caller releases them). */
TOC_MUST_USE struct toc_err toc_stix_read(struct toc_facts *facts, const struct toc_json *json,
                                          uint16_t document, bool *is_21);

#endif
