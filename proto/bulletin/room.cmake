# SPDX-License-Identifier: EUPL-1.2
set(ROOM_FILES bulletin.h fields.h fields.c encode.c decode.c identity.c policy.c names.c)
