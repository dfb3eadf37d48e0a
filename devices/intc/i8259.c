/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cascaded 8259A pair.  Intel 8259A data sheet (231468); Intel ICH9 data sheet (316972), section 13.4. */
#include "devices/intc/i8259.h"

#define CASCADE 2
#define SPURIOUS 7

/* ICW1 */
#define ICW1_IC4 0x01
#define ICW1_SNGL 0x02
#define ICW1_INIT 0x10
/* ICW4 */
#define ICW4_UPM 0x01
#define ICW4_AEOI 0x02
#define ICW4_SFNM 0x10
/* OCW2 */
#define OCW2_EOI 0x20
#define OCW2_SL 0x40
#define OCW2_R 0x80
/* OCW3 */
#define OCW3_RIS 0x01
#define OCW3_RR 0x02
#define OCW3_P 0x04
#define OCW3_SELECT 0x08
#define OCW3_SMM 0x20
#define OCW3_ESMM 0x40

/* Which initialization command word the next write to the data port is. */
enum icw_next { ICW_NONE, ICW_2, ICW_3, ICW_4 };

struct chip {
    uint8_t lines; /* levels of the inputs */
    uint8_t edges; /* requests that a rising edge has latched */
    uint8_t imr;
    uint8_t isr;
    uint8_t elcr;
    uint8_t elcr_mask; /* bits of elcr that can be set; constant */
    uint8_t base;      /* vector of IR0 */
    uint8_t icw3;
    uint8_t icw_next;
    uint8_t lowest; /* the input of lowest priority */
    bool icw4_needed;
    bool single;
    bool auto_eoi;
    bool rotate_on_auto_eoi;
    bool special_fully_nested;
    bool special_mask;
    bool read_isr;
    bool poll;
};

struct i8259 {
    struct machine *machine;
    struct irq_line intr;
    struct chip master, slave;
    uint32_t sources[16]; /* levels of the lines that share a request, a bit each */
    struct memory_region *regions[3];
};

static const struct state_field chip_fields[] = {
    STATE_U8(struct chip, lines),
    STATE_U8(struct chip, edges),
    STATE_U8(struct chip, imr),
    STATE_U8(struct chip, isr),
    STATE_U8(struct chip, elcr),
    STATE_U8(struct chip, base),
    STATE_U8(struct chip, icw3),
    STATE_U8(struct chip, icw_next),
    STATE_U8(struct chip, lowest),
    STATE_BOOL(struct chip, icw4_needed),
    STATE_BOOL(struct chip, single),
    STATE_BOOL(struct chip, auto_eoi),
    STATE_BOOL(struct chip, rotate_on_auto_eoi),
    STATE_BOOL(struct chip, special_fully_nested),
    STATE_BOOL(struct chip, special_mask),
    STATE_BOOL(struct chip, read_isr),
    STATE_BOOL(struct chip, poll),
    STATE_END,
};
static const struct state_table chip_state = {.name = "i8259-chip", .version = 1, .fields = chip_fields};

static const struct state_field fields[] = {
    STATE_STRUCT(struct i8259, master, &chip_state),
    STATE_STRUCT(struct i8259, slave, &chip_state),
    STATE_U32_ARRAY(struct i8259, sources),
    STATE_END,
};

static uint8_t chip_irr(const struct chip *chip)
{
    return (chip->edges & ~chip->elcr) | (chip->lines & chip->elcr);
}

/* Place of the most urgent input among @inputs in the current order, 0 first; 8: none. */
static unsigned chip_rank(const struct chip *chip, uint8_t inputs)
{
    for (unsigned rank = 0; rank < 8; rank++) {
        if (inputs & 1u << ((chip->lowest + 1 + rank) & 7))
            return rank;
    }
    return 8;
}

static unsigned chip_input(const struct chip *chip, unsigned rank)
{
    return (chip->lowest + 1 + rank) & 7;
}

/* The input to be served next, or -1: requested, not masked, and not held back by one in service. */
static int chip_request(const struct chip *chip, bool is_master)
{
    uint8_t in_service = chip->isr;

    if (chip->special_mask)
        in_service &= ~chip->imr;
    if (is_master && chip->special_fully_nested && !chip->single)
        in_service &= ~(1u << CASCADE);

    unsigned rank = chip_rank(chip, chip_irr(chip) & ~chip->imr);
    return rank < chip_rank(chip, in_service) ? (int)chip_input(chip, rank) : -1;
}

static void chip_set_line(struct chip *chip, unsigned input, bool level)
{
    uint8_t bit = 1u << input;

    if (level && !(chip->lines & bit))
        chip->edges |= bit;
    if (!level)
        chip->edges &= ~bit;
    chip->lines = level ? chip->lines | bit : chip->lines & ~bit;
}

static void update(struct i8259 *pic)
{
    chip_set_line(&pic->master, CASCADE, chip_request(&pic->slave, false) >= 0);
    irq_set(&pic->intr, chip_request(&pic->master, true) >= 0);
}

/* Takes @input in service, as the INTA sequence or a poll does. */
static void chip_take(struct chip *chip, unsigned input)
{
    chip->edges &= ~(1u << input);
    if (!chip->auto_eoi)
        chip->isr |= 1u << input;
    else if (chip->rotate_on_auto_eoi)
        chip->lowest = input;
}

/* The slave's INT falls with each acknowledge, so that a further request is a new edge for the master. */
static void slave_take(struct i8259 *pic, unsigned input)
{
    chip_take(&pic->slave, input);
    chip_set_line(&pic->master, CASCADE, false);
}

int i8259_acknowledge(struct i8259 *pic)
{
    int input = chip_request(&pic->master, true);
    int vector;

    if (input < 0)
        return pic->master.base + SPURIOUS;
    chip_take(&pic->master, input);
    if (input == CASCADE && !pic->master.single) {
        int slave_input = chip_request(&pic->slave, false);

        if (slave_input >= 0)
            slave_take(pic, slave_input);
        vector = pic->slave.base + (slave_input >= 0 ? slave_input : SPURIOUS);
    } else {
        vector = pic->master.base + input;
    }
    update(pic);
    return vector;
}

bool i8259_intr(const struct i8259 *pic)
{
    return chip_request(&pic->master, true) >= 0;
}

static uint8_t poll(struct i8259 *pic, struct chip *chip)
{
    bool is_master = chip == &pic->master;
    int input = chip_request(chip, is_master);

    chip->poll = false;
    if (input < 0)
        return SPURIOUS;
    if (is_master)
        chip_take(chip, input);
    else
        slave_take(pic, input);
    update(pic);
    return 0x80 | input;
}

static void write_icw1(struct i8259 *pic, struct chip *chip, uint8_t value)
{
    chip->edges = 0;
    chip->imr = 0;
    chip->isr = 0;
    chip->lowest = 7;
    chip->special_mask = false;
    chip->read_isr = false;
    chip->poll = false;
    chip->auto_eoi = false;
    chip->rotate_on_auto_eoi = false;
    chip->special_fully_nested = false;
    chip->single = value & ICW1_SNGL;
    chip->icw4_needed = value & ICW1_IC4;
    chip->icw_next = ICW_2;
    if (!(value & ICW1_IC4))
        machine_guest_error(pic->machine, "i8259", "ICW1 0x%02x without ICW4: MCS-80 vectors are not modelled", value);
}

static void write_ocw2(struct chip *chip, uint8_t value)
{
    bool specific = value & OCW2_SL;
    unsigned input = value & 7;

    if (value & OCW2_EOI) {
        if (!specific) {
            unsigned rank = chip_rank(chip, chip->special_mask ? chip->isr & ~chip->imr : chip->isr);

            if (rank == 8)
                return;
            input = chip_input(chip, rank);
        }
        chip->isr &= ~(1u << input);
        if (value & OCW2_R)
            chip->lowest = input;
    } else if (specific) {
        if (value & OCW2_R)
            chip->lowest = input; /* set priority */
    } else {
        chip->rotate_on_auto_eoi = value & OCW2_R;
    }
}

static void write_ocw3(struct chip *chip, uint8_t value)
{
    if (value & OCW3_ESMM)
        chip->special_mask = value & OCW3_SMM;
    if (value & OCW3_P)
        chip->poll = true;
    else if (value & OCW3_RR)
        chip->read_isr = value & OCW3_RIS;
}

static void write_data(struct i8259 *pic, struct chip *chip, uint8_t value)
{
    switch (chip->icw_next) {
    case ICW_2:
        chip->base = value & 0xf8;
        chip->icw_next = !chip->single ? ICW_3 : chip->icw4_needed ? ICW_4 : ICW_NONE;
        break;
    case ICW_3:
        chip->icw3 = value;
        chip->icw_next = chip->icw4_needed ? ICW_4 : ICW_NONE;
        if (value != (chip == &pic->master ? 1u << CASCADE : CASCADE))
            machine_guest_error(pic->machine, "i8259", "ICW3 0x%02x: the slave hangs on IR2", value);
        break;
    case ICW_4:
        chip->auto_eoi = value & ICW4_AEOI;
        chip->special_fully_nested = value & ICW4_SFNM;
        chip->icw_next = ICW_NONE;
        if (!(value & ICW4_UPM))
            machine_guest_error(pic->machine, "i8259", "ICW4 0x%02x: MCS-80 vectors are not modelled", value);
        break;
    default:
        chip->imr = value; /* OCW1 */
    }
}

static uint64_t chip_port_read(struct i8259 *pic, struct chip *chip, uint64_t offset)
{
    if (chip->poll)
        return poll(pic, chip);
    if (offset == 1)
        return chip->imr;
    return chip->read_isr ? chip->isr : chip_irr(chip);
}

static void chip_port_write(struct i8259 *pic, struct chip *chip, uint64_t offset, uint8_t value)
{
    if (offset == 1)
        write_data(pic, chip, value);
    else if (value & ICW1_INIT)
        write_icw1(pic, chip, value);
    else if (value & OCW3_SELECT)
        write_ocw3(chip, value);
    else
        write_ocw2(chip, value);
    update(pic);
}

static uint64_t master_read(void *opaque, uint64_t offset, unsigned size G_GNUC_UNUSED)
{
    struct i8259 *pic = opaque;

    return chip_port_read(pic, &pic->master, offset);
}

static void master_write(void *opaque, uint64_t offset, unsigned size G_GNUC_UNUSED, uint64_t value)
{
    struct i8259 *pic = opaque;

    chip_port_write(pic, &pic->master, offset, value);
}

static uint64_t slave_read(void *opaque, uint64_t offset, unsigned size G_GNUC_UNUSED)
{
    struct i8259 *pic = opaque;

    return chip_port_read(pic, &pic->slave, offset);
}

static void slave_write(void *opaque, uint64_t offset, unsigned size G_GNUC_UNUSED, uint64_t value)
{
    struct i8259 *pic = opaque;

    chip_port_write(pic, &pic->slave, offset, value);
}

static uint64_t elcr_read(void *opaque, uint64_t offset, unsigned size G_GNUC_UNUSED)
{
    struct i8259 *pic = opaque;

    return offset ? pic->slave.elcr : pic->master.elcr;
}

static void elcr_write(void *opaque, uint64_t offset, unsigned size G_GNUC_UNUSED, uint64_t value)
{
    struct i8259 *pic = opaque;
    struct chip *chip = offset ? &pic->slave : &pic->master;

    chip->elcr = value & chip->elcr_mask;
    update(pic);
}

void i8259_set_level_triggered(struct i8259 *pic, uint16_t lines)
{
    elcr_write(pic, 0, 1, lines & 0xff);
    elcr_write(pic, 1, 1, lines >> 8);
}

static void set_source(void *opaque, unsigned input, bool level)
{
    struct i8259 *pic = opaque;
    unsigned irq = input % 16, source = input / 16;
    uint32_t *sources = &pic->sources[irq];

    *sources = level ? *sources | 1u << source : *sources & ~(1u << source);
    if (irq == CASCADE)
        return;
    chip_set_line(irq < 8 ? &pic->master : &pic->slave, irq & 7, *sources);
    update(pic);
}

struct irq_line i8259_shared_line(struct i8259 *pic, unsigned irq, unsigned source)
{
    g_assert(irq < 16 && source < 32);
    return (struct irq_line){.set = set_source, .opaque = pic, .input = source * 16 + irq};
}

struct irq_line i8259_line(struct i8259 *pic, unsigned irq)
{
    return i8259_shared_line(pic, irq, 0);
}

/* The levels of the lines are not the controller's to reset. */
static void chip_reset(struct chip *chip)
{
    *chip = (struct chip){.lines = chip->lines, .elcr_mask = chip->elcr_mask, .imr = 0xff, .lowest = 7};
}

static void reset(void *device)
{
    struct i8259 *pic = device;

    chip_reset(&pic->master);
    chip_reset(&pic->slave);
    update(pic);
}

static void after_load(void *object)
{
    struct i8259 *pic = object;

    pic->master.lowest &= 7;
    pic->slave.lowest &= 7;
    irq_set(&pic->intr, i8259_intr(pic));
}

static void unrealize(void *device)
{
    struct i8259 *pic = device;

    for (unsigned i = 0; i < G_N_ELEMENTS(pic->regions); i++)
        memory_region_remove(pic->regions[i]);
    g_free(pic);
}

static const struct state_table state = {.name = "i8259", .version = 1, .fields = fields, .after_load = after_load};
static const struct device_class i8259_class = {
    .name = "i8259", .state = &state, .reset = reset, .unrealize = unrealize};

static const struct memory_region_ops master_ops = {.read = master_read, .write = master_write, .max_size = 1};
static const struct memory_region_ops slave_ops = {.read = slave_read, .write = slave_write, .max_size = 1};
static const struct memory_region_ops elcr_ops = {.read = elcr_read, .write = elcr_write, .max_size = 1};

struct i8259 *i8259_new(struct machine *machine, const struct irq_line *intr)
{
    struct i8259 *pic = g_new0(struct i8259, 1);
    struct memory *memory = machine_memory(machine);

    pic->machine = machine;
    pic->intr = *intr;
    pic->master.elcr_mask = 0xf8;
    pic->slave.elcr_mask = 0xde;
    pic->regions[0] = memory_add_io(memory, MEMORY_SPACE_PORT, "i8259-master", 0x20, 2, 0, &master_ops, pic);
    pic->regions[1] = memory_add_io(memory, MEMORY_SPACE_PORT, "i8259-slave", 0xa0, 2, 0, &slave_ops, pic);
    pic->regions[2] = memory_add_io(memory, MEMORY_SPACE_PORT, "elcr", 0x4d0, 2, 0, &elcr_ops, pic);
    reset(pic);
    machine_add_device(machine, &i8259_class, pic, "i8259");
    return pic;
}
