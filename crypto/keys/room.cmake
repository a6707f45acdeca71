# SPDX-License-Identifier: EUPL-1.2
set(ROOM_FILES keys.h primitive.h primitive.c context.c sign.c text.c keyfile.c)
