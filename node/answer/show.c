/* SPDX-License-Identifier: EUPL-1.2 */
#include "answer_internal.h"

#include <stdlib.h>
#include <string.h>

/* bytes: documents and proofs */

/* A row "document", then rows "bytes" that make it up. */
static struct toc_err send_bytes(struct toc_answer *answer, size_t number, struct toc_span name,
                                 struct toc_span media_type, struct toc_span bytes)
{
    struct toc_build row;
    toc_answer_row(&row, "document");
    toc_build_number(&row, TOC_FIELD_NUMBER, number);
    toc_build_cut(&row, TOC_FIELD_NAME, name);
    toc_build_cut(&row, TOC_FIELD_MEDIA_TYPE, media_type);
    toc_build_number(&row, TOC_FIELD_SIZE, bytes.len);
    bool here = answer->row(answer->client, &row);
    for (size_t at = 0; here && at < bytes.len; at += TOC_API_CHUNK_BYTES) {
        size_t left = bytes.len - at;
        size_t len = left < TOC_API_CHUNK_BYTES ? left : TOC_API_CHUNK_BYTES;
        toc_answer_row(&row, "bytes");
        toc_build_bytes(&row, TOC_FIELD_BYTES, toc_span(bytes.at + at, len));
        here = answer->row(answer->client, &row);
    }
    return here ? toc_ok() : TOC_GONE;
}

static struct toc_err send_document(struct toc_answer *answer, const struct toc_bulletin *bulletin)
{
    uint64_t number = toc_message_number(answer->request, TOC_FIELD_DOCUMENT);
    if (number < 1 || number > bulletin->document_count) {
        return TOC_REFUSE(answer, TOC_USAGE, "the bulletin has %zu documents, numbered from 1",
                          bulletin->document_count);
    }
    const struct toc_document *document = &bulletin->documents[number - 1];
    return send_bytes(answer, (size_t)number, document->name, document->media_type,
                      document->bytes);
}

static struct toc_err send_stix(struct toc_answer *answer, const struct toc_bulletin *bulletin)
{
    bool any = false;
    for (size_t i = 0; i < bulletin->document_count; i++) {
        const struct toc_document *document = &bulletin->documents[i];
        enum toc_intel_format format = toc_intel_format_find(document->media_type);
        if (format == TOC_FORMAT_STIX20 || format == TOC_FORMAT_STIX21) {
            any = true;
            TOC_TRY(
                send_bytes(answer, i + 1, document->name, document->media_type, document->bytes));
        }
    }
    return any ? toc_ok()
               : TOC_REFUSE(answer, TOC_ABSENT,
                            "the bulletin holds no STIX document: see its "
                            "documents with `tocsin show`");
}

/* The proof file; see api.h. The inner signature is checked before the bulletin leaves. */
static struct toc_err send_proof(const struct toc_desk *desk, struct toc_answer *answer,
                                 const struct toc_found *found)
{
    struct toc_span plaintext = toc_span(found->plaintext.at, found->plaintext.len);
    uint8_t id[TOC_ID_BYTES];
    struct toc_err err = toc_bulletin_verify(plaintext, desk->federation, id);
    if (toc_failed(err)) {
        return TOC_REFUSE(answer, err.code,
                          "the bulletin's own signature is invalid: it proves nothing to others");
    }
    uint8_t *card = malloc(TOC_CARD_BYTES_MAX);
    if (card == NULL) {
        return TOC_REFUSE(answer, TOC_FULL, "out of memory");
    }
    struct toc_room room = {card, TOC_CARD_BYTES_MAX};
    size_t len = 0;
    err = toc_store_get_record(desk->store, 'C', toc_span(found->meta.author, TOC_ID_BYTES), room,
                               &len);
    struct toc_bytes proof = {NULL, 0};
    if (toc_failed(err)) {
        err = TOC_REFUSE(answer, err.code, "the author's card is not here: %s", err.why);
    } else {
        const struct toc_proof parts = {
            .plaintext = plaintext, .card = toc_span(card, len), .genesis = desk->genesis};
        err = toc_proof_encode(&proof, &parts);
    }
    if (!toc_failed(err)) {
        err = send_bytes(answer, 0, toc_span_str("proof"),
                         toc_span_str("application/x-tocsin-proof"), toc_span(proof.at, proof.len));
    }
    toc_bytes_free(&proof);
    free(card);
    return err;
}

/* the bulletin itself */

static bool send_fact(struct toc_answer *answer, const struct toc_fact *fact)
{
    struct toc_build row;
    toc_answer_row(&row, "fact");
    toc_build_number(&row, TOC_FIELD_DOCUMENT, fact->document);
    toc_build_str(&row, TOC_FIELD_KIND, toc_value_kind_name(fact->kind));
    char text[TOC_CANONICAL_BYTES_MAX + 1];
    size_t len = toc_value_text(fact->kind, fact->value, text, sizeof(text));
    toc_build_cut(&row, TOC_FIELD_VALUE, toc_span(text, len));
    toc_build_cut(&row, TOC_FIELD_WRITTEN, fact->written);
    toc_build_cut(&row, TOC_FIELD_COMMENT, fact->note);
    toc_build_cut(&row, TOC_FIELD_PLACE, fact->place);
    if (fact->line > 0) {
        toc_build_number(&row, TOC_FIELD_TEXT_LINE, fact->line);
    }
    toc_fact_flags_field(&row, fact->flags);
    return answer->row(answer->client, &row);
}

static struct toc_err send_bulletin(const struct toc_desk *desk, struct toc_answer *answer,
                                    const struct toc_found *found,
                                    struct toc_intel_reading *reading)
{
    struct toc_handles *names;
    struct toc_err err = toc_handles_get(desk, &names);
    if (toc_failed(err)) {
        return err.code == TOC_STATE ? toc_answer_stopping(answer) : err;
    }
    struct toc_build row;
    toc_found_row(&row, &found->meta, names, &found->content, reading);
    toc_handles_free(names);
    bool here = answer->row(answer->client, &row);
    bool facts = reading != NULL && toc_message_flag(answer->request, TOC_FIELD_FACTS);
    for (uint32_t i = 0; here && facts && i < reading->facts.count; i++) {
        here = send_fact(answer, &reading->facts.at[i]);
    }
    return here ? toc_ok() : TOC_GONE;
}

static struct toc_err send_read(const struct toc_desk *desk, struct toc_answer *answer,
                                const struct toc_found *found)
{
    struct toc_intel_reading *reading = calloc(1, sizeof(*reading));
    if (reading == NULL) {
        return TOC_REFUSE(answer, TOC_FULL, "out of memory");
    }
    /* What cannot be read any more is shown without its facts. */
    struct toc_err err = found->meta.unread ? toc_fail(TOC_CORRUPT, "quarantined")
                                            : toc_found_read(desk, answer, found, reading);
    bool read = !toc_failed(err);
    answer->line.text[0] = '\0';
    err = send_bulletin(desk, answer, found, read ? reading : NULL);
    if (read) {
        toc_intel_reading_clear(reading);
    }
    free(reading);
    return err;
}

struct toc_err toc_answer_show(const struct toc_desk *desk, struct toc_answer *answer)
{
    struct toc_found *found = calloc(1, sizeof(*found));
    if (found == NULL) {
        return TOC_REFUSE(answer, TOC_FULL, "out of memory");
    }
    struct toc_err err = toc_found_by_prefix(desk, answer, &found->meta);
    if (!toc_failed(err)) {
        err = toc_found_open(desk, answer, found);
    }
    if (toc_failed(err)) {
        free(found);
        return err;
    }
    const struct toc_bulletin *bulletin = &found->content.bulletin;
    if (toc_message_has(answer->request, TOC_FIELD_DOCUMENT)) {
        err = send_document(answer, bulletin);
    } else if (toc_message_flag(answer->request, TOC_FIELD_RAW)) {
        err = send_proof(desk, answer, found);
    } else if (toc_message_flag(answer->request, TOC_FIELD_STIX)) {
        err = send_stix(answer, bulletin);
    } else {
        err = send_read(desk, answer, found);
    }
    toc_found_clear(found);
    free(found);
    return err;
}
