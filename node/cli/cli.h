/* SPDX-License-Identifier: EUPL-1.2 */
/* cli: the program `tocsin`. One file a command; the table of commands is in commands.c. */
#ifndef TOC_CLI_H
#define TOC_CLI_H

/* Runs the command line to its end; gives the exit status (enum toc_exit). */
int toc_cli_main(int argc, char **argv);

#endif
