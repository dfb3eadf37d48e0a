/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the kernel's structures have their members, by DWARF. */
#include <string.h>

#include "debug/redox/redox.h"

#define LOCK_LEVELS 7 /* of kernel::sync::ordered: L0 .. L6 */
#define PREFIX_MAX 200

/* How an object stands behind its Arc: the type, and the way to the object in it. */
struct way {
    char type[PREFIX_MAX];
    const char *path;
};

static bool try_way(struct redox *redox, struct way *way, const char *member)
{
    g_autofree char *path = g_strconcat(way->path, member, NULL);
    uint64_t offset, size;

    return symbols_member(redox->symbols, way->type, path, &offset, &size);
}

/* Finds the way to @type behind an Arc: within a lock of the kernel's own, a plain spin lock, or neither. */
static bool find_way(struct redox *redox, const char *type, const char *member, struct way *way)
{
    g_snprintf(way->type, sizeof(way->type), "alloc::sync::ArcInner<spin::rwlock::RwLock<%s, spin::relax::Spin>>",
               type);
    way->path = "data.data.value.";
    if (try_way(redox, way, member))
        return true;
    way->path = "data.inner.data.value.";
    for (unsigned level = 0; level < LOCK_LEVELS; level++) {
        g_snprintf(way->type, sizeof(way->type),
                   "alloc::sync::ArcInner<kernel::sync::ordered::RwLock<kernel::sync::ordered::L%u, %s>>", level, type);
        if (try_way(redox, way, member))
            return true;
    }
    return false;
}

static int member(struct redox *redox, const struct way *way, const char *name)
{
    g_autofree char *path = g_strconcat(way->path, name, NULL);
    uint64_t offset, size;

    return symbols_member(redox->symbols, way->type, path, &offset, &size) && offset < 65536 ? (int)offset
                                                                                             : REDOX_UNKNOWN;
}

static int plain_member(struct redox *redox, const char *type, const char *name)
{
    struct way way = {.path = ""};

    g_strlcpy(way.type, type, sizeof(way.type));
    return member(redox, &way, name);
}

static void saved_registers(struct redox *redox, const struct way *way)
{
    static const char *const x86_64[] = {[3] = "arch.rbx",  [6] = "arch.rbp",  [7] = "arch.rsp", [12] = "arch.r12",
                                         [13] = "arch.r13", [14] = "arch.r14", [15] = "arch.r15"};
    bool is_x86_64 = machine_config(redox->machine)->arch == CPU_ARCH_X86_64;

    for (unsigned i = 0; is_x86_64 && i < G_N_ELEMENTS(x86_64); i++) {
        if (x86_64[i])
            redox->layout.saved[i] = member(redox, way, x86_64[i]);
    }
    for (unsigned i = 19; !is_x86_64 && i <= 28; i++) {
        g_autofree char *name = g_strdup_printf("arch.x%u", i);

        redox->layout.saved[i] = member(redox, way, name);
    }
    if (!is_x86_64) {
        redox->layout.saved[29] = member(redox, way, "arch.fp");
        redox->layout.saved[30] = member(redox, way, "arch.lr");
        redox->layout.saved[31] = member(redox, way, "arch.sp");
    }
}

static bool context_members(struct redox *redox)
{
    struct redox_layout *layout = &redox->layout;
    struct way way;

    if (!find_way(redox, "kernel::context::context::Context", "debug_id", &way))
        return false;
    layout->debug_id = member(redox, &way, "debug_id");
    layout->name = member(redox, &way, "name.xs");
    layout->name_length = member(redox, &way, "name.len");
    layout->pid = member(redox, &way, "pid");
    layout->status = member(redox, &way, "status");
    layout->status_reason = member(redox, &way, "status_reason");
    layout->addr_space = member(redox, &way, "addr_space");
    layout->files = member(redox, &way, "files");
    layout->kstack = member(redox, &way, "kstack");
    layout->cpu_time = member(redox, &way, "cpu_time");
    layout->ens = member(redox, &way, "ens");
    layout->euid = member(redox, &way, "euid");
    saved_registers(redox, &way);
    return layout->name != REDOX_UNKNOWN && layout->name_length != REDOX_UNKNOWN;
}

static void space_members(struct redox *redox)
{
    static const char *const paths[] = {"data.inner.data.value.", "data.inner.inner.data.value."};
    struct redox_layout *layout = &redox->layout;
    struct way way = {.type = "alloc::sync::ArcInner<kernel::context::memory::AddrSpaceWrapper>"};

    for (unsigned i = 0; i < G_N_ELEMENTS(paths) && layout->root == REDOX_UNKNOWN; i++) {
        way.path = paths[i];
        layout->root = member(redox, &way, "table.utable.table_addr");
        layout->grants.at = member(redox, &way, "grants.inner");
    }
    layout->grant_pages = plain_member(redox, "kernel::context::memory::GrantInfo", "page_count");
    layout->grant_flags = plain_member(redox, "kernel::context::memory::GrantInfo", "flags");
    layout->grant_provider = plain_member(redox, "kernel::context::memory::GrantInfo", "provider");
}

static void file_members(struct redox *redox)
{
    struct redox_layout *layout = &redox->layout;
    struct way way;

    if (find_way(redox, "kernel::context::context::FdTbl", "posix_fdtbl", &way)) {
        layout->posix_files = member(redox, &way, "posix_fdtbl");
        layout->upper_files = member(redox, &way, "upper_fdtbl");
    }
    if (find_way(redox, "kernel::context::file::FileDescription", "scheme", &way)) {
        layout->file_offset = member(redox, &way, "offset");
        layout->file_scheme = member(redox, &way, "scheme");
        layout->file_number = member(redox, &way, "number");
        layout->file_flags = member(redox, &way, "flags");
    }
}

bool redox_layout_dwarf(struct redox *redox)
{
    redox->layout.by_dwarf = context_members(redox);
    if (!redox->layout.by_dwarf)
        return false;
    redox->layout.current = plain_member(redox, "kernel::percpu::PercpuBlock", "switch_internals.current_ctxt.value");
    space_members(redox);
    file_members(redox);
    return true;
}
