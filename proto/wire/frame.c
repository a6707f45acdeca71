/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire.h"

#include <string.h>

#define FLAGS_CLASS 3u
#define FLAGS_KNOWN (FLAGS_CLASS | TOC_FRAME_FLAG_MORE)

size_t toc_put_varint(uint8_t *at, uint64_t value)
{
    size_t len = 0;
    while (value >= 0x80) {
        at[len++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    at[len++] = (uint8_t)value;
    return len;
}

struct toc_err toc_get_varint(struct toc_span *in, uint64_t *value)
{
    uint64_t got = 0;
    for (size_t i = 0; i < TOC_VARINT_BYTES_MAX; i++) {
        if (i == in->len) {
            return toc_fail(TOC_TRUNCATED, "varint ends too early");
        }
        uint64_t septet = in->at[i] & 0x7fu;
        /* The tenth byte has room for bit 63 alone. */
        if (i == TOC_VARINT_BYTES_MAX - 1 && in->at[i] > 1) {
            return toc_fail(TOC_MALFORMED, "varint above 64 bits"); /* */
        }
        got |= septet << (7 * i);
        if (in->at[i] < 0x80) {
            if (septet == 0 && i > 0) {
                return toc_fail(TOC_MALFORMED, "varint is not the shortest"); /* */
            }
            in->at += i + 1;
            in->len -= i + 1;
            *value = got;
            return toc_ok();
        }
    }
    return toc_fail(TOC_MALFORMED, "varint above 64 bits");
}

size_t toc_frame_encode(uint8_t *out, const struct toc_frame *frame)
{
    TOC_ASSERT(frame->body.len <= TOC_FRAME_BODY_BYTES_MAX);
    out[0] = frame->type;
    out[1] = (uint8_t)((unsigned)frame->class | (frame->more ? TOC_FRAME_FLAG_MORE : 0u));
    toc_put_le16(out + 2, (uint16_t)frame->body.len);
    if (frame->body.len != 0) {
        memcpy(out + TOC_FRAME_HEAD_BYTES, frame->body.at, frame->body.len);
    }
    return TOC_FRAME_HEAD_BYTES + frame->body.len;
}

struct toc_err toc_frame_decode(struct toc_span *in, struct toc_frame *frame)
{
    if (in->len < TOC_FRAME_HEAD_BYTES) {
        return toc_fail(TOC_TRUNCATED, "frame head ends too early");
    }
    uint8_t flags = in->at[1];
    size_t body_bytes = toc_le16(in->at + 2);
    if ((flags & ~FLAGS_KNOWN) != 0) {
        return toc_fail(TOC_MALFORMED, "frame has unknown flags"); /* */
    }
    if (body_bytes > TOC_FRAME_BODY_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "frame body is too long"); /* */
    }
    if (body_bytes > in->len - TOC_FRAME_HEAD_BYTES) {
        return toc_fail(TOC_TRUNCATED, "frame body ends too early"); /* */
    }
    *frame = (struct toc_frame){
        .type = in->at[0],
        .class = (enum toc_class)(flags & FLAGS_CLASS),
        .more = (flags & TOC_FRAME_FLAG_MORE) != 0,
        .body = toc_span(in->at + TOC_FRAME_HEAD_BYTES, body_bytes),
    };
    in->at += TOC_FRAME_HEAD_BYTES + body_bytes;
    in->len -= TOC_FRAME_HEAD_BYTES + body_bytes;
    return toc_ok();
}
