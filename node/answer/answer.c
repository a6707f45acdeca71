/* SPDX-License-Identifier: EUPL-1.2 */
#include "answer_internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *command;
    struct toc_err (*handler)(const struct toc_desk *desk, struct toc_answer *answer);
} handlers[] = {
    {"status", toc_answer_status}, {"peers", toc_answer_peers},   {"query", toc_answer_query},
    {"lookup", toc_answer_lookup}, {"show", toc_answer_show},     {"publish", toc_answer_publish},
    {"share", toc_answer_share},   {"verify", toc_answer_verify}, {"backup", toc_answer_backup},
};

struct toc_err toc_answer(const struct toc_desk *desk, struct toc_answer *answer)
{
    answer->line.text[0] = '\0';
    answer->detail[0] = '\0';
    answer->publication = NULL;
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (toc_message_is(answer->request, TOC_FIELD_COMMAND, handlers[i].command)) {
            return handlers[i].handler(desk, answer);
        }
    }
    return TOC_REFUSE(
        answer, TOC_USAGE,
        "the node does not know this command: are tocsin and tocsind of one version?");
}

struct toc_err toc_answer_stopping(struct toc_answer *answer)
{
    return TOC_REFUSE(answer, TOC_UNREACHABLE, "the node is stopping: try again when it runs");
}

void toc_answer_row(struct toc_build *build, const char *row)
{
    toc_build_init(build, TOC_REPLY_BYTES_MAX);
    toc_build_str(build, TOC_FIELD_ROW, row);
}

void toc_answer_detail(struct toc_answer *answer, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(answer->detail, sizeof(answer->detail), format, values);
    va_end(values);
}

/* publications */

void toc_publication_free(struct toc_publication *publication)
{
    if (publication == NULL) {
        return;
    }
    toc_bytes_free(&publication->content);
    toc_feed_given_clear(&publication->given);
    free(publication->organisations);
    toc_build_clear(&publication->row);
    free(publication);
}

void toc_publication_done(struct toc_publication *publication, const uint8_t *group,
                          const uint8_t *log, uint64_t seq)
{
    toc_build_id(&publication->row, TOC_FIELD_GROUP_ID, group);
    toc_build_id(&publication->row, TOC_FIELD_LOG_ID, log);
    toc_build_number(&publication->row, TOC_FIELD_SEQ, seq);
}
