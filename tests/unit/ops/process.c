/* SPDX-License-Identifier: EUPL-1.2 */
#include "check.h"

#include "ops.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* A fault of the program ends it, and the last line says where: there is no core dump. */
static void a_fault_says_where_it_is(void **state)
{
    (void)state;
    int ends[2];
    char text[512] = "";
    fflush(NULL);
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        /* cmocka's handlers would go on with the next test. */
        (void)signal(SIGILL, SIG_DFL);
        (void)signal(SIGTRAP, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        struct toc_line line;
        bool hard = !toc_failed(toc_process_harden(&line));
        _exit(hard && toc_code_name((enum toc_code)TOC_CODE_COUNT) != NULL ? 0 : 1);
    }
    close(ends[1]);
    ssize_t len = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_true(len > 0);
    assert_non_null(strstr(text, "crypto/base/base.c:"));
    assert_non_null(strstr(text, "code < TOC_CODE_COUNT"));
    assert_int_equal(text[len - 1], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_fault_says_where_it_is)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
