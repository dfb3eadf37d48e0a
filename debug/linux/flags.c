/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flags and operations in the arguments of Linux's system calls (its UAPI; those of open differ between architectures). */
#include "debug/os/syscall_names.h"

static const struct syscall_value open_common[] = {
    {0100, "O_CREAT"},   {0200, "O_EXCL"},        {0400, "O_NOCTTY"},      {01000, "O_TRUNC"},
    {02000, "O_APPEND"}, {04000, "O_NONBLOCK"},   {04010000, "O_SYNC"},    {010000, "O_DSYNC"},
    {020000, "O_ASYNC"}, {01000000, "O_NOATIME"}, {02000000, "O_CLOEXEC"}, {010000000, "O_PATH"},
};
static const struct syscall_value open_x86_64[] = {
    {020200000, "O_TMPFILE"}, {0200000, "O_DIRECTORY"}, {0400000, "O_NOFOLLOW"},
    {040000, "O_DIRECT"},     {0100000, "O_LARGEFILE"},
};
static const struct syscall_value open_aarch64[] = {
    {020040000, "O_TMPFILE"}, {040000, "O_DIRECTORY"},  {0100000, "O_NOFOLLOW"},
    {0200000, "O_DIRECT"},    {0400000, "O_LARGEFILE"},
};
static const struct syscall_value rights[] = {
    {0, "PROT_NONE"},
    {1, "PROT_READ"},
    {2, "PROT_WRITE"},
    {4, "PROT_EXEC"},
    {8, "PROT_SEM"},
    {0x01000000, "PROT_GROWSDOWN"},
    {0x02000000, "PROT_GROWSUP"},
};
static const struct syscall_value mappings[] = {
    {3, "MAP_SHARED_VALIDATE"}, {1, "MAP_SHARED"},
    {2, "MAP_PRIVATE"},         {0x10, "MAP_FIXED"},
    {0x20, "MAP_ANONYMOUS"},    {0x100, "MAP_GROWSDOWN"},
    {0x800, "MAP_DENYWRITE"},   {0x2000, "MAP_LOCKED"},
    {0x4000, "MAP_NORESERVE"},  {0x8000, "MAP_POPULATE"},
    {0x10000, "MAP_NONBLOCK"},  {0x20000, "MAP_STACK"},
    {0x40000, "MAP_HUGETLB"},   {0x100000, "MAP_FIXED_NOREPLACE"},
};
static const struct syscall_value whences[] = {
    {0, "SEEK_SET"}, {1, "SEEK_CUR"}, {2, "SEEK_END"}, {3, "SEEK_DATA"}, {4, "SEEK_HOLE"},
};
static const struct syscall_value commands[] = {
    {0, "F_DUPFD"},
    {1, "F_GETFD"},
    {2, "F_SETFD"},
    {3, "F_GETFL"},
    {4, "F_SETFL"},
    {5, "F_GETLK"},
    {6, "F_SETLK"},
    {7, "F_SETLKW"},
    {8, "F_SETOWN"},
    {9, "F_GETOWN"},
    {1030, "F_DUPFD_CLOEXEC"},
    {1031, "F_SETPIPE_SZ"},
    {1032, "F_GETPIPE_SZ"},
    {1033, "F_ADD_SEALS"},
    {1034, "F_GET_SEALS"},
};
static const struct syscall_value futexes[] = {
    {0, "FUTEX_WAIT"},        {1, "FUTEX_WAKE"},         {3, "FUTEX_REQUEUE"},   {4, "FUTEX_CMP_REQUEUE"},
    {5, "FUTEX_WAKE_OP"},     {6, "FUTEX_LOCK_PI"},      {7, "FUTEX_UNLOCK_PI"}, {8, "FUTEX_TRYLOCK_PI"},
    {9, "FUTEX_WAIT_BITSET"}, {10, "FUTEX_WAKE_BITSET"},
};
static const struct syscall_value clocks[] = {
    {0, "CLOCK_REALTIME"},          {1, "CLOCK_MONOTONIC"},     {2, "CLOCK_PROCESS_CPUTIME_ID"},
    {3, "CLOCK_THREAD_CPUTIME_ID"}, {4, "CLOCK_MONOTONIC_RAW"}, {5, "CLOCK_REALTIME_COARSE"},
    {6, "CLOCK_MONOTONIC_COARSE"},  {7, "CLOCK_BOOTTIME"},
};
static const struct syscall_value signals[] = {
    {1, "SIGHUP"},   {2, "SIGINT"},   {3, "SIGQUIT"},  {4, "SIGILL"},    {5, "SIGTRAP"},  {6, "SIGABRT"},
    {7, "SIGBUS"},   {8, "SIGFPE"},   {9, "SIGKILL"},  {10, "SIGUSR1"},  {11, "SIGSEGV"}, {12, "SIGUSR2"},
    {13, "SIGPIPE"}, {14, "SIGALRM"}, {15, "SIGTERM"}, {17, "SIGCHLD"},  {18, "SIGCONT"}, {19, "SIGSTOP"},
    {20, "SIGTSTP"}, {21, "SIGTTIN"}, {22, "SIGTTOU"}, {28, "SIGWINCH"},
};

#define FUTEX_PRIVATE 0x80
#define FUTEX_CLOCK 0x100
#define AT_FDCWD (-100)

static void append_open(GString *text, enum cpu_arch arch, uint64_t value)
{
    struct syscall_value table[G_N_ELEMENTS(open_x86_64) + G_N_ELEMENTS(open_common)];
    const struct syscall_value *own = arch == CPU_ARCH_AARCH64 ? open_aarch64 : open_x86_64;
    unsigned count = 0;
    static const char *const accesses[4] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};

    for (unsigned i = 0; i < G_N_ELEMENTS(open_x86_64); i++)
        table[count++] = own[i];
    for (unsigned i = 0; i < G_N_ELEMENTS(open_common); i++)
        table[count++] = open_common[i];
    g_string_append(text, accesses[value & 3]);
    if (value & ~3ULL) {
        g_string_append_c(text, '|');
        syscall_append_flags(text, value & ~3ULL, table, count);
    }
}

static void append_futex(GString *text, uint64_t value)
{
    syscall_append_value(text, value & ~(uint64_t)(FUTEX_PRIVATE | FUTEX_CLOCK), futexes, G_N_ELEMENTS(futexes));
    if (value & FUTEX_PRIVATE)
        g_string_append(text, "|FUTEX_PRIVATE_FLAG");
    if (value & FUTEX_CLOCK)
        g_string_append(text, "|FUTEX_CLOCK_REALTIME");
}

bool syscall_linux_argument(GString *text, enum cpu_arch arch, char letter, uint64_t value)
{
    static const struct syscall_letter letters[] = {
        SYSCALL_FLAGS('r', rights),    SYSCALL_FLAGS('m', mappings), SYSCALL_VALUES('w', whences),
        SYSCALL_VALUES('c', commands), SYSCALL_VALUES('k', clocks),  SYSCALL_VALUES('g', signals),
    };

    value &= letter == 'l' || letter == 'u' || letter == 'x' ? UINT64_MAX : UINT32_MAX;
    switch (letter) {
    case 'd':
        if ((int)(uint32_t)value != AT_FDCWD)
            return false;
        g_string_append(text, "AT_FDCWD");
        return true;
    case 'f':
        append_open(text, arch, value);
        return true;
    case 'F':
        append_futex(text, value);
        return true;
    default:
        return syscall_append_letter(text, letter, value, letters, G_N_ELEMENTS(letters));
    }
}
