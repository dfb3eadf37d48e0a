/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ELF file of 64 bits in memory, from a guest or from the host's disk: nothing in it is believed before it is checked.
 * ELF-64 Object File Format; gABI chapters 4 and 5.
 */
#ifndef GALVANIC_DEBUG_SYMBOLS_ELF_IMAGE_H
#define GALVANIC_DEBUG_SYMBOLS_ELF_IMAGE_H

#include "emu/cpu/cpu.h"

#define ELF_IMAGE_SEGMENTS 64 /* of PT_LOAD that are kept */

struct elf_segment {
    uint64_t address, size;     /* in memory */
    uint64_t offset, file_size; /* in the file; within it */
    bool executable;
};

struct elf_section {
    const char *name; /* in the image; "" when the table of names is broken */
    uint32_t type, link;
    uint64_t flags, address, entry_size;
    uint64_t size;       /* as the header says */
    const uint8_t *data; /* NULL: none in the file, or not within it */
};

struct elf_image {
    GBytes *bytes;
    enum cpu_arch arch;
    uint64_t entry;
    struct elf_segment segment[ELF_IMAGE_SEGMENTS];
    unsigned segments;
    struct elf_section *section;
    unsigned sections;
    uint8_t build_id[32];
    unsigned build_id_length; /* 0: none */
};

/* NULL with @error: no ELF file for x86_64 or aarch64.  @bytes is kept by reference. */
struct elf_image *elf_image_new(GBytes *bytes, GError **error);
void elf_image_free(struct elf_image *image);
/* NULL: none, or none with data. */
const struct elf_section *elf_image_section(const struct elf_image *image, const char *name);
/* The lowest and highest addresses of what is loaded; false: nothing is. */
bool elf_image_extent(const struct elf_image *image, uint64_t *low, uint64_t *high);
bool elf_image_executable_at(const struct elf_image *image, uint64_t address);
/* Names of functions and objects, from .symtab or else .dynsym; the texts lie in the image. */
void elf_image_names(const struct elf_image *image,
                     void (*name)(void *opaque, const char *text, uint64_t address, uint64_t size, bool code,
                                  bool global),
                     void *opaque);
/* May a library be let loose on it?  False: headers or sections that reach out of the file, expansion without measure. */
bool elf_image_is_sound(const struct elf_image *image);

#endif
