/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An initfs of arbitrary bytes: every path of it is looked up and read. */
#include "debug/redox/initfs.h"
#include "tests/debug/redoxfs_sample.h"
#include "tests/fuzz/fuzz.h"

static void look(void *opaque, const char *name, const struct initfs_node *node)
{
    const struct initfs *initfs = opaque;
    g_autoptr(GBytes) bytes = initfs_read(initfs, node);
    g_autofree char *below = g_strconcat("/bin/", name, "/init", NULL);
    struct initfs_node found;

    if (bytes)
        g_bytes_hash(bytes); /* reads all of it */
    initfs_lookup(initfs, name, &found);
    initfs_lookup(initfs, below, &found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) image = g_bytes_new_static(data, size);
    struct initfs *initfs = initfs_open(image, NULL);
    static const char *const directories[] = {"/", "/bin", "/etc", "/sbin"};

    for (unsigned i = 0; initfs && i < G_N_ELEMENTS(directories); i++) {
        struct initfs_node node;

        if (initfs_lookup(initfs, directories[i], &node) && node.length < 65536)
            initfs_list(initfs, &node, look, initfs);
    }
    initfs_close(initfs);
    return 0;
}

void fuzz_seed(GByteArray *seed)
{
    GByteArray *sample = initfs_sample();

    g_byte_array_append(seed, sample->data, sample->len);
    g_byte_array_free(sample, TRUE);
}
