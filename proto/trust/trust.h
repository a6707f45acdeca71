/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * trust: who belongs (roster, genesis), what an organisation says of itself (cards, node
 * certificates), who reads (groups, epochs), which key speaks for whom (directory). Pure
 * functions over bytes; entropy comes in as an argument.
 *
 * Words. Record: a canonical map whose hash is signed. Envelope: the array that carries a record
 * with its signature; envelopes are what travels, is stored and stands in logs as a payload.
 * decode = structure alone; verify = decode and every signature that the bytes carry with them;
 * check = whether a verified record is admissible where it arrives.
 *
 * Source: PROTOCOL.md sections 4 (cards), 5 (roster and genesis), 6 (groups and epochs).
 */
#ifndef TOC_TRUST_H
#define TOC_TRUST_H

#include "card.h"
#include "directory.h"
#include "genesis.h"
#include "group.h"
#include "roster.h"

#endif
