/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target without libFuzzer: the files named, or a number of inputs that a fixed generator makes out of the
 * target's seed.  Usage: fuzz_x [-n COUNT] [FILE...]; fuzz_x -s FILE writes the seed, for libFuzzer's corpus.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

#define DEFAULT_COUNT 2000

static void run_file(const char *path)
{
    g_autofree char *bytes = NULL;
    gsize length;

    if (g_file_get_contents(path, &bytes, &length, NULL))
        LLVMFuzzerTestOneInput((const uint8_t *)bytes, length);
}

/* Changes a few bytes, sometimes to values that hurt, and sometimes the length. */
static void run_damaged(const GByteArray *seed, GRand *random)
{
    static const uint8_t bad[] = {0x00, 0x01, 0x7F, 0x80, 0xFF, 0xFE};
    gsize length = seed->len;
    uint8_t *bytes;

    if (g_rand_int_range(random, 0, 8) == 0)
        length = (gsize)g_rand_int_range(random, 1, (gint32)seed->len + 1);
    bytes = memcpy(g_malloc(length), seed->data, length); /* of the exact length, so that a sanitizer sees its end */
    for (gint32 i = g_rand_int_range(random, 0, 24); i > 0; i--) {
        gsize at = (gsize)g_rand_int_range(random, 0, (gint32)length);

        if (g_rand_boolean(random)) /* most fields stand in front */
            at %= MIN(length, 4096);
        bytes[at] =
            g_rand_boolean(random) ? bad[g_rand_int_range(random, 0, sizeof(bad))] : (uint8_t)g_rand_int(random);
    }
    LLVMFuzzerTestOneInput(bytes, length);
    g_free(bytes);
}

int main(int argc, char **argv)
{
    g_autoptr(GByteArray) seed = g_byte_array_new();
    long count = DEFAULT_COUNT;
    int first = 1;
    GRand *random;

    fuzz_seed(seed);
    if (argc > 2 && strcmp(argv[1], "-s") == 0)
        return !g_file_set_contents(argv[2], (const char *)seed->data, seed->len, NULL);
    if (argc > 2 && strcmp(argv[1], "-n") == 0) {
        count = strtol(argv[2], NULL, 10);
        first = 3;
    }
    random = g_rand_new_with_seed(1);
    for (int i = first; i < argc; i++)
        run_file(argv[i]);
    if (first == argc) {
        for (long i = 0; i < count; i++)
            run_damaged(seed, random);
        printf("1..1\nok 1 %ld inputs\n", count);
    }
    g_rand_free(random);
    return 0;
}
