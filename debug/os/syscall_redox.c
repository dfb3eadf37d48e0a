/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Redox's system calls, of the interface versions 0.6 and 0.9.  A number says by itself what it is about: bits 28.. the class (1 path,
 * 2 file), bits 24.. whether a slice is read (1) or written (2) or holds a path (3), bit 20 that a file comes back.
 */
#include "debug/os/syscall_names.h"

struct call {
    uint32_t number;
    struct syscall_format format;
};

static const struct call calls[] = {
    {0x10100005, {"open", "Pf", false}},
    {0x10100007, {"openat", "dPff", false}},
    {0x101003D9, {"openat_with_filter", "dPfuu", false}},
    {0x101003DB, {"openat_into", "dPffd", false}},
    {0x101003DA, {"openat_into2", "dLfd", false}},
    {0x10000107, {"unlinkat", "dPx", false}},
    {0x100003DA, {"unlinkat_with_filter", "dPxuu", false}},
    {0x20000006, {"close", "d", false}},
    {0x20100029, {"dup", "dP", false}},
    {0x201003DC, {"dup_into", "dPd", false}},
    {0x2010003F, {"dup2", "ddP", false}},
    {0x22000003, {"read", "dxu", false}},
    {0x22000023, {"read2", "dxulx", false}},
    {0x21000004, {"write", "dxu", false}},
    {0x2100002D, {"write2", "dxulx", false}},
    {0x20000013, {"lseek", "dlw", false}},
    {0x2000005E, {"fchmod", "do", false}},
    {0x200000CF, {"fchown", "ddd", false}},
    {0x20000037, {"fcntl", "dcx", false}},
    {0x2000039F, {"fevent", "de", false}},
    {0x2300CA11, {"call", "dxuCx", false}},
    {0x20000022, {"sendfd", "ddxx", false}},
    {0x2000002B, {"getdents", "dxuul", false}},
    {0x2100005A, {"fmap_old", "dxu", true}},
    {0x21000384, {"fmap", "dxu", true}},
    {0x2000005B, {"funmap_old", "x", false}},
    {0x2000005C, {"funmap", "xu", false}},
    {0x0000009B, {"mremap", "xuxux", true}},
    {0x23000009, {"flink", "dP", false}},
    {0x220003A0, {"fpath", "dxu", false}},
    {0x23000026, {"frename", "dP", false}},
    {0x2200001C, {"fstat", "dxu", false}},
    {0x22000064, {"fstatvfs", "dxu", false}},
    {0x20000076, {"fsync", "d", false}},
    {0x2000005D, {"ftruncate", "du", false}},
    {0x21000140, {"futimens", "dxu", false}},
    {0x00000109, {"clock_gettime", "kx", false}},
    {0x000000F0, {"futex", "xFdxx", false}},
    {0x0000007D, {"mprotect", "xum", false}},
    {0x000003D8, {"mkns", "xu", false}},
    {0x000000A2, {"nanosleep", "xx", false}},
    {0x0000009E, {"yield", "", false}},
};

/* Those that are not known: as the classes say. */
static const struct syscall_format path_class = {NULL, "Pxxxx", false};
static const struct syscall_format file_path = {NULL, "dPxxx", false};
static const struct syscall_format file_class = {NULL, "dxxxxx", false};

static const struct syscall_value open_flags[] = {
    {0x00030000, "O_RDWR"},     {0x00010000, "O_RDONLY"},    {0x00020000, "O_WRONLY"}, {0x00040000, "O_NONBLOCK"},
    {0x00080000, "O_APPEND"},   {0x00100000, "O_SHLOCK"},    {0x00200000, "O_EXLOCK"}, {0x00400000, "O_ASYNC"},
    {0x00800000, "O_FSYNC"},    {0x01000000, "O_CLOEXEC"},   {0x02000000, "O_CREAT"},  {0x04000000, "O_TRUNC"},
    {0x08000000, "O_EXCL"},     {0x10000000, "O_DIRECTORY"}, {0x20000000, "O_STAT"},   {0x40000000, "O_SYMLINK"},
    {0x80000000, "O_NOFOLLOW"},
};
static const struct syscall_value map_flags[] = {
    {0x00010000, "PROT_EXEC"}, {0x00020000, "PROT_WRITE"},      {0x00040000, "PROT_READ"}, {0x0001, "MAP_SHARED"},
    {0x0002, "MAP_PRIVATE"},   {0x000C, "MAP_FIXED_NOREPLACE"}, {0x0004, "MAP_FIXED"},     {0x0010, "MAP_LAZY"},
};
static const struct syscall_value call_flags[] = {
    {1 << 8, "CONSUME"},        {1 << 9, "WRITE"},
    {1 << 10, "READ"},          {1 << 11, "FD"},
    {1 << 12, "FD_EXCLUSIVE"},  {1 << 13, "FD_CLONE"},
    {1 << 14, "FD_UPPER"},      {1 << 15, "FD_CLOEXEC"},
    {1 << 16, "STD_FS"},        {1 << 18, "ALLOW_DIRECT_SWITCH"},
    {1 << 19, "MULTIPLE_FDS2"},
};
static const struct syscall_value events[] = {{1, "EVENT_READ"}, {2, "EVENT_WRITE"}};
static const struct syscall_value whences[] = {{0, "SEEK_SET"}, {1, "SEEK_CUR"}, {2, "SEEK_END"}};
static const struct syscall_value commands[] = {
    {0, "F_DUPFD"},
    {1, "F_GETFD"},
    {2, "F_SETFD"},
    {3, "F_GETFL"},
    {4, "F_SETFL"},
    {1030, "F_DUPFD_CLOEXEC"},
    {0x1001, "F_GET_SCHEMEID"},
};
static const struct syscall_value futexes[] = {
    {0, "FUTEX_WAIT"},
    {1, "FUTEX_WAKE"},
    {2, "FUTEX_REQUEUE"},
    {3, "FUTEX_WAIT64"},
};
static const struct syscall_value clocks[] = {{1, "CLOCK_REALTIME"}, {4, "CLOCK_MONOTONIC"}};

bool syscall_redox_format(uint64_t number, struct syscall_format *out)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(calls); i++) {
        if (calls[i].number == number) {
            *out = calls[i].format;
            return true;
        }
    }
    if (number >> 28 == 1)
        *out = path_class;
    else if (number >> 28 == 2)
        *out = (number >> 24 & 0xF) == 3 ? file_path : file_class;
    return number >> 28 == 1 || number >> 28 == 2;
}

bool syscall_redox_argument(GString *text, char letter, uint64_t value)
{
    static const struct syscall_letter letters[] = {
        SYSCALL_FLAGS('f', open_flags), SYSCALL_FLAGS('m', map_flags), SYSCALL_FLAGS('e', events),
        SYSCALL_VALUES('w', whences),   SYSCALL_VALUES('c', commands), SYSCALL_VALUES('F', futexes),
        SYSCALL_VALUES('k', clocks),
    };

    if (letter == 'C') {
        syscall_append_flags(text, value & ~0xFFULL, call_flags, G_N_ELEMENTS(call_flags));
        g_string_append_printf(text, "+%u", (unsigned)(value & 0xFF));
        return true;
    }
    return syscall_append_letter(text, letter, value, letters, G_N_ELEMENTS(letters));
}
