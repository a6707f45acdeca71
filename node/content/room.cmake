# SPDX-License-Identifier: EUPL-1.2
set(ROOM_FILES content.h content.c opener.c)
