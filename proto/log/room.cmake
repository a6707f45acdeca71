# SPDX-License-Identifier: EUPL-1.2
set(ROOM_FILES log.h range.h header.c head.c walk.c build.c check.c fork.c)
