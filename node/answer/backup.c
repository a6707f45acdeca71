/* SPDX-License-Identifier: EUPL-1.2 */
#include "answer_internal.h"

#include "backup.h"

#include <string.h>
#include <unistd.h>

struct toc_err toc_answer_backup(const struct toc_desk *desk, struct toc_answer *answer)
{
    struct toc_span text = toc_message_text(answer->request, TOC_FIELD_PATH);
    char path[TOC_PATH_BYTES];
    toc_answer_detail(answer, "%.*s", (int)(text.len < 400 ? text.len : 400),
                      text.len == 0 ? "" : (const char *)text.at);
    if (answer->uid != 0 && answer->uid != geteuid()) {
        return TOC_REFUSE(answer, TOC_POLICY,
                          "only the node's own user may make a backup: it writes as that user");
    }
    if (text.len == 0 || text.len + 16 >= sizeof(path) || text.at[0] != '/' ||
        memchr(text.at, '\0', text.len) != NULL) {
        return TOC_REFUSE(answer, TOC_USAGE, "a backup needs the whole path of a new file");
    }
    memcpy(path, text.at, text.len);
    path[text.len] = '\0';
    uint64_t size = 0;
    TOC_TRY(toc_backup_write(desk->home, desk->store, path, &size, &answer->line));
    struct toc_build row;
    toc_answer_row(&row, "backup");
    toc_build_text(&row, TOC_FIELD_PATH, text);
    toc_build_number(&row, TOC_FIELD_SIZE, size);
    return answer->row(answer->client, &row) ? toc_ok() : TOC_GONE;
}
