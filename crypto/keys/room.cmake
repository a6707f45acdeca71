# SPDX-License-Identifier: EUPL-1.2
set(ROOM_FILES keys.h context.h context.c sign.c text.c keyfile.c)
