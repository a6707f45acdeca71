/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Runs a fuzz target over every file of its corpus, so that each build replays what fuzzing once
 * found. An input copied to memory of its exact size lets AddressSanitizer see a read past its end.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Larger files do not belong into a corpus that lives in version control. */
#define INPUT_BYTES_MAX (1024 * 1024)

static int replay_file(const char *path)
{
    static uint8_t bytes[INPUT_BYTES_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return -1;
    }
    size_t size = fread(bytes, 1, sizeof bytes, file);
    int broken = ferror(file) || fgetc(file) != EOF;
    (void)fclose(file);
    if (broken) {
        (void)fprintf(stderr, "%s: unreadable, or larger than %d bytes\n", path, INPUT_BYTES_MAX);
        return -1;
    }
    uint8_t *exact = malloc(size == 0 ? 1 : size);
    if (exact == NULL) {
        return -1;
    }
    for (size_t i = 0; i < size; i++) {
        exact[i] = bytes[i];
    }
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

static int replay_folder(const char *folder, int *count)
{
    struct dirent **entries = NULL;
    int found = scandir(folder, &entries, NULL, alphasort);
    int failed = found < 0;
    if (failed) {
        perror(folder);
    }
    for (int i = 0; i < found; i++) {
        char path[4096];
        int len = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            failed |= len < 0 || (size_t)len >= sizeof path || replay_file(path) != 0;
            *count += 1;
        }
        free(entries[i]);
    }
    free(entries);
    return failed;
}

/* Each argument is a corpus folder. An empty corpus is a failure: it would prove nothing. */
int main(int argc, char **argv)
{
    int count = 0;
    int failed = 0;
    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        failed |= replay_folder(argv[i], &count);
    }
    (void)printf("replayed %d inputs\n", count);
    return failed || count == 0;
}
