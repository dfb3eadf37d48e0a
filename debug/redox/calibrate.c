/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the kernel's structures have their members, by what stands in them.  A place is taken only if every context agrees with it and
 * no other place does; else the member stays unknown.
 */
#include <string.h>

#include "debug/redox/redox.h"
#include "emu/bytes.h"

#define OBJECT_SIZE 1024u  /* of a context's allocation, at most */
#define CONTEXTS_MAX 64    /* looked at */
#define CONTEXTS_MIN 4     /* fewer tell too little */
#define NAME_SIZE 32       /* ArrayString<32> */
#define CONTEXTS_ENOUGH 12 /* with so many, what shows does not wait for what does not */
#define STACK_POINTER_ANY (machine_config(redox->machine)->arch == CPU_ARCH_X86_64 ? 7 : 31) /* DWARF's number */
#define REASON_MAX 63

struct sample {
    uint64_t object;
    uint8_t raw[OBJECT_SIZE];
    bool idle, runs;
};

struct calibration {
    struct redox *redox;
    struct sample samples[CONTEXTS_MAX];
    unsigned count;
};

static uint64_t word(const struct sample *sample, unsigned offset)
{
    return get_le64(sample->raw + offset);
}

/* The only offset within @from and @end, a multiple of @step, at which @fits; REDOX_UNKNOWN: none, or more than one. */
static int only(struct calibration *calibration, unsigned from, unsigned end, unsigned step,
                bool (*fits)(struct calibration *calibration, unsigned offset))
{
    int found = REDOX_UNKNOWN;

    for (unsigned offset = from; offset < end; offset += step) {
        if (!fits(calibration, offset))
            continue;
        if (found != REDOX_UNKNOWN)
            return REDOX_UNKNOWN;
        found = (int)offset;
    }
    return found;
}

static bool take_samples(struct calibration *calibration)
{
    g_autoptr(GArray) contexts = redox_contexts(calibration->redox);

    for (unsigned i = 0; contexts && i < contexts->len && calibration->count < CONTEXTS_MAX; i++) {
        struct sample *sample = &calibration->samples[calibration->count];

        sample->object = g_array_index(contexts, uint64_t, i);
        sample->idle = false;
        if (!redox_read(calibration->redox, sample->object, sample->raw, OBJECT_SIZE))
            return false;
        calibration->count++;
    }
    return calibration->count >= CONTEXTS_MIN;
}

/* --- the name: 32 bytes and a length, in either order --- */
static bool is_name(const uint8_t *text, uint32_t length)
{
    if (length > NAME_SIZE)
        return false;
    for (uint32_t i = 0; i < length; i++) {
        if (!g_ascii_isgraph(text[i]))
            return false;
    }
    return true;
}

static bool names_fit(struct calibration *calibration, unsigned text, unsigned length)
{
    unsigned named = 0;
    bool idle = false;

    for (unsigned i = 0; i < calibration->count; i++) {
        const uint8_t *raw = calibration->samples[i].raw;
        uint32_t bytes = get_le32(raw + length);

        if (!is_name(raw + text, bytes))
            return false;
        named += bytes > 0; /* a new one has none yet */
        if (bytes == strlen(REDOX_IDLE_NAME) && memcmp(raw + text, REDOX_IDLE_NAME, bytes) == 0)
            idle = calibration->samples[i].idle = true;
    }
    return idle && named > calibration->count / 2;
}

static bool name_before_length(struct calibration *calibration, unsigned offset)
{
    return names_fit(calibration, offset, offset + NAME_SIZE);
}

static bool length_before_name(struct calibration *calibration, unsigned offset)
{
    return names_fit(calibration, offset + 4, offset);
}

static bool mark_idle(struct calibration *calibration)
{
    const struct redox_layout *layout = &calibration->redox->layout;

    return names_fit(calibration, (unsigned)layout->name, (unsigned)layout->name_length);
}

static bool find_name(struct calibration *calibration)
{
    struct redox_layout *layout = &calibration->redox->layout;
    if (layout->name != REDOX_UNKNOWN)
        return mark_idle(calibration);
    int text = only(calibration, 16, OBJECT_SIZE - NAME_SIZE - 8, 4, name_before_length),
        length = only(calibration, 16, OBJECT_SIZE - NAME_SIZE - 8, 4, length_before_name);

    if ((text == REDOX_UNKNOWN) == (length == REDOX_UNKNOWN))
        return false;
    layout->name = text != REDOX_UNKNOWN ? text : length + 4;
    layout->name_length = text != REDOX_UNKNOWN ? text + NAME_SIZE : length;
    return true;
}

/* --- numbers --- */
static bool debug_id_fits(struct calibration *calibration, unsigned offset)
{
    for (unsigned i = 0; i < calibration->count; i++) {
        uint32_t id = get_le32(calibration->samples[i].raw + offset);

        if (id == 0 || id > 10000000 || calibration->samples[i].idle != (id == 1))
            return false;
        for (unsigned k = 0; k < i; k++) {
            if (get_le32(calibration->samples[k].raw + offset) == id)
                return false;
        }
    }
    return true;
}

static uint64_t space_of(const struct calibration *calibration, unsigned i)
{
    return word(&calibration->samples[i], (unsigned)calibration->redox->layout.addr_space);
}

/*
 * A process's number: 0 of the idle context, small; the same in all threads of a space; others elsewhere; the first of all, [bootstrap]
 * or what became of it, has a small one too.
 */
static bool pid_fits(struct calibration *calibration, unsigned offset)
{
    unsigned distinct = 0;
    bool one = false;

    for (unsigned i = 0; i < calibration->count; i++) {
        uint64_t pid = word(&calibration->samples[i], offset);
        bool seen = false;

        if (pid > 1000000 || (calibration->samples[i].idle && pid != 0))
            return false;
        one |= pid == 1;
        for (unsigned k = 0; k < i; k++) {
            bool same = word(&calibration->samples[k], offset) == pid;

            if (space_of(calibration, i) && space_of(calibration, i) == space_of(calibration, k) && !same)
                return false;
            seen |= same;
        }
        distinct += !seen;
    }
    return one && distinct > calibration->count / 2;
}

/* --- texts and pointers --- */
static bool reason_fits(struct calibration *calibration, unsigned offset)
{
    unsigned texts = 0;

    for (unsigned i = 0; i < calibration->count; i++) {
        uint64_t text = word(&calibration->samples[i], offset), length = word(&calibration->samples[i], offset + 8);
        char out[REASON_MAX + 1];

        if (length > REASON_MAX || text == 0 || (length > 0 && !redox_is_kernel(text)) ||
            !redox_text(calibration->redox, text, length, out, sizeof(out)))
            return false;
        texts += length > 0;
    }
    return texts > 0;
}

static bool stack_fits(struct calibration *calibration, unsigned offset)
{
    for (unsigned i = 0; i < calibration->count; i++) {
        uint64_t stack = word(&calibration->samples[i], offset);
        uint8_t byte;

        if (calibration->samples[i].idle ? stack != 0
                                         : stack == 0 || stack % REDOX_KERNEL_STACK || stack >> 40 ||
                                               !redox_read(calibration->redox, REDOX_PHYS_OFFSET + stack, &byte, 1))
            return false;
        for (unsigned k = 0; k < i && stack; k++) {
            if (word(&calibration->samples[k], offset) == stack)
                return false;
        }
    }
    return true;
}

/* --- address spaces --- */
/* The half of a table that belongs to the kernel (x86_64), or to nobody (aarch64), and something in the other half or nothing yet. */
static bool is_root(struct redox *redox, uint64_t physical)
{
    uint8_t table[REDOX_PAGE], kernel[REDOX_PAGE];
    bool x86_64 = machine_config(redox->machine)->arch == CPU_ARCH_X86_64;

    if (physical == 0 || physical % REDOX_PAGE || physical >> 48 ||
        !redox_read(redox, REDOX_PHYS_OFFSET + physical, table, sizeof(table)) ||
        (x86_64 && !redox_read(redox, REDOX_PHYS_OFFSET + redox->kernel.kernel_root, kernel, sizeof(kernel))))
        return false;
    if (x86_64) {
        for (unsigned i = 256; i < 512; i++) { /* accessed and dirty bits apart */
            if ((get_le64(table + i * 8) ^ get_le64(kernel + i * 8)) & ~UINT64_C(0x60))
                return false;
        }
        return true;
    }
    for (unsigned i = 0; i < 512; i++) {
        uint64_t entry = get_le64(table + i * 8);

        if (i < 256 ? entry != 0 && (entry & 3) != 3 : entry != 0)
            return false;
    }
    return get_le64(table) != 0 || get_le64(table + 255 * 8) != 0;
}

#define SPACE_SIZE 256u

static bool root_fits(struct calibration *calibration, unsigned member, unsigned offset)
{
    uint64_t roots[CONTEXTS_MAX], spaces[CONTEXTS_MAX];
    unsigned count = 0;

    for (unsigned i = 0; i < calibration->count; i++) {
        uint64_t space = word(&calibration->samples[i], member), root;

        if (space == 0)
            continue;
        if (!redox_u64(calibration->redox, space + offset, &root) || !is_root(calibration->redox, root))
            return false;
        for (unsigned k = 0; k < count; k++) {
            if ((spaces[k] == space) != (roots[k] == root))
                return false;
        }
        spaces[count] = space;
        roots[count++] = root;
    }
    return count > 1;
}

static bool is_space_member(struct calibration *calibration, unsigned member)
{
    unsigned spaces = 0;

    for (unsigned i = 0; i < calibration->count; i++) {
        uint64_t space = word(&calibration->samples[i], member);

        if (calibration->samples[i].idle ? space != 0 : space != 0 && !redox_is_arc(calibration->redox, space))
            return false;
        spaces += space != 0;
    }
    return spaces > 1;
}

static void find_space(struct calibration *calibration)
{
    struct redox_layout *layout = &calibration->redox->layout;
    unsigned found = 0;

    for (unsigned member = 16; member + 8 <= OBJECT_SIZE; member += 8) {
        if (!is_space_member(calibration, member))
            continue;
        for (unsigned offset = 16; offset < SPACE_SIZE; offset += 8) {
            if (!root_fits(calibration, member, offset))
                continue;
            layout->addr_space = (int)member;
            layout->root = (int)offset;
            found++;
        }
    }
    if (found != 1)
        layout->addr_space = layout->root = REDOX_UNKNOWN;
}

/* --- saved registers --- */
static bool is_kernel_code(struct redox *redox, uint64_t address)
{
    struct symbol_location location;

    return redox_is_kernel(address) && symbols_locate(redox->symbols, SYMBOLS_ANY_SPACE, address, true, &location) &&
           location.is_code;
}

static bool in_stack(const struct calibration *calibration, unsigned i, uint64_t address)
{
    uint64_t stack = word(&calibration->samples[i], (unsigned)calibration->redox->layout.kstack) + REDOX_PHYS_OFFSET;

    return address > stack && address <= stack + REDOX_KERNEL_STACK;
}

/* Words of the switched-out contexts: a stack pointer into the context's own stack, on which a return address lies (x86_64). */
static bool stack_pointer_fits(struct calibration *calibration, unsigned offset)
{
    unsigned fit = 0;

    for (unsigned i = 0; i < calibration->count; i++) {
        uint64_t pointer = word(&calibration->samples[i], offset), code;

        if (calibration->samples[i].idle || calibration->samples[i].runs || pointer == 0)
            continue;
        if (!in_stack(calibration, i, pointer) || !redox_u64(calibration->redox, pointer, &code) ||
            !is_kernel_code(calibration->redox, code))
            return false;
        fit++;
    }
    return fit > 1;
}

/* The order of the stack pointer, the link and the frame pointer, as they are declared (aarch64). */
static bool link_fits(struct calibration *calibration, unsigned offset)
{
    unsigned fit = 0;

    for (unsigned i = 0; i < calibration->count; i++) {
        uint64_t stack = word(&calibration->samples[i], offset), link = word(&calibration->samples[i], offset + 8),
                 frame = word(&calibration->samples[i], offset + 16);

        if (calibration->samples[i].idle || calibration->samples[i].runs || stack == 0)
            continue;
        if (!in_stack(calibration, i, stack) || !is_kernel_code(calibration->redox, link) ||
            (frame != 0 && !in_stack(calibration, i, frame)))
            return false;
        fit++;
    }
    return fit > 1;
}

/* Those of running contexts are stale. */
static void find_registers(struct calibration *calibration)
{
    static const uint8_t before[] = {3, 12, 13, 14, 15, 6}; /* rbx, r12 .. r15, rbp, then rsp: repr(C) */
    struct redox_layout *layout = &calibration->redox->layout;
    int at;

    if (layout->kstack == REDOX_UNKNOWN)
        return;
    for (unsigned i = 0; i < calibration->count; i++)
        calibration->samples[i].runs = redox_context_runs(calibration->redox, calibration->samples[i].object);
    if (machine_config(calibration->redox->machine)->arch == CPU_ARCH_X86_64) {
        at = only(calibration, 16 + 56, OBJECT_SIZE - 8, 8, stack_pointer_fits);
        for (unsigned i = 0; at != REDOX_UNKNOWN && i < G_N_ELEMENTS(before); i++)
            layout->saved[before[i]] = at - 48 + (int)i * 8;
        layout->saved[7] = at;
        return;
    }
    at = only(calibration, 16, OBJECT_SIZE - 13 * 8, 8, link_fits);
    if (at == REDOX_UNKNOWN)
        return;
    layout->saved[31] = at;
    layout->saved[30] = at + 8;
    layout->saved[29] = at + 16;
    for (int i = 28; i >= 19; i--)
        layout->saved[i] = at + 24 + (28 - i) * 8;
}

/* --- states --- */
static bool has_reason(const struct calibration *calibration, unsigned i)
{
    return word(&calibration->samples[i], (unsigned)calibration->redox->layout.status_reason + 8) != 0;
}

/*
 * The tag of a state: the same in all that run, the next value in all that wait with a reason.  (The other flags of a context are no
 * multiples of eight away.)
 */
static bool status_fits(struct calibration *calibration, unsigned offset)
{
    int runnable = -1;
    bool waiting = false;

    for (unsigned i = 0; i < calibration->count; i++) {
        if (calibration->samples[i].runs && runnable < 0)
            runnable = calibration->samples[i].raw[offset];
    }
    if (runnable < 0 || runnable > 8)
        return false;
    for (unsigned i = 0; i < calibration->count; i++) {
        int tag = calibration->samples[i].raw[offset];

        if (tag > runnable + 3 || (calibration->samples[i].runs && tag != runnable) ||
            (has_reason(calibration, i) && tag != runnable + 1))
            return false;
        waiting |= has_reason(calibration, i);
    }
    calibration->redox->layout.status_runnable = runnable;
    return waiting;
}

void redox_learn_status(struct redox *redox)
{
    g_autofree struct calibration *calibration = g_new0(struct calibration, 1);
    struct redox_layout *layout = &redox->layout;

    calibration->redox = redox;
    if (layout->status_runnable != REDOX_UNKNOWN || layout->status_reason == REDOX_UNKNOWN ||
        !take_samples(calibration))
        return;
    for (unsigned i = 0; i < calibration->count; i++)
        calibration->samples[i].runs = redox_context_runs(redox, calibration->samples[i].object);
    if (layout->status == REDOX_UNKNOWN)
        layout->status = only(calibration, 16, OBJECT_SIZE - 8, 8, status_fits);
    layout->status_runnable = REDOX_UNKNOWN;
    if (layout->status != REDOX_UNKNOWN && !status_fits(calibration, (unsigned)layout->status))
        layout->status_runnable = REDOX_UNKNOWN;
}

bool redox_calibrate(struct redox *redox)
{
    g_autofree struct calibration *calibration = g_new0(struct calibration, 1);
    struct redox_layout *layout = &redox->layout;

    calibration->redox = redox;
    if (!take_samples(calibration) || !find_name(calibration))
        return false;
    if (layout->debug_id == REDOX_UNKNOWN)
        layout->debug_id = only(calibration, 16, OBJECT_SIZE - 8, 4, debug_id_fits);
    if (layout->status_reason == REDOX_UNKNOWN)
        layout->status_reason = only(calibration, 16, OBJECT_SIZE - 16, 8, reason_fits);
    if (layout->kstack == REDOX_UNKNOWN)
        layout->kstack = only(calibration, 16, OBJECT_SIZE - 8, 8, stack_fits);
    if (layout->addr_space == REDOX_UNKNOWN)
        find_space(calibration);
    if (layout->pid == REDOX_UNKNOWN && layout->addr_space != REDOX_UNKNOWN)
        layout->pid = only(calibration, 16, OBJECT_SIZE - 8, 8, pid_fits);
    if (layout->kstack != REDOX_UNKNOWN && layout->saved[STACK_POINTER_ANY] == REDOX_UNKNOWN)
        find_registers(calibration);
    redox->complete = layout->status_reason != REDOX_UNKNOWN && layout->kstack != REDOX_UNKNOWN &&
                      layout->pid != REDOX_UNKNOWN && layout->saved[STACK_POINTER_ANY] != REDOX_UNKNOWN;
    return layout->debug_id != REDOX_UNKNOWN && layout->addr_space != REDOX_UNKNOWN &&
           (redox->complete || calibration->count >= CONTEXTS_ENOUGH);
}
