/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SimpleTextInput and SimpleTextInputEx: keys from the serial line and from the PC keyboard.  UEFI 2.10 sections 12.2
 * and 12.3.
 *
 * The devices are polled when a guest asks for a key.  An ESC that stays alone for a while is a key by itself; a timer
 * of the virtual clock says when, so that a guest that waits for an event is woken.
 */
#include <string.h>

#include "firmware/uefi/protocols.h"
#include "firmware/uefi/ps2_keys.h"
#include "firmware/uefi/terminal.h"

enum { /* EFI_KEY_DATA */
       KEY_SCAN = 0,
       KEY_UNIT = 2,
       KEY_SHIFT = 4,
       KEY_TOGGLE = 8,
       KEY_DATA_SIZE = 12,
};
#define QUEUE_MAX 64
#define NOTIFIES_MAX 256
#define ESCAPE_NS (100 * 1000 * 1000) /* how long the rest of a sequence may take */
#define SERIAL_DRAIN_MAX 4096

#define I8042_DATA 0x60
#define I8042_COMMAND 0x64
#define I8042_OUTPUT_FULL 0x01
#define I8042_AUXILIARY 0x20
#define I8042_WRITE_CONFIGURATION 0x60
#define I8042_ENABLE_KEYBOARD 0xAE
#define I8042_CONFIGURATION 0x64 /* translation, no second port, no interrupts */
#define I8042_DRAIN_MAX 64

struct key_notify {
    uint64_t handle; /* what the guest knows it by; also where the key's data is put for it */
    uint64_t function;
    struct key key;
};

struct text_input {
    struct uefi *uefi;
    uint64_t interface, output;
    GArray *queue;    /* struct key */
    GArray *notifies; /* struct key_notify */
    struct terminal_input terminal;
    struct ps2_keys ps2;
    bool exposed;              /* partial keystrokes are reported */
    int64_t deadline;          /* when what the terminal sent is complete; CLOCK_NEVER: it is */
    struct clock_timer *timer; /* wakes a guest that waits then */
};

/* The second interface's object: where the first one is. */
struct text_input_ex {
    uint64_t input;
};

static void poll(struct text_input *input);

/* --- the object --- */
static void timer_fired(void *opaque)
{
    struct text_input *input = opaque;

    if (!uefi_boot_services_ended(input->uefi))
        poll(input);
}

static struct text_input *input_new(struct uefi *uefi)
{
    struct text_input *input = g_new0(struct text_input, 1);

    input->uefi = uefi;
    input->queue = g_array_new(FALSE, FALSE, sizeof(struct key));
    input->notifies = g_array_new(FALSE, FALSE, sizeof(struct key_notify));
    input->deadline = CLOCK_NEVER;
    input->timer = clock_timer_new(machine_clock(uefi_machine(uefi)), "uefi-escape", timer_fired, input);
    return input;
}

static void input_free(void *object)
{
    struct text_input *input = object;

    clock_timer_free(input->timer);
    g_array_unref(input->queue);
    g_array_unref(input->notifies);
    g_free(input);
}

static void save_key(struct state_writer *out, const struct key *key)
{
    state_put_u16(out, key->scan);
    state_put_u16(out, key->unit);
    state_put_u32(out, key->shift);
    state_put_u8(out, key->toggle);
}

static struct key load_key(struct state_reader *in)
{
    struct key key;

    key.scan = state_get_u16(in);
    key.unit = state_get_u16(in);
    key.shift = state_get_u32(in);
    key.toggle = state_get_u8(in);
    return key;
}

static const struct state_field input_fields[] = {
    STATE_U64(struct text_input, interface),
    STATE_U64(struct text_input, output),
    STATE_STRUCT(struct text_input, terminal, &terminal_input_state),
    STATE_STRUCT(struct text_input, ps2, &ps2_keys_state),
    STATE_BOOL(struct text_input, exposed),
    STATE_U64(struct text_input, deadline),
    STATE_TIMER(struct text_input, timer),
    STATE_END,
};
static const struct state_table input_state = {.name = "text-input", .version = 1, .fields = input_fields};

static void input_save(struct uefi *uefi, void *object, struct state_writer *out)
{
    const struct text_input *input = object;

    state_save(&input_state, object, out);
    state_put_u32(out, input->queue->len);
    for (unsigned i = 0; i < input->queue->len; i++)
        save_key(out, &g_array_index(input->queue, struct key, i));
    state_put_u32(out, input->notifies->len);
    for (unsigned i = 0; i < input->notifies->len; i++) {
        const struct key_notify *notify = &g_array_index(input->notifies, struct key_notify, i);

        state_put_u64(out, notify->handle);
        state_put_u64(out, notify->function);
        save_key(out, &notify->key);
    }
}

static void *input_load(struct uefi *uefi, uint64_t interface, struct state_reader *in)
{
    struct text_input *input = input_new(uefi);
    bool good = state_load(&input_state, input, in, NULL);
    uint32_t count = state_get_u32(in);

    good = good && count <= QUEUE_MAX && input->terminal.count < TERMINAL_SEQUENCE_MAX;
    for (uint32_t i = 0; good && i < count; i++) {
        struct key key = load_key(in);

        g_array_append_val(input->queue, key);
    }
    count = state_get_u32(in);
    good = good && count <= NOTIFIES_MAX;
    for (uint32_t i = 0; good && i < count; i++) {
        struct key_notify notify;

        notify.handle = state_get_u64(in);
        notify.function = state_get_u64(in);
        notify.key = load_key(in);
        g_array_append_val(input->notifies, notify);
    }
    if (!good || state_reader_failed(in)) {
        input_free(input);
        return NULL;
    }
    return input;
}

static bool take_autokey(struct text_input *input);

static bool input_ready(struct uefi *uefi, void *object)
{
    struct text_input *input = object;

    poll(input);
    return input->queue->len > 0 || take_autokey(input);
}

static const struct uefi_object_class text_input_class = {"text-input", input_save, input_load, input_free,
                                                          input_ready};

static void input_ex_save(struct uefi *uefi, void *object, struct state_writer *out)
{
    state_put_u64(out, ((const struct text_input_ex *)object)->input);
}

static void *input_ex_load(struct uefi *uefi, uint64_t interface, struct state_reader *in)
{
    struct text_input_ex *ex = g_new0(struct text_input_ex, 1);

    ex->input = state_get_u64(in);
    return ex;
}

static bool input_ex_ready(struct uefi *uefi, void *object)
{
    struct text_input *input = uefi_object(uefi, ((struct text_input_ex *)object)->input, &text_input_class);

    return input && input_ready(uefi, input);
}

static const struct uefi_object_class text_input_ex_class = {"text-input-ex", input_ex_save, input_ex_load, g_free,
                                                             input_ex_ready};

/* --- keys come in --- */
static void write_key(struct uefi *uefi, uint64_t address, const struct key *key)
{
    uefi_write16(uefi, address + KEY_SCAN, key->scan);
    uefi_write16(uefi, address + KEY_UNIT, key->unit);
    uefi_write32(uefi, address + KEY_SHIFT, key->shift);
    uefi_write8(uefi, address + KEY_TOGGLE, key->toggle);
}

/* Section 12.3.7: a registered state of zero matches any. */
static bool notify_matches(const struct key_notify *notify, const struct key *key)
{
    return notify->key.scan == key->scan && notify->key.unit == key->unit &&
           (notify->key.shift == 0 || notify->key.shift == key->shift) &&
           (notify->key.toggle == 0 || notify->key.toggle == key->toggle);
}

static void key_arrived(struct text_input *input, const struct key *key)
{
    for (unsigned i = 0; i < input->notifies->len; i++) {
        const struct key_notify *notify = &g_array_index(input->notifies, struct key_notify, i);

        if (notify_matches(notify, key)) {
            write_key(input->uefi, notify->handle, key);
            uefi_notify(input->uefi, TPL_CALLBACK, notify->function, &notify->handle, 1);
        }
    }
    if (input->queue->len < QUEUE_MAX)
        g_array_append_vals(input->queue, key, 1);
}

static void set_deadline(struct text_input *input, int64_t deadline)
{
    input->deadline = deadline;
    clock_timer_set(input->timer, deadline);
}

static void poll_serial(struct text_input *input)
{
    int64_t now = uefi_now(input->uefi);
    struct key keys[2];
    unsigned count;
    bool any = false;
    uint8_t byte;

    /* What does not fit waits in the device. */
    while (input->queue->len + 2 <= QUEUE_MAX && serial_port_read(input->uefi, &byte)) {
        count = terminal_decode(&input->terminal, byte, keys);
        for (unsigned i = 0; i < count; i++)
            key_arrived(input, &keys[i]);
        any = true;
    }
    if (!any && terminal_waits(&input->terminal) && now >= input->deadline) {
        count = terminal_timeout(&input->terminal, keys);
        for (unsigned i = 0; i < count; i++)
            key_arrived(input, &keys[i]);
    }
    if (!terminal_waits(&input->terminal))
        set_deadline(input, CLOCK_NEVER);
    else if (any)
        set_deadline(input, now + ESCAPE_NS);
}

static void poll_keyboard(struct text_input *input)
{
    struct memory *memory = uefi_memory(input->uefi);
    struct key key;

    if (!uefi_config(input->uefi)->i8042)
        return;
    for (unsigned i = 0; i < I8042_DRAIN_MAX && input->queue->len < QUEUE_MAX; i++) {
        uint8_t status = (uint8_t)memory_io_read(memory, MEMORY_SPACE_PORT, I8042_COMMAND, 1), byte;

        if (!(status & I8042_OUTPUT_FULL))
            break;
        byte = (uint8_t)memory_io_read(memory, MEMORY_SPACE_PORT, I8042_DATA, 1);
        if (!(status & I8042_AUXILIARY) && ps2_decode(&input->ps2, byte, &key))
            key_arrived(input, &key);
    }
}

static void poll(struct text_input *input)
{
    poll_serial(input);
    poll_keyboard(input);
}

/* Nobody types, and a guest waits in front of the menu: its Enter comes from here. */
static bool take_autokey(struct text_input *input)
{
    const struct key enter = {.unit = '\r'};

    if (!text_output_take_autokey(input->uefi, input->output))
        return false;
    key_arrived(input, &enter);
    return true;
}

/* --- services --- */
/* The next key; false: there is none. */
static bool next_key(struct text_input *input, struct key *key)
{
    poll(input);
    if (input->queue->len == 0)
        return false;
    *key = g_array_index(input->queue, struct key, 0);
    g_array_remove_index(input->queue, 0);
    return true;
}

static void reset_input(struct text_input *input)
{
    uint8_t byte;

    for (unsigned i = 0; i < SERIAL_DRAIN_MAX && serial_port_read(input->uefi, &byte); i++)
        ;
    poll_keyboard(input);
    g_array_set_size(input->queue, 0);
    input->terminal.count = 0;
    set_deadline(input, CLOCK_NEVER);
}

static struct text_input *input_of_ex(struct uefi *uefi, const struct uefi_call *call)
{
    const struct text_input_ex *ex = uefi_this(call, &text_input_ex_class);

    return ex ? uefi_object(uefi, ex->input, &text_input_class) : NULL;
}

static uint64_t reset(struct uefi *uefi, struct uefi_call *call)
{
    struct text_input *input = uefi_this(call, &text_input_class);

    if (!input)
        return EFI_INVALID_PARAMETER;
    reset_input(input);
    return EFI_SUCCESS;
}

/* What the simple protocol cannot say otherwise: Ctrl with a letter is a control character. */
static void plain_key(struct key *key)
{
    uint16_t letter = key->unit | 0x20;

    if (key->shift & (SHIFT_LEFT_CONTROL | SHIFT_RIGHT_CONTROL) && letter >= 'a' && letter <= 'z')
        key->unit = (uint16_t)(letter - 'a' + 1);
}

static uint64_t read_key_stroke(struct uefi *uefi, struct uefi_call *call)
{
    struct text_input *input = uefi_this(call, &text_input_class);
    uint64_t out = uefi_argument(call, 1);
    struct key key;

    if (!input || !uefi_accessible(uefi, out, 4))
        return EFI_INVALID_PARAMETER;
    if (!next_key(input, &key)) {
        uefi_polled(uefi);
        return EFI_NOT_READY;
    }
    uefi_poll_succeeded(uefi);
    plain_key(&key);
    uefi_write16(uefi, out + KEY_SCAN, key.scan);
    uefi_write16(uefi, out + KEY_UNIT, key.unit);
    return EFI_SUCCESS;
}

static uint64_t reset_ex(struct uefi *uefi, struct uefi_call *call)
{
    struct text_input *input = input_of_ex(uefi, call);

    if (!input)
        return EFI_INVALID_PARAMETER;
    reset_input(input);
    return EFI_SUCCESS;
}

static uint64_t read_key_stroke_ex(struct uefi *uefi, struct uefi_call *call)
{
    struct text_input *input = input_of_ex(uefi, call);
    uint64_t out = uefi_argument(call, 1);
    struct key key;

    if (!input || !uefi_accessible(uefi, out, KEY_DATA_SIZE))
        return EFI_INVALID_PARAMETER;
    if (!next_key(input, &key)) {
        const struct key nothing = {.shift = input->ps2.shift | SHIFT_STATE_VALID,
                                    .toggle = (uint8_t)(input->ps2.toggle | TOGGLE_STATE_VALID)};

        write_key(uefi, out, &nothing);
        uefi_polled(uefi);
        return EFI_NOT_READY;
    }
    uefi_poll_succeeded(uefi);
    if (input->exposed)
        key.toggle |= TOGGLE_EXPOSED;
    write_key(uefi, out, &key);
    return EFI_SUCCESS;
}

static uint64_t set_state(struct uefi *uefi, struct uefi_call *call)
{
    struct text_input *input = input_of_ex(uefi, call);
    uint8_t toggle;

    if (!input || !uefi_read8(uefi, uefi_argument(call, 1), &toggle))
        return EFI_INVALID_PARAMETER;
    if (!(toggle & TOGGLE_STATE_VALID))
        return EFI_UNSUPPORTED;
    input->exposed = toggle & TOGGLE_EXPOSED;
    input->ps2.toggle = toggle & (TOGGLE_SCROLL | TOGGLE_NUM | TOGGLE_CAPS);
    return EFI_SUCCESS;
}

static uint64_t register_key_notify(struct uefi *uefi, struct uefi_call *call)
{
    struct text_input *input = input_of_ex(uefi, call);
    uint64_t data = uefi_argument(call, 1), function = uefi_argument(call, 2), out = uefi_argument(call, 3);
    struct key_notify notify = {.function = function};

    if (!input || !function || !uefi_accessible(uefi, data, KEY_DATA_SIZE) || !uefi_accessible(uefi, out, 8))
        return EFI_INVALID_PARAMETER;
    uefi_read16(uefi, data + KEY_SCAN, &notify.key.scan);
    uefi_read16(uefi, data + KEY_UNIT, &notify.key.unit);
    uefi_read32(uefi, data + KEY_SHIFT, &notify.key.shift);
    uefi_read8(uefi, data + KEY_TOGGLE, &notify.key.toggle);
    if (input->notifies->len >= NOTIFIES_MAX)
        return EFI_OUT_OF_RESOURCES;
    notify.handle = uefi_pool_new(uefi, EFI_BOOT_SERVICES_DATA, KEY_DATA_SIZE);
    if (!notify.handle)
        return EFI_OUT_OF_RESOURCES;
    g_array_append_val(input->notifies, notify);
    uefi_write64(uefi, out, notify.handle);
    return EFI_SUCCESS;
}

static uint64_t unregister_key_notify(struct uefi *uefi, struct uefi_call *call)
{
    struct text_input *input = input_of_ex(uefi, call);
    uint64_t handle = uefi_argument(call, 1);

    for (unsigned i = 0; input && i < input->notifies->len; i++) {
        if (g_array_index(input->notifies, struct key_notify, i).handle != handle)
            continue;
        g_array_remove_index(input->notifies, i);
        uefi_pool_free(uefi, handle);
        return EFI_SUCCESS;
    }
    return EFI_INVALID_PARAMETER;
}

/* --- set-up --- */
void text_input_register(struct uefi *uefi)
{
    uefi_register_class(uefi, &text_input_class);
    uefi_register_class(uefi, &text_input_ex_class);
}

static void keyboard_init(struct uefi *uefi)
{
    struct memory *memory = uefi_memory(uefi);

    if (!uefi_config(uefi)->i8042)
        return;
    memory_io_write(memory, MEMORY_SPACE_PORT, I8042_COMMAND, 1, I8042_ENABLE_KEYBOARD);
    memory_io_write(memory, MEMORY_SPACE_PORT, I8042_COMMAND, 1, I8042_WRITE_CONFIGURATION);
    memory_io_write(memory, MEMORY_SPACE_PORT, I8042_DATA, 1, I8042_CONFIGURATION);
}

uint64_t text_input_init(struct uefi *uefi, uint64_t handle, uint64_t output)
{
    const uint64_t functions[] = {
        uefi_function(uefi, "SimpleTextInput.Reset", reset),
        uefi_function(uefi, "SimpleTextInput.ReadKeyStroke", read_key_stroke),
    };
    const uint64_t functions_ex[] = {
        uefi_function(uefi, "SimpleTextInputEx.Reset", reset_ex),
        uefi_function(uefi, "SimpleTextInputEx.ReadKeyStrokeEx", read_key_stroke_ex),
        0, /* the event */
        uefi_function(uefi, "SimpleTextInputEx.SetState", set_state),
        uefi_function(uefi, "SimpleTextInputEx.RegisterKeyNotify", register_key_notify),
        uefi_function(uefi, "SimpleTextInputEx.UnregisterKeyNotify", unregister_key_notify),
    };
    struct text_input *input = input_new(uefi);
    struct text_input_ex *ex = g_new0(struct text_input_ex, 1);
    uint64_t interface = uefi_interface_new(uefi, 24, &text_input_class, input), interface_ex;

    keyboard_init(uefi);
    if (!interface) {
        g_free(ex);
        return 0;
    }
    input->interface = interface;
    input->output = output;
    ex->input = interface;
    interface_ex = uefi_interface_new(uefi, sizeof(functions_ex), &text_input_ex_class, ex);
    if (!interface_ex)
        return 0;
    write_functions(uefi, interface, functions, G_N_ELEMENTS(functions));
    uefi_write64(uefi, interface + 16, uefi_wait_event(uefi, interface));
    write_functions(uefi, interface_ex, functions_ex, G_N_ELEMENTS(functions_ex));
    uefi_write64(uefi, interface_ex + 16, uefi_wait_event(uefi, interface_ex));
    uefi_install(uefi, handle, &guid_simple_text_input_ex, interface_ex);
    return uefi_install(uefi, handle, &guid_simple_text_input, interface) == EFI_SUCCESS ? interface : 0;
}
