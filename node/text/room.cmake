set(ROOM_FILES text.h reader.h decode.c table.c row.c line.c prose.c heading.c text.c)
