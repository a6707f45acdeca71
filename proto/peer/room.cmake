set(ROOM_FILES buffer.c open.c rate.c receive.c send.c)
