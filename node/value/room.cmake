set(ROOM_FILES value.h parts.h kind.c refang.c shapes.c make.c guess.c key.c country.c)
