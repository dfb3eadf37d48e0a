/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Linux kernel's table of names, of arbitrary bytes. */
#include "debug/symbols/kallsyms.h"
#include "tests/debug/kallsyms_sample.h"
#include "tests/fuzz/fuzz.h"

static void see(void *opaque, uint64_t address, char type, const char *text)
{
    *(size_t *)opaque += strlen(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = g_memdup2(data, size ? size : 1); /* aligned */
    struct kallsyms kallsyms;
    size_t length = 0;

    if (kallsyms_find(bytes, size, &kallsyms)) {
        kallsyms_each(&kallsyms, see, &length);
    }
    g_free(bytes);
    return 0;
}

void fuzz_seed(GByteArray *seed)
{
    const struct kallsyms_sample sample = {
        .base = 0xffffffff81000000ull, .entry = "entry_SYSCALL_64", .percpu = true, .sequences = true};

    kallsyms_sample_append(seed, &sample);
}
