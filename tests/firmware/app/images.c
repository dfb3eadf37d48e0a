/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LoadImage(), StartImage(), Exit(), UnloadImage(). */
#include "tests/firmware/app/app.h"

static const struct efi_guid loaded_image = EFI_LOADED_IMAGE;

/* The child stands in this file's data. */
extern uint8_t child_start[], child_end[];
__asm__(".section .data\n.balign 16\n.globl child_start\nchild_start:\n.incbin \"" CHILD "\"\n"
        ".globl child_end\nchild_end:\n.byte 0\n.text\n");

static efi_status load(void **image)
{
    return boot->load_image(false, image_handle, NULL, child_start, (uint64_t)(child_end - child_start), image);
}

static void set_option(void *image, uint16_t *option)
{
    struct efi_loaded_image *loaded;

    boot->handle_protocol(image, &loaded_image, (void **)&loaded);
    loaded->options = option;
    loaded->options_size = 2;
}

static void own_image_is_described(void)
{
    struct efi_loaded_image *self;

    CHECK_OK(boot->handle_protocol(image_handle, &loaded_image, (void **)&self));
    CHECK(self->revision == 0x1000 && self->system == system_table);
    CHECK((uint8_t *)own_image_is_described > (uint8_t *)self->base);
    CHECK((uint8_t *)own_image_is_described < (uint8_t *)self->base + self->size);
    CHECK(self->code_type == EFI_LOADER_CODE && self->data_type == EFI_LOADER_DATA);
    CHECK(self->device != NULL);
}

static void child_returns_its_status(void)
{
    struct efi_loaded_image *loaded;
    void *image = NULL;

    CHECK_OK(load(&image));
    CHECK_OK(boot->handle_protocol(image, &loaded_image, (void **)&loaded));
    CHECK(loaded->parent == image_handle && loaded->size > 0 && loaded->options_size == 0);
    CHECK_STATUS(boot->start_image(image, NULL, NULL), EFI_NOT_FOUND);
    CHECK_STATUS(boot->handle_protocol(image, &loaded_image, (void **)&loaded), EFI_INVALID_PARAMETER); /* unloaded */
    CHECK_STATUS(boot->start_image(image, NULL, NULL), EFI_INVALID_PARAMETER);
}

static void child_gets_its_options(void)
{
    uint16_t option = 's';
    void *image;

    CHECK_OK(load(&image));
    set_option(image, &option);
    CHECK_OK(boot->start_image(image, NULL, NULL));
}

static void exit_leaves_with_data(void)
{
    static const uint16_t words[] = {'b', 'y', 'e', 0};
    uint16_t option = 'x', *data = NULL;
    uint64_t size = 0, pattern = 0x5a5a5a5a12345678;
    void *image;

    CHECK_OK(load(&image));
    set_option(image, &option);
    CHECK_STATUS(boot->start_image(image, &size, &data), EFI_ABORTED);
    CHECK(pattern == 0x5a5a5a5a12345678);
    CHECK(size == sizeof(words) && same(data, words, sizeof(words)));
    CHECK_OK(boot->free_pool(data));
}

static void level_is_put_back_after_a_child(void)
{
    uint16_t option = 't';
    void *image;

    CHECK_OK(load(&image));
    set_option(image, &option);
    CHECK_OK(boot->start_image(image, NULL, NULL));
    uint64_t tpl = boot->raise_tpl(EFI_TPL_HIGH);
    boot->restore_tpl(EFI_TPL_APPLICATION);
    CHECK(tpl == EFI_TPL_APPLICATION);
}

static void child_is_unloaded_unstarted(void)
{
    struct efi_loaded_image *loaded;
    void *image;

    CHECK_OK(load(&image));
    CHECK_OK(boot->unload_image(image));
    CHECK_STATUS(boot->handle_protocol(image, &loaded_image, (void **)&loaded), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->unload_image(image), EFI_INVALID_PARAMETER);
    CHECK_OK(load(&image));
    CHECK_OK(boot->exit(image, EFI_SUCCESS, 0, NULL)); /* the same, by another name */
    CHECK_STATUS(boot->unload_image(image), EFI_INVALID_PARAMETER);
}

static void memory_comes_back(void)
{
    uint64_t first = 0;

    for (unsigned i = 0; i < 3; i++) {
        struct efi_loaded_image *loaded;
        void *image;
        CHECK_OK(load(&image));
        CHECK_OK(boot->handle_protocol(image, &loaded_image, (void **)&loaded));
        if (!i)
            first = (uint64_t)loaded->base;
        CHECK((uint64_t)loaded->base == first);
        boot->start_image(image, NULL, NULL);
    }
}

static void opens_of_a_child_end_with_it(void)
{
    static const struct efi_guid guid = {0xdddd0002, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
    struct efi_open_information *opens;
    static int interface;
    void *image, *handle = NULL, *found;
    uint64_t count = 9;

    CHECK_OK(boot->install(&handle, &guid, 0, &interface));
    CHECK_OK(load(&image));
    CHECK_OK(boot->open_protocol(handle, &guid, &found, image, handle, EFI_OPEN_BY_DRIVER));
    CHECK_OK(boot->unload_image(image));
    CHECK_OK(boot->open_protocol_information(handle, &guid, &opens, &count));
    CHECK(count == 0);
    CHECK_OK(boot->free_pool(opens));
    CHECK_OK(boot->uninstall(handle, &guid, &interface));
}

static void what_is_no_image_is_refused(void)
{
    static uint8_t broken[4096];
    void *image;

    CHECK_STATUS(boot->load_image(false, image_handle, NULL, broken, sizeof(broken), &image), EFI_UNSUPPORTED);
    boot->copy_mem(broken, child_start, sizeof(broken));
    for (unsigned i = 0; i < sizeof(broken) - 1; i++)
        if (broken[i] == 'P' && broken[i + 1] == 'E') {
            broken[i + 4] ^= 0xFF; /* another machine */
            break;
        }
    CHECK_STATUS(boot->load_image(false, image_handle, NULL, broken, sizeof(broken), &image), EFI_UNSUPPORTED);
    CHECK_STATUS(boot->load_image(false, image_handle, NULL, NULL, 0, &image), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->load_image(false, NULL, NULL, child_start, 1000, &image), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->load_image(false, image_handle, NULL, child_start, 1000, NULL), EFI_INVALID_PARAMETER);
    CHECK_STATUS(boot->start_image(broken, NULL, NULL), EFI_INVALID_PARAMETER);
}

void image_tests(void)
{
    static const struct test tests[] = {
        TEST(own_image_is_described), TEST(child_returns_its_status),        TEST(child_gets_its_options),
        TEST(exit_leaves_with_data),  TEST(level_is_put_back_after_a_child), TEST(child_is_unloaded_unstarted),
        TEST(memory_comes_back),      TEST(opens_of_a_child_end_with_it),    TEST(what_is_no_image_is_refused),
    };

    RUN(tests);
}
