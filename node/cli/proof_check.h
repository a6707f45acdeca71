/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to cli: checking a proof file, without a node and without a home. */
#ifndef TOC_PROOF_CHECK_H
#define TOC_PROOF_CHECK_H

#include "command.h"

/* Checks FILE and prints what it proves. Gives the exit status, after complaining. */
enum toc_exit toc_proof_verify(const struct toc_args *args, const char *path);

#endif
