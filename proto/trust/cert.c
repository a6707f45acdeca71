/* SPDX-License-Identifier: EUPL-1.2 */
/* Node certificates: what the organisation key says of one node. PROTOCOL.md "Node certificate". */
#include "cert.h"

#include <string.h>

#include "record.h"

enum cert_field { /* keys of the record */
                  CERT_ORG = 1,
                  CERT_NUMBER,
                  CERT_LINK_KEY,
                  CERT_SEAL_KEY,
                  CERT_LOG_KEY,
                  CERT_INCARNATION,
                  CERT_ADDRESSES,
                  CERT_SUITES,
                  CERT_SERIAL,
};
#define CERT_FIELDS 9u
#define CERT_WANTED                                                                                \
    (TOC_FIELD(CERT_ORG) | TOC_FIELD(CERT_NUMBER) | TOC_FIELD(CERT_LINK_KEY) |                     \
     TOC_FIELD(CERT_SEAL_KEY) | TOC_FIELD(CERT_LOG_KEY) | TOC_FIELD(CERT_INCARNATION) |            \
     TOC_FIELD(CERT_ADDRESSES) | TOC_FIELD(CERT_SUITES) | TOC_FIELD(CERT_SERIAL))

static const uint8_t no_federation[TOC_ID_BYTES];

static void read_addresses(struct toc_reader *reader, struct toc_cert *cert)
{
    size_t count = toc_read_array(reader, TOC_ADDRESSES_MAX);
    for (size_t i = 0; i < count && !toc_failed(reader->err); i++) {
        toc_record_read_text(reader, cert->addresses[i], TOC_ADDRESS_BYTES_MAX);
        if (!toc_failed(reader->err) &&
            toc_failed(toc_address_check(toc_span_str(cert->addresses[i])))) {
            toc_reader_fail(reader, TOC_MALFORMED, "address is not host:port"); /* */
        }
    }
    cert->address_count = count;
}

static void read_field(struct toc_reader *reader, struct toc_cert *cert, int64_t key)
{
    switch (key) {
    case CERT_ORG:
        toc_read_bin_exact(reader, cert->org, sizeof cert->org);
        break;
    case CERT_NUMBER:
        cert->number = (uint16_t)toc_read_uint_max(reader, UINT16_MAX);
        break;
    case CERT_LINK_KEY:
        toc_read_bin_exact(reader, cert->link_key, sizeof cert->link_key);
        break;
    case CERT_SEAL_KEY:
        toc_read_bin_exact(reader, cert->seal_key, sizeof cert->seal_key);
        break;
    case CERT_LOG_KEY:
        toc_read_bin_exact(reader, cert->log_key, sizeof cert->log_key);
        break;
    case CERT_INCARNATION:
        cert->incarnation = (uint32_t)toc_read_uint_max(reader, UINT32_MAX);
        break;
    case CERT_ADDRESSES:
        read_addresses(reader, cert);
        break;
    case CERT_SUITES:
        cert->suites = (uint32_t)toc_read_uint_max(reader, UINT32_MAX);
        break;
    case CERT_SERIAL:
        cert->serial = toc_read_uint(reader);
        break;
    default:
        toc_read_unknown(reader, key);
    }
}

static struct toc_err decode_record(struct toc_cert *cert, struct toc_span record)
{
    struct toc_reader reader;
    size_t fields = 0;
    uint64_t seen = 0;
    TOC_TRY(toc_record_open(&reader, record, TOC_CERT_BYTES_MAX, &fields));
    for (size_t i = 0; i < fields && !toc_failed(reader.err); i++) {
        read_field(&reader, cert, toc_record_key(&reader, &seen));
    }
    TOC_TRY(toc_record_end(&reader, seen, CERT_WANTED));
    if (cert->suites == 0) {
        return toc_fail(TOC_MALFORMED, "certificate names no suite"); /* */
    }
    return toc_ok();
}

struct toc_err toc_cert_decode(struct toc_cert *cert, struct toc_span envelope,
                               struct toc_cert_proof *proof)
{
    struct toc_reader reader;
    struct toc_span record;
    memset(cert, 0, sizeof *cert);
    struct toc_err err = toc_envelope_open(&reader, envelope, TOC_CERT_BYTES_MAX, 2, &record);
    if (!toc_failed(err)) {
        toc_read_bin_exact(&reader, proof->signature, sizeof proof->signature);
        err = toc_reader_end(&reader);
    }
    if (!toc_failed(err)) {
        err = decode_record(cert, record);
    }
    if (toc_failed(err)) {
        memset(cert, 0, sizeof *cert);
        return err;
    }
    toc_hash(proof->hash, TOC_CTX_H_CERT, &record, 1);
    return toc_ok();
}

/* A key of low order agrees on the same secret with everybody. Any scalar shows it, since
 * clamping makes all of them multiples of the cofactor. */
static bool is_low_order(const uint8_t key[static TOC_KEY_BYTES])
{
    static const uint8_t scalar[TOC_KEY_BYTES] = {8};
    uint8_t shared[TOC_KEY_BYTES];
    return toc_failed(toc_dh(shared, scalar, key));
}

struct toc_err toc_cert_prove(const struct toc_cert *cert, const struct toc_cert_proof *proof,
                              const uint8_t org_key[static TOC_KEY_BYTES])
{
    /* */
    TOC_TRY(toc_verify(proof->signature, TOC_CTX_S_CERT, no_federation, proof->hash, org_key));
    /* */
    if (is_low_order(cert->link_key) || is_low_order(cert->seal_key)) {
        return toc_fail(TOC_MALFORMED, "certificate has a key of low order");
    }
    return toc_ok();
}

struct toc_err toc_cert_verify(struct toc_cert *cert, struct toc_span envelope,
                               const uint8_t org_key[static TOC_KEY_BYTES])
{
    struct toc_cert_proof proof;
    TOC_TRY(toc_cert_decode(cert, envelope, &proof));
    struct toc_err err = toc_cert_prove(cert, &proof, org_key);
    if (toc_failed(err)) {
        memset(cert, 0, sizeof *cert);
    }
    return err;
}

static void write_record(struct toc_writer *writer, const struct toc_cert *cert)
{
    toc_write_map(writer, CERT_FIELDS);
    toc_record_write_bytes32(writer, CERT_ORG, cert->org);
    toc_record_write_uint(writer, CERT_NUMBER, cert->number);
    toc_record_write_bytes32(writer, CERT_LINK_KEY, cert->link_key);
    toc_record_write_bytes32(writer, CERT_SEAL_KEY, cert->seal_key);
    toc_record_write_bytes32(writer, CERT_LOG_KEY, cert->log_key);
    toc_record_write_uint(writer, CERT_INCARNATION, cert->incarnation);
    toc_write_uint(writer, CERT_ADDRESSES);
    toc_write_array(writer, cert->address_count);
    for (size_t i = 0; i < cert->address_count; i++) {
        toc_write_str(writer, toc_span_str(cert->addresses[i]));
    }
    toc_record_write_uint(writer, CERT_SUITES, cert->suites);
    toc_record_write_uint(writer, CERT_SERIAL, cert->serial);
}

struct toc_err toc_cert_sign(const struct toc_cert *cert, const struct toc_sign_keys *org,
                             struct toc_room out, struct toc_span *envelope)
{
    if (cert->address_count > TOC_ADDRESSES_MAX) {
        return toc_fail(TOC_LIMIT, "node has too many addresses");
    }
    struct toc_writer writer = toc_envelope_begin(out);
    write_record(&writer, cert);
    struct toc_writer whole;
    struct toc_span record;
    TOC_TRY(toc_envelope_end(out, &writer, 2, &whole, &record));
    uint8_t hash[TOC_HASH_BYTES];
    uint8_t sig[TOC_SIG_BYTES];
    toc_hash(hash, TOC_CTX_H_CERT, &record, 1);
    toc_sign(sig, TOC_CTX_S_CERT, no_federation, hash, org->secret);
    toc_write_bin(&whole, toc_span(sig, sizeof sig));
    *envelope = toc_writer_bytes(&whole);
    return whole.err;
}
