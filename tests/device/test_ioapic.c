/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices/intc/ioapic.h"

#include "tests/device/fixture.h"

#define BASE 0xfec00000

struct fixture {
    struct machine *machine;
    struct ioapic *ioapic;
    unsigned sent;
    bool refuses;
    struct apic_message last;
};

static bool deliver(void *opaque, const struct apic_message *message)
{
    struct fixture *f = opaque;

    f->sent++;
    f->last = *message;
    return !f->refuses;
}

static struct ioapic *make(struct machine *machine, struct fixture *f)
{
    struct ioapic_config config = {.address = BASE, .id = 2, .deliver = deliver, .opaque = f};

    return ioapic_new(machine, &config);
}

static void set_up(struct fixture *f, gconstpointer unused)
{
    f->machine = test_machine();
    machine_set_note_handler(f->machine, test_ignore_note, NULL);
    f->ioapic = make(f->machine, f);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    machine_free(f->machine);
}

static void mmio_write(struct machine *machine, unsigned offset, uint32_t value)
{
    memory_io_write(machine_memory(machine), MEMORY_SPACE_PHYSICAL, BASE + offset, 4, value);
}

static uint32_t mmio_read(struct machine *machine, unsigned offset)
{
    return memory_io_read(machine_memory(machine), MEMORY_SPACE_PHYSICAL, BASE + offset, 4);
}

static void put(struct machine *machine, uint8_t index, uint32_t value)
{
    mmio_write(machine, 0x00, index);
    mmio_write(machine, 0x10, value);
}

static uint32_t get(struct machine *machine, uint8_t index)
{
    mmio_write(machine, 0x00, index);
    return mmio_read(machine, 0x10);
}

static void entry(struct fixture *f, unsigned pin, uint64_t value)
{
    put(f->machine, 0x11 + 2 * pin, value >> 32);
    put(f->machine, 0x10 + 2 * pin, value);
}

static void line(struct fixture *f, unsigned pin, bool level)
{
    struct irq_line input = ioapic_line(f->ioapic, pin);

    irq_set(&input, level);
}

static void test_registers(struct fixture *f, gconstpointer unused)
{
    g_assert_cmphex(get(f->machine, 0x00), ==, 0x02000000);
    g_assert_cmphex(get(f->machine, 0x01), ==, 0x00170020);
    put(f->machine, 0x00, 0xffffffff);
    g_assert_cmphex(get(f->machine, 0x00), ==, 0x0f000000);
    g_assert_cmphex(get(f->machine, 0x02), ==, 0x0f000000);
    g_assert_cmphex(get(f->machine, 0x10), ==, 0x00010000);
    entry(f, 23, UINT64_MAX);
    g_assert_cmphex(get(f->machine, 0x3e), ==, 0x0001afff); /* delivery status and remote IRR are read-only */
    g_assert_cmphex(get(f->machine, 0x3f), ==, 0xff000000);
    g_assert_cmphex(get(f->machine, 0x40), ==, 0);
    g_assert_cmphex(mmio_read(f->machine, 0x00), ==, 0x40);
    machine_reset(f->machine);
    g_assert_cmphex(mmio_read(f->machine, 0x00), ==, 0);
    g_assert_cmphex(get(f->machine, 0x3e), ==, 0x00010000);
    g_assert_cmphex(get(f->machine, 0x00), ==, 0x02000000);
}

static void test_edge(struct fixture *f, gconstpointer unused)
{
    entry(f, 4, 0x0300000000000931);
    line(f, 4, true);
    g_assert_cmpuint(f->sent, ==, 1);
    g_assert_cmphex(f->last.vector, ==, 0x31);
    g_assert_cmphex(f->last.destination, ==, 3);
    g_assert_cmpint(f->last.mode, ==, APIC_LOWEST_PRIORITY);
    g_assert_true(f->last.logical);
    g_assert_false(f->last.level);
    g_assert_false(f->last.wide);
    line(f, 4, true);
    g_assert_cmpuint(f->sent, ==, 1);
    line(f, 4, false);
    line(f, 4, true);
    g_assert_cmpuint(f->sent, ==, 2);
    line(f, 4, false);
    entry(f, 4, 0x0300000000010931);
    line(f, 4, true); /* masked: lost for good */
    entry(f, 4, 0x0300000000000931);
    g_assert_cmpuint(f->sent, ==, 2);
}

static void test_level(struct fixture *f, gconstpointer unused)
{
    entry(f, 16, 0x000000000001a041); /* masked, level, active low as PCI lines are */
    line(f, 16, true);
    g_assert_cmpuint(f->sent, ==, 0);
    entry(f, 16, 0x000000000000a041);
    g_assert_cmpuint(f->sent, ==, 1);
    g_assert_true(f->last.level);
    g_assert_cmphex(get(f->machine, 0x30), ==, 0xe041);
    line(f, 16, false);
    line(f, 16, true);
    g_assert_cmpuint(f->sent, ==, 1); /* until its EOI */
    ioapic_eoi(f->ioapic, 0x42);
    g_assert_cmpuint(f->sent, ==, 1);
    ioapic_eoi(f->ioapic, 0x41);
    g_assert_cmpuint(f->sent, ==, 2);
    line(f, 16, false);
    mmio_write(f->machine, 0x40, 0x41); /* the EOI register */
    g_assert_cmpuint(f->sent, ==, 2);
    g_assert_cmphex(get(f->machine, 0x30), ==, 0xa041);
    line(f, 16, true);
    g_assert_cmphex(get(f->machine, 0x30), ==, 0xe041);
    entry(f, 16, 0x0000000000002041); /* to edge and back: forgets remote IRR */
    g_assert_cmphex(get(f->machine, 0x30), ==, 0x2041);
    g_assert_cmpuint(f->sent, ==, 3);
    entry(f, 16, 0x000000000000a041);
    g_assert_cmpuint(f->sent, ==, 4);
}

static void test_shared(struct fixture *f, gconstpointer unused)
{
    struct irq_line first = ioapic_shared_line(f->ioapic, 16, 0), last = ioapic_shared_line(f->ioapic, 16, 31);

    entry(f, 16, 0x0000000000008041);
    irq_set(&first, true);
    irq_set(&last, true);
    g_assert_cmpuint(f->sent, ==, 1);
    irq_set(&first, false);
    ioapic_eoi(f->ioapic, 0x41);
    g_assert_cmpuint(f->sent, ==, 2); /* the other still asserts it */
    irq_set(&last, false);
    ioapic_eoi(f->ioapic, 0x41);
    g_assert_cmpuint(f->sent, ==, 2);
    entry(f, 23, 0x0000000000000042);
    last = ioapic_shared_line(f->ioapic, 23, 31);
    irq_set(&last, true);
    line(f, 23, true); /* no further edge */
    g_assert_cmpuint(f->sent, ==, 3);
    g_assert_cmphex(f->last.vector, ==, 0x42);
}

static void test_refused(struct fixture *f, gconstpointer unused)
{
    f->refuses = true;
    entry(f, 16, 0x0000000000008041);
    line(f, 16, true);
    g_assert_cmpuint(f->sent, ==, 1);
    g_assert_cmphex(get(f->machine, 0x30), ==, 0x8041); /* nobody took it: no EOI will come */
    f->refuses = false;
    entry(f, 16, 0x0000000000008041);
    g_assert_cmphex(get(f->machine, 0x30), ==, 0xc041);
    entry(f, 3, 0x0000000000000341); /* reserved delivery mode */
    line(f, 3, true);
    g_assert_cmpuint(f->sent, ==, 2);
    entry(f, 6, 0x0000000000008441); /* an NMI is an edge whatever the entry says */
    line(f, 6, true);
    g_assert_cmphex(get(f->machine, 0x1c), ==, 0x8441);
    g_assert_cmpuint(f->sent, ==, 3);
    entry(f, 7, 0x0000000000008141); /* lowest priority can be level-triggered */
    line(f, 7, true);
    g_assert_cmphex(get(f->machine, 0x1e), ==, 0xc141);
    memory_io_write(machine_memory(f->machine), MEMORY_SPACE_PHYSICAL, BASE + 0x10, 1, 0xff);
    g_assert_cmphex(get(f->machine, 0x16), ==, 0x0341);
}

/* Reset leaves nothing of what was before but the levels of the lines. */
static void test_reset(struct fixture *f, gconstpointer unused)
{
    uint64_t fresh = machine_state_hash(f->machine);

    entry(f, 0, UINT64_MAX);
    entry(f, 16, 0x0000000000008041);
    line(f, 16, true);
    put(f->machine, 0, 0);
    line(f, 16, false);
    machine_reset(f->machine);
    g_assert_cmphex(machine_state_hash(f->machine), ==, fresh);
}

static void test_state(struct fixture *f, gconstpointer unused)
{
    struct fixture other = {.machine = test_machine()};

    other.ioapic = make(other.machine, &other);
    entry(f, 16, 0x0000000000008041);
    entry(f, 5, 0x0000000000000055);
    line(f, 16, true);
    line(f, 5, true);
    put(f->machine, 0x00, 0x05000000);
    test_copy_state(f->machine, other.machine);
    g_assert_cmphex(machine_state_hash(other.machine), ==, machine_state_hash(f->machine));
    g_assert_cmpuint(other.sent, ==, 0);
    g_assert_cmphex(mmio_read(other.machine, 0x10), ==, 0x05000000);
    line(&other, 5, true); /* no edge: it was high */
    g_assert_cmpuint(other.sent, ==, 0);
    ioapic_eoi(other.ioapic, 0x41);
    g_assert_cmpuint(other.sent, ==, 1);
    ioapic_eoi(f->ioapic, 0x41);
    g_assert_cmphex(machine_state_hash(other.machine), ==, machine_state_hash(f->machine));
    machine_free(other.machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/ioapic/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
    TEST(registers);
    TEST(edge);
    TEST(level);
    TEST(shared);
    TEST(refused);
    TEST(reset);
    TEST(state);
    return g_test_run();
}
