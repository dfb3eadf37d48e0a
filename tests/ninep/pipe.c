/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 9P server on standard input and output, as diod has it: for comparing the two.  usage: ninep_pipe FOLDER */
#include <stdio.h>
#include <stdlib.h>

#include "emu/host/ninep.h"
#include "emu/host/ninep_message.h"

static void fail(const char *text)
{
    fprintf(stderr, "ninep_pipe: %s\n", text);
    exit(1);
}

/* False at the end of the input. */
static bool read_message(uint8_t *bytes, uint32_t *size)
{
    if (fread(bytes, 1, 4, stdin) != 4)
        return false;
    *size = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    if (*size < NINEP_HEADER || *size > NINEP_LARGEST || fread(bytes + 4, 1, *size - 4, stdin) != *size - 4)
        fail("a message that is none");
    return true;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    struct share *share = argc == 2 ? share_open(argv[1], 0, &error) : NULL;
    uint8_t *request = g_malloc(NINEP_LARGEST), *reply = g_malloc(NINEP_LARGEST);
    uint32_t size;

    if (!share)
        fail(error ? error->message : "give a folder");
    struct ninep *ninep = ninep_new(share);

    while (read_message(request, &size)) {
        const struct host_spans in = {1, {{request, size}}}, out = {1, {{reply, NINEP_LARGEST}}};
        size_t length = ninep_serve(ninep, &in, &out);

        if (fwrite(reply, 1, length, stdout) != length || fflush(stdout) != 0)
            fail("nobody listens");
    }
    ninep_free(ninep);
    share_close(share);
    g_free(request);
    g_free(reply);
    return 0;
}
