/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drivers that meet controllers: ConnectController(), DisconnectController(). */
#include "tests/firmware/app/app.h"

static const struct efi_guid bus = {0xcccc0001, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
static const struct efi_guid function = {0xcccc0002, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
static const struct efi_guid product = {0xcccc0003, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
static const struct efi_guid binding_guid = EFI_DRIVER_BINDING;
static int bus_interface, function_interface, product_interface;

static void *child;
static unsigned bus_asked, bus_started, bus_stopped, leaf_started, leaf_stopped, order, leaf_order;

/* The bus driver makes one child with the protocol that the leaf driver wants. */
static efi_status bus_supported(struct efi_driver_binding *this, void *controller, void *path)
{
    void *interface;
    efi_status status;

    (void)path;
    bus_asked++;
    status = boot->open_protocol(controller, &bus, &interface, this->handle, controller, EFI_OPEN_BY_DRIVER);
    if (status == EFI_SUCCESS)
        boot->close_protocol(controller, &bus, this->handle, controller);
    return status;
}

static efi_status bus_start(struct efi_driver_binding *this, void *controller, void *path)
{
    void *interface;
    efi_status status = boot->open_protocol(controller, &bus, &interface, this->handle, controller, EFI_OPEN_BY_DRIVER);

    (void)path;
    if (status != EFI_SUCCESS)
        return status;
    bus_started++;
    child = NULL;
    boot->install(&child, &function, 0, &function_interface);
    return boot->open_protocol(controller, &bus, &interface, this->handle, child, EFI_OPEN_BY_CHILD);
}

static efi_status bus_stop(struct efi_driver_binding *this, void *controller, uint64_t count, void **children)
{
    if (count) {
        if (count != 1 || children[0] != child)
            return EFI_INVALID_PARAMETER;
        boot->close_protocol(controller, &bus, this->handle, child);
        return boot->uninstall(child, &function, &function_interface);
    }
    bus_stopped++;
    return boot->close_protocol(controller, &bus, this->handle, controller);
}

static efi_status leaf_supported(struct efi_driver_binding *this, void *controller, void *path)
{
    void *interface;

    (void)path;
    return boot->open_protocol(controller, &function, &interface, this->handle, controller, EFI_OPEN_TEST);
}

static efi_status leaf_start(struct efi_driver_binding *this, void *controller, void *path)
{
    void *interface;
    efi_status status =
        boot->open_protocol(controller, &function, &interface, this->handle, controller, EFI_OPEN_BY_DRIVER);

    (void)path;
    if (status != EFI_SUCCESS)
        return status;
    leaf_order = ++order;
    leaf_started++;
    return boot->install(&controller, &product, 0, &product_interface);
}

static efi_status leaf_stop(struct efi_driver_binding *this, void *controller, uint64_t count, void **children)
{
    (void)count;
    (void)children;
    leaf_stopped++;
    boot->uninstall(controller, &product, &product_interface);
    return boot->close_protocol(controller, &function, this->handle, controller);
}

static struct efi_driver_binding bus_binding = {bus_supported, bus_start, bus_stop, 0x10, NULL, NULL};
static struct efi_driver_binding leaf_binding = {leaf_supported, leaf_start, leaf_stop, 0x10, NULL, NULL};
static void *controller;

static void drivers_are_connected_recursively(void)
{
    void *found;

    CHECK_OK(boot->install(&controller, &bus, 0, &bus_interface));
    CHECK_STATUS(boot->connect_controller(controller, NULL, NULL, true), EFI_NOT_FOUND);
    CHECK_OK(boot->install(&bus_binding.handle, &binding_guid, 0, &bus_binding));
    CHECK_OK(boot->install(&leaf_binding.handle, &binding_guid, 0, &leaf_binding));
    bus_binding.image = leaf_binding.image = image_handle;
    CHECK_OK(boot->connect_controller(controller, NULL, NULL, true));
    CHECK(bus_started == 1 && leaf_started == 1);
    CHECK_OK(boot->handle_protocol(child, &product, &found));
    CHECK(found == &product_interface);
    CHECK_STATUS(boot->connect_controller(controller, NULL, NULL, false), EFI_NOT_FOUND); /* all are at work */
    CHECK(bus_started == 1);
}

static void drivers_are_disconnected_with_children(void)
{
    CHECK_OK(boot->disconnect_controller(child, NULL, NULL));
    CHECK(leaf_stopped == 1);
    CHECK_OK(boot->disconnect_controller(controller, NULL, NULL));
    CHECK(bus_stopped == 1);
    CHECK_OK(boot->disconnect_controller(controller, NULL, NULL)); /* none is left */
    CHECK(bus_stopped == 1);
}

static void connecting_without_recursion_leaves_children(void)
{
    CHECK_OK(boot->connect_controller(controller, NULL, NULL, false));
    CHECK(bus_started == 2 && leaf_started == 1);
    CHECK_OK(boot->disconnect_controller(controller, bus_binding.handle, child));
    CHECK(bus_stopped == 2); /* its only child has gone */
}

static void shared_open_leaves_the_driver(void)
{
    void *found;

    CHECK_OK(boot->connect_controller(controller, NULL, NULL, false));
    CHECK_STATUS(boot->open_protocol(controller, &bus, &found, image_handle, controller, EFI_OPEN_BY_DRIVER),
                 EFI_ACCESS_DENIED);
    CHECK(bus_stopped == 2);
    CHECK_OK(boot->disconnect_controller(controller, NULL, NULL));
    CHECK(bus_stopped == 3);
}

/* Wants what the bus driver brings, on the controller itself; by its version it is asked before that. */
static const struct efi_guid extra = {0xcccc0004, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
static unsigned late_asked, late_started;

static efi_status late_supported(struct efi_driver_binding *this, void *handle, void *path)
{
    void *interface;

    (void)this;
    (void)path;
    late_asked++;
    return boot->handle_protocol(handle, &extra, &interface);
}

static efi_status late_start(struct efi_driver_binding *this, void *handle, void *path)
{
    (void)this;
    (void)handle;
    (void)path;
    late_started++;
    return EFI_SUCCESS;
}

static efi_status early_supported(struct efi_driver_binding *this, void *handle, void *path)
{
    void *interface;

    (void)this;
    (void)path;
    return boot->handle_protocol(handle, &bus, &interface);
}

static efi_status early_start(struct efi_driver_binding *this, void *handle, void *path)
{
    (void)this;
    (void)path;
    return boot->install(&handle, &extra, 0, NULL);
}

static void drivers_are_asked_again_after_a_start(void)
{
    static struct efi_driver_binding late = {late_supported, late_start, NULL, 0x30, NULL, NULL};
    static struct efi_driver_binding early = {early_supported, early_start, NULL, 0x20, NULL, NULL};
    void *drivers[] = {NULL, NULL};

    CHECK_OK(boot->install(&early.handle, &binding_guid, 0, &early));
    CHECK_OK(boot->install(&late.handle, &binding_guid, 0, &late));
    CHECK_OK(boot->connect_controller(controller, NULL, NULL, false));
    CHECK(late_asked == 2 && late_started == 1);
    CHECK_OK(boot->uninstall(controller, &extra, NULL));
    drivers[0] = early.handle; /* who is named comes first, whatever the version */
    CHECK_OK(boot->disconnect_controller(controller, NULL, NULL));
    CHECK_OK(boot->connect_controller(controller, drivers, NULL, false));
    CHECK(late_asked == 3 && late_started == 2);
    CHECK_OK(boot->uninstall(controller, &extra, NULL));
    CHECK_OK(boot->uninstall(early.handle, &binding_guid, &early));
    CHECK_OK(boot->uninstall(late.handle, &binding_guid, &late));
    CHECK_OK(boot->disconnect_controller(controller, NULL, NULL));
    bus_started = 3;
    bus_stopped = 3;
}

static void exclusive_open_disconnects_the_driver(void)
{
    void *found;

    CHECK_OK(boot->connect_controller(controller, NULL, NULL, false));
    CHECK_OK(boot->open_protocol(controller, &bus, &found, image_handle, controller,
                                 EFI_OPEN_BY_DRIVER | EFI_OPEN_EXCLUSIVE));
    CHECK(bus_stopped == 4 && found == &bus_interface);
    CHECK_STATUS(boot->connect_controller(controller, NULL, NULL, false), EFI_NOT_FOUND);
    CHECK_OK(boot->close_protocol(controller, &bus, image_handle, controller));
}

static void uninstalling_disconnects_the_driver(void)
{
    CHECK_OK(boot->connect_controller(controller, NULL, NULL, false));
    CHECK(bus_started == 5);
    CHECK_OK(boot->uninstall(controller, &bus, &bus_interface));
    CHECK(bus_stopped == 5);
    CHECK_OK(boot->uninstall(bus_binding.handle, &binding_guid, &bus_binding));
    CHECK_OK(boot->uninstall(leaf_binding.handle, &binding_guid, &leaf_binding));
}

static void bad_controllers_are_refused(void)
{
    int nothing;

    CHECK_STATUS(boot->connect_controller(&nothing, NULL, NULL, false), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->disconnect_controller(&nothing, NULL, NULL), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->disconnect_controller(image_handle, &nothing, NULL), EFI_INVALID_PARAMETER);
}

void driver_tests(void)
{
    static const struct test tests[] = {
        TEST(drivers_are_connected_recursively),
        TEST(drivers_are_disconnected_with_children),
        TEST(connecting_without_recursion_leaves_children),
        TEST(shared_open_leaves_the_driver),
        TEST(drivers_are_asked_again_after_a_start),
        TEST(exclusive_open_disconnects_the_driver),
        TEST(uninstalling_disconnects_the_driver),
        TEST(bad_controllers_are_refused),
    };

    RUN(tests);
}
