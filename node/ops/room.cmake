# SPDX-License-Identifier: EUPL-1.2
set(ROOM_FILES ops.h line.c process.c file.c home.c unlock.c keyring.c conf.c audit.c)
