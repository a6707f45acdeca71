set(ROOM_FILES base.c base.h)
