/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linux Documentation/arm64/booting.rst: section 3 "Decompress the kernel image" and 4 "Call the kernel image". */
#include "firmware/linux/arm64_boot.h"

#include <gio/gio.h>
#include <string.h>

#include "emu/bytes.h"
#include "emu/cpu/aarch64.h"

#define TEXT_OFFSET 8
#define IMAGE_SIZE 16
#define FLAGS 24
#define MAGIC 56
#define HEADER_SIZE 64

#define FLAG_BIG_ENDIAN 1
#define OLD_TEXT_OFFSET 0x80000 /* of kernels before 3.17, which have no size in their header */

#define ALIGNMENT (2u << 20) /* of the kernel's base; a device tree must not cross a multiple of it */
#define UNPACKED_MAX (512u << 20)
#define CHUNK 65536u

#define PSTATE_EL1H_MASKED 0x3C5 /* DAIF, EL1 with its own stack pointer */

#define BAD_KERNEL G_FILE_ERROR, G_FILE_ERROR_INVAL

static bool is_gzip(GBytes *file)
{
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(file, &length);

    return length > 18 && bytes[0] == 0x1F && bytes[1] == 0x8B;
}

static GBytes *gunzip(GBytes *file, const char *name, GError **error)
{
    g_autoptr(GInputStream) packed = g_memory_input_stream_new_from_bytes(file);
    g_autoptr(GConverter) converter = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP));
    g_autoptr(GInputStream) stream = g_converter_input_stream_new(packed, converter);
    g_autoptr(GByteArray) image = g_byte_array_new();
    g_autofree uint8_t *chunk = g_malloc(CHUNK);
    gssize length;

    while ((length = g_input_stream_read(stream, chunk, CHUNK, NULL, error)) > 0 && image->len <= UNPACKED_MAX)
        g_byte_array_append(image, chunk, (guint)length);
    if (length < 0) {
        g_prefix_error(error, "--kernel %s: ", name);
        return NULL;
    }
    if (image->len > UNPACKED_MAX) {
        g_set_error(error, BAD_KERNEL, "--kernel %s: more than %u MiB after decompression; give an Image of Linux",
                    name, UNPACKED_MAX >> 20);
        return NULL;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&image));
}

static bool check(GBytes *image, const char *name, GError **error)
{
    gsize length;
    const uint8_t *bytes = g_bytes_get_data(image, &length);

    if (length < HEADER_SIZE || memcmp(bytes + MAGIC, "ARM\x64", 4) != 0) {
        g_set_error(error, BAD_KERNEL, "--kernel %s: this is no Linux Image for arm64, nor one compressed by gzip",
                    name);
        return false;
    }
    if (get_le64(bytes + FLAGS) & FLAG_BIG_ENDIAN) {
        g_set_error(error, BAD_KERNEL, "--kernel %s: this kernel is big endian; give a little-endian one", name);
        return false;
    }
    return true;
}

GBytes *arm64_boot_unpack(GBytes *file, const char *name, GError **error)
{
    g_autoptr(GBytes) image = is_gzip(file) ? gunzip(file, name, error) : g_bytes_ref(file);

    return image && check(image, name, error) ? g_steal_pointer(&image) : NULL;
}

static uint64_t round_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

/* True when [@address, +@size) is RAM and @address did not overflow. */
static bool fits(const struct arm64_boot *boot, uint64_t address, uint64_t size)
{
    return address >= boot->memory && address - boot->memory <= boot->memory_size &&
           size <= boot->memory_size - (address - boot->memory);
}

static bool too_big(const struct arm64_boot *boot, const char *what, GError **error)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "--kernel %s: the %s does not fit; give more with --memory",
                boot->kernel_name, what);
    return false;
}

static bool put(const struct arm64_boot *boot, uint64_t address, GBytes *bytes)
{
    gsize length;
    const void *data = g_bytes_get_data(bytes, &length);

    return fits(boot, address, length) && memory_write(machine_memory(boot->machine), address, data, length);
}

static void enter(const struct arm64_boot *boot, uint64_t kernel, uint64_t fdt)
{
    struct cpu *cpu = machine_cpu(boot->machine, 0);
    struct aarch64_registers registers;

    aarch64_get_registers(cpu, &registers);
    memset(registers.x, 0, sizeof(registers.x));
    registers.x[0] = fdt;
    registers.pc = kernel;
    registers.pstate = PSTATE_EL1H_MASKED;
    aarch64_set_registers(cpu, &registers);
}

/* One after the other: the kernel with what it needs behind its image, the device tree, the initrd. */
bool arm64_boot_start(const struct arm64_boot *boot, GError **error)
{
    const uint8_t *header = g_bytes_get_data(boot->kernel, NULL);
    uint64_t image_size = get_le64(header + IMAGE_SIZE);
    uint64_t offset = image_size ? get_le64(header + TEXT_OFFSET) : OLD_TEXT_OFFSET;
    uint64_t size = MAX(image_size, g_bytes_get_size(boot->kernel));

    if (offset >= boot->memory_size || !fits(boot, boot->memory + offset, size))
        return too_big(boot, "kernel", error);
    uint64_t kernel = boot->memory + offset;
    uint64_t fdt = round_up(kernel + size, ALIGNMENT);
    uint64_t initrd = fdt + ALIGNMENT;
    uint64_t end = initrd + (boot->initrd ? g_bytes_get_size(boot->initrd) : 0);
    g_autoptr(GBytes) tree = boot->build_fdt(boot->opaque, initrd, end);

    if (!put(boot, kernel, boot->kernel))
        return too_big(boot, "kernel", error);
    if (g_bytes_get_size(tree) > ALIGNMENT || !put(boot, fdt, tree))
        return too_big(boot, "device tree", error);
    if (boot->initrd && !put(boot, initrd, boot->initrd))
        return too_big(boot, "initrd", error);
    enter(boot, kernel, fdt);
    return true;
}
