set(ROOM_FILES beacon.c digest.c message.c tell.c)
