/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients that come and go, on the guest of tests/engine/looking. */
#include <gio/gio.h>
#include <string.h>

#include "debug/gdb/server.h"
#include "tests/engine/looking/guest.h"

struct fixture {
    struct guest *guest;
    struct symbols *symbols;
    struct debugger *debugger;
    struct gdb_server *server;
};

static void set_up(struct fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    fixture->guest = guest_new(CPU_ARCH_X86_64);
    fixture->symbols = symbols_new(fixture->guest->machine);
    fixture->debugger = debugger_new(fixture->guest->machine, fixture->symbols, NULL, NULL);
    fixture->server = gdb_server_new(fixture->debugger, "0", NULL, NULL, &error);
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

/* A client says @text and goes; all of it has been received, and seen to be over, when this returns. */
static void say_and_go(const struct fixture *fixture, const char *text)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocketConnection) connection =
        g_socket_client_connect_to_host(client, gdb_server_name(fixture->server), 0, NULL, &error);
    char nothing;

    g_assert_no_error(error);
    GSocket *socket = g_socket_connection_get_socket(connection);
    g_assert_cmpint(g_socket_send(socket, text, strlen(text), NULL, NULL), ==, strlen(text));
    g_assert_true(g_socket_shutdown(socket, FALSE, TRUE, NULL));
    g_assert_cmpint(g_socket_receive(socket, &nothing, 1, NULL, NULL), ==, 0);
}

static void test_kill_and_go(struct fixture *fixture, gconstpointer data)
{
    (void)data;
    say_and_go(fixture, "+$k#6b");
    g_assert_cmpint(gdb_server_run(fixture->server, true), ==, MACHINE_STOP_REQUEST);
    g_assert_cmpuint(machine_instructions(fixture->guest->machine), ==, 0);
}

static void test_detach_and_go(struct fixture *fixture, gconstpointer data)
{
    (void)data;
    say_and_go(fixture, "+$D#44");
    g_assert_cmpint(gdb_server_run(fixture->server, true), ==, MACHINE_STOP_POWER_OFF);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/gdb-server/kill-and-go", struct fixture, NULL, set_up, test_kill_and_go, tear_down);
    g_test_add("/gdb-server/detach-and-go", struct fixture, NULL, set_up, test_detach_and_go, tear_down);
    return g_test_run();
}
