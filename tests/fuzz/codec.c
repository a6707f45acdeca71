/* SPDX-License-Identifier: EUPL-1.2 */
/* USES: wire */
/*
 * The codec: what the check accepts is read and written back to the same bytes, and skipping a
 * value agrees with the check about every input.
 */
#include <string.h>

#include "wire.h"

#define RECORD_BYTES_MAX 65536u

static uint8_t again[RECORD_BYTES_MAX];

/* Reads one value and writes it; the depth is bounded by the check before. */
static void copy_value(struct toc_reader *reader, struct toc_writer *writer)
{
    size_t count;
    switch (toc_read_type(reader)) {
    case TOC_TYPE_NIL:
        toc_read_nil(reader);
        toc_write_nil(writer);
        break;
    case TOC_TYPE_BOOL:
        toc_write_bool(writer, toc_read_bool(reader));
        break;
    case TOC_TYPE_UINT:
        toc_write_uint(writer, toc_read_uint(reader));
        break;
    case TOC_TYPE_NEGATIVE:
        toc_write_int(writer, toc_read_int(reader));
        break;
    case TOC_TYPE_FLOAT:
        toc_write_float(writer, toc_read_float(reader));
        break;
    case TOC_TYPE_STR:
        toc_write_str(writer, toc_read_str(reader, SIZE_MAX));
        break;
    case TOC_TYPE_BIN:
        toc_write_bin(writer, toc_read_bin(reader, SIZE_MAX));
        break;
    case TOC_TYPE_ARRAY:
        count = toc_read_array(reader, SIZE_MAX);
        toc_write_array(writer, count);
        for (size_t i = 0; i < count; i++) {
            copy_value(reader, writer);
        }
        break;
    case TOC_TYPE_MAP:
        count = toc_read_map(reader, SIZE_MAX);
        toc_write_map(writer, count);
        for (size_t i = 0; i < 2 * count; i++) {
            copy_value(reader, writer);
        }
        break;
    case TOC_TYPE_NONE:
        TOC_ASSERT(false);
        break;
    }
}

/* A reader over unchecked bytes stays inside them, whatever it is asked for. */
static void read_blindly(struct toc_span in)
{
    struct toc_reader reader;
    uint8_t exact[8];
    toc_reader_init(&reader, in);
    for (size_t i = 0; i < in.len && !toc_failed(reader.err); i++) {
        switch (in.at[in.len - 1 - i] % 8) {
        case 0:
            (void)toc_read_map(&reader, 16);
            break;
        case 1:
            (void)toc_read_array(&reader, 16);
            break;
        case 2:
            toc_read_unknown(&reader, toc_read_key(&reader));
            break;
        case 3:
            (void)toc_read_str(&reader, 64);
            break;
        case 4:
            toc_read_bin_exact(&reader, exact, sizeof exact);
            break;
        case 5:
            (void)toc_read_float(&reader);
            break;
        case 6:
            (void)toc_read_uint_max(&reader, 1000);
            break;
        default:
            (void)toc_read_raw(&reader);
            break;
        }
    }
    TOC_ASSERT(reader.at <= reader.end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toc_span in = toc_span(data, size);
    struct toc_err err = toc_codec_check(in);
    struct toc_reader reader;
    toc_reader_init(&reader, in);
    (void)toc_read_raw(&reader);
    TOC_ASSERT(toc_reader_end(&reader).code == err.code);
    if (err.code == TOC_OK && size <= sizeof again) {
        struct toc_writer writer;
        toc_reader_init(&reader, in);
        toc_writer_init(&writer, again, sizeof again);
        copy_value(&reader, &writer);
        TOC_ASSERT(toc_reader_end(&reader).code == TOC_OK);
        TOC_ASSERT(toc_span_equal(toc_writer_bytes(&writer), in));
    }
    read_blindly(in);
    return 0;
}
