/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli.h"

int main(int argc, char **argv)
{
    return toc_cli_main(argc, argv);
}
