/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The programs of processes, found by name in the initial file system in memory and in RedoxFS on the disks, and placed where they
 * lie.  A file is taken for a process's program only if what the process has in memory is what the file holds.
 */
#include <string.h>

#include "debug/redox/redox.h"
#include "debug/symbols/elf_image.h"
#include "emu/bytes.h"

#define NAME_CAPACITY 32u /* of a context's name: longer ones are cut */
#define PROGRAM_MAX (UINT64_C(512) << 20)
#define INITFS_MAX (UINT64_C(1) << 30)
#define BOOTSTRAP_SPAN 64u
#define COMPARED 4096u /* bytes of each segment */
#define LIBRARIES_MAX 64u
#define DYNAMIC_END 0
#define DYNAMIC_NEEDED 1
#define RETRY_INTERVAL 20000000 /* instructions */

/* What is placed in a space. */
struct placed {
    uint64_t addr_space;
    char name[64];
    char *path; /* of the file; NULL: not found */
    bool found;
    uint64_t tried_at; /* instructions */
};

/* --- file systems --- */
static GBytes *read_archive(struct redox *redox, uint64_t physical)
{
    struct memory *memory = machine_memory(redox->machine);
    uint8_t header[INITFS_HEADER_SIZE], *bytes;
    uint64_t size;

    if (physical % REDOX_PAGE || !memory_pointer(memory, physical, sizeof(header)))
        return NULL;
    memcpy(header, memory_pointer(memory, physical, sizeof(header)), sizeof(header));
    size = initfs_size(header);
    if (size < INITFS_HEADER_SIZE || size > INITFS_MAX || !memory_pointer(memory, physical, size))
        return NULL;
    bytes = g_malloc(size);
    memcpy(bytes, memory_pointer(memory, physical, size), size);
    return g_bytes_new_take(bytes, size);
}

/* The kernel remembers where the loader put the archive. */
static struct initfs *find_initfs(struct redox *redox)
{
    uint8_t raw[BOOTSTRAP_SPAN];

    if (redox->initfs || redox->initfs_searched || !redox->bootstrap_at ||
        !redox_read(redox, redox->bootstrap_at, raw, sizeof(raw)))
        return redox->initfs;
    for (unsigned offset = 0; offset < BOOTSTRAP_SPAN && !redox->initfs; offset += 8) {
        g_autoptr(GBytes) image = read_archive(redox, get_le64(raw + offset));

        if (image)
            redox->initfs = initfs_open(image, NULL);
    }
    redox->initfs_searched = redox->initfs != NULL;
    return redox->initfs;
}

static struct redoxfs *file_system(struct redox *redox, unsigned disk)
{
    while (redox->file_systems->len < redox->disks->len)
        g_ptr_array_add(redox->file_systems, redoxfs_find(redox->disks->pdata[redox->file_systems->len], NULL));
    struct redoxfs *redoxfs = redox->file_systems->pdata[disk];

    return redoxfs && redoxfs_refresh(redoxfs, NULL) ? redoxfs : NULL;
}

/* --- files by name --- */
struct prefix_search {
    const char *prefix;
    GPtrArray *names; /* owned */
};

static void add_if_prefixed(struct prefix_search *search, const char *name)
{
    if (g_str_has_prefix(name, search->prefix))
        g_ptr_array_add(search->names, g_strdup(name));
}

static void visit_initfs(void *opaque, const char *name, const struct initfs_node *node)
{
    add_if_prefixed(opaque, name);
}

static bool visit_redoxfs(void *opaque, const char *name, uint32_t id)
{
    add_if_prefixed(opaque, name);
    return true;
}

/* Whole names of the files of which @path may be the beginning; just @path if it has not been cut. */
static GPtrArray *complete_name(struct redox *redox, const char *path, bool cut, bool initfs)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *directory = g_path_get_dirname(path), *prefix = g_path_get_basename(path);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    struct prefix_search search = {prefix, names};

    if (!cut) {
        g_ptr_array_add(paths, g_strdup(path));
        return paths;
    }
    if (initfs) {
        struct initfs_node node;

        if (find_initfs(redox) && initfs_lookup(redox->initfs, directory, &node))
            initfs_list(redox->initfs, &node, visit_initfs, &search);
    }
    for (unsigned i = 0; !initfs && i < redox->disks->len; i++) {
        struct redoxfs *redoxfs = file_system(redox, i);
        struct redoxfs_node node;

        if (redoxfs && redoxfs_lookup(redoxfs, directory, true, &node, NULL))
            redoxfs_list(redoxfs, node.id, visit_redoxfs, &search, NULL);
    }
    for (unsigned i = 0; i < names->len; i++)
        g_ptr_array_add(paths, g_build_filename(directory, names->pdata[i], NULL));
    return paths;
}

static GBytes *read_file(struct redox *redox, const char *path, bool initfs)
{
    GBytes *bytes = NULL;

    if (initfs) {
        struct initfs_node node;

        return find_initfs(redox) && initfs_lookup(redox->initfs, path, &node) && node.type == INITFS_FILE
                   ? initfs_read(redox->initfs, &node)
                   : NULL;
    }
    for (unsigned i = 0; i < redox->disks->len && !bytes; i++) {
        struct redoxfs *redoxfs = file_system(redox, i);
        struct redoxfs_node node;

        if (redoxfs && redoxfs_lookup(redoxfs, path, true, &node, NULL) && node.type == REDOXFS_FILE)
            bytes = redoxfs_read_all(redoxfs, node.id, PROGRAM_MAX, NULL);
    }
    return bytes;
}

/* The path within a file system that a context's name stands for; *@initfs: which. */
static const char *path_of_name(const char *name, bool *initfs)
{
    static const struct {
        const char *prefix;
        bool initfs;
    } prefixes[] = {
        {"/scheme/initfs/", true}, {"initfs:", true}, {"/scheme/file/", false}, {"file:", false}, {"/", false}};

    for (unsigned i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (!g_str_has_prefix(name, prefixes[i].prefix))
            continue;
        *initfs = prefixes[i].initfs;
        return name + strlen(prefixes[i].prefix) - (g_str_has_suffix(prefixes[i].prefix, "/") ? 1 : 0);
    }
    return NULL;
}

/* --- comparing --- */
/* Is the file's code what lies in memory at @bias?  *@seen: some of it could be compared. */
static bool lies_at(const struct space *space, const struct elf_image *image, uint64_t bias, bool *seen)
{
    const uint8_t *bytes = g_bytes_get_data(image->bytes, NULL);
    uint8_t memory[COMPARED];

    *seen = false;
    for (unsigned i = 0; i < image->segments; i++) {
        const struct elf_segment *segment = &image->segment[i];
        size_t length = segment->executable ? MIN(segment->file_size, COMPARED) : 0;

        length = space_read(space, segment->address + bias, memory, length);
        if (length > 0 && memcmp(memory, bytes + segment->offset, length) != 0)
            return false;
        *seen |= length > 0;
    }
    return true;
}

/* What is linked at 0 lies elsewhere: at the start of one of the grants.  @sure: it must be seen there. */
static bool find_bias(const struct space *space, const GArray *grants, const struct elf_image *image, bool sure,
                      uint64_t *bias)
{
    uint64_t low, high;
    bool seen;

    *bias = 0;
    if (!elf_image_extent(image, &low, &high))
        return false;
    if (low >= REDOX_PAGE)
        return lies_at(space, image, 0, &seen) && (seen || !sure);
    for (unsigned i = 0; grants && i < grants->len; i++) {
        *bias = g_array_index(grants, struct redox_grant, i).start;
        if (lies_at(space, image, *bias, &seen) && seen)
            return true;
    }
    return false;
}

/* --- placing --- */
struct placing {
    struct redox *redox;
    struct space space;
    GArray *grants;
    GPtrArray *wanted; /* paths of libraries, each once; owned */
    bool initfs;
};

static void want(struct placing *placing, const char *name)
{
    const char *base = strrchr(name, '/');

    base = base ? base + 1 : name;
    for (unsigned i = 0; i < placing->wanted->len; i++) {
        if (strcmp(placing->wanted->pdata[i], base) == 0)
            return;
    }
    if (placing->wanted->len < LIBRARIES_MAX)
        g_ptr_array_add(placing->wanted, g_strdup(base));
}

/* The interpreter and the libraries that a dynamic program asks for. */
static void want_libraries(struct placing *placing, const struct elf_image *image)
{
    const struct elf_section *interpreter = elf_image_section(image, ".interp"),
                             *dynamic = elf_image_section(image, ".dynamic"),
                             *strings = elf_image_section(image, ".dynstr");

    if (interpreter && interpreter->size > 0 && memchr(interpreter->data, 0, interpreter->size))
        want(placing, (const char *)interpreter->data);
    for (uint64_t at = 0; dynamic && strings && at + 16 <= dynamic->size; at += 16) {
        uint64_t tag = get_le64(dynamic->data + at), name = get_le64(dynamic->data + at + 8);

        if (tag == DYNAMIC_END)
            break;
        if (tag == DYNAMIC_NEEDED && name < strings->size && memchr(strings->data + name, 0, strings->size - name))
            want(placing, (const char *)strings->data + name);
    }
}

static bool place(struct placing *placing, const char *path, GBytes *bytes, bool sure)
{
    struct elf_image *image = elf_image_new(bytes, NULL);
    uint64_t bias;
    bool placed = image && find_bias(&placing->space, placing->grants, image, sure, &bias);

    if (placed) {
        symbols_place(placing->redox->symbols, placing->space.root, path, bytes, bias);
        want_libraries(placing, image);
    }
    elf_image_free(image);
    return placed;
}

static void place_libraries(struct placing *placing)
{
    static const char *const folders[] = {"/usr/lib/", "/lib/"};

    for (unsigned i = 0; i < placing->wanted->len; i++) { /* grows meanwhile: libraries need others */
        bool placed = false;

        for (unsigned k = 0; k < G_N_ELEMENTS(folders) && !placed; k++) {
            g_autofree char *path = g_strconcat(folders[k], placing->wanted->pdata[i], NULL);
            g_autoptr(GBytes) image = read_file(placing->redox, path, placing->initfs);

            if (!image && placing->initfs)
                image = read_file(placing->redox, path, false);
            placed = image && place(placing, path, image, true);
        }
    }
}

static bool place_program(struct redox *redox, const struct redox_context *context, char **found)
{
    const char *name = context->process.name, *path;
    g_autoptr(GArray) grants = redox_grants(redox, context->addr_space);
    g_autoptr(GPtrArray) wanted = g_ptr_array_new_with_free_func(g_free), paths = NULL;
    struct placing placing = {.redox = redox, .grants = grants, .wanted = wanted};
    bool placed = false;

    space_of_root(redox->machine, redox->kernel.cpu, context->process.root, &placing.space);
    path = path_of_name(name, &placing.initfs);
    if (!path) { /* the kernel's first program and what it forks: no file has it, only --symbols */
        symbols_place(redox->symbols, context->process.root, "bootstrap", NULL, 0);
        return true;
    }
    paths = complete_name(redox, path, strlen(name) >= NAME_CAPACITY, placing.initfs);
    for (unsigned i = 0; i < paths->len && !placed; i++) {
        g_autoptr(GBytes) image = read_file(redox, paths->pdata[i], placing.initfs);

        placed = image && place(&placing, paths->pdata[i], image, paths->len > 1);
        if (placed)
            *found = g_strdup(paths->pdata[i]);
    }
    if (placed)
        place_libraries(&placing);
    return placed;
}

void redox_place_modules(struct redox *redox, const struct os_process *process)
{
    uint64_t now = machine_instructions(redox->machine), root = process->root;
    struct redox_context context;
    struct placed *placed;

    if (!root || !redox_context(redox, process->object, &context) || context.process.root != root)
        return;
    placed = g_hash_table_lookup(redox->placed, &root);
    if (placed && placed->addr_space == context.addr_space && strcmp(placed->name, context.process.name) == 0) {
        if (placed->found || (now >= placed->tried_at && now - placed->tried_at < RETRY_INTERVAL))
            return;
    } else {
        if (placed)
            symbols_drop_space(redox->symbols, root);
        placed = g_new0(struct placed, 1);
        placed->addr_space = context.addr_space;
        g_strlcpy(placed->name, context.process.name, sizeof(placed->name));
        g_hash_table_insert(redox->placed, g_memdup2(&root, sizeof(root)), placed);
    }
    placed->tried_at = now;
    placed->found = place_program(redox, &context, &placed->path);
}

void redox_complete_name(struct redox *redox, struct os_process *process)
{
    size_t length = strlen(process->name);
    const struct placed *placed;

    if (length < NAME_CAPACITY || !process->root)
        return;
    redox_place_modules(redox, process);
    placed = g_hash_table_lookup(redox->placed, &process->root);
    if (placed && placed->path) { /* the name ends with the beginning of the path */
        const char *path = path_of_name(process->name, &(bool){false});
        g_autofree char *name = g_strdup_printf("%.*s%s", (int)(path - process->name), process->name, placed->path);

        g_strlcpy(process->name, name, sizeof(process->name));
    }
}

void redox_placed_free(void *data)
{
    struct placed *placed = data;

    g_free(placed->path);
    g_free(placed);
}
