/* SPDX-License-Identifier: EUPL-1.2 */
#include "token.h"

#include <msgpack/pack.h>
#include <string.h>

/* The packer's callback: copies into the writer's memory or fails the writer for good. */
static int append(void *data, const char *bytes, size_t len)
{
    struct toc_writer *writer = data;
    if (toc_failed(writer->err)) {
        return -1;
    }
    if (len > writer->max - writer->len) {
        writer->err = toc_fail(TOC_FULL, "record does not fit its memory");
        return -1;
    }
    if (len != 0) {
        memcpy(writer->at + writer->len, bytes, len);
    }
    writer->len += len;
    return 0;
}

/* The packer has no state of its own beyond where it writes to, so each call makes one. */
static msgpack_packer packer_of(struct toc_writer *writer)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, writer, append);
    return packer;
}

static void fail(struct toc_writer *writer, enum toc_code code, const char *why)
{
    if (!toc_failed(writer->err)) {
        writer->err = toc_fail(code, why);
    }
}

/* Lengths and counts of the encoding are 32 bits wide. */
static bool fits(struct toc_writer *writer, size_t size)
{
    if (size > UINT32_MAX) {
        fail(writer, TOC_LIMIT, "length or count above 32 bits");
    }
    return !toc_failed(writer->err);
}

void toc_writer_init(struct toc_writer *writer, void *memory, size_t max)
{
    *writer = (struct toc_writer){memory, 0, max, {TOC_OK, NULL}};
}

void toc_write_nil(struct toc_writer *writer)
{
    msgpack_packer packer = packer_of(writer);
    (void)msgpack_pack_nil(&packer);
}

void toc_write_bool(struct toc_writer *writer, bool value)
{
    msgpack_packer packer = packer_of(writer);
    (void)(value ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer));
}

void toc_write_uint(struct toc_writer *writer, uint64_t value)
{
    msgpack_packer packer = packer_of(writer);
    (void)msgpack_pack_uint64(&packer, value);
}

void toc_write_int(struct toc_writer *writer, int64_t value)
{
    msgpack_packer packer = packer_of(writer);
    (void)msgpack_pack_int64(&packer, value);
}

void toc_write_float(struct toc_writer *writer, double value)
{
    if (value - value != 0.0) {
        fail(writer, TOC_MALFORMED, "number is not finite");
    } else if (!toc_float_is_integer(value)) {
        msgpack_packer packer = packer_of(writer);
        (void)msgpack_pack_double(&packer, value);
    } else if (value < 0.0) {
        toc_write_int(writer, (int64_t)value);
    } else {
        toc_write_uint(writer, (uint64_t)value);
    }
}

void toc_write_str(struct toc_writer *writer, struct toc_span text)
{
    msgpack_packer packer = packer_of(writer);
    if (fits(writer, text.len)) {
        (void)msgpack_pack_str(&packer, text.len);
        (void)append(writer, (const char *)text.at, text.len);
    }
}

void toc_write_bin(struct toc_writer *writer, struct toc_span bytes)
{
    msgpack_packer packer = packer_of(writer);
    if (fits(writer, bytes.len)) {
        (void)msgpack_pack_bin(&packer, bytes.len);
        (void)append(writer, (const char *)bytes.at, bytes.len);
    }
}

void toc_write_array(struct toc_writer *writer, size_t count)
{
    msgpack_packer packer = packer_of(writer);
    if (fits(writer, count)) {
        (void)msgpack_pack_array(&packer, count);
    }
}

void toc_write_map(struct toc_writer *writer, size_t count)
{
    msgpack_packer packer = packer_of(writer);
    if (fits(writer, count)) {
        (void)msgpack_pack_map(&packer, count);
    }
}

void toc_write_raw(struct toc_writer *writer, struct toc_span encoded)
{
    (void)append(writer, (const char *)encoded.at, encoded.len);
}

struct toc_span toc_writer_bytes(const struct toc_writer *writer)
{
    return toc_failed(writer->err) ? toc_span(NULL, 0) : toc_span(writer->at, writer->len);
}
