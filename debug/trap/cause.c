/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sentence that says what happened and to whom, from the exception, the registers and the memory of that moment. */
#include <string.h>

#include "debug/disassemble.h"
#include "debug/trap/internal.h"
#include "emu/bytes.h"

#define NULL_PAGE 4096
#define NEAR_STACK 8192      /* of SP, where an access is one of the stack */
#define STACK_SEARCH 16      /* pages above a fault within which the stack must be mapped */
#define OVERFLOW_REACH 65536 /* below a kernel stack, where SP is one that ran over */
#define FRAMES 64
#define TINY_IMAGE 4096 /* loadable bytes: fewer are none of a program */
#define SLIDE 65536     /* bytes of zeroes that may have run from an entry point on */

struct scene {
    struct symbols *symbols;
    const struct trap *trap;
    enum cpu_arch arch;
    struct trap_access access;
    struct disassembled instruction;
    bool readable; /* the instruction */
};

static bool is_mapped(const struct scene *scene, uint64_t address)
{
    uint64_t physical;

    return space_translate(&scene->trap->space, address, &physical);
}

static bool is_canonical(uint64_t address)
{
    return (int64_t)(address << 16) >> 16 == (int64_t)address;
}

static uint64_t sp_of(const struct scene *scene)
{
    return scene->trap->frame.sp;
}

/* " (in `heap`+16)" of what lies at an address, or "". */
static char *in_symbol(const struct scene *scene, uint64_t address)
{
    struct symbol_location location;

    if (!symbols_locate(scene->symbols, scene->trap->space.root, address, false, &location) || !location.symbol)
        return g_strdup("");
    return g_strdup_printf(" (in %s+%" G_GUINT64_FORMAT ")", location.symbol, (guint64)location.offset);
}

/* In front of @address stands a call. */
static bool follows_call(const struct scene *scene, uint64_t address)
{
    GArray *list = disassemble_around(&scene->trap->space, scene->symbols, address, 1, 0, DISASSEMBLE_INTEL);
    bool call = list->len > 0 && g_array_index(list, struct disassembled, list->len - 1).is_call;

    g_array_free(list, TRUE);
    return call;
}

/* The place was not called but returned to: what RET took as its address is where it stands now. */
static bool came_by_return(const struct scene *scene)
{
    uint64_t slot;
    const struct unwind_frame *frame = &scene->trap->frame;

    if (scene->arch == CPU_ARCH_AARCH64)
        return frame->registers[30] == frame->pc;
    if (space_read_u64(&scene->trap->space, frame->sp, &slot) && follows_call(scene, slot))
        return false;
    return space_read_u64(&scene->trap->space, frame->sp - 8, &slot) && slot == frame->pc;
}

/* What the header of an ELF image that is mapped at @base says. */
struct image {
    uint64_t base, entry;
    uint64_t loadable;    /* bytes */
    bool entry_is_loaded; /* the entry point lies among them */
};

static bool image_at(const struct scene *scene, uint64_t base, struct image *out)
{
    const struct space *space = &scene->trap->space;
    uint64_t table, start, size;
    uint8_t magic[4];
    uint32_t type;
    uint16_t count, step;

    *out = (struct image){.base = base};
    if (space_read(space, base, magic, 4) != 4 || memcmp(magic, "\177ELF", 4) != 0 ||
        !space_read_u64(space, base + 24, &out->entry) || !space_read_u64(space, base + 32, &table) ||
        !space_read_u16(space, base + 54, &step) || !space_read_u16(space, base + 56, &count))
        return false;
    for (unsigned i = 0; i < count && i < 64; i++) {
        uint64_t header = base + table + (uint64_t)i * step;
        if (!space_read_u32(space, header, &type) || type != 1 || !space_read_u64(space, header + 16, &start) ||
            !space_read_u64(space, header + 32, &size))
            continue;
        out->loadable += size;
        out->entry_is_loaded |= out->entry >= start && out->entry - start < size;
    }
    return true;
}

/*
 * What is wrong with the image in which nothing can run; NULL: nothing.  Where its entry point has nothing loaded, zeroes may still run
 * for a while before something fails.
 */
static char *bad_image(const struct scene *scene)
{
    static const uint64_t bases[] = {0xffffffff80000000, 0xffffff0000000000, 0x200000, 0x400000, 0x10000, 0x1000};
    uint64_t pc = scene->trap->frame.pc;
    const char *which = scene->trap->frame.user ? "its" : "the kernel";
    struct image image;

    for (unsigned i = 0; i < G_N_ELEMENTS(bases); i++) {
        if ((bases[i] >> 63) == scene->trap->frame.user || !image_at(scene, bases[i], &image) || pc < image.entry ||
            pc - image.entry > (image.entry_is_loaded ? 0 : SLIDE))
            continue;
        if (image.loadable < TINY_IMAGE && !image.entry_is_loaded)
            return g_strdup_printf("%s image at " HEX " has only %" G_GUINT64_FORMAT
                                   " loadable bytes, and its entry point " HEX " is not among them",
                                   which, image.base, (guint64)image.loadable, image.entry);
        if (image.entry == 0)
            return g_strdup_printf("%s image has entry point 0", which);
        if (!image.entry_is_loaded)
            return g_strdup_printf("nothing is loaded at the entry point " HEX " of %s image", image.entry, which);
        if (scene->access.fetch)
            return g_strdup_printf("the entry point of %s image, whose loadable part is %" G_GUINT64_FORMAT " bytes",
                                   which, (guint64)image.loadable);
    }
    return NULL;
}

static char *jump_to(const struct scene *scene)
{
    uint64_t pc = scene->trap->frame.pc;
    bool returned = came_by_return(scene);
    g_autofree char *place = in_symbol(scene, pc);

    if (pc < NULL_PAGE) {
        uint64_t back = scene->trap->frame.registers[30];
        if (scene->arch == CPU_ARCH_AARCH64 || space_read_u64(&scene->trap->space, sp_of(scene), &back))
            if (follows_call(scene, back))
                return g_strdup_printf("jump to address " HEX ", a call of a null function pointer", pc);
        return g_strdup_printf("jump to address " HEX ", by a null function pointer or a zeroed return address", pc);
    }
    if (scene->access.mapped || is_mapped(scene, pc))
        return g_strdup_printf("execution of data at " HEX "%s%s", pc, place,
                               returned ? ", by a corrupted return address" : "");
    if (returned)
        return g_strdup_printf("corrupted return address " HEX ", where nothing is mapped", pc);
    return g_strdup_printf("jump to " HEX ", where nothing is mapped", pc);
}

/* An access next to SP, to a page that is not there while the stack above it is. */
static bool runs_off_stack(const struct scene *scene)
{
    uint64_t address = scene->trap->exception.address, sp = sp_of(scene);

    if (scene->access.fetch || scene->access.mapped || address < NULL_PAGE || address + NEAR_STACK < sp ||
        address > sp + 512)
        return false;
    for (uint64_t i = 1; i <= STACK_SEARCH; i++)
        if (is_mapped(scene, (address & ~UINT64_C(4095)) + i * 4096))
            return true;
    return false;
}

/* SP lies in another object than the one in which the outermost frames have their stack, and below it. */
static char *neighbour_of_stack(const struct scene *scene)
{
    struct symbol_location now, began;
    GArray *frames = unwind(scene->symbols, &scene->trap->space, &scene->trap->frame, FRAMES, NULL);
    char *text = NULL;

    for (guint i = frames->len; i > 1 && !text; i--) {
        const struct unwind_frame *outer = &g_array_index(frames, struct unwind_frame, i - 1);
        if (outer->user != scene->trap->frame.user || outer->sp <= sp_of(scene))
            continue;
        uint64_t root = scene->trap->space.root;
        if (!symbols_locate(scene->symbols, root, outer->sp - 8, false, &began) || !began.symbol || began.is_code)
            continue;
        g_autofree char *stack = g_strdup(began.symbol);
        if (symbols_locate(scene->symbols, root, sp_of(scene), false, &now) && now.symbol && !now.is_code &&
            strcmp(now.symbol, stack) != 0)
            text = g_strdup_printf("stack overflow: SP " HEX " has left %s and lies in its neighbour %s", sp_of(scene),
                                   stack, now.symbol);
        break;
    }
    g_array_free(frames, TRUE);
    return text;
}

static char *stack_overflow(const struct scene *scene)
{
    const struct os_process *process = &scene->trap->process;
    uint64_t sp = sp_of(scene);

    if (scene->trap->process_known && process->kernel_stack_size && !scene->trap->frame.user &&
        sp < process->kernel_stack && sp + OVERFLOW_REACH >= process->kernel_stack)
        return g_strdup_printf("stack overflow: SP " HEX " is %" G_GUINT64_FORMAT
                               " bytes below the kernel stack at " HEX ", in its neighbour",
                               sp, (guint64)(process->kernel_stack - sp), process->kernel_stack);
    if (scene->access.memory && runs_off_stack(scene))
        return g_strdup_printf("stack overflow: %s at " HEX " below the mapped stack, SP " HEX,
                               scene->access.write ? "write" : "read", scene->trap->exception.address, sp);
    return neighbour_of_stack(scene);
}

static char *data_access(const struct scene *scene)
{
    uint64_t address = scene->trap->exception.address;
    const char *verb = scene->access.write ? "write" : "read";
    g_autofree char *place = in_symbol(scene, address);
    struct space_walk walk;

    if (scene->access.alignment)
        return g_strdup_printf("misaligned %s at " HEX "%s", verb, address, place);
    if (scene->access.external)
        return g_strdup_printf("%s at " HEX ", where the bus has no device", verb, address);
    if (address < NULL_PAGE)
        return g_strdup_printf("null-page %s at " HEX, verb, address);
    if (!scene->access.mapped)
        return g_strdup_printf("%s at " HEX "%s, where nothing is mapped", verb, address, place);
    space_walk(&scene->trap->space, address, &walk);
    if (walk.mapped && walk.user && !scene->access.user)
        return g_strdup_printf("%s of user memory at " HEX " by the kernel", verb, address);
    if (walk.mapped && !walk.user && scene->access.user)
        return g_strdup_printf("%s of kernel memory at " HEX "%s by user code", verb, address, place);
    if (scene->access.write)
        return g_strdup_printf("write to read-only memory at " HEX "%s", address, place);
    return g_strdup_printf("forbidden read at " HEX "%s", address, place);
}

static char *undefined(const struct scene *scene)
{
    uint64_t pc = scene->trap->frame.pc;
    struct symbol_location location;
    bool known = symbols_locate(scene->symbols, scene->trap->space.root, pc, false, &location);
    const char *text = scene->instruction.text;
    g_autofree char *place = in_symbol(scene, pc);

    if (known && !location.is_code)
        return g_strdup_printf("execution of data at " HEX "%s%s", pc, place,
                               came_by_return(scene) ? ", by a corrupted return address" : "");
    if (!scene->readable)
        return g_strdup("undefined instruction");
    if (g_str_has_prefix(text, "ud2") || strcmp(text, "brk #0x1") == 0 || strcmp(text, "brk #1") == 0)
        return g_strdup("abort (the program gave up by an undefined instruction)");
    if (scene->arch == CPU_ARCH_AARCH64) {
        uint32_t instruction = get_le32(scene->instruction.bytes);
        if (instruction == 0)
            return g_strdup_printf("execution of zeroes at " HEX "%s", pc, place);
        if (instruction >> 16 == 0 || instruction == 0xd4200020)
            return g_strdup("abort (the program gave up by an undefined instruction)");
    }
    return g_strdup_printf("undefined instruction \"%s\"", text);
}

static char *general_protection(const struct scene *scene)
{
    const char *text = scene->instruction.text;
    uint64_t slot;

    if (!scene->readable)
        return g_strdup("general protection fault");
    if (scene->instruction.is_return && space_read_u64(&scene->trap->space, sp_of(scene), &slot) && !is_canonical(slot))
        return g_strdup_printf("corrupted return address " HEX ", which is not canonical", slot);
    if ((strstr(text, "movap") || strstr(text, "movdqa") || strstr(text, "movnt")) &&
        (strstr(text, "[rsp") || strstr(text, "[rbp")) && (sp_of(scene) & 15))
        return g_strdup_printf("misaligned stack: \"%s\" with RSP " HEX, text, sp_of(scene));
    if (strstr(text, "movap") || strstr(text, "movdqa"))
        return g_strdup_printf("misaligned or non-canonical operand of \"%s\"", text);
    if (scene->instruction.is_call || scene->instruction.is_branch)
        return g_strdup_printf("jump to a non-canonical address by \"%s\"", text);
    return g_strdup_printf("general protection fault at \"%s\"", text);
}

static char *other_x86(const struct scene *scene)
{
    uint64_t address = scene->trap->exception.address;

    switch (scene->trap->exception.vector) {
    case X86_VECTOR_DE:
        return g_strdup("division by zero, or a quotient too large");
    case X86_VECTOR_UD:
        return undefined(scene);
    case X86_VECTOR_DF: {
        g_autofree char *overflow = stack_overflow(scene);
        if (overflow)
            return g_strdup_printf("double fault after %s", overflow);
        if (!is_mapped(scene, sp_of(scene) - 8))
            return g_strdup_printf("double fault: the stack at " HEX " cannot take an exception's frame", sp_of(scene));
        return g_strdup_printf("double fault: an exception could not be delivered (CR2 " HEX ")", address);
    }
    case X86_VECTOR_SS:
        return g_strdup("stack segment fault: an access by RSP or RBP to a non-canonical address");
    case X86_VECTOR_GP:
        return general_protection(scene);
    default:
        return g_strdup(exception_name(scene->arch, &scene->trap->exception));
    }
}

static char *other_aarch64(const struct scene *scene)
{
    switch (scene->trap->exception.vector) {
    case AARCH64_CLASS_UNKNOWN:
        return undefined(scene);
    case AARCH64_CLASS_PC_ALIGNMENT:
        return g_strdup_printf("jump to the misaligned address " HEX "%s", scene->trap->frame.pc,
                               came_by_return(scene) ? ", a corrupted return address" : "");
    case AARCH64_CLASS_BRK64:
        return g_strdup("abort (the program gave up by BRK)");
    case AARCH64_CLASS_SP_ALIGNMENT:
        return g_strdup_printf("misaligned stack pointer " HEX, sp_of(scene));
    case AARCH64_CLASS_SERROR:
    case AARCH64_VECTOR_SERROR:
        return g_strdup("SError: an asynchronous error of memory or the bus");
    default:
        return g_strdup(exception_name(scene->arch, &scene->trap->exception));
    }
}

static char *what_happened(const struct scene *scene)
{
    if (scene->access.memory && scene->access.fetch)
        return jump_to(scene);
    if (scene->arch != CPU_ARCH_X86_64 || scene->trap->exception.vector != X86_VECTOR_DF) {
        char *overflow = stack_overflow(scene);
        if (overflow)
            return overflow;
    }
    if (scene->access.memory)
        return data_access(scene);
    return scene->arch == CPU_ARCH_AARCH64 ? other_aarch64(scene) : other_x86(scene);
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

char *trap_culprit(const struct trap *trap)
{
    if (trap->kind == TRAP_KERNEL)
        return g_strdup("the kernel");
    if (!trap->process_known || !*trap->process.name)
        return g_strdup("a user program");
    return g_strdup(last_part(trap->process.name));
}

static void read_instruction(struct scene *scene)
{
    GArray *list = disassemble(&scene->trap->space, NULL, scene->trap->frame.pc, 1, DISASSEMBLE_INTEL);

    scene->readable = list->len == 1;
    if (scene->readable)
        scene->instruction = g_array_index(list, struct disassembled, 0);
    g_array_free(list, TRUE);
}

char *trap_cause(struct symbols *symbols, const struct trap *trap)
{
    struct scene scene = {.symbols = symbols, .trap = trap, .arch = cpu_architecture(trap->cpu)};
    g_autofree char *culprit = trap_culprit(trap);

    if (exception_is_panic(&trap->exception) || trap->message)
        return g_strdup_printf("panic in %s: %s", culprit, trap->message ? trap->message : "(its text is not known)");
    exception_access(scene.arch, &trap->exception, &scene.access);
    read_instruction(&scene);
    g_autofree char *what = what_happened(&scene);
    g_autofree char *image = bad_image(&scene);
    g_autofree char *second = trap_double_fault(trap);
    return g_strdup_printf("%s%s%s%s, in %s", second ? second : "", what, image ? ": " : "", image ? image : "",
                           culprit);
}

guint trap_failing_frame(struct symbols *symbols, const struct trap *trap, GArray *frames)
{
    struct symbol_location location;

    if (!exception_is_panic(&trap->exception) && !trap->message) {
        /* A jump into nowhere: whoever jumped is more telling. */
        return frames->len > 1 && !symbols_locate(symbols, trap->space.root, trap->frame.pc, false, &location) ? 1 : 0;
    }
    for (guint i = 0; i < frames->len; i++) {
        const struct unwind_frame *frame = &g_array_index(frames, struct unwind_frame, i);
        if (!symbols_locate(symbols, trap->space.root, frame->pc, frame->return_address, &location))
            return i;
        if (!location.frames && !panic_machinery(location.symbol, NULL))
            return i;
        for (unsigned j = 0; j < location.frames; j++)
            if (!panic_machinery(location.frame[j].function, location.frame[j].file))
                return i;
    }
    return 0;
}
