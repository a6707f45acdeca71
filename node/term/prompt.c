/* SPDX-License-Identifier: EUPL-1.2 */
#include "term.h"

#include <string.h>
#include <unistd.h>

bool toc_prompt_possible(void)
{
    return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

bool toc_prompt_yes(const char *question)
{
    char line[16] = "";
    if (!toc_prompt_possible()) {
        return false;
    }
    (void)fprintf(stderr, "%s [y/N] ", question);
    (void)fflush(stderr);
    if (fgets(line, sizeof line, stdin) == NULL) {
        return false;
    }
    return strcmp(line, "y\n") == 0 || strcmp(line, "Y\n") == 0 || strcmp(line, "yes\n") == 0;
}
