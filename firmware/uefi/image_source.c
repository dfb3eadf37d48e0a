/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LoadImage() from what guests provide: a file system driver's SimpleFileSystem, LoadFile2 or LoadFile.  Each step
 * calls guest code and goes on in a continuation; what has to be remembered stands in one block of pool memory.
 */
#include <string.h>

#include "firmware/uefi/uefi_internal.h"

#define FILE_LIMIT 0x40000000u

/* Members of the protocols that are called. */
#define VOLUME_OPEN 8
#define FILE_OPEN 8
#define FILE_CLOSE 16
#define FILE_READ 32
#define FILE_GET_POSITION 48
#define FILE_SET_POSITION 56
#define FILE_MODE_READ 1
#define LOAD_FILE 0

/* The block: results of the guest's functions, then the path and the file's name. */
#define BLOCK_RESULT 0
#define BLOCK_SIZE 8
#define BLOCK_PATH 16

enum data { BLOCK, NAME, DEVICE, PARENT, OUT, STEP, ROOT, FILE_OBJECT, BUFFER, PAGES, EXTRA, RESULT };
enum { STEP_VOLUME, STEP_OPEN, STEP_SEEK_END, STEP_TELL, STEP_SEEK_START, STEP_READ, STEP_CLOSE_FILE, STEP_CLOSE_ROOT };

static uint64_t block_new(struct uefi *uefi, const uint8_t *path, size_t path_length, const char *file, uint64_t *name)
{
    size_t size = 0;
    uint16_t *wide = uefi_text_to_char16(file, &size);
    size_t name_offset = (BLOCK_PATH + path_length + 7) & ~(size_t)7;
    uint64_t block = uefi_pool_new(uefi, EFI_BOOT_SERVICES_DATA, name_offset + size);

    if (block) {
        uefi_write(uefi, block + BLOCK_PATH, path, path_length);
        uefi_write(uefi, block + name_offset, wide, size);
        *name = block + name_offset;
    }
    g_free(wide);
    return block;
}

/* Buffer for a whole file; false: too large. */
static bool buffer_new(struct uefi *uefi, uint64_t *data, uint64_t size)
{
    data[PAGES] = EFI_PAGES(size);
    data[BUFFER] = size && size <= FILE_LIMIT ? uefi_pages_new(uefi, EFI_BOOT_SERVICES_DATA, data[PAGES], 0) : 0;
    return data[BUFFER] != 0;
}

static uint64_t finish(struct uefi *uefi, uint64_t *data, uint64_t status)
{
    if (data[BUFFER])
        uefi_pages_free(uefi, data[BUFFER], data[PAGES]);
    uefi_pool_free(uefi, data[BLOCK]);
    return status;
}

static uint64_t load(struct uefi *uefi, const uint64_t *data, uint64_t size)
{
    return uefi_load_from_bytes(uefi, data[DEVICE], data[PARENT], data[BLOCK] + BLOCK_PATH, data[OUT], data[BUFFER],
                                size);
}

/* --- a file --- */
static uefi_continuation file_step;

static uint64_t call_member(struct uefi *uefi, uint64_t object, unsigned member, uint64_t a, uint64_t b, uint64_t c,
                            uint64_t d, uint64_t *data, unsigned step)
{
    uint64_t arguments[] = {object, a, b, c, d}, function = 0;

    data[STEP] = step;
    if (!uefi_read64(uefi, object + member, &function) || !function)
        return finish(uefi, data, EFI_DEVICE_ERROR);
    return uefi_call_guest(uefi, function, arguments, 5, file_step, data);
}

static uint64_t close_all(struct uefi *uefi, uint64_t *data, uint64_t status)
{
    data[RESULT] = status;
    if (data[FILE_OBJECT])
        return call_member(uefi, data[FILE_OBJECT], FILE_CLOSE, 0, 0, 0, 0, data, STEP_CLOSE_FILE);
    if (data[ROOT])
        return call_member(uefi, data[ROOT], FILE_CLOSE, 0, 0, 0, 0, data, STEP_CLOSE_ROOT);
    return finish(uefi, data, status);
}

static uint64_t file_opened(struct uefi *uefi, uint64_t *data)
{
    uefi_read64(uefi, data[BLOCK] + BLOCK_RESULT, &data[FILE_OBJECT]);
    return call_member(uefi, data[FILE_OBJECT], FILE_SET_POSITION, UINT64_MAX, 0, 0, 0, data, STEP_SEEK_END);
}

static uint64_t length_known(struct uefi *uefi, uint64_t *data)
{
    uint64_t size = 0;

    uefi_read64(uefi, data[BLOCK] + BLOCK_RESULT, &size);
    if (!buffer_new(uefi, data, size))
        return close_all(uefi, data, EFI_LOAD_ERROR);
    uefi_write64(uefi, data[BLOCK] + BLOCK_SIZE, size);
    return call_member(uefi, data[FILE_OBJECT], FILE_SET_POSITION, 0, 0, 0, 0, data, STEP_SEEK_START);
}

static uint64_t file_read_done(struct uefi *uefi, uint64_t *data)
{
    uint64_t size = 0;

    uefi_read64(uefi, data[BLOCK] + BLOCK_SIZE, &size);
    return close_all(uefi, data, size <= data[PAGES] * EFI_PAGE_SIZE ? load(uefi, data, size) : EFI_LOAD_ERROR);
}

static uint64_t file_step(struct uefi *uefi, uint64_t *data, uint64_t result)
{
    if (EFI_IS_ERROR(result) && data[STEP] < STEP_CLOSE_FILE)
        return close_all(uefi, data, result);
    switch (data[STEP]) {
    case STEP_VOLUME:
        uefi_read64(uefi, data[BLOCK] + BLOCK_RESULT, &data[ROOT]);
        return call_member(uefi, data[ROOT], FILE_OPEN, data[BLOCK] + BLOCK_RESULT, data[NAME], FILE_MODE_READ, 0, data,
                           STEP_OPEN);
    case STEP_OPEN:
        return file_opened(uefi, data);
    case STEP_SEEK_END:
        return call_member(uefi, data[FILE_OBJECT], FILE_GET_POSITION, data[BLOCK] + BLOCK_RESULT, 0, 0, 0, data,
                           STEP_TELL);
    case STEP_TELL:
        return length_known(uefi, data);
    case STEP_SEEK_START:
        return call_member(uefi, data[FILE_OBJECT], FILE_READ, data[BLOCK] + BLOCK_SIZE, data[BUFFER], 0, 0, data,
                           STEP_READ);
    case STEP_READ:
        return file_read_done(uefi, data);
    case STEP_CLOSE_FILE:
        data[FILE_OBJECT] = 0;
        return close_all(uefi, data, data[RESULT]);
    default:
        return finish(uefi, data, data[RESULT]);
    }
}

uint64_t uefi_load_from_guest_file(struct uefi *uefi, uint64_t device, const char *file, uint64_t parent,
                                   const uint8_t *path, size_t path_length, uint64_t out)
{
    uint64_t data[UEFI_CONTINUATION_DATA] = {[DEVICE] = device, [PARENT] = parent, [OUT] = out};
    uint64_t volume;

    if (!uefi_protocol(uefi, device, &guid_simple_file_system, &volume))
        return EFI_NOT_FOUND;
    data[BLOCK] = block_new(uefi, path, path_length, file, &data[NAME]);
    if (!data[BLOCK])
        return EFI_OUT_OF_RESOURCES;
    return call_member(uefi, volume, VOLUME_OPEN, data[BLOCK] + BLOCK_RESULT, 0, 0, 0, data, STEP_VOLUME);
}

/* --- LoadFile --- */
enum { STEP_MEASURE, STEP_LOAD };

static uefi_continuation load_file_step;

static uint64_t call_load_file(struct uefi *uefi, uint64_t *data)
{
    uint64_t arguments[] = {data[FILE_OBJECT], data[NAME], data[EXTRA], data[BLOCK] + BLOCK_SIZE, data[BUFFER]};
    uint64_t function = 0;

    if (!uefi_read64(uefi, data[FILE_OBJECT] + LOAD_FILE, &function) || !function)
        return finish(uefi, data, EFI_DEVICE_ERROR);
    return uefi_call_guest(uefi, function, arguments, 5, load_file_step, data);
}

static uint64_t load_file_step(struct uefi *uefi, uint64_t *data, uint64_t result)
{
    uint64_t size = 0;

    uefi_read64(uefi, data[BLOCK] + BLOCK_SIZE, &size);
    if (data[STEP] == STEP_MEASURE && result == EFI_BUFFER_TOO_SMALL) {
        data[STEP] = STEP_LOAD;
        return buffer_new(uefi, data, size) ? call_load_file(uefi, data) : finish(uefi, data, EFI_OUT_OF_RESOURCES);
    }
    if (EFI_IS_ERROR(result))
        return finish(uefi, data, result);
    bool sane = data[STEP] == STEP_LOAD && size <= data[PAGES] * EFI_PAGE_SIZE;
    return finish(uefi, data, sane ? load(uefi, data, size) : EFI_LOAD_ERROR);
}

uint64_t uefi_load_from_guest_load_file(struct uefi *uefi, uint64_t device, const struct efi_guid *kind,
                                        bool boot_policy, uint64_t parent, const uint8_t *path, size_t path_length,
                                        size_t matched, uint64_t out)
{
    uint64_t data[UEFI_CONTINUATION_DATA] = {
        [DEVICE] = device, [PARENT] = parent, [OUT] = out, [STEP] = STEP_MEASURE, [EXTRA] = boot_policy,
    };

    if (!uefi_protocol(uefi, device, kind, &data[FILE_OBJECT]))
        return EFI_NOT_FOUND;
    data[BLOCK] = block_new(uefi, path, path_length, "", &data[NAME]);
    if (!data[BLOCK])
        return EFI_OUT_OF_RESOURCES;
    data[NAME] = data[BLOCK] + BLOCK_PATH + matched; /* the remaining device path */
    return call_load_file(uefi, data);
}

void uefi_image_source_register(struct uefi *uefi)
{
    uefi_register_continuation(uefi, file_step);
    uefi_register_continuation(uefi, load_file_step);
}
