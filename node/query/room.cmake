set(ROOM_FILES query.h terms.h query.c terms.c)
