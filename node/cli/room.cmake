# SPDX-License-Identifier: EUPL-1.2
set(ROOM_FILES
  cli.h command.h commands.c options.c help.c output.c
  ask.h ask.c rows.c code.h code.c own.h own.c
  init.c card.c keys.c
  federation.c founding.h founding.c adopt.c
  run.c status.c watch.h watch.c peers.c
  publish.h publish.c each.c draft.c editor.c preview.c sources.h sources.c
  share.c query.c lookup.c show.c
  verify.c verify_alone.h verify_alone.c proof_check.h proof_check.c backup.c version.c)
