/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See registers.h: what both architectures have in common. */
#include "debug/registers_internal.h"
#include "emu/bytes.h"

#include <string.h>

static const struct register_file *file_of(enum cpu_arch arch)
{
    return arch == CPU_ARCH_AARCH64 ? &register_file_aarch64 : &register_file_x86_64;
}

const struct register_info *register_at(enum cpu_arch arch, unsigned index)
{
    const struct register_file *file = file_of(arch);

    return index < file->count ? &file->entry[index].info : NULL;
}

static int find_name(const struct register_file *file, const char *name)
{
    for (unsigned i = 0; i < file->count; i++)
        if (g_ascii_strcasecmp(file->entry[i].info.name, name) == 0)
            return (int)i;
    return -1;
}

int register_find(enum cpu_arch arch, const char *name)
{
    const struct register_file *file = file_of(arch);

    for (const struct register_alias *alias = file->alias; alias->alias; alias++)
        if (g_ascii_strcasecmp(alias->alias, name) == 0)
            return find_name(file, alias->name);
    return find_name(file, name);
}

void register_get(struct cpu *cpu, unsigned index, uint8_t value[16])
{
    const struct register_file *file = file_of(cpu_architecture(cpu));

    memset(value, 0, 16);
    if (index < file->count)
        file->get(cpu, &file->entry[index], value);
}

bool register_set(struct cpu *cpu, unsigned index, const uint8_t value[16])
{
    const struct register_file *file = file_of(cpu_architecture(cpu));

    return index < file->count && file->entry[index].info.writable && file->set(cpu, &file->entry[index], value);
}

uint64_t register_get_u64(struct cpu *cpu, unsigned index)
{
    uint8_t value[16];

    register_get(cpu, index, value);
    return register_u64(value);
}

char *register_decode(enum cpu_arch arch, unsigned index, uint64_t value)
{
    const struct register_file *file = file_of(arch);

    return index < file->count && file->entry[index].decode ? file->entry[index].decode(value) : NULL;
}

uint64_t register_u64(const uint8_t value[16])
{
    return get_le64(value);
}

void register_put_u64(uint8_t value[16], uint64_t number)
{
    memset(value, 0, 16);
    put_le64(value, number);
}

void register_from_memory(const void *base, const struct register_entry *entry, uint8_t value[16])
{
    const uint8_t *from = (const uint8_t *)base + entry->where;
    uint64_t u64;
    uint32_t u32;
    uint16_t u16;

    switch (entry->bytes) {
    case 2:
        memcpy(&u16, from, 2);
        register_put_u64(value, u16);
        break;
    case 4:
        memcpy(&u32, from, 4);
        register_put_u64(value, u32);
        break;
    case 8:
        memcpy(&u64, from, 8);
        register_put_u64(value, u64);
        break;
    default:
        memset(value, 0, 16);
        memcpy(value, from, entry->bytes);
    }
}

void register_to_memory(void *base, const struct register_entry *entry, const uint8_t value[16])
{
    uint8_t *to = (uint8_t *)base + entry->where;
    uint64_t u64 = register_u64(value);
    uint32_t u32 = (uint32_t)u64;
    uint16_t u16 = (uint16_t)u64;

    switch (entry->bytes) {
    case 2:
        memcpy(to, &u16, 2);
        break;
    case 4:
        memcpy(to, &u32, 4);
        break;
    case 8:
        memcpy(to, &u64, 8);
        break;
    default:
        memcpy(to, value, entry->bytes);
    }
}

static void add_field(GString *text, const struct bit_field *field, uint64_t content)
{
    unsigned known = 0;

    if (content == 0 && (field->width == 1 || field->hidden_when_zero))
        return;
    if (text->len)
        g_string_append_c(text, ' ');
    g_string_append(text, field->name);
    if (field->width == 1)
        return;
    while (field->meaning && field->meaning[known])
        known++;
    if (content < known)
        g_string_append_printf(text, "=%s", field->meaning[content]);
    else if (content < 10)
        g_string_append_printf(text, "=%u", (unsigned)content);
    else
        g_string_append_printf(text, "=0x%" G_GINT64_MODIFIER "x", content);
}

char *bit_fields_decode(const struct bit_field *fields, unsigned count, uint64_t value)
{
    GString *text = g_string_new(NULL);
    uint64_t covered = 0;

    for (unsigned i = 0; i < count; i++) {
        uint64_t mask = fields[i].width >= 64 ? UINT64_MAX : (UINT64_C(1) << fields[i].width) - 1;

        covered |= mask << fields[i].low;
        add_field(text, &fields[i], value >> fields[i].low & mask);
    }
    if (value & ~covered)
        g_string_append_printf(text, "%sreserved 0x%" G_GINT64_MODIFIER "x", text->len ? " " : "", value & ~covered);
    return g_string_free(text, FALSE);
}
