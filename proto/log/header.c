/* SPDX-License-Identifier: EUPL-1.2 */
#include "range.h"

#include <string.h>

#include "seal.h"

/* Offsets: PROTOCOL.md table "Header". Those marked * keep their place in every version. */
#define AT_VERSION 0u /* * */
#define AT_LENGTH 2u  /* * */
#define AT_KIND 4u
#define AT_CLASS 5u
#define AT_TLP 6u
#define AT_ZERO 7u
#define AT_LOG 8u            /* * */
#define AT_SEQ 40u           /* * */
#define AT_PREV 48u          /* * */
#define AT_PAYLOAD_BYTES 80u /* * */
#define AT_EXPIRY 84u
#define AT_UTC 88u
#define AT_EPOCH 96u
#define AT_PAYLOAD_HASH 112u /* * */

_Static_assert(AT_PAYLOAD_HASH == TOC_HEADER_AD_BYTES, "all before the payload hash is sealed in");
_Static_assert(AT_PAYLOAD_HASH + TOC_HASH_BYTES == TOC_HEADER_BYTES, "the header has no gap");
_Static_assert(TOC_INLINE_BYTES_MAX == TOC_CHUNK_FIRST_BYTES, "inline means at most one chunk");

void toc_header_encode(uint8_t out[static TOC_HEADER_BYTES], const struct toc_header *header)
{
    toc_put_le16(out + AT_VERSION, TOC_HEADER_VERSION);
    toc_put_le16(out + AT_LENGTH, TOC_HEADER_BYTES);
    out[AT_KIND] = header->kind;
    out[AT_CLASS] = header->class;
    out[AT_TLP] = header->tlp;
    out[AT_ZERO] = 0;
    memcpy(out + AT_LOG, header->log, TOC_ID_BYTES);
    toc_put_le64(out + AT_SEQ, header->seq);
    memcpy(out + AT_PREV, header->prev, TOC_HASH_BYTES);
    toc_put_le32(out + AT_PAYLOAD_BYTES, header->payload_bytes);
    toc_put_le32(out + AT_EXPIRY, header->expiry_hours);
    toc_put_le64(out + AT_UTC, header->utc.ms);
    memcpy(out + AT_EPOCH, header->epoch, TOC_EPOCH_REF_BYTES);
    memcpy(out + AT_PAYLOAD_HASH, header->payload_hash, TOC_HASH_BYTES);
}

/* Version and length against the bytes that are there. */
static struct toc_err check_size(struct toc_span bytes)
{
    if (bytes.len < AT_KIND) {
        return toc_fail(TOC_TRUNCATED, "header ends too early");
    }
    uint16_t version = toc_le16(bytes.at + AT_VERSION);
    uint16_t length = toc_le16(bytes.at + AT_LENGTH);
    if (length > TOC_HEADER_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "header is too long"); /* */
    }
    bool known = version == TOC_HEADER_VERSION;
    if (version == 0 || length < TOC_HEADER_BYTES || (known && length != TOC_HEADER_BYTES)) {
        return toc_fail(TOC_MALFORMED, "header has a wrong length"); /* */
    }
    if (bytes.len < length) {
        return toc_fail(TOC_TRUNCATED, "header ends too early");
    }
    if (bytes.len > length) {
        return toc_fail(TOC_TRAILING, "bytes follow the header");
    }
    return toc_ok();
}

struct toc_err toc_header_check(const struct toc_header *header)
{
    if (header->seq == 0) {
        return toc_fail(TOC_MALFORMED, "sequence numbers begin at 1"); /* */
    }
    if (header->payload_bytes > TOC_PAYLOAD_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "payload is too long"); /* */
    }
    if (header->version != TOC_HEADER_VERSION) {
        return toc_ok();
    }
    if (header->class >= TOC_CLASS_COUNT || header->tlp > TOC_TLP_RED) {
        return toc_fail(TOC_MALFORMED, "unknown class or TLP"); /* */
    }
    if (header->utc.ms == 0 || header->utc.ms > TOC_UTC_MS_MAX) {
        return toc_fail(TOC_MALFORMED, "time lies outside the calendar"); /* */
    }
    return toc_ok();
}

struct toc_err toc_header_decode(struct toc_header *header, struct toc_span bytes)
{
    TOC_TRY(check_size(bytes));
    struct toc_header got = {
        .version = toc_le16(bytes.at + AT_VERSION),
        .length = toc_le16(bytes.at + AT_LENGTH),
        .seq = toc_le64(bytes.at + AT_SEQ),
        .payload_bytes = toc_le32(bytes.at + AT_PAYLOAD_BYTES),
    };
    memcpy(got.log, bytes.at + AT_LOG, TOC_ID_BYTES);
    memcpy(got.prev, bytes.at + AT_PREV, TOC_HASH_BYTES);
    memcpy(got.payload_hash, bytes.at + AT_PAYLOAD_HASH, TOC_HASH_BYTES);
    if (got.version == TOC_HEADER_VERSION) {
        got.kind = bytes.at[AT_KIND];
        got.class = bytes.at[AT_CLASS];
        got.tlp = bytes.at[AT_TLP];
        got.expiry_hours = toc_le32(bytes.at + AT_EXPIRY);
        got.utc.ms = toc_le64(bytes.at + AT_UTC);
        memcpy(got.epoch, bytes.at + AT_EPOCH, TOC_EPOCH_REF_BYTES);
        if (bytes.at[AT_ZERO] != 0) {
            return toc_fail(TOC_MALFORMED, "reserved byte is not zero"); /* */
        }
    }
    TOC_TRY(toc_header_check(&got));
    *header = got;
    return toc_ok();
}

void toc_header_hash(uint8_t out[static TOC_HASH_BYTES], struct toc_span bytes)
{
    toc_hash(out, TOC_CTX_H_HEADER, &bytes, 1);
}
