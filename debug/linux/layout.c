/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the members of struct task_struct stand (include/linux/sched.h of Linux), found in the tasks themselves.  A member is known
 * only if exactly one place in the structure satisfies all that must hold for it.
 */
#include "debug/linux/linux.h"
#include "emu/bytes.h"

#include <string.h>

#define TASK_SIZE_MOST 12288
#define MM_SIZE_MOST 1024
#define SAMPLE 64            /* tasks that are compared */
#define TRY_INTERVAL 2000000 /* instructions */
#define MOST_TASKS 65536
#define LONGEST_WAIT (1ULL << 32)
#define MOST_STEPS 300000
#define MOST_CIRCLE 8192
#define MOST_PID 4194304

struct sample {
    unsigned count;
    uint64_t address[SAMPLE];
    uint8_t *bytes[SAMPLE]; /* TASK_SIZE_MOST each */
};

static bool is_name(const char *name)
{
    unsigned length = 0;

    while (length < LINUX_COMM && name[length]) {
        if ((unsigned char)name[length] < 0x20 || (unsigned char)name[length] > 0x7E)
            return false;
        length++;
    }
    return length > 0 && length < LINUX_COMM;
}

bool linux_comm(struct linux_os *linux_os, uint64_t task, char name[LINUX_COMM])
{
    uint64_t address = task + (uint64_t)linux_os->layout.comm;

    return space_read(&linux_os->kernel, address, name, LINUX_COMM) == LINUX_COMM && is_name(name);
}

/* "swapper/0" once SMP is up, "swapper" before. */
static int find_comm(const uint8_t *init)
{
    int found = LINUX_UNKNOWN;

    for (int offset = 0; offset + LINUX_COMM <= TASK_SIZE_MOST; offset += 4) {
        if (strncmp((const char *)init + offset, "swapper/0", LINUX_COMM) != 0 &&
            strncmp((const char *)init + offset, "swapper", LINUX_COMM) != 0)
            continue;
        if (found != LINUX_UNKNOWN)
            return LINUX_UNKNOWN;
        found = offset;
    }
    return found;
}

/* Walks the list as if its nodes stood at @offset; how many tasks there are besides init_task, 0: it is no such list. */
static unsigned walk(struct linux_os *linux_os, int offset, uint64_t *tasks, unsigned room)
{
    uint64_t head = linux_os->init_task + (uint64_t)offset, node = head, next, back;
    char name[LINUX_COMM];

    for (unsigned count = 0; count < MOST_TASKS && linux_os->steps > 0; count++, linux_os->steps--) {
        if (!linux_u64(linux_os, node, &next) || !linux_is_kernel(next) || !linux_u64(linux_os, next + 8, &back) ||
            back != node)
            return 0;
        if (next == head)
            return count;
        node = next;
        if (!linux_comm(linux_os, node - (uint64_t)offset, name))
            return 0;
        if (count < room)
            tasks[count] = node - (uint64_t)offset;
    }
    return 0;
}

static int find_tasks(struct linux_os *linux_os, const uint8_t *init)
{
    int found = LINUX_UNKNOWN;

    for (int offset = 0; offset + 16 <= TASK_SIZE_MOST; offset += 8) {
        uint64_t next = get_le64(init + offset), previous = get_le64(init + offset + 8);
        if (!linux_is_kernel(next) || !linux_is_kernel(previous) || next == linux_os->init_task + (uint64_t)offset)
            continue;
        if (walk(linux_os, offset, NULL, 0) < 2)
            continue;
        if (found != LINUX_UNKNOWN)
            return LINUX_UNKNOWN;
        found = offset;
    }
    return found;
}

static void free_sample(struct sample *sample)
{
    for (unsigned i = 0; i < sample->count; i++)
        g_free(sample->bytes[i]);
    sample->count = 0;
}

/* init_task is the first of them. */
static bool take_sample(struct linux_os *linux_os, struct sample *sample)
{
    sample->address[0] = linux_os->init_task;
    unsigned others = walk(linux_os, linux_os->layout.tasks, sample->address + 1, SAMPLE - 1);
    sample->count = 0;
    for (unsigned i = 0; i <= MIN(others, SAMPLE - 1); i++) {
        sample->bytes[i] = g_malloc0(TASK_SIZE_MOST);
        sample->count++;
        if (!space_read(&linux_os->kernel, sample->address[i], sample->bytes[i], TASK_SIZE_MOST))
            return false;
    }
    return sample->count >= 3;
}

/* Leaders of their groups: pid and tgid are equal; the first three tasks of every kernel are 0, 1 and 2. */
static bool is_pid(const struct sample *sample, int offset)
{
    uint32_t before = 0;

    for (unsigned i = 0; i < sample->count; i++) {
        uint32_t pid = get_le32(sample->bytes[i] + offset);
        if (pid != get_le32(sample->bytes[i] + offset + 4) || pid > MOST_PID || (i < 3 && pid != i) ||
            (i && pid == before))
            return false;
        before = pid;
    }
    return true;
}

/* real_parent and parent: init_task's own is itself, as is that of the first two. */
static bool is_parent(const struct sample *sample, int offset)
{
    for (unsigned i = 0; i < sample->count; i++) {
        uint64_t parent = get_le64(sample->bytes[i] + offset);
        if (i < 3 && (parent != sample->address[0] || get_le64(sample->bytes[i] + offset + 8) != parent))
            return false;
        if (!linux_is_kernel(parent))
            return false;
    }
    return true;
}

static int find_only(const struct sample *sample, int step, bool (*is)(const struct sample *sample, int offset))
{
    int found = LINUX_UNKNOWN;

    for (int offset = 0; offset + 16 <= TASK_SIZE_MOST; offset += step) {
        if (!is(sample, offset))
            continue;
        if (found != LINUX_UNKNOWN)
            return LINUX_UNKNOWN;
        found = offset;
    }
    return found;
}

/* All tasks of the circle through @offset of @task; NULL: it is none. */
static GArray *circle(struct linux_os *linux_os, uint64_t task, int offset)
{
    uint64_t head = task + (uint64_t)offset, node = head, next, back;
    GArray *found = g_array_new(FALSE, FALSE, sizeof(uint64_t));

    while (found->len < MOST_CIRCLE && linux_os->steps > 0 && linux_u64(linux_os, node, &next) &&
           linux_is_kernel(next) && linux_u64(linux_os, next + 8, &back) && back == node) {
        uint64_t base = next - (uint64_t)offset;
        g_array_append_val(found, base);
        linux_os->steps--;
        node = next;
        if (node == head && found->len >= 3)
            return found;
        if (node == head)
            break;
    }
    g_array_unref(found);
    return NULL;
}

/* The one of @tasks that is called "swapper/0", if all have names at that place; 0: none. */
static uint64_t swapper_of(struct linux_os *linux_os, const GArray *tasks)
{
    g_autofree uint8_t *bytes = g_malloc0(TASK_SIZE_MOST);

    for (guint i = 0; i < tasks->len; i++) {
        uint64_t task = g_array_index(tasks, uint64_t, i);
        memset(bytes, 0, TASK_SIZE_MOST);
        if (!space_read(&linux_os->kernel, task, bytes, TASK_SIZE_MOST))
            return 0;
        linux_os->layout.comm = find_comm(bytes);
        if (linux_os->layout.comm == LINUX_UNKNOWN)
            continue;
        for (guint j = 0; j < tasks->len; j++) {
            char name[LINUX_COMM];
            if (!linux_comm(linux_os, g_array_index(tasks, uint64_t, j), name))
                return 0;
        }
        return task;
    }
    return 0;
}

/* Without a name for it: the tasks stand in a circle, whichever it is that leads from @task to a swapper/0. */
static uint64_t find_init(struct linux_os *linux_os, uint64_t task)
{
    g_autofree uint8_t *bytes = g_malloc0(TASK_SIZE_MOST);
    uint64_t found = 0;

    if (!task || !space_read(&linux_os->kernel, task, bytes, TASK_SIZE_MOST))
        return 0;
    for (int offset = 0; offset + 16 <= TASK_SIZE_MOST; offset += 8) {
        if (!linux_is_kernel(get_le64(bytes + offset)) || !linux_is_kernel(get_le64(bytes + offset + 8)))
            continue;
        g_autoptr(GArray) tasks = circle(linux_os, task, offset);
        uint64_t init = tasks ? swapper_of(linux_os, tasks) : 0;
        if (init && found && init != found)
            return 0;
        found = init ? init : found;
    }
    return found;
}

static bool lay_out(struct linux_os *linux_os, uint64_t task)
{
    struct linux_layout *layout = &linux_os->layout;
    g_autofree uint8_t *init = g_malloc0(TASK_SIZE_MOST);
    struct sample sample;

    if (!linux_os->init_task)
        linux_os->init_task = find_init(linux_os, task);
    if (!linux_os->init_task || !space_read(&linux_os->kernel, linux_os->init_task, init, TASK_SIZE_MOST))
        return false;
    layout->comm = find_comm(init);
    if (layout->comm == LINUX_UNKNOWN)
        return false;
    layout->tasks = find_tasks(linux_os, init);
    if (layout->tasks == LINUX_UNKNOWN)
        return false;
    if (take_sample(linux_os, &sample)) {
        layout->pid = find_only(&sample, 4, is_pid);
        layout->parent = find_only(&sample, 8, is_parent);
    }
    free_sample(&sample);
    layout->tgid = layout->pid == LINUX_UNKNOWN ? LINUX_UNKNOWN : layout->pid + 4;
    return layout->pid != LINUX_UNKNOWN;
}

bool linux_lay_out(struct linux_os *linux_os, uint64_t task)
{
    uint64_t now = machine_instructions(linux_os->machine);

    if (linux_os->laid_out)
        return true;
    if (linux_os->tried && now >= linux_os->tried_at && now - linux_os->tried_at < linux_os->wait)
        return false;
    linux_os->wait = linux_os->tried ? MIN(linux_os->wait * 2, LONGEST_WAIT) : TRY_INTERVAL;
    linux_os->tried = true;
    linux_os->tried_at = now;
    linux_os->steps = MOST_STEPS;
    linux_os->laid_out = lay_out(linux_os, task);
    return linux_os->laid_out;
}

/* The offset in struct mm_struct of the pointer to the tables at physical @root; LINUX_UNKNOWN: none or several. */
static int find_pgd(struct linux_os *linux_os, uint64_t mm, uint64_t root)
{
    uint8_t bytes[MM_SIZE_MOST];
    int found = LINUX_UNKNOWN;
    uint64_t physical;

    if (space_read(&linux_os->kernel, mm, bytes, sizeof(bytes)) != sizeof(bytes))
        return LINUX_UNKNOWN;
    for (int offset = 0; offset + 8 <= MM_SIZE_MOST; offset += 8) {
        uint64_t pgd = get_le64(bytes + offset);
        if (!linux_is_kernel(pgd) || !space_translate(&linux_os->kernel, pgd, &physical) || physical != root)
            continue;
        if (found != LINUX_UNKNOWN)
            return LINUX_UNKNOWN;
        found = offset;
    }
    return found;
}

/* mm and active_mm, side by side: equal in a program's task, the first NULL in init_task. */
void linux_lay_out_spaces(struct linux_os *linux_os, uint64_t task, uint64_t root)
{
    g_autofree uint8_t *init = g_malloc0(TASK_SIZE_MOST), *own = g_malloc0(TASK_SIZE_MOST);
    uint64_t now = machine_instructions(linux_os->machine);
    int mm = LINUX_UNKNOWN, pgd = LINUX_UNKNOWN;

    if (linux_os->tried_mm_at && now >= linux_os->tried_mm_at && now - linux_os->tried_mm_at < TRY_INTERVAL)
        return;
    linux_os->tried_mm_at = now;
    if (!space_read(&linux_os->kernel, linux_os->init_task, init, TASK_SIZE_MOST) ||
        !space_read(&linux_os->kernel, task, own, TASK_SIZE_MOST))
        return;
    for (int offset = 0; offset + 16 <= TASK_SIZE_MOST; offset += 8) {
        uint64_t value = get_le64(own + offset);
        if (!linux_is_kernel(value) || get_le64(own + offset + 8) != value || get_le64(init + offset) != 0)
            continue;
        int found = find_pgd(linux_os, value, root);
        if (found == LINUX_UNKNOWN)
            continue;
        if (mm != LINUX_UNKNOWN)
            return;
        mm = offset;
        pgd = found;
    }
    linux_os->layout.mm = mm;
    linux_os->layout.pgd = pgd;
}
