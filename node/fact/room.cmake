set(ROOM_FILES fact.h fact.c names.c time.c)
