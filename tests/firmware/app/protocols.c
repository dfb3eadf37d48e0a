/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handle database. */
#include "tests/firmware/app/app.h"

static const struct efi_guid one = {0xbbbb0001, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
static const struct efi_guid two = {0xbbbb0002, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
static const struct efi_guid three = {0xbbbb0003, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
static const struct efi_guid device_path = EFI_DEVICE_PATH;
static int interface_a, interface_b;

static void interface_is_found_again(void)
{
    void *handle = NULL, *found = NULL;

    CHECK_OK(boot->install(&handle, &one, 0, &interface_a));
    CHECK(handle != NULL);
    CHECK_OK(boot->handle_protocol(handle, &one, &found));
    CHECK(found == &interface_a);
    CHECK_STATUS(boot->handle_protocol(handle, &two, &found), EFI_UNSUPPORTED);
    CHECK_OK(boot->locate_protocol(&one, NULL, &found));
    CHECK(found == &interface_a);
    CHECK_STATUS(boot->install(&handle, &one, 0, &interface_b), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->uninstall(handle, &one, &interface_b), EFI_NOT_FOUND);
    CHECK_OK(boot->uninstall(handle, &one, &interface_a));
    CHECK_STATUS(boot->locate_protocol(&one, NULL, &found), EFI_NOT_FOUND);
    CHECK(found == NULL);
    CHECK_STATUS(boot->handle_protocol(handle, &one, &found), EFI_INVALID_PARAMETER); /* the handle has gone with it */
}

static void bad_handles_are_refused(void)
{
    void *found, *handle = NULL;
    int no_handle;

    CHECK_STATUS(boot->handle_protocol(NULL, &one, &found), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->handle_protocol(&no_handle, &one, &found), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->handle_protocol(image_handle, NULL, &found), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->handle_protocol(image_handle, &one, NULL), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->install(NULL, &one, 0, &interface_a), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->install(&handle, NULL, 0, &interface_a), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->install(&handle, &one, 1, &interface_a), EFI_INVALID_PARAMETER);
    handle = &no_handle;
    CHECK_STATUS(boot->install(&handle, &one, 0, &interface_a), EFI_INVALID_PARAMETER);
}

static void handles_are_listed(void)
{
    void *a = NULL, *b = NULL, *list[4];
    uint64_t size = 0, count = 0;
    void **buffer;

    CHECK_STATUS(boot->locate_handle(EFI_BY_PROTOCOL, &one, NULL, &size, list), EFI_NOT_FOUND);
    CHECK_STATUS(boot->locate_handle_buffer(EFI_BY_PROTOCOL, &one, NULL, &count, &buffer), EFI_NOT_FOUND);
    CHECK_OK(boot->install(&a, &one, 0, &interface_a));
    CHECK_OK(boot->install(&b, &one, 0, &interface_b));
    CHECK_STATUS(boot->locate_handle(EFI_BY_PROTOCOL, &one, NULL, &size, list), EFI_BUFFER_TOO_SMALL);
    CHECK(size == 16);
    size = sizeof(list);
    CHECK_OK(boot->locate_handle(EFI_BY_PROTOCOL, &one, NULL, &size, list));
    CHECK(size == 16 && list[0] == a && list[1] == b);
    CHECK_OK(boot->locate_handle_buffer(EFI_BY_PROTOCOL, &one, NULL, &count, &buffer));
    CHECK(count == 2 && buffer[0] == a && buffer[1] == b);
    CHECK_OK(boot->free_pool(buffer));
    CHECK_OK(boot->locate_handle_buffer(EFI_ALL_HANDLES, NULL, NULL, &count, &buffer));
    CHECK(count > 2);
    CHECK_OK(boot->free_pool(buffer));
    CHECK_STATUS(boot->locate_handle(7, &one, NULL, &size, list), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->locate_handle(EFI_BY_PROTOCOL, NULL, NULL, &size, list), EFI_INVALID_PARAMETER);
    CHECK_OK(boot->uninstall(a, &one, &interface_a));
    CHECK_OK(boot->uninstall(b, &one, &interface_b));
}

static void many_are_installed_or_none(void)
{
    void *handle = NULL, *other = NULL, *found;

    CHECK_OK(boot->install_multiple(&handle, &one, &interface_a, &two, &interface_b, &three, NULL, NULL));
    CHECK_OK(boot->handle_protocol(handle, &three, &found));
    CHECK(found == NULL);
    CHECK_STATUS(boot->install_multiple(&handle, &two, &interface_a, NULL), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->install_multiple(&other, &one, &interface_a, &one, &interface_b, NULL), EFI_INVALID_PARAMETER);
    CHECK(other == NULL);
    CHECK_STATUS(boot->uninstall_multiple(handle, &one, &interface_a, &two, &interface_a, NULL), EFI_INVALID_PARAMETER);
    CHECK_OK(boot->handle_protocol(handle, &one, &found)); /* still there */
    CHECK_OK(boot->uninstall_multiple(handle, &one, &interface_a, &two, &interface_b, &three, NULL, NULL));
}

static void protocols_of_a_handle_are_listed(void)
{
    void *handle = NULL;
    struct efi_guid **guids;
    uint64_t count;

    CHECK_OK(boot->install_multiple(&handle, &one, &interface_a, &two, &interface_b, NULL));
    CHECK_OK(boot->protocols_per_handle(handle, &guids, &count));
    CHECK(count == 2);
    CHECK(same(guids[0], &one, sizeof(one)) && same(guids[1], &two, sizeof(two)));
    CHECK_OK(boot->free_pool(guids));
    CHECK_OK(boot->uninstall_multiple(handle, &one, &interface_a, &two, &interface_b, NULL));
}

static void new_interfaces_are_announced(void)
{
    void *event, *registration, *handle = NULL, *found = NULL, *other = NULL;
    uint64_t size = sizeof(found);

    CHECK_OK(boot->create_event(0, 0, NULL, NULL, &event));
    CHECK_OK(boot->register_protocol_notify(&one, event, &registration));
    CHECK_STATUS(boot->check_event(event), EFI_NOT_READY);
    CHECK_OK(boot->install(&other, &two, 0, &interface_a));
    CHECK_STATUS(boot->check_event(event), EFI_NOT_READY);
    CHECK_OK(boot->install(&handle, &one, 0, &interface_a));
    CHECK_OK(boot->check_event(event));
    CHECK_OK(boot->locate_handle(EFI_BY_REGISTER_NOTIFY, NULL, registration, &size, &found));
    CHECK(found == handle);
    CHECK_STATUS(boot->locate_handle(EFI_BY_REGISTER_NOTIFY, NULL, registration, &size, &found), EFI_NOT_FOUND);
    CHECK_OK(boot->uninstall(handle, &one, &interface_a));
    CHECK_OK(boot->uninstall(other, &two, &interface_a));
    CHECK_OK(boot->close_event(event)); /* the registration goes with it */
    CHECK_STATUS(boot->locate_handle(EFI_BY_REGISTER_NOTIFY, NULL, registration, &size, &found), EFI_INVALID_PARAMETER);
}

static void opens_are_tracked(void)
{
    void *handle = NULL, *agent = NULL, *found;
    struct efi_open_information *opens;
    uint64_t count;

    CHECK_OK(boot->install(&handle, &one, 0, &interface_a));
    CHECK_OK(boot->install(&agent, &two, 0, &interface_b));
    CHECK_OK(boot->open_protocol(handle, &one, &found, agent, handle, EFI_OPEN_GET));
    CHECK(found == &interface_a);
    CHECK_OK(boot->open_protocol(handle, &one, &found, agent, handle, EFI_OPEN_GET));
    CHECK_OK(boot->open_protocol_information(handle, &one, &opens, &count));
    CHECK(count == 1 && opens[0].agent == agent && opens[0].controller == handle);
    CHECK(opens[0].attributes == EFI_OPEN_GET && opens[0].count == 2);
    CHECK_OK(boot->free_pool(opens));
    CHECK_OK(boot->close_protocol(handle, &one, agent, handle));
    CHECK_STATUS(boot->close_protocol(handle, &one, agent, handle), EFI_NOT_FOUND);
    CHECK_STATUS(boot->open_protocol_information(handle, &three, &opens, &count), EFI_NOT_FOUND);
    CHECK_OK(boot->uninstall(agent, &two, &interface_b));
    CHECK_OK(boot->uninstall(handle, &one, &interface_a));
}

static void drivers_exclude_each_other(void)
{
    void *handle = NULL, *agent = NULL, *other = NULL, *found;

    CHECK_OK(boot->install(&handle, &one, 0, &interface_a));
    CHECK_OK(boot->install(&agent, &two, 0, &interface_b));
    CHECK_OK(boot->install(&other, &three, 0, &interface_b));
    CHECK_OK(boot->open_protocol(handle, &one, &found, agent, handle, EFI_OPEN_BY_DRIVER));
    CHECK_STATUS(boot->open_protocol(handle, &one, &found, agent, handle, EFI_OPEN_BY_DRIVER), EFI_ALREADY_STARTED);
    CHECK_STATUS(boot->open_protocol(handle, &one, &found, other, handle, EFI_OPEN_BY_DRIVER), EFI_ACCESS_DENIED);
    CHECK_OK(boot->open_protocol(handle, &one, &found, other, handle, EFI_OPEN_GET));
    CHECK_OK(boot->open_protocol(handle, &one, NULL, other, handle, EFI_OPEN_TEST));
    /* The agent has no driver binding that could let go. */
    CHECK_STATUS(boot->open_protocol(handle, &one, &found, other, handle, EFI_OPEN_EXCLUSIVE), EFI_ACCESS_DENIED);
    CHECK_STATUS(boot->uninstall(handle, &one, &interface_a), EFI_ACCESS_DENIED);
    CHECK_OK(boot->close_protocol(handle, &one, agent, handle));
    CHECK_OK(boot->open_protocol(handle, &one, &found, other, handle, EFI_OPEN_EXCLUSIVE));
    CHECK_STATUS(boot->open_protocol(handle, &one, &found, agent, handle, EFI_OPEN_BY_DRIVER), EFI_ACCESS_DENIED);
    CHECK_OK(boot->close_protocol(handle, &one, other, handle));
    CHECK_OK(boot->uninstall(handle, &one, &interface_a));
    CHECK_OK(boot->uninstall(agent, &two, &interface_b));
    CHECK_OK(boot->uninstall(other, &three, &interface_b));
}

static void open_arguments_are_checked(void)
{
    void *handle = NULL, *found;

    CHECK_OK(boot->install(&handle, &one, 0, &interface_a));
    CHECK_STATUS(boot->open_protocol(handle, &one, &found, image_handle, handle, 3), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->open_protocol(handle, &one, &found, NULL, handle, EFI_OPEN_BY_DRIVER), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->open_protocol(handle, &one, &found, image_handle, NULL, EFI_OPEN_BY_DRIVER),
                 EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->open_protocol(handle, &one, &found, image_handle, handle, EFI_OPEN_BY_CHILD),
                 EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->open_protocol(handle, &two, &found, image_handle, handle, EFI_OPEN_GET), EFI_UNSUPPORTED);
    CHECK_STATUS(boot->open_protocol(handle, &one, NULL, image_handle, handle, EFI_OPEN_GET), EFI_INVALID_PARAMETER);
    CHECK_OK(boot->uninstall(handle, &one, &interface_a));
}

static void reinstalled_interface_replaces(void)
{
    void *handle = NULL, *found, *event, *registration;

    CHECK_OK(boot->install(&handle, &one, 0, &interface_a));
    CHECK_OK(boot->create_event(0, 0, NULL, NULL, &event));
    CHECK_OK(boot->register_protocol_notify(&one, event, &registration));
    CHECK_STATUS(boot->reinstall(handle, &one, &interface_b, &interface_a), EFI_NOT_FOUND);
    CHECK_OK(boot->reinstall(handle, &one, &interface_a, &interface_b));
    CHECK_OK(boot->handle_protocol(handle, &one, &found));
    CHECK(found == &interface_b);
    CHECK_OK(boot->check_event(event));
    CHECK_OK(boot->uninstall(handle, &one, &interface_b));
    CHECK_OK(boot->close_event(event));
}

/* A vendor node with a number, twice, and the end. */
struct path {
    uint8_t first[24], second[24], end[4];
};

static void make_path(struct path *path, uint8_t first, uint8_t second)
{
    boot->set_mem(path, sizeof(*path), 0);
    path->first[0] = path->second[0] = 1;
    path->first[1] = path->second[1] = 4;
    path->first[2] = path->second[2] = 24;
    path->first[4] = first;
    path->second[4] = second;
    path->end[0] = 0x7F;
    path->end[1] = 0xFF;
    path->end[2] = 4;
}

static void longest_device_path_wins(void)
{
    static struct path parent, child, wanted;
    void *a = NULL, *b = NULL, *device = NULL;
    struct efi_device_path *rest = (struct efi_device_path *)&wanted;

    make_path(&parent, 1, 2);
    parent.second[0] = 0x7F;
    parent.second[1] = 0xFF;
    parent.second[2] = 4;
    make_path(&child, 1, 2);
    make_path(&wanted, 1, 3);
    CHECK_OK(boot->install_multiple(&a, &device_path, &parent, &one, &interface_a, NULL));
    CHECK_OK(boot->install_multiple(&b, &device_path, &child, &one, &interface_b, NULL));
    CHECK_OK(boot->locate_device_path(&one, &rest, &device));
    CHECK(device == a && (uint8_t *)rest == wanted.second);
    make_path(&wanted, 1, 2);
    rest = (struct efi_device_path *)&wanted;
    CHECK_OK(boot->locate_device_path(&one, &rest, &device));
    CHECK(device == b && (uint8_t *)rest == wanted.end);
    make_path(&wanted, 5, 2);
    rest = (struct efi_device_path *)&wanted;
    CHECK_STATUS(boot->locate_device_path(&one, &rest, &device), EFI_NOT_FOUND);
    void *again = NULL;
    CHECK_STATUS(boot->install_multiple(&again, &device_path, &child, NULL), EFI_ALREADY_STARTED);
    CHECK_OK(boot->uninstall_multiple(a, &device_path, &parent, &one, &interface_a, NULL));
    CHECK_OK(boot->uninstall_multiple(b, &device_path, &child, &one, &interface_b, NULL));
}

void protocol_tests(void)
{
    static const struct test tests[] = {
        TEST(interface_is_found_again),
        TEST(bad_handles_are_refused),
        TEST(handles_are_listed),
        TEST(many_are_installed_or_none),
        TEST(protocols_of_a_handle_are_listed),
        TEST(new_interfaces_are_announced),
        TEST(opens_are_tracked),
        TEST(drivers_exclude_each_other),
        TEST(open_arguments_are_checked),
        TEST(reinstalled_interface_replaces),
        TEST(longest_device_path_wins),
    };

    RUN(tests);
}
