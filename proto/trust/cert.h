/* SPDX-License-Identifier: EUPL-1.2 */
/* cert: node certificates one by one, as cards use them. Private to trust. */
#ifndef TOC_CERT_H
#define TOC_CERT_H

#include "card.h"

/* What shows that a certificate is genuine, apart from the certificate itself. */
struct toc_cert_proof {
    uint8_t hash[TOC_HASH_BYTES];
    uint8_t signature[TOC_SIG_BYTES];
};

/* Structure alone. Fails: as toc_card_decode; `cert` is zeroed then. */
TOC_MUST_USE struct toc_err toc_cert_decode(struct toc_cert *cert, struct toc_span envelope,
                                            struct toc_cert_proof *proof);
/* Signature and order of the keys. Fails: SIGNATURE, MALFORMED (a key of low order). */
TOC_MUST_USE struct toc_err toc_cert_prove(const struct toc_cert *cert,
                                           const struct toc_cert_proof *proof,
                                           const uint8_t org_key[static TOC_KEY_BYTES]);
/* Writes and signs the envelope; checks nothing but that it fits. Fails: LIMIT, FULL. */
TOC_MUST_USE struct toc_err toc_cert_sign(const struct toc_cert *cert,
                                          const struct toc_sign_keys *org, struct toc_room out,
                                          struct toc_span *envelope);

#endif
