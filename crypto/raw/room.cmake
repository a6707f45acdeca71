# SPDX-License-Identifier: EUPL-1.2
set(ROOM_FILES raw.h raw.c)
