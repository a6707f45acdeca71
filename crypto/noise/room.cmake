# SPDX-License-Identifier: EUPL-1.2
set(ROOM_FILES noise.h symmetric.h symmetric.c handshake.c transport.c)
