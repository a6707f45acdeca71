/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to cli: walking the store of a home whose node does not run. */
#ifndef TOC_VERIFY_ALONE_H
#define TOC_VERIFY_ALONE_H

#include "command.h"

/* Checks store and audit log and prints the report. Gives the exit status, after complaining.
 * Lends: home, whose lock is held. */
enum toc_exit toc_verify_alone(const struct toc_args *args, const struct toc_home *home);

/* The line about signatures of both kinds of `verify`. */
void toc_show_signatures(uint64_t held, uint64_t unsigned_logs, bool damaged);

#endif
