#SPDX - License - Identifier : EUPL - 1.2
set(ROOM_FILES escape.c escape.h json.c prompt.c table.c term.h terminal.c)
