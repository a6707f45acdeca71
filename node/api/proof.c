/* SPDX-License-Identifier: EUPL-1.2 */
#include "api.h"

#include <stdlib.h>

enum { PROOF_PLAINTEXT = 1, PROOF_CARD = 2, PROOF_GENESIS = 3 };
#define PROOF_HEADS_BYTES 64u /* one map head, three keys, three heads of five bytes */

struct toc_err toc_proof_decode(struct toc_proof *proof, struct toc_span bytes)
{
    *proof = (struct toc_proof){.plaintext = toc_span(NULL, 0)};
    if (bytes.len > TOC_PROOF_BYTES_MAX) {
        return toc_fail(TOC_LIMIT, "a proof file has 96 MiB at most");
    }
    TOC_TRY(toc_codec_check(bytes));
    struct toc_reader reader;
    toc_reader_init(&reader, bytes);
    struct toc_proof read = {.plaintext = toc_span(NULL, 0)};
    size_t count = toc_read_map(&reader, TOC_API_FIELDS_MAX);
    for (size_t i = 0; i < count && !toc_failed(reader.err); i++) {
        int64_t key = toc_read_key(&reader);
        if (key == PROOF_PLAINTEXT) {
            read.plaintext = toc_read_bin(&reader, TOC_PROOF_BYTES_MAX);
        } else if (key == PROOF_CARD) {
            read.card = toc_read_bin(&reader, TOC_PROOF_BYTES_MAX);
        } else if (key == PROOF_GENESIS) {
            read.genesis = toc_read_bin(&reader, TOC_PROOF_BYTES_MAX);
        } else {
            toc_read_unknown(&reader, key);
        }
    }
    TOC_TRY(toc_reader_end(&reader));
    if (read.plaintext.len == 0 || read.card.len == 0 || read.genesis.len == 0) {
        return toc_fail(TOC_MALFORMED, "a part of the proof is missing");
    }
    *proof = read;
    return toc_ok();
}

struct toc_err toc_proof_encode(struct toc_bytes *bytes, const struct toc_proof *proof)
{
    *bytes = (struct toc_bytes){NULL, 0};
    size_t room = PROOF_HEADS_BYTES + proof->plaintext.len + proof->card.len + proof->genesis.len;
    uint8_t *at = malloc(room);
    if (at == NULL) {
        return toc_fail(TOC_FULL, "no memory for a proof");
    }
    struct toc_writer writer;
    toc_writer_init(&writer, at, room);
    toc_write_map(&writer, 3);
    toc_write_uint(&writer, PROOF_PLAINTEXT);
    toc_write_bin(&writer, proof->plaintext);
    toc_write_uint(&writer, PROOF_CARD);
    toc_write_bin(&writer, proof->card);
    toc_write_uint(&writer, PROOF_GENESIS);
    toc_write_bin(&writer, proof->genesis);
    if (toc_failed(writer.err)) {
        free(at);
        return writer.err;
    }
    *bytes = (struct toc_bytes){at, writer.len};
    return toc_ok();
}
