# SPDX-License-Identifier: EUPL-1.2
set(ROOM_FILES backup.h backup.c)
