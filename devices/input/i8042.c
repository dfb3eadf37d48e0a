/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller": ports, commands,
 * command byte, translation.
 *
 * Reset leaves what a PC's firmware leaves behind: keyboard on, translated to set 1, with its interrupt; mouse off.
 */
#include "devices/input/i8042.h"

#include "devices/input/key_codes.h"
#include "devices/input/ps2_keyboard.h"
#include "devices/input/ps2_mouse.h"

#define PORT_DATA 0x60
#define PORT_COMMAND 0x64

#define STATUS_OUTPUT_FULL 0x01
#define STATUS_SYSTEM 0x04
#define STATUS_COMMAND 0x08  /* the last write went to the command port */
#define STATUS_UNLOCKED 0x10 /* the key in the front has been turned */
#define STATUS_MOUSE 0x20    /* the byte in the output buffer is of the mouse */

#define CONFIG_KEYBOARD_INTERRUPT 0x01
#define CONFIG_MOUSE_INTERRUPT 0x02
#define CONFIG_SYSTEM 0x04
#define CONFIG_KEYBOARD_OFF 0x10
#define CONFIG_MOUSE_OFF 0x20
#define CONFIG_TRANSLATE 0x40
#define CONFIG_RESET (CONFIG_KEYBOARD_INTERRUPT | CONFIG_SYSTEM | CONFIG_MOUSE_OFF | CONFIG_TRANSLATE)

#define OUTPUT_NO_RESET 0x01
#define OUTPUT_A20 0x02
#define OUTPUT_KEYBOARD_FULL 0x10
#define OUTPUT_MOUSE_FULL 0x20
#define OUTPUT_RESET_VALUE 0xC3 /* lines of keyboard idle, A20 on, no reset */

enum command {
    READ_RAM = 0x20,  /* to 0x3F */
    WRITE_RAM = 0x60, /* to 0x7F */
    TEST_PASSWORD = 0xA4,
    DISABLE_MOUSE = 0xA7,
    ENABLE_MOUSE = 0xA8,
    TEST_MOUSE_PORT = 0xA9,
    SELF_TEST = 0xAA,
    TEST_KEYBOARD_PORT = 0xAB,
    DISABLE_KEYBOARD = 0xAD,
    ENABLE_KEYBOARD = 0xAE,
    READ_INPUT_PORT = 0xC0,
    READ_OUTPUT_PORT = 0xD0,
    WRITE_OUTPUT_PORT = 0xD1,
    WRITE_KEYBOARD_BUFFER = 0xD2,
    WRITE_MOUSE_BUFFER = 0xD3,
    WRITE_MOUSE = 0xD4,
    DISABLE_A20 = 0xDD,
    ENABLE_A20 = 0xDF,
    READ_TEST_INPUTS = 0xE0,
    PULSE_OUTPUT = 0xF0, /* to 0xFF; bits 0 to 3 that are 0 are pulsed */
};

#define ANSWERS 4

struct i8042 {
    struct machine *machine;
    struct i8042_config wiring;
    struct memory_region *data_region, *command_region;
    struct ps2_keyboard *keyboard;
    struct ps2_mouse *mouse;

    uint8_t ram[32]; /* 0 is the command byte, "config" here */
    uint8_t data;
    bool full, of_mouse;
    bool last_was_command;
    bool break_prefix; /* an F0 was swallowed by the translation */
    uint8_t parameter_of;
    uint8_t output_port;
    uint8_t answers[ANSWERS]; /* of the controller itself */
    bool answer_of_mouse[ANSWERS];
    uint8_t answer_count;
};

bool i8042_a20(const struct i8042 *controller)
{
    return controller->output_port & OUTPUT_A20;
}

/* --- output buffer --- */

static void update_irqs(struct i8042 *controller)
{
    uint8_t config = controller->ram[0];

    irq_set(&controller->wiring.keyboard_irq,
            controller->full && !controller->of_mouse && (config & CONFIG_KEYBOARD_INTERRUPT));
    irq_set(&controller->wiring.mouse_irq,
            controller->full && controller->of_mouse && (config & CONFIG_MOUSE_INTERRUPT));
}

static void put(struct i8042 *controller, uint8_t byte, bool of_mouse)
{
    controller->data = byte;
    controller->full = true;
    controller->of_mouse = of_mouse;
}

/* From set 2 to set 1: F0 before a code becomes bit 7 of the code.  False: nothing to pass on yet. */
static bool translate(struct i8042 *controller, uint8_t *byte)
{
    if (*byte == 0xF0) {
        controller->break_prefix = true;
        return false;
    }
    uint8_t code = key_set2_to_set1(*byte);

    *byte = controller->break_prefix ? code | 0x80 : code;
    controller->break_prefix = false;
    return true;
}

static bool take_keyboard(struct i8042 *controller, uint8_t *byte)
{
    if (controller->ram[0] & CONFIG_KEYBOARD_OFF)
        return false;
    while (ps2_link_take(ps2_keyboard_link(controller->keyboard), byte)) {
        if (!(controller->ram[0] & CONFIG_TRANSLATE) || translate(controller, byte))
            return true;
    }
    return false;
}

static bool take_mouse(struct i8042 *controller, uint8_t *byte)
{
    return !(controller->ram[0] & CONFIG_MOUSE_OFF) && ps2_link_take(ps2_mouse_link(controller->mouse), byte);
}

/* Fills the output buffer if it is empty and someone has a byte: the controller's answers go first. */
static void fill(void *opaque)
{
    struct i8042 *controller = opaque;
    uint8_t byte;

    if (controller->full)
        return;
    if (controller->answer_count > 0) {
        put(controller, controller->answers[0], controller->answer_of_mouse[0]);
        controller->answer_count--;
        for (unsigned i = 0; i < controller->answer_count; i++) {
            controller->answers[i] = controller->answers[i + 1];
            controller->answer_of_mouse[i] = controller->answer_of_mouse[i + 1];
        }
    } else if (take_keyboard(controller, &byte)) {
        put(controller, byte, false);
    } else if (take_mouse(controller, &byte)) {
        put(controller, byte, true);
    }
    update_irqs(controller);
}

static void answer(struct i8042 *controller, uint8_t byte, bool of_mouse)
{
    if (controller->answer_count == ANSWERS) {
        machine_guest_error(controller->machine, "i8042", "answers to commands are not read; one is dropped");
        return;
    }
    controller->answers[controller->answer_count] = byte;
    controller->answer_of_mouse[controller->answer_count] = of_mouse;
    controller->answer_count++;
    fill(controller);
}

/* Reading takes the byte and lowers the line; the next one raises it anew: an edge for each byte. */
static uint64_t read_data(void *opaque, uint64_t offset, unsigned size)
{
    struct i8042 *controller = opaque;
    uint8_t byte = controller->data;

    controller->full = false;
    update_irqs(controller);
    fill(controller);
    return byte;
}

/* --- commands --- */

static void write_config(struct i8042 *controller, uint8_t value)
{
    controller->ram[0] = value & 0x7F;
    update_irqs(controller);
    fill(controller);
}

static void change_config(struct i8042 *controller, uint8_t clear, uint8_t set)
{
    write_config(controller, (uint8_t)((controller->ram[0] & ~clear) | set));
}

static void reset_cpu(struct i8042 *controller)
{
    if (controller->wiring.reset)
        controller->wiring.reset(controller->wiring.opaque);
    else
        machine_reset_request(controller->machine);
}

static uint8_t read_output_port(const struct i8042 *controller)
{
    uint8_t buffers = 0;

    if (controller->full)
        buffers = controller->of_mouse ? OUTPUT_MOUSE_FULL : OUTPUT_KEYBOARD_FULL;
    return controller->output_port | buffers;
}

static void write_output_port(struct i8042 *controller, uint8_t value)
{
    controller->output_port = (uint8_t)((value & ~(OUTPUT_KEYBOARD_FULL | OUTPUT_MOUSE_FULL)) | OUTPUT_NO_RESET);
    if (!(value & OUTPUT_NO_RESET))
        reset_cpu(controller);
}

static void self_test(struct i8042 *controller)
{
    controller->ram[0] |= CONFIG_SYSTEM;
    answer(controller, 0x55, false);
}

/* Commands that have no parameter; false: not known. */
static bool simple_command(struct i8042 *controller, uint8_t command)
{
    switch ((enum command)command) {
    case TEST_PASSWORD:
        answer(controller, 0xF1, false); /* none is installed */
        return true;
    case DISABLE_MOUSE:
        change_config(controller, 0, CONFIG_MOUSE_OFF);
        return true;
    case ENABLE_MOUSE:
        change_config(controller, CONFIG_MOUSE_OFF, 0);
        return true;
    case TEST_MOUSE_PORT:
    case TEST_KEYBOARD_PORT:
        answer(controller, 0x00, false);
        return true;
    case SELF_TEST:
        self_test(controller);
        return true;
    case DISABLE_KEYBOARD:
        change_config(controller, 0, CONFIG_KEYBOARD_OFF);
        return true;
    case ENABLE_KEYBOARD:
        change_config(controller, CONFIG_KEYBOARD_OFF, 0);
        return true;
    case READ_INPUT_PORT:
        answer(controller, 0x80, false); /* the keyboard is not locked */
        return true;
    case READ_OUTPUT_PORT:
        answer(controller, read_output_port(controller), false);
        return true;
    case DISABLE_A20:
    case ENABLE_A20:
        controller->output_port =
            (uint8_t)((controller->output_port & ~OUTPUT_A20) | (command == ENABLE_A20 ? OUTPUT_A20 : 0));
        return true;
    case READ_TEST_INPUTS:
        answer(controller, 0x00, false);
        return true;
    default:
        return false;
    }
}

static void write_command(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct i8042 *controller = opaque;
    uint8_t command = (uint8_t)value;

    controller->last_was_command = true;
    controller->parameter_of = 0;
    if (command >= PULSE_OUTPUT) {
        if (!(command & 0x01))
            reset_cpu(controller);
    } else if (command >= READ_RAM && command < READ_RAM + 0x20) {
        answer(controller, controller->ram[command - READ_RAM], false);
    } else if ((command >= WRITE_RAM && command < WRITE_RAM + 0x20) ||
               (command >= WRITE_OUTPUT_PORT && command <= WRITE_MOUSE)) {
        controller->parameter_of = command;
    } else if (!simple_command(controller, command)) {
        machine_guest_error(controller->machine, "i8042", "unknown command 0x%02x", command);
    }
}

static void take_parameter(struct i8042 *controller, uint8_t command, uint8_t value)
{
    switch (command) {
    case WRITE_RAM:
        write_config(controller, value);
        break;
    case WRITE_OUTPUT_PORT:
        write_output_port(controller, value);
        break;
    case WRITE_KEYBOARD_BUFFER:
    case WRITE_MOUSE_BUFFER:
        answer(controller, value, command == WRITE_MOUSE_BUFFER);
        break;
    case WRITE_MOUSE:
        /* To speak to a device is to let its clock run: its answer must come through. */
        controller->ram[0] &= (uint8_t)~CONFIG_MOUSE_OFF;
        ps2_mouse_write(controller->mouse, value);
        break;
    default:
        controller->ram[command % sizeof(controller->ram)] = value;
        break;
    }
}

static void write_data(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct i8042 *controller = opaque;
    uint8_t command = controller->parameter_of;

    controller->last_was_command = false;
    controller->parameter_of = 0;
    if (command) {
        take_parameter(controller, command, (uint8_t)value);
        return;
    }
    controller->ram[0] &= (uint8_t)~CONFIG_KEYBOARD_OFF;
    ps2_keyboard_write(controller->keyboard, (uint8_t)value);
}

static uint64_t read_status(void *opaque, uint64_t offset, unsigned size)
{
    const struct i8042 *controller = opaque;

    return (uint64_t)(STATUS_UNLOCKED | (controller->ram[0] & CONFIG_SYSTEM ? STATUS_SYSTEM : 0) |
                      (controller->full ? STATUS_OUTPUT_FULL : 0) |
                      (controller->full && controller->of_mouse ? STATUS_MOUSE : 0) |
                      (controller->last_was_command ? STATUS_COMMAND : 0));
}

/* --- device --- */

static void i8042_reset(void *device)
{
    struct i8042 *controller = device;

    for (unsigned i = 0; i < sizeof(controller->ram); i++)
        controller->ram[i] = 0;
    controller->ram[0] = CONFIG_RESET;
    controller->data = 0;
    controller->full = controller->of_mouse = controller->last_was_command = controller->break_prefix = false;
    controller->parameter_of = 0;
    controller->output_port = OUTPUT_RESET_VALUE;
    controller->answer_count = 0;
    update_irqs(controller);
}

static void i8042_unrealize(void *device)
{
    struct i8042 *controller = device;

    memory_region_remove(controller->data_region);
    memory_region_remove(controller->command_region);
    g_free(controller);
}

static void after_load(void *object)
{
    struct i8042 *controller = object;

    controller->answer_count = MIN(controller->answer_count, ANSWERS);
    update_irqs(controller);
}

static const struct state_field fields[] = {
    STATE_U8_ARRAY(struct i8042, ram),
    STATE_U8(struct i8042, data),
    STATE_BOOL(struct i8042, full),
    STATE_BOOL(struct i8042, of_mouse),
    STATE_BOOL(struct i8042, last_was_command),
    STATE_BOOL(struct i8042, break_prefix),
    STATE_U8(struct i8042, parameter_of),
    STATE_U8(struct i8042, output_port),
    STATE_U8_ARRAY(struct i8042, answers),
    STATE_BOOL_ARRAY(struct i8042, answer_of_mouse),
    STATE_U8(struct i8042, answer_count),
    STATE_END,
};

static const struct state_table table = {.name = "i8042", .version = 1, .fields = fields, .after_load = after_load};

static const struct device_class i8042_class = {
    .name = "i8042",
    .state = &table,
    .reset = i8042_reset,
    .unrealize = i8042_unrealize,
};

struct i8042 *i8042_new(struct machine *machine, const struct i8042_config *config)
{
    static const struct memory_region_ops data_ops = {.read = read_data, .write = write_data, .max_size = 1};
    static const struct memory_region_ops command_ops = {.read = read_status, .write = write_command, .max_size = 1};
    struct i8042 *controller = g_new0(struct i8042, 1);
    struct memory *memory = machine_memory(machine);

    controller->machine = machine;
    controller->wiring = *config;
    controller->data_region =
        memory_add_io(memory, MEMORY_SPACE_PORT, "i8042-data", PORT_DATA, 1, 0, &data_ops, controller);
    controller->command_region =
        memory_add_io(memory, MEMORY_SPACE_PORT, "i8042-command", PORT_COMMAND, 1, 0, &command_ops, controller);
    machine_add_device(machine, &i8042_class, controller, "i8042");
    controller->keyboard = ps2_keyboard_new(machine, "keyboard", fill, controller);
    controller->mouse = ps2_mouse_new(machine, "mouse", fill, controller);
    i8042_reset(controller);
    return controller;
}
