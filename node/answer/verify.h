/* SPDX-License-Identifier: EUPL-1.2 */
/* The half of `verify` that runs in a process of its own: damaged pages may kill whoever reads. */
#ifndef TOC_VERIFY_H
#define TOC_VERIFY_H

/* Reads federation, store path and log keys from stdin, verifies, writes the report to stdout.
 * Gives the exit status of the process. Started by tocsind as itself with this argument: */
#define TOC_VERIFY_ARGUMENT "--verify-store"
int toc_verify_child(void);

#endif
