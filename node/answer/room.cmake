# SPDX-License-Identifier: EUPL-1.2
set(ROOM_FILES
    answer.h answer_internal.h answer.c handles.c status.c bulletin.c query.c lookup.c show.c
    audience.c making.h making.c publish.c each.c draft.h draft.c share.c verify.h verify.c backup.c)
