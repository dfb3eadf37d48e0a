/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test application's frame: TAP on the console. */
#include "tests/firmware/app/app.h"

struct efi_system_table *system_table;
struct efi_boot_services *boot;
struct efi_runtime_services *runtime;
void *image_handle;

static struct {
    unsigned count, failed;
    bool this_failed, uart;
} state;

void print_to_uart(void)
{
    state.uart = true;
}

void print(const char *text)
{
    uint16_t wide[128];
    unsigned count = 0;

    for (; *text; text++) {
        if (state.uart) {
            uart_put(*text);
            continue;
        }
        wide[count++] = (uint8_t)*text;
        if (count == 126 || !text[1]) {
            wide[count] = 0;
            system_table->console_out->output_string(system_table->console_out, wide);
            count = 0;
        }
    }
}

static void print_number(uint64_t value, unsigned base)
{
    char text[24];
    unsigned at = sizeof(text) - 1;

    text[at] = 0;
    do {
        text[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    print(text + at);
}

static void print_place(const char *file, int line)
{
    const char *name = file;

    for (; *file; file++)
        if (*file == '/')
            name = file + 1;
    print("# ");
    print(name);
    print(":");
    print_number((unsigned)line, 10);
    print(": ");
}

void fail(const char *file, int line, const char *what)
{
    state.this_failed = true;
    print_place(file, line);
    print(what);
    print("\r\n");
}

void fail_status(const char *file, int line, const char *what, efi_status have, efi_status want)
{
    fail(file, line, what);
    print("#   status 0x");
    print_number(have, 16);
    print(", not 0x");
    print_number(want, 16);
    print("\r\n");
}

void run_tests(const struct test *tests, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        state.this_failed = false;
        tests[i].run();
        print(state.this_failed ? "not ok " : "ok ");
        print_number(++state.count, 10);
        print(" - ");
        print(tests[i].name);
        print("\r\n");
        state.failed += state.this_failed;
    }
}

bool same(const void *a, const void *b, size_t size)
{
    const uint8_t *one = a, *two = b;

    for (size_t i = 0; i < size; i++)
        if (one[i] != two[i])
            return false;
    return true;
}

size_t length16(const uint16_t *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    return length;
}

/* What the compiler calls for structures. */
void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);

void *memcpy(void *to, const void *from, size_t size)
{
    volatile uint8_t *out = to;
    const uint8_t *in = from;

    while (size--)
        *out++ = *in++;
    return to;
}

void *memset(void *to, int value, size_t size)
{
    volatile uint8_t *out = to;

    while (size--)
        *out++ = (uint8_t)value;
    return to;
}

efi_status efi_main(void *image, struct efi_system_table *table);

efi_status efi_main(void *image, struct efi_system_table *table)
{
    image_handle = image;
    system_table = table;
    boot = table->boot;
    runtime = table->runtime;
    boot->set_watchdog_timer(0, 0, 0, NULL);
    print("TAP version 13\r\n");
    misc_tests();
    memory_tests();
    event_tests();
    protocol_tests();
    driver_tests();
    image_tests();
    variable_tests();
    runtime_tests();
    print("1..");
    print_number(state.count, 10);
    print("\r\n# failed: ");
    print_number(state.failed, 10);
    print("\r\n");
    runtime->reset_system(EFI_RESET_SHUTDOWN, EFI_SUCCESS, 0, NULL);
    for (;;)
        ;
}
