set(ROOM_FILES pattern.h lex.h atoms.h parse.h lex.c atoms.c comparison.c pattern.c)
