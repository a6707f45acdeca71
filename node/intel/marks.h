/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * marks: markings by their bytes and by the shape of JSON, whatever the format is. A floor below
 * the readers: what no reader understands may still say TLP:RED, and a marking that is missed
 * discloses. It errs on the strict side: a text that merely talks about TLP:RED counts as RED.
 */
#ifndef TOC_INTEL_MARKS_H
#define TOC_INTEL_MARKS_H

#include "fact.h"
#include "json.h"

/* The strictest level that `bytes` state as "TLP:AMBER" in any common spelling, or refer to by the
 * id of a marking definition of TLP 1 or 2. Letters of any case; between the word and the level
 * stand other characters, markup, one word such as "level". Pure. */
enum toc_marked toc_marks_in_bytes(struct toc_span bytes);
/* The same for STIX 1, whose markings are attributes: color="RED" in a marking. Pure. */
enum toc_marked toc_marks_in_xml(struct toc_span bytes);
/* The strictest level that the strings of a JSON document state or refer to, wherever they stand:
 * tags of MISP, labels of CSAF, references of STIX on anything at any depth. A STIX marking
 * definition that nothing refers to says nothing. Gives *tlp. Fails: FULL. */
TOC_MUST_USE struct toc_err toc_marks_in_json(const struct toc_json *json, enum toc_marked *tlp);

#endif
