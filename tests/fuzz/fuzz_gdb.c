/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client of the GDB stub that says anything at all, to a machine of each architecture with a little memory. */
#include <string.h>

#include "debug/gdb/packet.h"
#include "debug/gdb/stub.h"
#include "tests/fuzz/fuzz.h"

#define RAM_SIZE (64u << 10)
#define INSTRUCTIONS 200
#define ANSWER_MAX (2 * GDB_PACKET_SIZE)

static const char *const sample[] = {
    "qSupported:swbreak+;hwbreak+;vContSupported+",
    "qXfer:features:read:target.xml:0,ffb",
    "qXfer:memory-map:read::10,20",
    "qXfer:threads:read::0,1000",
    "vCont?",
    "?",
    "Hg0",
    "qfThreadInfo",
    "qsThreadInfo",
    "qThreadExtraInfo,1",
    "g",
    "p10",
    "P0=1122334455667788",
    "mfff0,20",
    "M1000,4:01020304",
    "X1000,4:abcd",
    "Z0,1000,1",
    "Z2,2000,8",
    "vCont;s:1;c",
    "vCont;r1000,1010:1",
    "s",
    "z0,1000,1",
    "qRcmd,746872656164732070726f636573736573",
    "qMemoryRegionInfo:1000",
    "Qqemu.PhyMemMode:1",
    "m1000,100",
    "qHostInfo",
    "T1",
    "c",
    "D",
};

static void add_framed(GByteArray *out, const char *packet)
{
    GString *framed = gdb_packet_frame(packet, strlen(packet));

    g_byte_array_append(out, (const uint8_t *)framed->str, (guint)framed->len);
    g_string_free(framed, TRUE);
}

void fuzz_seed(GByteArray *seed)
{
    g_byte_array_append(seed, (const uint8_t *)"\0", 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(sample); i++)
        add_framed(seed, sample[i]);
}

static void talk(struct gdb_stub *stub, const uint8_t *data, size_t length)
{
    struct gdb_parser parser;

    gdb_parser_init(&parser);
    for (size_t i = 0; i < length; i++) {
        if (gdb_parser_feed(&parser, data[i]) != GDB_EVENT_PACKET)
            continue;
        GString *reply = g_string_new(NULL);
        enum gdb_action action = gdb_stub_packet(stub, parser.packet->str, parser.packet->len, reply);
        if (action == GDB_ACTION_RUN)
            gdb_stub_run(stub, reply);
        else if (action == GDB_ACTION_DETACH)
            gdb_stub_disconnect(stub);
        g_assert_cmpuint(reply->len, <=, ANSWER_MAX);
        g_string_free(reply, TRUE);
    }
    gdb_parser_clear(&parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct machine_config config = {.arch = length && data[0] & 1 ? CPU_ARCH_AARCH64 : CPU_ARCH_X86_64, .cpus = 1};
    struct machine *machine = machine_new(&config, NULL);

    memory_add_ram(machine_memory(machine), "ram", 0, RAM_SIZE, false, NULL);
    machine_reset(machine);
    machine_set_limits(machine, 0, INSTRUCTIONS);
    struct symbols *symbols = symbols_new(machine);
    struct os *os = os_new(machine, symbols);
    struct syscalls *syscalls = syscalls_new(machine, os);
    struct debugger *debugger = debugger_new(machine, symbols, os, syscalls);
    struct gdb_stub *stub = gdb_stub_new(debugger, NULL, NULL);
    if (length)
        talk(stub, data + 1, length - 1);
    gdb_stub_free(stub);
    debugger_free(debugger);
    syscalls_free(syscalls);
    os_free(os);
    symbols_free(symbols);
    machine_free(machine);
    return 0;
}
