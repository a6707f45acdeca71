set(ROOM_FILES buffer.c open.c receive.c send.c)
