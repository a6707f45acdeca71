# SPDX-License-Identifier: EUPL-1.2
set(ROOM_FILES api.h field.c build.c message.c client.c proof.c)
