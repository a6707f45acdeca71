# SPDX-License-Identifier: EUPL-1.2
set(ROOM_FILES writer.h writer.c)
