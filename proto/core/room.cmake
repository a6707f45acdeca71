set(ROOM_FILES core.c view.c)
