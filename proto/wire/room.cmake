# SPDX-License-Identifier: EUPL-1.2
set(ROOM_FILES wire.h token.h token.c check.c read.c write.c frame.c)
