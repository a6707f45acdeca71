/* SPDX-License-Identifier: EUPL-1.2 */
#include "answer_internal.h"

#include <stdlib.h>
#include <string.h>

/* Does everybody of the audience have it already? Asked on the loop's thread. */
struct reaching {
    const struct toc_desk *desk;
    const struct toc_index_meta *meta;
    const struct toc_audience_found *audience;
    bool all;
};

static bool is_reached(const struct toc_core *core, const struct toc_index_meta *meta,
                       const uint8_t *org)
{
    uint8_t member[TOC_ID_BYTES];
    for (size_t i = 0; i < meta->place_count; i++) {
        for (size_t k = 0; toc_core_view_member(core, meta->places[i].group, k, member); k++) {
            if (memcmp(member, org, TOC_ID_BYTES) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void run_reaching(void *loop, void *arg)
{
    struct reaching *reaching = arg;
    const struct toc_audience_found *audience = reaching->audience;
    const struct toc_core *core = reaching->desk->core(loop);
    if (audience->kind == TOC_SUBMIT_ORGANISATIONS) {
        reaching->all = true;
        for (size_t i = 0; i < audience->organisation_count; i++) {
            const uint8_t *org = audience->organisations + i * TOC_ID_BYTES;
            reaching->all = reaching->all && is_reached(core, reaching->meta, org);
        }
        return;
    }
    for (size_t i = 0; i < reaching->meta->place_count; i++) {
        const uint8_t *group = reaching->meta->places[i].group;
        reaching->all = reaching->all || memcmp(group, audience->group, TOC_ID_BYTES) == 0;
    }
}

/* The row "skipped": nobody would get anything new. */
static struct toc_err skip_reached(const struct toc_desk *desk, struct toc_answer *answer,
                                   const struct toc_found *found,
                                   const struct toc_audience_found *audience, bool *skipped)
{
    struct reaching reaching = {.desk = desk, .meta = &found->meta, .audience = audience};
    if (!desk->call(desk->loop, run_reaching, &reaching)) {
        return toc_answer_stopping(answer);
    }
    *skipped = reaching.all;
    if (!*skipped) {
        return toc_ok();
    }
    struct toc_build row;
    toc_answer_row(&row, "skipped");
    toc_build_id(&row, TOC_FIELD_ID, found->meta.id);
    return answer->row(answer->client, &row) ? toc_ok() : TOC_GONE;
}

/* The same bytes, so the same id and signature, to a further audience. */
static struct toc_err share(const struct toc_desk *desk, struct toc_answer *answer,
                            const struct toc_found *found,
                            const struct toc_audience_found *audience)
{
    struct toc_span plaintext = toc_span(found->plaintext.at, found->plaintext.len);
    bool is_author = memcmp(found->meta.author, desk->org, TOC_ID_BYTES) == 0;
    struct toc_err err = toc_policy_share(found->meta.tlp, is_author, toc_audience_policy(audience),
                                          audience->handle_count);
    if (toc_failed(err)) {
        return TOC_REFUSE(answer, TOC_POLICY, "refused: %s", err.why);
    }
    bool skipped = false;
    err = skip_reached(desk, answer, found, audience, &skipped);
    if (toc_failed(err) || skipped) {
        return err;
    }
    uint8_t id[TOC_ID_BYTES];
    err = toc_bulletin_verify(plaintext, desk->federation, id);
    if (toc_failed(err)) {
        return TOC_REFUSE(answer, err.code,
                          "the bulletin's own signature is invalid: it cannot be passed on");
    }
    struct toc_publication *publication;
    err = toc_publication_make(audience, plaintext, found->meta.tlp, false, &publication);
    if (toc_failed(err)) {
        return TOC_REFUSE(answer, err.code, "not shared: %s", err.why);
    }
    struct toc_build *row = &publication->row;
    toc_answer_row(row, "publication");
    toc_build_id(row, TOC_FIELD_ID, id);
    toc_build_str(row, TOC_FIELD_TLP, toc_tlp_name(found->meta.tlp));
    toc_build_cut(row, TOC_FIELD_TITLE, toc_span(found->meta.title, found->meta.title_len));
    toc_audience_field(row, audience);
    char text[TOC_ID_TEXT_BYTES];
    toc_id_text(text, id);
    toc_answer_detail(answer, "%s TLP:%s to %s%s", text, toc_tlp_name(found->meta.tlp),
                      audience->kind == TOC_SUBMIT_ALL ? "all" : audience->handles[0],
                      audience->handle_count > 1 ? " and others" : "");
    memcpy(publication->detail, answer->detail, sizeof(publication->detail));
    answer->publication = publication;
    return toc_ok();
}

struct toc_err toc_answer_share(const struct toc_desk *desk, struct toc_answer *answer)
{
    struct toc_found *found = calloc(1, sizeof(*found));
    struct toc_audience_found *audience = NULL;
    if (found == NULL) {
        return TOC_REFUSE(answer, TOC_FULL, "out of memory");
    }
    struct toc_err err = toc_found_by_prefix(desk, answer, &found->meta);
    if (!toc_failed(err)) {
        err = toc_audience_find(desk, answer, &audience);
    }
    if (!toc_failed(err)) {
        err = toc_found_open(desk, answer, found);
    }
    if (!toc_failed(err)) {
        err = share(desk, answer, found, audience);
        toc_found_clear(found);
    }
    toc_audience_free(audience);
    free(found);
    return err;
}
