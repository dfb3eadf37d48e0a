/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls in words. */
#include <string.h>

#include "debug/os/scheme_trace.h"
#include "debug/os/syscall_names.h"

struct fixture {
    struct machine *machine;
    struct os *os;
};

static void set_up(struct fixture *fixture, gconstpointer data)
{
    const struct machine_config config = {.arch = CPU_ARCH_X86_64, .cpus = 1, .without_cpu = true};

    (void)data;
    fixture->machine = machine_new(&config, NULL);
    fixture->os = os_new(fixture->machine, NULL);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
    (void)data;
    os_free(fixture->os);
    machine_free(fixture->machine);
}

static void check(struct fixture *fixture, struct syscall call, const char *path, const char *expected)
{
    g_strlcpy(call.path, path, sizeof(call.path));
    g_autofree char *text = syscall_describe(fixture->os, &call);
    g_assert_cmpstr(text, ==, expected);
}

static void test_redox(struct fixture *fixture, gconstpointer data)
{
    (void)data;
    check(fixture, (struct syscall){.number = 0x10100005, .argument = {0x1000, 11, 0x01010000}}, "/scheme/pci",
          "open(\"/scheme/pci\", O_RDONLY|O_CLOEXEC) = ?");
    check(
        fixture,
        (struct syscall){
            .number = 0x101003DA, .argument = {3, 0x1000, 4 | 0x40000, 0x30000, 7}, .result = 7, .instructions_end = 1},
        "ctrl", "openat_into2(3, \"ctrl\", 0x40000, O_RDWR, 7) = 7");
    check(fixture,
          (struct syscall){
              .number = 0x22000003, .argument = {5, 0x2000, 64}, .result = (uint64_t)-9, .instructions_end = 1},
          "", "read(5, 0x2000, 64) = -1 EBADF");
    check(fixture,
          (struct syscall){
              .number = 0x21000384, .argument = {UINT64_MAX, 0x2000, 32}, .result = 0x16000, .instructions_end = 1},
          "", "fmap(-1, 0x2000, 32) = 0x16000");
    check(fixture, (struct syscall){.number = 0x2300CA11, .argument = {6, 0x2000, 8, 0x402, 0x3000}}, "",
          "call(6, 0x2000, 8, READ+2, 0x3000) = ?");
    /* Not known, but its class tells of a path. */
    check(fixture, (struct syscall){.number = 0x10100777, .argument = {0x1000, 1, 2, 3, 4, 5}}, "a",
          "syscall_0x10100777(\"a\", 0x2, 0x3, 0x4, 0x5) = ?");
}

static void test_unknown(struct fixture *fixture, gconstpointer data)
{
    (void)data;
    check(fixture, (struct syscall){.number = 57, .argument = {1, 2, 3, 4, 5, 6}, .result = 16, .instructions_end = 1},
          "", "syscall_0x39(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = 0x10");
}

static void test_path_place(struct fixture *fixture, gconstpointer data)
{
    struct syscall_place place;

    (void)data;
    syscall_path_place(fixture->os, &(struct syscall){.number = 0x10100007}, &place); /* openat(fd, path, length ..) */
    g_assert_cmpint(place.pointer, ==, 1);
    g_assert_cmpint(place.length, ==, 2);
    syscall_path_place(fixture->os, &(struct syscall){.number = 0x101003DA}, &place);
    g_assert_cmpuint(place.mask, ==, 0xFFFF);
    syscall_path_place(fixture->os, &(struct syscall){.number = 0x22000003}, &place);
    g_assert_cmpint(place.pointer, ==, -1);
}

static void check_linux(enum cpu_arch arch, uint64_t number, const char *name)
{
    struct syscall_format format = {0};

    syscall_linux_format(arch, number, &format);
    g_assert_cmpstr(format.name, ==, name);
}

static void test_linux_numbers(void)
{
    check_linux(CPU_ARCH_X86_64, 0, "read");
    check_linux(CPU_ARCH_X86_64, 59, "execve");
    check_linux(CPU_ARCH_X86_64, 257, "openat");
    check_linux(CPU_ARCH_X86_64, 435, "clone3");
    check_linux(CPU_ARCH_X86_64, 400, NULL);
    check_linux(CPU_ARCH_AARCH64, 56, "openat");
    check_linux(CPU_ARCH_AARCH64, 63, "read");
    check_linux(CPU_ARCH_AARCH64, 220, "clone");
    check_linux(CPU_ARCH_AARCH64, 222, "mmap");
    check_linux(CPU_ARCH_AARCH64, 79, "newfstatat");
}

static void check_argument(enum cpu_arch arch, char letter, uint64_t value, const char *expected)
{
    GString *text = g_string_new(NULL);

    g_assert_true(syscall_linux_argument(text, arch, letter, value));
    g_assert_cmpstr(text->str, ==, expected);
    g_string_free(text, TRUE);
}

static void test_linux_arguments(void)
{
    check_argument(CPU_ARCH_X86_64, 'f', 0x90800, "O_RDONLY|O_DIRECTORY|O_NONBLOCK|O_CLOEXEC");
    check_argument(CPU_ARCH_AARCH64, 'f', 040000 | 1, "O_WRONLY|O_DIRECTORY");
    check_argument(CPU_ARCH_X86_64, 'r', 3, "PROT_READ|PROT_WRITE");
    check_argument(CPU_ARCH_X86_64, 'r', 0, "PROT_NONE");
    check_argument(CPU_ARCH_X86_64, 'w', 9, "0x9");
    check_argument(CPU_ARCH_X86_64, 'm', 0x80000002, "MAP_PRIVATE|0x80000000");
    check_argument(CPU_ARCH_X86_64, 'm', 0, "0x0");
    check_argument(CPU_ARCH_X86_64, 'm', 0x22, "MAP_PRIVATE|MAP_ANONYMOUS");
    check_argument(CPU_ARCH_X86_64, 'd', (uint32_t)-100, "AT_FDCWD");
    check_argument(CPU_ARCH_X86_64, 'F', 0x80, "FUTEX_WAIT|FUTEX_PRIVATE_FLAG");
    check_argument(CPU_ARCH_X86_64, 'g', 9, "SIGKILL");
}

static void test_errors(void)
{
    const char *name;

    g_assert_cmpstr(syscall_error_name(2), ==, "ENOENT");
    g_assert_cmpstr(syscall_error_name(38), ==, "ENOSYS");
    g_assert_null(syscall_error_name(4000));
    g_assert_true(syscall_failed(&(struct syscall){.result = (uint64_t)-1}, &name));
    g_assert_cmpstr(name, ==, "EPERM");
    g_assert_false(syscall_failed(&(struct syscall){.result = (uint64_t)-4096}, &name));
}

static void check_request(uint8_t opcode, const uint64_t *arguments, unsigned count, const char *expected)
{
    uint8_t bytes[64] = {opcode};

    for (unsigned i = 0; i < count * 8; i++)
        bytes[8 + i] = (uint8_t)(arguments[i / 8] >> (i % 8 * 8));
    g_autofree char *text = scheme_request_describe(bytes);
    g_assert_cmpstr(text, ==, expected);
}

static void test_requests(void)
{
    check_request(5, (const uint64_t[]){3, 0x17000, 4096, UINT64_MAX, 0x10000}, 5,
                  "read(3, 0x17000, 4096, 0xffffffffffffffff, 0x10000)");
    check_request(3, (const uint64_t[]){3}, 1, "close(3)");
    check_request(29, (const uint64_t[]){1, 0x20000, 4, 0x30000, 0}, 5, "openat(1, 0x20000, 4, 0x30000, 0)");
    check_request(34, (const uint64_t[]){7}, 1, "detach(7)");
    check_request(35, NULL, 0, NULL);
    check_request(255, NULL, 0, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/syscall/redox", struct fixture, NULL, set_up, test_redox, tear_down);
    g_test_add("/syscall/unknown", struct fixture, NULL, set_up, test_unknown, tear_down);
    g_test_add("/syscall/path-place", struct fixture, NULL, set_up, test_path_place, tear_down);
    g_test_add_func("/syscall/linux-numbers", test_linux_numbers);
    g_test_add_func("/syscall/linux-arguments", test_linux_arguments);
    g_test_add_func("/syscall/errors", test_errors);
    g_test_add_func("/scheme/requests", test_requests);
    return g_test_run();
}
