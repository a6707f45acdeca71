set(ROOM_FILES json.h json.c)
