/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The built-in guest's entry point and menu. */
#include "guest/guest.h"

static const struct efi_guid graphics_guid = {
    0x9042a9de, 0x23dc, 0x4a38, {0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a}};

static void title(struct guest *guest)
{
    set_colour(guest, COLOUR_TITLE);
    print(guest, "\n  Galvanic, the machine that Redox runs in: %s\n", processor_architecture);
    set_colour(guest, COLOUR_DIM);
    print(guest, "  What you see is a UEFI application that is built into the program.\n");
    set_colour(guest, COLOUR_PLAIN);
    print(guest, "\n");
    draw_frame(guest);
}

static void menu(struct guest *guest)
{
    static const char *const entries[][2] = {
        {"1", "crash me"}, {"2", "draw"}, {"3", "memory map"}, {"4", "PCI devices"}, {"p", "power off"}};

    print(guest, "\n ");
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        set_colour(guest, COLOUR_WARNING);
        print(guest, " %s", entries[i][0]);
        set_colour(guest, COLOUR_PLAIN);
        print(guest, " %s  ", entries[i][1]);
    }
    print(guest, "\n");
}

static void ask_crash(struct guest *guest)
{
    print(guest, "\n  How?  p page fault, d division by zero, u undefined instruction, b breakpoint; anything else: "
                 "not at all\n");
    switch (read_key(guest)) {
    case 'p':
        crash(CRASH_PAGE_FAULT);
        break;
    case 'd':
        crash(CRASH_DIVIDE);
        break;
    case 'u':
        crash(CRASH_UNDEFINED);
        break;
    case 'b':
        crash(CRASH_BREAKPOINT);
        break;
    default:
        return;
    }
    print(guest, "  That did not hurt.\n");
}

static void show_all(struct guest *guest)
{
    title(guest);
    show_machine(guest);
}

static void demo(struct guest *guest)
{
    draw_demo(guest);
    if (!guest->screen)
        return;
    read_key(guest);
    guest->system->console_out->clear_screen(guest->system->console_out);
    show_all(guest);
}

efi_status efi_main(void *image, struct efi_system_table *system);

efi_status efi_main(void *image, struct efi_system_table *system)
{
    struct guest guest = {.system = system, .boot = system->boot};

    (void)image;
    guest.boot->set_watchdog_timer(0, 0, 0, NULL);
    if (EFI_ERROR(guest.boot->locate_protocol(&graphics_guid, NULL, (void **)&guest.screen)))
        guest.screen = NULL;
    show_all(&guest);
    for (;;) {
        menu(&guest);
        switch (read_key(&guest)) {
        case '1':
            ask_crash(&guest);
            break;
        case '2':
            demo(&guest);
            break;
        case '3':
            show_memory_map(&guest);
            break;
        case '4':
            show_pci(&guest);
            break;
        case 'p':
        case 'P':
            print(&guest, "\n  Good night.\n");
            system->runtime->reset_system(EFI_RESET_SHUTDOWN, 0, 0, NULL);
            break;
        default:
            print(&guest, "\n  That key does nothing here.\n");
            break;
        }
    }
}
