set(ROOM_FILES dial.c link.c talk.c)
