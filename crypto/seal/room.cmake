# SPDX-License-Identifier: EUPL-1.2
set(ROOM_FILES seal.h epoch.c payload.c chunk.c)
