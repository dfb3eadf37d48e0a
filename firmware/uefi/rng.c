/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The random number generator protocol, fed by the machine's seed.  UEFI 2.10 section 37.5. */
#include "firmware/uefi/protocols.h"

#define PIECE 4096u

/* Default first: what SP 800-90A calls for, and raw entropy; both are bytes of the seeded stream. */
static const struct efi_guid algorithms[] = {
    EFI_GUID(0x44f0de6e, 0x4d8c, 0x4045, 0xa8, 0xc7, 0x4d, 0xd1, 0x68, 0x85, 0x6b, 0x9e),
    EFI_GUID(0xe43176d7, 0xb6e8, 0x4827, 0xb7, 0x84, 0x7f, 0xfd, 0xc4, 0xb6, 0x85, 0x61),
};

static const struct uefi_object_class rng_class = {"rng", NULL, stateless_load, NULL, NULL};

static uint64_t get_info(struct uefi *uefi, struct uefi_call *call)
{
    if (!uefi_this(call, &rng_class))
        return EFI_INVALID_PARAMETER;
    return uefi_answer(uefi, uefi_argument(call, 1), uefi_argument(call, 2), algorithms, sizeof(algorithms));
}

static uint64_t get_rng(struct uefi *uefi, struct uefi_call *call)
{
    uint64_t algorithm = uefi_argument(call, 1), length = uefi_argument(call, 2), out = uefi_argument(call, 3);
    uint8_t bytes[PIECE];
    struct efi_guid guid;

    if (!uefi_this(call, &rng_class) || length == 0 || !uefi_accessible(uefi, out, length))
        return EFI_INVALID_PARAMETER;
    if (algorithm) {
        if (!uefi_read_guid(uefi, algorithm, &guid))
            return EFI_INVALID_PARAMETER;
        if (!efi_guid_equal(&guid, &algorithms[0]) && !efi_guid_equal(&guid, &algorithms[1]))
            return EFI_UNSUPPORTED;
    }
    for (uint64_t done = 0; done < length;) {
        uint64_t piece = MIN(sizeof(bytes), length - done);

        machine_random(uefi_machine(uefi), "efi-rng", bytes, piece);
        uefi_write(uefi, out + done, bytes, piece);
        done += piece;
    }
    return EFI_SUCCESS;
}

void rng_register(struct uefi *uefi)
{
    uefi_register_class(uefi, &rng_class);
}

void rng_init(struct uefi *uefi, uint64_t handle)
{
    const uint64_t functions[] = {uefi_function(uefi, "Rng.GetInfo", get_info),
                                  uefi_function(uefi, "Rng.GetRNG", get_rng)};
    uint64_t interface = uefi_interface_new(uefi, sizeof(functions), &rng_class, uefi);

    if (!interface)
        return;
    write_functions(uefi, interface, functions, G_N_ELEMENTS(functions));
    uefi_install(uefi, handle, &guid_rng, interface);
}
