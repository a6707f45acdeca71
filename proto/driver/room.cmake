set(ROOM_FILES turn.c)
