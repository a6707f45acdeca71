# SPDX-License-Identifier: EUPL-1.2
set(ROOM_FILES loop.h daemon.h start.h start.c run.c drive.c tcp.c resolve.h resolve.c client.h serve.c control.c desk.c submit.c audit.c)
