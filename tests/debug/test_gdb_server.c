/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients that come and go, on the guest of tests/engine/looking. */
#include <gio/gio.h>
#include <string.h>

#include "debug/gdb/packet.h"
#include "debug/gdb/server.h"
#include "tests/engine/looking/guest.h"

struct fixture {
    struct guest *guest;
    struct symbols *symbols;
    struct debugger *debugger;
    struct gdb_server *server;
    unsigned looks; /* until the run is over */
    GSocketConnection *client;
};

static void set_up(struct fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    fixture->guest = guest_new(CPU_ARCH_X86_64);
    fixture->symbols = symbols_new(fixture->guest->machine);
    fixture->debugger = debugger_new(fixture->guest->machine, fixture->symbols, NULL, NULL);
    fixture->server = gdb_server_new(fixture->debugger, "0", NULL, fixture, &error);
    g_assert_no_error(error);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
    (void)data;
    gdb_server_free(fixture->server);
    debugger_free(fixture->debugger);
    symbols_free(fixture->symbols);
    guest_free(fixture->guest);
}

static GSocketConnection *dial(const struct fixture *fixture)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GError) error = NULL;
    GSocketConnection *connection =
        g_socket_client_connect_to_host(client, gdb_server_name(fixture->server), 0, NULL, &error);

    g_assert_no_error(error);
    return connection;
}

/* A client says @text and goes; all of it has been received, and seen to be over, when this returns. */
static void say_and_go(const struct fixture *fixture, const char *text)
{
    g_autoptr(GSocketConnection) connection = dial(fixture);
    char nothing;

    GSocket *socket = g_socket_connection_get_socket(connection);
    g_assert_cmpint(g_socket_send(socket, text, strlen(text), NULL, NULL), ==, strlen(text));
    g_assert_true(g_socket_shutdown(socket, FALSE, TRUE, NULL));
    g_assert_cmpint(g_socket_receive(socket, &nothing, 1, NULL, NULL), ==, 0);
}

static void test_kill_and_go(struct fixture *fixture, gconstpointer data)
{
    (void)data;
    say_and_go(fixture, "+$k#6b");
    g_assert_cmpint(gdb_server_run(fixture->server, true, NULL), ==, MACHINE_STOP_REQUEST);
    g_assert_cmpuint(machine_instructions(fixture->guest->machine), ==, 0);
}

static void test_detach_and_go(struct fixture *fixture, gconstpointer data)
{
    (void)data;
    say_and_go(fixture, "+$D#44");
    g_assert_cmpint(gdb_server_run(fixture->server, true, NULL), ==, MACHINE_STOP_POWER_OFF);
}

static bool look(void *opaque)
{
    struct fixture *fixture = opaque;

    return --fixture->looks == 0;
}

/* Nobody comes, or somebody holds the guest and says nothing: the run can be ended all the same. */
static void test_end_while_standing(struct fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->looks = 2;
    g_assert_cmpint(gdb_server_run(fixture->server, true, look), ==, MACHINE_STOP_REQUEST);
    g_assert_cmpuint(fixture->looks, ==, 0);
    g_autoptr(GSocketConnection) client = dial(fixture);
    fixture->looks = 3;
    g_assert_cmpint(gdb_server_run(fixture->server, true, look), ==, MACHINE_STOP_REQUEST);
    g_assert_cmpuint(fixture->looks, ==, 0);
    g_assert_cmpuint(machine_instructions(fixture->guest->machine), ==, 0);
}

static void say(GSocketConnection *client, const char *text)
{
    GSocket *socket = g_socket_connection_get_socket(client);

    g_assert_cmpint(g_socket_send(socket, text, strlen(text), NULL, NULL), ==, strlen(text));
}

/* Until the client has been sent something. */
static bool look_for_answer(void *opaque)
{
    struct fixture *fixture = opaque;

    return --fixture->looks == 0 || g_socket_get_available_bytes(g_socket_connection_get_socket(fixture->client)) >= 7;
}

/* The second client hears nothing of what the first one asked for, and the first one's wishes are not carried out. */
static void test_answers_are_its_own(struct fixture *fixture, gconstpointer data)
{
    uint64_t at = fixture->guest->ram + GUEST_DATA + 0x1000; /* nobody's */
    g_autofree char *write = g_strdup_printf("M%" G_GINT64_MODIFIER "x,1:5a", at);
    g_autoptr(GString) framed = gdb_packet_frame(write, strlen(write));
    char answer[64] = {0};
    uint8_t before = 0, after = 0;

    (void)data;
    memory_read(machine_memory(fixture->guest->machine), at, &before, 1);
    g_string_append(framed, "$?#3f$g#67");
    say_and_go(fixture, framed->str);
    g_autoptr(GSocketConnection) client = dial(fixture);
    say(client, "-$QStartNoAckMode#b0");
    fixture->client = client;
    fixture->looks = 100;
    /* The guest may go on between the two, and end. */
    if (gdb_server_run(fixture->server, true, look_for_answer) != MACHINE_STOP_REQUEST)
        gdb_server_run(fixture->server, true, look_for_answer);
    GSocket *socket = g_socket_connection_get_socket(client);
    g_socket_set_timeout(socket, 5);
    gssize length = 0, more;
    while (length < 7 && (more = g_socket_receive(socket, answer + length, 7 - (gsize)length, NULL, NULL)) > 0)
        length += more;
    g_assert_cmpstr(answer, ==, "+$OK#9a");
    memory_read(machine_memory(fixture->guest->machine), at, &after, 1);
    g_assert_cmphex(after, ==, before);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/gdb-server/kill-and-go", struct fixture, NULL, set_up, test_kill_and_go, tear_down);
    g_test_add("/gdb-server/detach-and-go", struct fixture, NULL, set_up, test_detach_and_go, tear_down);
    g_test_add("/gdb-server/end-while-standing", struct fixture, NULL, set_up, test_end_while_standing, tear_down);
    g_test_add("/gdb-server/answers-are-its-own", struct fixture, NULL, set_up, test_answers_are_its_own, tear_down);
    return g_test_run();
}
