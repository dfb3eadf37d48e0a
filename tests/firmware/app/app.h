/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test application: one behaviour a function; each prints a TAP line. */
#ifndef GALVANIC_TESTS_FIRMWARE_APP_H
#define GALVANIC_TESTS_FIRMWARE_APP_H

#include "tests/firmware/app/efi.h"

extern struct efi_system_table *system_table;
extern struct efi_boot_services *boot;
extern struct efi_runtime_services *runtime;
extern void *image_handle;

/* A test's steps: the first that is wrong ends it and is shown with its line. */
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fail(__FILE__, __LINE__, #condition);                                                                      \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)
#define CHECK_STATUS(call, wanted)                                                                                     \
    do {                                                                                                               \
        efi_status status_ = (call);                                                                                   \
        if (status_ != (wanted)) {                                                                                     \
            fail_status(__FILE__, __LINE__, #call, status_, (wanted));                                                 \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)
#define CHECK_OK(call) CHECK_STATUS(call, EFI_SUCCESS)

struct test {
    const char *name;
    void (*run)(void);
};
#define TEST(function)                                                                                                 \
    {                                                                                                                  \
#function, function                                                                                            \
    }

void run_tests(const struct test *tests, unsigned count);
#define RUN(list) run_tests(list, sizeof(list) / sizeof(list[0]))
void fail(const char *file, int line, const char *what);
void fail_status(const char *file, int line, const char *what, efi_status have, efi_status want);
void print(const char *text);
/* From now on to the UART itself: the console belongs to boot services. */
void print_to_uart(void);
bool same(const void *a, const void *b, size_t size);
size_t length16(const uint16_t *text);

void memory_tests(void);
void event_tests(void);
void protocol_tests(void);
void driver_tests(void);
void image_tests(void);
void variable_tests(void);
void misc_tests(void);
/* Ends boot services. */
void runtime_tests(void);

/* --- per architecture --- */
/* Where RAM begins. */
extern const uint64_t memory_start;
/* Counts up as time passes, never blocks: TSC, CNTVCT. */
uint64_t cycles(void);
void uart_put(char c);
/* Sleeps until an interrupt. */
void halt(void);
/* Fills vector registers and spins until *@count is @until or cycles() is @limit: do they still hold what they did? */
/* Changes the same registers, as any function may change some of them. */
void vectors_spoil(void);
bool vectors_hold(volatile unsigned *count, unsigned until, uint64_t limit);
/* Makes all memory visible a second time, by tables of which the top one is @page; gives the offset. */
uint64_t map_high(uint64_t page);

#endif
