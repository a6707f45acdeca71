set(ROOM_FILES netname.h domain.c address.c url.c)
