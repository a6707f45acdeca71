set(ROOM_FILES links.h links_internal.h dial.c link.c stranger.c talk.c)
